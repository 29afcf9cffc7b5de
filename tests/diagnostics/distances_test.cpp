#include "negphase/diagnostics/distances.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "negphase/core/error.hpp"
#include "negphase/diagnostics/pooled_draws.hpp"
#include "negphase/exact/enumeration.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "planted/KD16.hpp"
#include "support/normal_draws.hpp"
#include "support/problems.hpp"

// How these tests can fail: a distance to another law than the one that was asked for (beta, z), a
// floor of another number of draws, columns mistaken, draws left out and not said, threads seen.

using namespace negphase;
using namespace negphase::testing;

namespace {

ChainDraws chains_of(const Eigen::ArrayXXd& draws, Index chains) {
  ChainDraws result;
  for (Index j = 0; j < draws.cols(); ++j) {
    result.names.push_back("q" + std::to_string(j + 1));
  }
  const Index each = draws.rows() / chains;
  for (Index c = 0; c < chains; ++c) {
    result.chains.emplace_back(draws.middleRows(c * each, each));
  }
  return result;
}

// independent draws of y and z of an rbm_3x2, at this beta
Eigen::ArrayXXd rbm_draws(const AnyModel& model, double beta, Index n) {
  const StateTable table = tabulate_states(
      [&](Index chains) {
        return model.bind_double(model.prepare(Eigen::MatrixXd(1, 0)),
                                 std::vector<Index>(static_cast<std::size_t>(chains), 0));
      },
      beta);
  StreamEngine engine(17, 0, 0, Purpose::exact);
  Eigen::ArrayXXd draws(n, 5);
  for (Index i = 0; i < n; ++i) {
    double u = engine() * 0x1p-32;
    Index k = 0;
    while (k + 1 < table.probability.size() && u >= table.probability[k]) {
      u -= table.probability[k++];
    }
    draws.row(i) = table.states.row(k);
  }
  return draws;
}

const Distance& row_of(const Distances& distances, const std::string& name) {
  for (const Distance& row : distances.rows) {
    if (row.name == name) {
      return row;
    }
  }
  FAIL("no row ", name);
  return distances.rows.front();
}

bool has_note(const Distances& distances, const std::string& text) {
  for (const std::string& note : distances.notes) {
    if (note.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

std::string text_of(const Distances& distances) {
  std::string text;
  for (const Distance& r : distances.rows) {
    for (const double v : {r.value, r.floor, r.p_value}) {
      text.append(reinterpret_cast<const char*>(&v), sizeof(v));
    }
    text += r.name + r.note + std::to_string(r.draws);
  }
  return text;
}

AnyModel unit_gaussian() {
  Params w(5);
  w << 0, 0, 1, 0, 1;
  return GaussianModel(2, w);
}

}  // namespace

TEST_CASE("distances to a listed law: exact draws lie at the floor, others above it") {
  const Problem p = rbm_problem("rbm_3x2_strong");
  const Executor executor(1);
  const ChainDraws draws = chains_of(rbm_draws(p.model, 2, 4000), 4);
  const Distances right = distances_to_model(draws, p.model, 2, {}, executor);
  REQUIRE(right.rows.size() == 4);
  CHECK(right.rows[0].name == "total_variation");
  CHECK(right.rows[1].name == "kl");
  CHECK(right.rows[2].name == "squared_hellinger");
  CHECK(right.rows[3].name == "discrete_ksd");
  for (int k = 0; k < 3; ++k) {
    CAPTURE(right.rows[static_cast<std::size_t>(k)].name);
    const Distance& row = right.rows[static_cast<std::size_t>(k)];
    // a chi-squared of 7 degrees of freedom above 5 times its mean: 4e-5 of one frozen seed; the
    // total variation goes with its root
    CHECK(row.value < 5 * row.floor);
    CHECK(row.value > 0);
    CHECK(row.draws == 4000);
  }
  CHECK(row_of(right, "discrete_ksd").draws == 1000);
  CHECK(row_of(right, "discrete_ksd").every == 4);
  CHECK(row_of(right, "discrete_ksd").p_value > 1e-3);
  CHECK(has_note(right, "KSD hardly sees"));
  CHECK(has_note(right, "were taken for"));
  const Distances wrong = distances_to_model(draws, p.model, 1, {}, executor);
  CHECK(row_of(wrong, "total_variation").value > 3 * row_of(wrong, "total_variation").floor);
  CHECK(row_of(wrong, "total_variation").p_value < 1e-6);
  CHECK(row_of(wrong, "kl").value > 9 * row_of(wrong, "kl").floor);
  CHECK(row_of(wrong, "discrete_ksd").p_value == 1e-3);
  // draws without z are of the same y
  ChainDraws of_y = chains_of(rbm_draws(p.model, 2, 4000).leftCols(3), 4);
  CHECK(text_of(distances_to_model(of_y, p.model, 2, {}, executor)) == text_of(right));
  // floors of fewer draws are higher
  DistanceOptions few;
  few.effective_draws = 40;
  const Distances dependent = distances_to_model(draws, p.model, 2, few, executor);
  CHECK(row_of(dependent, "kl").floor > 50 * row_of(right, "kl").floor);
  CHECK(row_of(dependent, "discrete_ksd").every == 100);
  CHECK(has_note(dependent, "left out"));
  few.max_draws = 150;
  few.resamples = 199;
  const Distances quick = distances_to_model(draws, p.model, 2, few, executor);
  for (const int threads : {2, 3, 4}) {
    CHECK(text_of(distances_to_model(draws, p.model, 2, few, Executor(threads))) == text_of(quick));
  }
}

TEST_CASE("distances to a model of real columns: a KSD, and why no other") {
  const Executor executor(1);
  const Eigen::ArrayXXd draws = normal_draws(21, 0, 600, 2);
  const Distances right = distances_to_model(chains_of(draws, 3), unit_gaussian(), 1, {}, executor);
  REQUIRE(right.rows.size() == 1);
  const Distance& ksd = right.rows[0];
  CHECK(ksd.name == "ksd");
  CHECK(ksd.p_value > 1e-3);
  CHECK(ksd.value < 2 * ksd.floor);
  CHECK(has_note(right, "cannot be listed"));
  const Distances wrong = distances_to_model(chains_of(draws, 3), unit_gaussian(), 2, {}, executor);
  CHECK(wrong.rows[0].p_value == 1e-3);
  // a mixture with its component drawn: z is summed out, and may be left away
  Params w(8);
  w << 0, 0, -1, 0.5, 0, 0, 1, -0.5;
  const AnyModel mixture = GaussianMixtureModel(2, 2, true, w);
  Eigen::ArrayXXd with_z(600, 3);
  with_z.rightCols(1).setZero();
  with_z.leftCols(2) = draws;
  with_z.col(0).head(300) -= 1;
  with_z.col(1).head(300) += 0.5;
  with_z.col(0).tail(300) += 1;
  with_z.col(1).tail(300) -= 0.5;
  const Distances of_mixture = distances_to_model(chains_of(with_z, 3), mixture, 1, {}, executor);
  REQUIRE(of_mixture.rows.size() == 1);
  CHECK(of_mixture.rows[0].p_value > 1e-3);
  CHECK(text_of(of_mixture) ==
        text_of(distances_to_model(chains_of(with_z.leftCols(2), 3), mixture, 1, {}, executor)));
}

TEST_CASE("distances to other draws: of one law, and of another") {
  const Executor executor(1);
  const ChainDraws x = chains_of(normal_draws(31, 0, 800, 2), 4);
  const ChainDraws y = chains_of(normal_draws(31, 1, 600, 2), 2);
  DistanceOptions options;
  options.resamples = 299;
  const Distances same = distances_to_draws(x, y, options, executor);
  REQUIRE(same.rows.size() == 6);
  for (const Distance& row : same.rows) {
    CAPTURE(row.name);
    CHECK(row.p_value > 1.0 / 300);  // six looks at frozen seeds
    CHECK(row.draws == 800);
    CHECK(row.against == 600);
  }
  CHECK(same.rows[2].name == "kolmogorov_smirnov");
  CHECK(same.rows[2].quantity == "q1");
  CHECK(same.rows[5].name == "wasserstein_1");
  CHECK(same.rows[5].quantity == "q2");
  const ChainDraws wider = chains_of(1.5 * normal_draws(31, 1, 600, 2), 2);
  DistanceOptions small;
  small.max_draws = 200;
  const Distances other = distances_to_draws(x, wider, small, executor);
  CHECK(row_of(other, "mmd").p_value < 0.01);
  CHECK(row_of(other, "energy_distance").p_value < 0.01);
  CHECK(row_of(other, "wasserstein_1").p_value == 1e-3);
  CHECK(row_of(other, "kolmogorov_smirnov").p_value < 1e-3);
  CHECK(row_of(other, "mmd").draws == 200);
  CHECK(row_of(other, "mmd").every == 4);
  CHECK(row_of(other, "mmd").against == 200);
  CHECK(row_of(other, "mmd").against_every == 3);
  CHECK(row_of(other, "wasserstein_1").draws == 800);
  small.resamples = 49;
  small.max_permuted = 300;
  const Distances quick = distances_to_draws(x, wider, small, executor);
  CHECK(row_of(quick, "wasserstein_1").every == 3);
  CHECK(row_of(quick, "kolmogorov_smirnov").against == 300);
  for (const int threads : {2, 3, 4}) {
    CHECK(text_of(distances_to_draws(x, wider, small, Executor(threads))) == text_of(quick));
  }
}

TEST_CASE("distances to other draws of finite columns: chi-squared where states are few") {
  const Problem p = rbm_problem("rbm_3x2_strong");
  const Executor executor(1);
  const Eigen::ArrayXXd all = rbm_draws(p.model, 1, 500);
  const ChainDraws x = chains_of(all.topRows(300), 2);
  const Distances same = distances_to_draws(x, chains_of(all.bottomRows(200), 2), {}, executor);
  CHECK(row_of(same, "mmd").note.find("hamming") != std::string::npos);
  CHECK(row_of(same, "chi_squared").p_value > 1e-3);
  const Distances other =
      distances_to_draws(x, chains_of(rbm_draws(p.model, 0.25, 200), 2), {}, executor);
  CHECK(row_of(other, "mmd").p_value == 1e-3);
  CHECK(row_of(other, "chi_squared").p_value == 1e-3);
  Eigen::ArrayXXd counts(20, 1);  // 20 states of 40 draws
  counts.col(0) = Eigen::ArrayXd::LinSpaced(20, 0, 19);
  const Distances few =
      distances_to_draws(chains_of(counts, 2), chains_of(counts, 1), {}, executor);
  CHECK(has_note(few, "chi-squared of the joint states was left out"));
}

TEST_CASE("every k-th draw, through all chains") {
  Eigen::ArrayXXd numbers(24, 1);
  numbers.col(0) = Eigen::ArrayXd::LinSpaced(24, 0, 23);
  const ChainDraws draws = chains_of(numbers, 4);
  const auto all = every_kth(draws, 0, 0);
  CHECK(all.every == 1);
  CHECK((all.draws == numbers).all());
  const auto some = every_kth(draws, 5.5, 0);  // 24 / 5.5
  CHECK(some.every == 5);
  CHECK((some.draws.col(0) == Eigen::ArrayXd{{0, 5, 10, 15, 20}}).all());
  CHECK(every_kth(draws, 5.5, 3).every == 8);
  CHECK(every_kth(draws, 100, 12).every == 2);
  CHECK(every_kth(draws, 0.3, 0).draws.rows() == 1);
  CHECK(planted::KD16::every_kth(draws, 5.5, 0).every == 1);
  // chains shorter than k
  CHECK((every_kth(chains_of(numbers, 24), 0, 3).draws.col(0) == Eigen::ArrayXd{{0, 8, 16}}).all());
}

TEST_CASE("distances: bad input") {
  const Executor executor(1);
  const Problem rbm = rbm_problem("rbm_3x2");
  const ChainDraws two = chains_of(normal_draws(1, 0, 20, 2), 2);
  CHECK_THROWS_WITH_AS(distances_to_model(two, rbm.model, 1, {}, executor),
                       doctest::Contains("2 quantities, the model 3 columns of y and 2 of z"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(distances_to_model(two, quartic_problem(3).model, 1, {}, executor),
                       doctest::Contains("the model has x"), ConfigError);
  ChainDraws spins = chains_of(Eigen::ArrayXXd::Ones(20, 3), 2);
  spins.chains[1](3, 2) = -1;
  CHECK_THROWS_WITH_AS(distances_to_model(spins, rbm.model, 1, {}, executor),
                       doctest::Contains("chain 2, draw 4: q3 = -1 is no state of column 3"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(distances_to_draws(two, spins, {}, executor),
                       doctest::Contains("2 quantities cannot be held against draws of 3"),
                       ConfigError);
  ChainDraws broken = two;
  broken.chains[1](5, 0) = std::nan("");
  const Distances none = distances_to_draws(two, broken, {}, executor);
  CHECK(none.rows.empty());
  CHECK(has_note(none, "chain 2 has draws that are no finite numbers"));
  CHECK(distances_to_model(broken, unit_gaussian(), 1, {}, executor).rows.empty());
  ChainDraws empty;
  empty.names = {"a", "b"};
  CHECK(has_note(distances_to_draws(empty, two, {}, executor), "no draws"));
  const ChainDraws one = chains_of(normal_draws(1, 0, 1, 2), 1);
  CHECK(has_note(distances_to_draws(one, two, {}, executor), "at least two"));
  CHECK(has_note(distances_to_model(one, unit_gaussian(), 1, {}, executor), "at least two"));
}
