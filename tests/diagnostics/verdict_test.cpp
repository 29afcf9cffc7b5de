#include "negphase/diagnostics/verdict.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "planted/VE10.hpp"
#include "planted/VE11.hpp"
#include "planted/VE12.hpp"
#include "support/made_draws.hpp"

// Verdicts on draws whose faults are known. How these tests can fail: a failing figure that is not
// named, a check that fails good draws, a caveat that fails a run, an advice that is missing.

using namespace negphase;
using namespace negphase::test;
using Eigen::Index;

namespace {

Verdict verdict_on(const ChainDraws& draws, const SamplerFacts& facts = {}) {
  const Executor executor(1);
  const std::vector<ChainFigures> figures = chain_figures(draws, executor);
  return judge(draws, figures, examine_behaviour(draws, facts, executor), facts);
}

std::vector<std::string> codes(const Verdict& verdict, bool failed) {
  std::vector<std::string> all;
  for (const Warning& w : verdict.warnings) {
    if (w.is_failed_check == failed) {
      all.push_back(w.code);
    }
  }
  return all;
}

using Codes = std::vector<std::string>;

void add_statistic(ChainDraws& draws, const std::string& name, const Eigen::ArrayXXd& values) {
  draws.sampler_chains.resize(draws.chains.size());
  for (std::size_t c = 0; c < draws.chains.size(); ++c) {
    auto& own = draws.sampler_chains[c];
    own.conservativeResize(draws.num_draws(), own.cols() + 1);
    own.rightCols(1) = values.col(static_cast<Index>(c));
  }
  draws.sampler_names.push_back(name);
}

/// Least E-BFMI by hand: energies 0, 1, 0, 1 .. have sum of squared differences n - 1 and a spread
/// of n / 4; a random walk has little of the first.
Eigen::ArrayXXd energies(Index draws, Index chains) {
  Eigen::ArrayXXd energy(draws, chains);
  for (Index c = 0; c < chains; ++c) {
    for (Index t = 0; t < draws; ++t) {
      energy(t, c) = c == 0 ? static_cast<double>(t) : 100 + static_cast<double>(t % 2);
    }
  }
  return energy;
}

}  // namespace

TEST_CASE("verdict: good draws are called good, with the hole that no figure closes") {
  const Verdict verdict = verdict_on(made_draws(1, Law::normal, 4, 1000, 3));
  CHECK(verdict.is_good());
  CHECK(codes(verdict, false) == Codes{"unvisited_modes"});
  CHECK(verdict.summary.starts_with("Good, as far as draws can tell: 4 chains of 1000 draws"));
  // tails of spins are no fault of theirs
  CHECK(verdict_on(made_draws(2, Law::spins, 4, 1000, 3)).is_good());
  CHECK(verdict_on(made_draws(3, Law::cauchy, 4, 1000, 1)).is_good());
  const Verdict alone = verdict_on(made_draws(4, Law::normal, 1, 1000, 1));
  CHECK(alone.is_good());
  CHECK(codes(alone, false) == Codes{"one_chain"});
}

TEST_CASE("verdict: a frozen chain, modes, copies, short runs") {
  ChainDraws frozen = made_draws(1, Law::normal, 4, 1000, 2);
  frozen.chains[2].rowwise() = Eigen::ArrayXXd(frozen.chains[2]).row(0);
  const Codes of_frozen = codes(verdict_on(frozen), true);
  REQUIRE_FALSE(of_frozen.empty());
  CHECK(of_frozen.front() == "frozen_chains");
  CHECK(verdict_on(frozen).warnings.front().text.find("chain 3") != std::string::npos);

  ChainDraws all_but_one = made_draws(1, Law::normal, 4, 1000, 2);
  for (const std::size_t c : {0u, 2u, 3u}) {
    all_but_one.chains[c].rowwise() = Eigen::ArrayXXd(all_but_one.chains[c]).row(0);
  }
  // one move: rejections explain that whole states repeat, but not that no quantity ever changed
  for (Index t = 0; t < 1000; ++t) {
    all_but_one.chains[1].row(t) = all_but_one.chains[1].row(t < 500 ? 0 : 999).eval();
  }
  const Verdict of_one = verdict_on(all_but_one);
  CHECK(of_one.warnings.front().code == "frozen_chains");
  CHECK(of_one.warnings.front().text.find("3 of 4 chains never moved: chain 1, chain 3, chain 4") !=
        std::string::npos);

  ChainDraws modes = made_draws(1, Law::normal, 4, 1000, 2);
  modes.chains[0].col(1) += 8;
  modes.chains[3].col(1) += 8;
  const Verdict of_modes = verdict_on(modes);
  CHECK(codes(of_modes, true) == Codes{"separated_chains", "rhat", "few_effective_draws"});
  CHECK(of_modes.warnings.front().text.find(
            "in q.2 chains 2, 3 stay below the others, chains 1, 4 stay above the others") !=
        std::string::npos);

  ChainDraws copies = made_draws(1, Law::normal, 4, 1000, 2);
  copies.chains[3] = copies.chains[1];
  CHECK(codes(verdict_on(copies), true) == Codes{"identical_chains"});

  const Codes of_few = codes(verdict_on(made_draws(1, Law::normal, 4, 40, 1)), true);
  CHECK(std::find(of_few.begin(), of_few.end(), "few_effective_draws") != of_few.end());
  CHECK(codes(verdict_on(made_draws(1, Law::normal, 4, 3, 1)), true) == Codes{"too_short"});

  ChainDraws constant = made_draws(1, Law::normal, 2, 30, 1);
  constant.chains[0].setConstant(2);
  constant.chains[1].setConstant(2);
  CHECK(codes(verdict_on(constant), true) == Codes{"constant_draws"});
  CHECK(verdict_on(constant, {.draws_are_independent = true}).is_good());
}

