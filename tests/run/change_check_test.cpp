#include "negphase/run/change_check.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "negphase/core/error.hpp"
#include "negphase/models/registry.hpp"
#include "planted/F2.hpp"
#include "planted/F3.hpp"
#include "planted/F4.hpp"
#include "support/lying_energy.hpp"
#include "support/pairwise_energy.hpp"

// How these tests can fail: a check that passes wrong changes, conditionals or layers, that refuses
// right ones, or names the wrong columns.

using namespace negphase;
using namespace negphase::testing;

namespace {

using Layers = std::vector<std::vector<Index>>;

/// Spins or bits with couplings, what is said of them put through a lie, and layers as given.
struct OddModel {
  struct Prepared {};
  std::shared_ptr<const PairwiseWeights> weights;
  std::shared_ptr<const Params> w = std::make_shared<const Params>(Params::Zero(1));
  ColumnKind kind = ColumnKind::spin;
  Layers layers;
  std::function<double(double)> lie_of_change = [](double d) { return d; };

  ModelShape shape() const {
    return {
        0, std::vector<Column>(static_cast<std::size_t>(weights->fields.size()), {kind, 2}), {}, 1};
  }
  const Params& params() const { return *w; }
  OddModel with_params(std::shared_ptr<const Params>) const { return *this; }
  std::string param_name(Index) const { return "w"; }
  std::shared_ptr<const Prepared> prepare(const Eigen::MatrixXd&) const { return nullptr; }
  template <class S>
  auto bind(const std::shared_ptr<const Prepared>&, std::span<const Index>) const {
    using Liar = Lying<PairwiseEnergy<S>>;
    return Layered<Liar>(
        Liar(
            PairwiseEnergy<S>(weights, kind), [](double e) { return e; }, lie_of_change),
        layers);
  }
};

/// A ring of n sites; sites of unlike parity are coupled to their neighbours alone.
OddModel ring(Index n, Layers layers, ColumnKind kind = ColumnKind::spin) {
  PairwiseWeights weights{Eigen::MatrixXd::Zero(n, n), Eigen::VectorXd::Constant(n, 0.25)};
  for (Index i = 0; i < n; ++i) {
    weights.couplings(i, (i + 1) % n) = weights.couplings((i + 1) % n, i) = 0.75;
  }
  OddModel model;
  model.weights = std::make_shared<const PairwiseWeights>(std::move(weights));
  model.kind = kind;
  model.layers = std::move(layers);
  return model;
}

Layers by_parity(Index n) {
  Layers layers(2);
  for (Index i = 0; i < n; ++i) {
    layers[static_cast<std::size_t>(i % 2)].push_back(i);
  }
  return layers;
}

using Check = decltype(&check_changes);

// "" where the model passes
std::string verdict(const AnyModel& model, Check check = &check_changes) {
  const Index n = model.shape().num_y();
  const bool bits = model.shape().y.front().kind == ColumnKind::bit;
  Eigen::MatrixXd y(10, n);
  for (Index i = 0; i < y.size(); ++i) {
    y.data()[i] = (i * 5 + i / 3) % 7 % 2 == 0 ? 1 : bits ? 0 : -1;
  }
  try {
    check(model, Eigen::MatrixXd(10, 0), y, 1);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

OddModel lying(const std::function<double(double)>& lie) {
  OddModel model = ring(12, by_parity(12));
  model.lie_of_change = lie;
  return model;
}

}  // namespace

TEST_CASE("change check: every model, and right layers, pass") {
  for (const ModelRow& row : model_registry()) {
    CAPTURE(row.name);
    const ModelExample e = row.example();
    CHECK_NOTHROW(check_changes(e.model, e.x, e.y, 1));
  }
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    CHECK(verdict(ring(12, by_parity(12), kind)) == "");
    CHECK(verdict(ring(12, single_columns(12), kind)) == "");
    CHECK(verdict(ring(300, by_parity(300), kind)) == "");
  }
}

TEST_CASE("change check: coupled columns in one layer are refused, and named") {
  for (const ColumnKind kind : {ColumnKind::spin, ColumnKind::bit}) {
    // every site has two neighbours in a single layer
    for (const Index n : {3, 12, 300}) {
      CAPTURE(n);
      Layers all(1);
      for (Index i = 0; i < n; ++i) {
        all[0].push_back(i);
      }
      const std::string text = verdict(ring(n, all, kind));
      CHECK(says(text, "stand in one layer but are coupled"));
      int first = 0, second = 0;
      REQUIRE(std::sscanf(text.c_str(), "the model contradicts itself: columns %d and %d", &first,
                          &second) == 2);
      const Index apart = std::abs(first - second);
      CHECK((apart == 1 || apart == n - 1));
    }
    // one site that stands in the wrong layer of six
    Layers moved = by_parity(6);
    moved[0].push_back(moved[1].back());
    moved[1].pop_back();
    CHECK(says(verdict(ring(6, moved, kind)), "stand in one layer but are coupled"));
  }
}

TEST_CASE("change check: wrong changes and conditionals are refused with both values") {
  CHECK(verdict(lying([](double d) { return d * (1 + 5e-5); })) == "");
  CHECK(says(verdict(lying([](double d) { return d * (1 + 2e-4); })), "energy_change of column"));
  CHECK(says(verdict(lying([](double d) { return -d; })), "its energies differ by"));
  CHECK(says(verdict(lying([](double) { return NAN; })), "is nan, its energies differ by"));
}

TEST_CASE("change check: wrong versions of it let bad models pass") {
  Layers all(1);
  for (Index i = 0; i < 12; ++i) {
    all[0].push_back(i);
  }
  const OddModel coupled = ring(12, all);
  CHECK(verdict(coupled) != "");
  CHECK(verdict(coupled, &planted::F2::check_changes) == "");
  const OddModel doubled = lying([](double d) { return 2 * d; });
  CHECK(verdict(doubled) != "");
  CHECK(verdict(doubled, &planted::F3::check_changes) == "");
  // refused by all, but this one accuses a column that has nothing to do with it
  const std::string accused = verdict(ring(12, all), &planted::F4::check_changes);
  int first = 0, second = 0;
  REQUIRE(std::sscanf(accused.c_str(), "the model contradicts itself: columns %d and %d", &first,
                      &second) == 2);
  CHECK(std::abs(first - second) != 1);
  CHECK(std::abs(first - second) != 11);
}
