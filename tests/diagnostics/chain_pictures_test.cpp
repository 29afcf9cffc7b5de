#include "negphase/diagnostics/chain_pictures.hpp"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <boost/random/normal_distribution.hpp>
#include <cmath>

#include "negphase/diagnostics/verdict.hpp"
#include "negphase/random/stream_engine.hpp"
#include "planted/PI10.hpp"
#include "planted/PI8.hpp"
#include "planted/PI9.hpp"

// How these tests can fail: a bad quantity or an odd chain that is not shown, curves of other
// chains than those that are named, marks of divergence at other draws, pictures that grow with the
// run.

namespace {

using namespace negphase;
using Eigen::ArrayXd;
using Eigen::ArrayXXd;

/// Quantities q1, q2, ..: independent normals, of which tests spoil some.
ChainDraws normal_draws(Index draws, Index chains, Index quantities) {
  ChainDraws made;
  for (Index j = 0; j < quantities; ++j) {
    made.names.push_back(fmt::format("q{}", j + 1));
  }
  for (Index c = 0; c < chains; ++c) {
    StreamEngine engine(11, static_cast<std::uint32_t>(c), 0, Purpose::start);
    boost::random::normal_distribution<double> normal;
    ArrayXXd x(draws, quantities);
    for (double& value : x.reshaped()) {
      value = normal(engine);
    }
    made.chains.push_back(x);
  }
  return made;
}

ChainPictures pictures_of(const ChainDraws& draws, const ChainPictureLimits& limits = {}) {
  const Executor executor(2);
  return chain_pictures(draws, chain_figures(draws, executor), executor, limits);
}

std::vector<std::string> names_of(const ChainPictures& pictures) {
  std::vector<std::string> names;
  for (const QuantityPictures& quantity : pictures.quantities) {
    names.push_back(quantity.name);
  }
  return names;
}

ChainFigures figures_with(double rhat, double ess, const char* flag = nullptr) {
  ChainFigures figures;
  figures.rhat = rhat;
  figures.ess_bulk = ess;
  if (flag) {
    figures.flags.emplace_back(flag);
  }
  return figures;
}

const std::vector<ChainFigures> listed{
    figures_with(1.01, 500), figures_with(NAN, NAN, "constant"),
    figures_with(1.2, 30),   figures_with(INFINITY, NAN, "all-chains-frozen"),
    figures_with(1.01, 400), figures_with(NAN, NAN, "non-finite")};
const std::vector<Index> worst{3, 5, 2, 4, 0, 1};

/// q1 is the number of the draw, so that a point tells where it is from: 1000 c + i.
ChainDraws numbered_draws() {
  ChainDraws made = normal_draws(200, 3, 2);
  made.sampler_names = {"lp__", "divergent__"};
  for (Index c = 0; c < 3; ++c) {
    ArrayXXd said = ArrayXXd::Zero(200, 2);
    for (Index i = 0; i < 200; ++i) {
      made.chains[static_cast<std::size_t>(c)](i, 0) = static_cast<double>(1000 * c + i);
      said(i, 0) = -static_cast<double>(i % 17);
      said(i, 1) = (i + 3 * c) % 40 == 0 ? 1 : 0;
    }
    made.sampler_chains.push_back(said);
  }
  return made;
}

template <class Pair>
bool marks_are_right(const Pair& pair, const ChainDraws& draws) {
  for (std::size_t k = 0; k < pair.x.size(); ++k) {
    const double place = pair.x_name == "q1" ? pair.x[k] : pair.y[k];
    const auto chain = static_cast<Index>(place) / 1000, draw = static_cast<Index>(place) % 1000;
    const ArrayXXd& said = draws.sampler_chains[static_cast<std::size_t>(chain)];
    const double other = draws.chains[static_cast<std::size_t>(chain)](draw, 1);
    if (pair.chain[k] != chain || pair.diverged[k] != (said(draw, 1) > 0) ||
        (pair.x_name == "q1" ? pair.y[k] : pair.x[k]) != other) {
      return false;
    }
  }
  return true;
}

/// Of 40 chains one is moved and another stands.
ChainDraws odd_chains() {
  ChainDraws draws = normal_draws(100, 40, 3);
  draws.chains[36].col(1) += 3;
  draws.chains[22].col(1).setConstant(0.2);
  return draws;
}

template <class Made>
bool shows_what_it_names(const Made& made, const ChainDraws& draws) {
  bool right = made.quantities.front().name == "q2";
  const auto& trace = made.quantities.front().trace;
  for (std::size_t k = 0; k < made.chains.size(); ++k) {
    const ArrayXXd& chain = draws.chains[static_cast<std::size_t>(made.chains[k])];
    right = right && (trace.values.col(static_cast<Index>(k)) == chain.col(1)).all();
  }
  return right;
}

}  // namespace