TEST_CASE("verdict: what is no number, what never changes, what is missing") {
  ChainDraws draws = made_draws(1, Law::normal, 4, 500, 3);
  draws.chains[1](3, 0) = INFINITY;
  for (auto& chain : draws.chains) {
    chain.col(1).setConstant(1);
  }
  draws.incomplete = true;
  draws.notes = {"chain 2 ends early"};
  const Verdict verdict = verdict_on(draws);
  CHECK(codes(verdict, true) == Codes{"non_finite_draws"});
  CHECK(codes(verdict, false) == Codes{"constant_quantities", "incomplete", "unvisited_modes"});
  CHECK(verdict.summary.find("incomplete") != std::string::npos);
  // one bit in a hundred: some of eight chains of 50 draws have none, as exact draws may
  const Verdict rare = verdict_on(made_draws(1, Law::rare_bits, 8, 50, 1));
  const Codes notes = codes(rare, false);
  CHECK(std::find(notes.begin(), notes.end(), "unchanged_in_a_chain") != notes.end());
}

TEST_CASE("verdict: what the sampler says of itself") {
  ChainDraws draws = made_draws(1, Law::normal, 4, 1000, 2);
  add_statistic(draws, "energy__", energies(1000, 4));
  add_statistic(draws, "divergent__", Eigen::ArrayXXd::Zero(1000, 4));
  add_statistic(draws, "treedepth__", Eigen::ArrayXXd::Constant(1000, 4, 4));
  add_statistic(draws, "accept_stat__", Eigen::ArrayXXd::Constant(1000, 4, 0.25));
  SamplerFacts facts;
  facts.name = "mala";
  facts.best_acceptance = 0.574;
  const Behaviour behaviour = examine_behaviour(draws, facts, Executor(1));
  // 999 steps of 1 over the spread of 0 .. 999, n (n^2 - 1) / 12; and 999 over 1000 / 4
  CHECK(behaviour.sampler.ebfmi[0] == doctest::Approx(999 / (1000 * (1e6 - 1) / 12)));
  CHECK(behaviour.sampler.ebfmi[1] == doctest::Approx(999 / 250.0));
  CHECK(planted::VE10::sampler_figures(draws, {}).ebfmi[1] != doctest::Approx(999 / 250.0));
  // independent draws jump by twice their variance: 1, with a standard error of sqrt(3 / 8000)
  CHECK(std::abs(behaviour.sampler.jump - 1) < 6 * std::sqrt(3.0 / 8000));

  const Verdict verdict = verdict_on(draws, facts);
  CHECK(codes(verdict, true) == Codes{"low_ebfmi"});
  CHECK(codes(verdict, false) == Codes{"acceptance_off_optimum", "unvisited_modes"});
  CHECK(verdict.warnings[0].text.find("chain 1 ") != std::string::npos);

  for (auto& chain : draws.sampler_chains) {
    chain(5, 1) = 1;
    chain(6, 2) = 10;
    chain.col(3).setConstant(0.001);
  }
  facts.round_trips = std::vector<std::int64_t>{3, 0, 1, 2};
  const Verdict worse = verdict_on(draws, facts);
  CHECK(codes(worse, true) ==
        Codes{"low_acceptance", "divergences", "low_ebfmi", "no_round_trips"});
  CHECK(codes(worse, false) == Codes{"tree_depth", "unvisited_modes"});
  CHECK(worse.warnings[1].text.starts_with("4 of 4000 transitions diverged"));
  CHECK(worse.warnings[3].text.starts_with("chain 2 never"));
}

TEST_CASE("verdict: the worst quantities are named, five of them, tails as well as bulks") {
  ChainDraws draws = made_draws(1, Law::normal, 4, 1000, 8);
  for (Index j = 0; j < 7; ++j) {  // chain 1 lies ever farther off
    draws.chains[0].col(j) += 0.4 + 0.1 * static_cast<double>(j);
  }
  const Verdict verdict = verdict_on(draws);
  const auto rhat = std::find_if(verdict.warnings.begin(), verdict.warnings.end(),
                                 [](const Warning& w) { return w.code == "rhat"; });
  REQUIRE(rhat != verdict.warnings.end());
  CHECK(rhat->text.find("R-hat above 1.01: q.7 (") == 0);
  CHECK(rhat->text.find(" and 2 more") != std::string::npos);
  const auto figures = chain_figures(draws, Executor(1));
  CHECK(worst_quantities(figures, 3) == std::vector<Index>{6, 5, 4});

  // figures by hand: a tail of 50
  ChainFigures tail;
  tail.rhat = 1;
  tail.ess_bulk = 900;
  tail.ess_tail = 50;
  const ChainDraws one = made_draws(1, Law::normal, 4, 1000, 1);
  const Behaviour behaviour = examine_behaviour(one, {}, Executor(1));
  CHECK_FALSE(judge(one, std::span(&tail, 1), behaviour, {}).is_good());
  // VE11: tails are not looked at
  CHECK(planted::VE11::judge(one, std::span(&tail, 1), behaviour, {}).is_good());
  tail.ess_tail = 500;
  tail.rhat = 1.02;
  CHECK_FALSE(judge(one, std::span(&tail, 1), behaviour, {}).is_good());
  // VE12: R-hat of 1.1, as it was once held enough
  CHECK(planted::VE12::judge(one, std::span(&tail, 1), behaviour, {}).is_good());
}
