#include "negphase/models/registry.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "negphase/core/error.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "negphase/models/mixed_mlp.hpp"
#include "negphase/models/rbm.hpp"
#include "support/model_checks.hpp"
#include "support/pairwise_energy.hpp"

using namespace negphase;
using namespace negphase::testing;

namespace {

constexpr Index chains = 64;

struct Case {
  std::string name;
  AnyModel model;
  Eigen::MatrixXd x;
};

/// What the checks allow a model: errors of differences, and of float where E is not linear in W.
struct Bounds {
  double differences = 1e-11;  ///< rounding: 600 terms of at most 4 between them, of random signs
  double in_float = 0;         ///< 0: linear in W, float_error_in_bounds() says it
};

Bounds bounds_of(const std::string& name) {
  static const std::map<std::string, Bounds> not_linear{
      // Differences: h^4 / 480 = 7.8e-12 of v phi^(5) y^5 < 0.75 x 1.3 x 2^5. Float: three units
      // of |v| < 1.9 in all; 3 terms of 3.2 in all, 5 roundings each, steepened by 1.1; phi < 3.2
      // with 4 roundings of 1 + phi.
      {"mlp", {.differences = 2.6e-10, .in_float = 1.9 * (5 * 3.2 * 1.1 + 4 * 4.2) * 0x1p-24}},
      // The same with |v| < 0.5, 1.5 in all, and 4 terms that are not 0, of 3.5 in all.
      {"mixed mlp",
       {.differences = 2.6e-10, .in_float = 1.5 * (6 * 3.5 * 1.1 + 4 * 4.5) * 0x1p-24}},
      // Differences: the default. Float: 3 fields of at most 6.2, 5 roundings each.
      {"gaussian_rbm", {.in_float = 3 * 5 * 6.2 * 0x1p-24}},
  };
  const auto found = not_linear.find(name);
  return found == not_linear.end() ? Bounds{} : found->second;
}

/// Each registered model's example, larger ones, and the models that only tests have.
std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const ModelRow& row : model_registry()) {
    const ModelExample example = row.example();
    cases.push_back({std::string(row.name), example.model, example.x});
  }
  const auto waves = [](Index n) -> Params {
    return Eigen::ArrayXd::LinSpaced(n, 1, static_cast<double>(n)).sin() / 2;
  };
  cases.push_back({"rbm 33 x 17", RbmModel(33, 17, waves(33 * 17 + 33 + 17)), {}});
  cases.push_back({"spins", PairwiseModel(ColumnKind::spin, 7, waves(28)), {}});
  cases.push_back({"bits", PairwiseModel(ColumnKind::bit, 7, waves(28)), {}});
  const Params w = GaussianModel::standard(11).params() + waves(11 * 14 / 2) / 8;
  cases.push_back({"gaussian of 11", GaussianModel(11, w), {}});
  cases.push_back({"latent mixture", GaussianMixtureModel(2, 3, true, waves(12)), {}});
  const MixedMlpSpec mixed{.y = {real_column(), {ColumnKind::category, 3}, bit_column()},
                           .z = {{ColumnKind::category, 2}, real_column()},
                           .hidden = 3,
                           .activation = Activation::silu};
  cases.push_back({"mixed mlp", MixedMlpModel(mixed, waves(mixed.net().num_params())), {}});
  return cases;
}

std::vector<Column> columns_of(const AnyModel& model) {
  std::vector<Column> columns = model.shape().y;
  const std::vector<Column> latent = model.shape().z;
  columns.insert(columns.end(), latent.begin(), latent.end());
  return columns;
}

/// The layers whose columns have finitely many states: others have no conditional().
std::vector<std::vector<Index>> finite_layers(const AnyEnergy<double>& energy) {
  std::vector<std::vector<Index>> layers = energy.layers().layers;
  std::erase_if(layers, [&](const std::vector<Index>& layer) {
    return std::ranges::any_of(layer, [&](Index j) {
      return energy.columns()[static_cast<std::size_t>(j)].num_states == 0;
    });
  });
  return layers;
}

Options resolve(const ModelRow& row, const std::vector<GivenOption>& given) {
  return Options::resolve("model", row.options, given);
}

/// A value for each option that has no default.
std::vector<GivenOption> required_options(const ModelRow& row) {
  std::vector<GivenOption> given;
  for (const OptionSpec& spec : row.options) {
    if (spec.required) {
      given.push_back({std::string(spec.name), std::int64_t{2}, {}});
    }
  }
  return given;
}

/// As many labels as a column of categories has states; bits, spins and numbers have none.
std::vector<Index> label_counts(const ModelShape& shape) {
  std::vector<Index> counts;
  for (const Column& column : shape.y) {
    counts.push_back(column.kind == ColumnKind::category ? column.num_states : 0);
  }
  return counts;
}

}  // namespace