TEST_CASE("pictures of chains: the worst quantities first, what cannot be judged last") {
  CHECK(worst_quantities(listed, 9) == worst);

  ChainDraws draws = normal_draws(200, 4, 9);
  draws.chains[1].col(7) += 2;    // q8
  draws.chains[2].col(2) += 0.7;  // q3
  for (ArrayXXd& chain : draws.chains) {
    chain.col(5).setConstant(1);  // q6
  }
  const ChainPictures pictures = pictures_of(draws);
  const std::vector<std::string> names = names_of(pictures);
  REQUIRE(names.size() == 4);
  CHECK(names[0] == "q8");
  CHECK(names[1] == "q3");
  CHECK(std::find(names.begin(), names.end(), "q6") == names.end());
  CHECK(pictures.num_quantities == 9);
  CHECK(pictures.pair.x_name == "q8");
  CHECK(pictures.pair.y_name == "q3");
  CHECK(pictures.energy_name.empty());
  const Executor executor(1);
  const auto figures = chain_figures(draws, executor);
  const auto first = planted::PI8::chain_pictures(draws, figures, executor, {});
  CHECK(first.quantities[0].name != "q8");
}

TEST_CASE("pictures of chains: odd chains are among those that are drawn, under their numbers") {
  const ChainDraws draws = odd_chains();
  const ChainPictures made = pictures_of(draws);
  REQUIRE(made.chains.size() == 16);
  CHECK(std::is_sorted(made.chains.begin(), made.chains.end()));
  CHECK(std::find(made.chains.begin(), made.chains.end(), 36) != made.chains.end());
  CHECK(std::find(made.chains.begin(), made.chains.end(), 22) != made.chains.end());
  CHECK(oddest_first(draws, {1}).front() == 22);
  CHECK(oddest_first(draws, {1})[1] == 36);
  CHECK(shows_what_it_names(made, draws));
  const QuantityPictures& first = made.quantities.front();
  CHECK(first.ranks.counts.cols() == 16);
  CHECK(first.autocorrelation.of_chain.cols() == 16);
  CHECK(first.autocorrelation.times.size() == 16);
  CHECK(first.growth.chain_means.cols() == 16);
  CHECK(first.growth_chains == 40);
  const Executor executor(1);
  const auto figures = chain_figures(draws, executor);
  CHECK_FALSE(
      shows_what_it_names(planted::PI9::chain_pictures(draws, figures, executor, {}), draws));
}

TEST_CASE("pictures of chains: pairs keep their chain and their marks of divergence") {
  const ChainDraws draws = numbered_draws();
  const ChainPictures all = pictures_of(draws);
  CHECK(all.pair.x.size() == 600);
  CHECK(all.pair.num_diverged == 15);
  CHECK(std::count(all.pair.diverged.begin(), all.pair.diverged.end(), true) == 15);
  CHECK(marks_are_right(all.pair, draws));
  ChainPictureLimits limits;
  limits.pair_points = 20;
  const ChainPictures few = pictures_of(draws, limits);
  CHECK(few.pair.x.size() <= 20);
  CHECK(few.pair.x.size() >= 10);
  CHECK(few.pair.num_diverged == 15);
  CHECK(std::count(few.pair.diverged.begin(), few.pair.diverged.end(), true) >= 5);
  CHECK(marks_are_right(few.pair, draws));
  CHECK(all.energy_name == "lp__");
  CHECK(all.energy.changes.size() == 0);
  CHECK(names_of(all).back() == "lp__");
  const Executor executor(1);
  const auto figures = chain_figures(draws, executor);
  CHECK_FALSE(
      marks_are_right(planted::PI10::chain_pictures(draws, figures, executor, {}).pair, draws));
}

TEST_CASE("pictures of chains: energy__ has its changes") {
  ChainDraws draws = normal_draws(50, 2, 1);
  draws.sampler_names = {"lp__", "energy__"};
  for (const ArrayXXd& chain : normal_draws(50, 2, 2).chains) {
    draws.sampler_chains.push_back(chain);
  }
  const ChainPictures pictures = pictures_of(draws);
  CHECK(pictures.energy_name == "energy__");
  CHECK(pictures.energy.changes.size() == 40);
  CHECK(pictures.energy.mean == doctest::Approx(draws.sampler_statistic("energy__").mean()));
  CHECK(pictures.pair.x.empty());  // one quantity has no pair
}

TEST_CASE("pictures of chains: long runs of many chains make no larger pictures") {
  const ChainPictures pictures = pictures_of(normal_draws(5000, 64, 2));
  for (const QuantityPictures& quantity : pictures.quantities) {
    CHECK(quantity.trace.values.size() <= 4000);
    CHECK(quantity.trace.values.rows() >= 200);
    CHECK(quantity.growth.draws.size() == 10);
    CHECK(quantity.growth_chains == 40);  // 2e6 / 10 draws: of 40 chains of 5000
  }
  CHECK(pictures.pair.x.size() <= 1000);
}

TEST_CASE("pictures of chains: too little, too broken") {
  CHECK(pictures_of({}).quantities.empty());
  CHECK(pictures_of(normal_draws(1, 4, 2)).quantities.size() == 2);
  CHECK(pictures_of(normal_draws(40, 1, 2)).quantities[0].ranks.counts.size() == 0);
  ChainDraws draws = normal_draws(40, 4, 2);
  draws.chains[2](5, 1) = NAN;
  draws.chains[1](7, 1) = -INFINITY;
  const ChainPictures pictures = pictures_of(draws);
  const QuantityPictures& broken = pictures.quantities.front();
  CHECK(broken.name == "q2");
  CHECK(broken.figures.has("non-finite"));
  CHECK(broken.ranks.counts.size() == 0);
  CHECK(broken.autocorrelation.mean.size() == 0);
  CHECK(std::isnan(broken.trace.values(5, 2)));
}