TEST_CASE("every model passes every check that its abilities allow") {
  for (const Case& one : all_cases()) {
    CAPTURE(one.name);
    const AnyModel& model = one.model;
    const std::vector<Column> columns = columns_of(model);
    const Block<double> y = legal_block(columns, chains, 11);
    const Block<float> y_float = y.cast<float>();
    const auto rows = cycled_rows(chains, one.x.rows());
    const AnyEnergy<double> energy = model.bind_double(model.prepare(one.x), rows);
    const AnyEnergy<float> energy_float = model.bind_float(model.prepare(one.x), rows);
    CHECK(std::equal(columns.begin(), columns.end(), energy.columns().begin(),
                     energy.columns().end()));
    CHECK(energy.num_params() == model.shape().num_params);

    const Bounds bounds = bounds_of(one.name);
    CHECK(param_gradient_error(model, one.x, y) < bounds.differences);
    CHECK(param_grad_sum_error(energy, y) < chains * 0x1p-52);
    CHECK(param_grad_sum_error(energy_float, y_float) < chains * 0x1p-52);
    CHECK(single_chain_error(model, one.x, y) < 100 * 0x1p-52);
    if (bounds.in_float > 0) {
      CHECK(float_error(model, one.x, y) < bounds.in_float);
    } else {
      CHECK(float_error_in_bounds(model, one.x, y) <= 1);
    }
    if (energy.can(Ability::gradient)) {
      CHECK(gradient_error(energy, y) < bounds.differences);
    }
    // in sums of up to 50 terms of at most 1/2
    CHECK(energy_change_error(energy, y) < 100 * 0x1p-52);
    CHECK(energy_change_error(energy_float, y_float) < 100 * 0x1p-23);
    if (energy.can(Ability::pairwise)) {
      CHECK(pairwise_view_error(energy, y) < 100 * 0x1p-52);
    }
    if (energy.can(Ability::layers)) {
      const std::vector<std::vector<Index>> layers = finite_layers(energy);
      CHECK_FALSE(layers.empty());
      CHECK(conditional_error(energy, y, layers) < 100 * 0x1p-52);
      CHECK(conditional_error(energy_float, y_float, layers) < 100 * 0x1p-23);
    }
  }
}

TEST_CASE("single columns have the right conditionals where there are any") {
  for (const Case& one : all_cases()) {
    CAPTURE(one.name);
    const AnyEnergy<double> energy =
        one.model.bind_double(one.model.prepare(one.x), cycled_rows(chains, one.x.rows()));
    if (!energy.can(Ability::conditional)) {
      continue;
    }
    std::vector<std::vector<Index>> groups;
    for (Index j = 0; j < static_cast<Index>(energy.columns().size()); ++j) {
      if (energy.columns()[static_cast<std::size_t>(j)].num_states > 0) {
        groups.push_back({j});
      }
    }
    CHECK(conditional_error(energy, legal_block(energy.columns(), chains, 12), groups) <
          100 * 0x1p-52);
  }
}

TEST_CASE("every row of the registry makes a model of its own description") {
  std::set<std::string_view> names;
  for (const ModelRow& row : model_registry()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK_FALSE(row.doc.empty());
    CHECK_FALSE(row.param_order.empty());
    CHECK(&find_model(std::string(row.name)) == &row);
    const ModelExample example = row.example();
    const ModelShape shape = example.model.shape();
    CHECK(example.x.cols() == shape.num_x);
    CHECK(example.y.cols() == shape.num_y());
    CHECK(example.x.rows() == example.y.rows());
    CHECK(shape.num_params == example.model.params().size());
    for (const Column& column : shape.y) {
      CHECK((column.kind == row.y_kind || std::ranges::count(row.other_y_kinds, column.kind) == 1));
    }
    const AnyModel made = row.make(resolve(row, required_options(row)),
                                   {shape.num_x, shape.num_y(), label_counts(shape)});
    CHECK(made.shape().num_x == shape.num_x);
    CHECK(made.shape().num_y() == shape.num_y());
    CHECK_THROWS_AS(made.with_params(Params::Zero(1)), ConfigError);
    std::set<std::string> params;
    for (Index p = 0; p < shape.num_params; ++p) {
      CHECK(params.insert(example.model.param_name(p)).second);
    }
  }
}

TEST_CASE("models refuse data of the wrong shape") {
  const auto make = [](const std::string& name, const DataShape& data) {
    const ModelRow& row = find_model(name);
    return row.make(resolve(row, required_options(row)), data);
  };
  CHECK_THROWS_WITH_AS(make("quartic", {2, 1}),
                       "model 'quartic' takes data of 1 x column and 1 y column; these have 2 x "
                       "columns and 1 y column",
                       ConfigError);
  CHECK_THROWS_AS(make("quartic", {1, 2}), ConfigError);
  CHECK_THROWS_AS(make("gaussian", {1, 2}), ConfigError);
  CHECK_THROWS_AS(make("gaussian", {0, 0}), ConfigError);
  CHECK_THROWS_AS(make("rbm", {1, 2}), ConfigError);
}

TEST_CASE("an unknown model is answered with the nearest name, a missing option with its own") {
  CHECK_THROWS_WITH_AS(find_model("quartc"), doctest::Contains("did you mean 'quartic'?"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(resolve(find_model("rbm"), {}), doctest::Contains("hidden"), ConfigError);
}
