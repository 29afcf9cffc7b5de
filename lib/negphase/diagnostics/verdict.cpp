#include "negphase/diagnostics/verdict.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>

#include "negphase/diagnostics/chain_warnings.hpp"

namespace negphase {

namespace {

using Eigen::Index;

std::string verb(const std::vector<Index>& chains, const char* one, const char* many) {
  return chains.size() == 1 ? one : many;
}

// Collects warnings while it looks at one run.
class Judge {
 public:
  Judge(const ChainDraws& draws, std::span<const ChainFigures> figures, const Behaviour& behaviour,
        const SamplerFacts& facts)
      : draws_(draws),
        figures_(figures),
        behaviour_(behaviour),
        facts_(facts),
        frozen_(never_moved(behaviour)) {}

  std::vector<Warning> warnings() {
    look_at_states();
    look_at_quantities();
    look_at_figures();
    look_at_sampler();
    name_holes();
    std::stable_partition(warnings_.begin(), warnings_.end(),
                          [](const Warning& w) { return w.is_failed_check; });
    return warnings_;
  }

 private:
  void fail(const std::string& code, const std::string& text) {
    warnings_.push_back({code, text, true});
  }
  void note(const std::string& code, const std::string& text) { warnings_.push_back({code, text}); }

  std::string name(Index j) const { return draws_.names[static_cast<std::size_t>(j)]; }

  void look_at_states();
  void look_at_quantities();
  void look_at_frozen_quantities();
  void look_at_drifts();
  void look_at_modes();
  void look_at_periods();
  void look_at_figures();
  void look_at_flags();
  void look_at_rhat();
  void look_at_effective_sizes();
  void look_at_sampler();
  void look_at_acceptance();
  void name_holes();

  // "theta (1.2), eta (1.1)", the largest badness first; `badness` is NaN of one that is not meant
  std::string worst(const std::function<double(Index)>& badness,
                    const std::function<std::string(Index)>& text) const;
  std::vector<Index> with_flag(const std::string& flag) const;
  bool is_frozen(Index chain) const {
    return std::find(frozen_.begin(), frozen_.end(), chain) != frozen_.end();
  }
  static std::vector<Index> never_moved(const Behaviour& behaviour);

  const ChainDraws& draws_;
  std::span<const ChainFigures> figures_;
  const Behaviour& behaviour_;
  const SamplerFacts& facts_;
  std::vector<Index> frozen_;  // chains, rising
  std::vector<Warning> warnings_;
};

// Frozen as a whole, or in each quantity by itself: where most chains stand still, their states
// alone do not tell it from rejections.
std::vector<Index> Judge::never_moved(const Behaviour& behaviour) {
  std::vector<Index> all = behaviour.states.frozen;
  if (behaviour.quantities.empty()) {
    return all;
  }
  std::vector<Index> everywhere = behaviour.quantities.front().frozen;
  for (const auto& quantity : behaviour.quantities) {
    std::erase_if(everywhere, [&](Index c) {
      return std::find(quantity.frozen.begin(), quantity.frozen.end(), c) == quantity.frozen.end();
    });
  }
  all.insert(all.end(), everywhere.begin(), everywhere.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::string Judge::worst(const std::function<double(Index)>& badness,
                         const std::function<std::string(Index)>& text) const {
  std::vector<Index> all;
  for (Index j = 0; j < draws_.num_quantities(); ++j) {
    if (!std::isnan(badness(j))) {
      all.push_back(j);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [&](Index a, Index b) { return badness(a) > badness(b); });
  return some_of(all, [&](Index j) { return fmt::format("{} ({})", name(j), text(j)); });
}

std::vector<Index> Judge::with_flag(const std::string& flag) const {
  std::vector<Index> all;
  for (std::size_t j = 0; j < figures_.size(); ++j) {
    if (figures_[j].has(flag)) {
      all.push_back(static_cast<Index>(j));
    }
  }
  return all;
}

void Judge::look_at_states() {
  const RepeatedStates& states = behaviour_.states;
  if (states.all_equal) {
    warnings_.push_back(constant_draws());
    warnings_.back().is_failed_check = !facts_.draws_are_independent;
    return;
  }
  if (!frozen_.empty()) {
    warnings_.push_back(frozen_chains(frozen_, draws_.num_chains()));
  }
  if (!states.stuck.empty()) {
    fail("stuck_chains",
         fmt::format("chains stood still for longer than their moves explain: {}; take a smaller "
                     "step, or look at where they stood",
                     some_of(states.stuck, [](const RepeatedStates::Stretch& s) {
                       return fmt::format("chain {} in draws {} to {}", s.chain + 1, s.first + 1,
                                          s.first + s.length);
                     })));
  }
  if (!states.identical.empty()) {
    warnings_.push_back(identical_chains(states.identical));
  }
}

void Judge::look_at_quantities() {
  if (behaviour_.states.all_equal) {
    return;
  }
  look_at_frozen_quantities();
  look_at_drifts();
  look_at_modes();
  look_at_periods();
}

void Judge::look_at_frozen_quantities() {
  std::vector<std::vector<Index>> frozen(behaviour_.quantities.size());
  std::vector<Index> quantities;
  for (std::size_t j = 0; j < frozen.size(); ++j) {
    for (const Index c : behaviour_.quantities[j].frozen) {
      if (!is_frozen(c)) {
        frozen[j].push_back(c);
      }
    }
    if (!frozen[j].empty()) {
      quantities.push_back(static_cast<Index>(j));
    }
  }
  if (!quantities.empty()) {
    fail("frozen_quantities",
         fmt::format("never changed in some chains, while others moved it: {}; effective sizes "
                     "know nothing of these chains: does the sampler propose to change it?",
                     some_of(quantities, [&](Index j) {
                       return fmt::format("{} in {}", name(j),
                                          chains_text(frozen[static_cast<std::size_t>(j)]));
                     })));
  }
}

void Judge::look_at_drifts() {
  struct Place {
    Index quantity;
    Drift drift;
  };
  std::vector<Place> all;
  for (std::size_t j = 0; j < behaviour_.quantities.size(); ++j) {
    for (const Drift& drift : behaviour_.quantities[j].drifts) {
      all.push_back({static_cast<Index>(j), drift});
    }
  }
  if (all.empty()) {
    return;
  }
  std::stable_sort(all.begin(), all.end(), [](const Place& a, const Place& b) {
    return std::abs(a.drift.share - 0.5) > std::abs(b.drift.share - 0.5);
  });
  fail("drifting_chains",
       fmt::format("draws drift, the last quarter against the first: {}; take a longer warm-up; "
                   "where that does not help, the law cannot be normalised",
                   some_of(all, [&](const Place& p) {
                     const bool up = p.drift.share > 0.5;
                     return fmt::format("{} {} in {}", name(p.quantity),
                                        p.drift.of_spread ? (up ? "spreads" : "narrows")
                                                          : (up ? "rises" : "falls"),
                                        p.drift.chain < 0
                                            ? "all chains together"
                                            : fmt::format("chain {}", p.drift.chain + 1));
                   })));
}

void Judge::look_at_modes() {
  // the quantity in which most chains stand apart says it best; one that is frozen is in no mode
  std::vector<Apart> most;
  std::size_t best = 0, parted = 0;
  for (std::size_t j = 0; j < behaviour_.quantities.size(); ++j) {
    const RankTests& tests = behaviour_.quantities[j];
    std::vector<Apart> moving;
    std::copy_if(tests.apart.begin(), tests.apart.end(), std::back_inserter(moving),
                 [&](const Apart& apart) {
                   return std::find(tests.frozen.begin(), tests.frozen.end(), apart.chain) ==
                          tests.frozen.end();
                 });
    parted += moving.empty() ? 0 : 1;
    if (moving.size() > most.size()) {
      best = j;
      most = moving;
    }
  }
  if (parted == 0) {
    return;
  }
  std::vector<Index> low, high;
  for (const Apart& apart : most) {
    (apart.share < 0.5 ? low : high).push_back(apart.chain);
  }
  std::string who;
  for (const auto& [chains, where] : {std::pair(low, "below"), std::pair(high, "above")}) {
    if (!chains.empty()) {
      who += fmt::format("{}{} {} {} the others", who.empty() ? "" : ", ", chains_text(chains),
                         verb(chains, "stays", "stay"), where);
    }
  }
  fail("separated_chains",
       fmt::format("chains stand in different modes: in {} {}{}; no mean over them is one of the "
                   "law, whose modes have weights that no chain has measured: take a sampler that "
                   "crosses (tempering, larger moves), or a longer warm-up where it is only the "
                   "start",
                   name(static_cast<Index>(best)), who,
                   parted > 1 ? fmt::format(" ({} quantities in all)", parted) : ""));
}

void Judge::look_at_periods() {
  std::vector<std::pair<Index, Period>> all;
  for (std::size_t j = 0; j < behaviour_.quantities.size(); ++j) {
    for (const Period& period : behaviour_.quantities[j].periods) {
      all.emplace_back(static_cast<Index>(j), period);
    }
  }
  if (!all.empty()) {
    fail("periodic_chains",
         fmt::format("draws come back after a fixed number: {}; effective sizes are too large: "
                     "take another thin, and a sampler that makes up its mind at random",
                     some_of(all, [&](const auto& p) {
                       return fmt::format("{} every {} draws in chain {}", name(p.first),
                                          p.second.lag, p.second.chain + 1);
                     })));
  }
}

void Judge::look_at_flags() {
  const auto names = [&](const std::vector<Index>& quantities) {
    return some_of(quantities, [&](Index j) { return name(j); });
  };
  if (const auto all = with_flag("non-finite"); !all.empty()) {
    fail("non_finite_draws",
         fmt::format("not every draw is a finite number, and there are no figures: {}; find the "
                     "draws and the state before them",
                     names(all)));
  }
  if (!with_flag("too-short").empty()) {
    fail("too_short", fmt::format("{} draws a chain are too few for figures (4 for R-hat, 12 for "
                                  "effective sizes): draw more",
                                  draws_.num_draws()));
  }
  if (const auto all = with_flag("constant"); !all.empty() && !behaviour_.states.all_equal) {
    note("constant_quantities",
         fmt::format("the same in every draw: {}; a constant of the model, or what the sampler "
                     "never changes: it has no effective size",
                     names(all)));
  }
  std::vector<Index> unmoved;
  for (const char* flag : {"one-chain-frozen", "all-chains-frozen"}) {
    for (const Index j : with_flag(flag)) {
      if (behaviour_.quantities[static_cast<std::size_t>(j)].frozen.empty()) {
        unmoved.push_back(j);
      }
    }
  }
  if (!unmoved.empty()) {
    note("unchanged_in_a_chain",
         fmt::format("never changed in some chain, which exact draws of something rare may do as "
                     "well: {}; effective sizes know nothing of that chain: draw more",
                     names(unmoved)));
  }
}

void Judge::look_at_rhat() {
  const auto rhat = [&](Index j) {
    const double value = figures_[static_cast<std::size_t>(j)].rhat;
    return value > largest_rhat ? value : NAN;
  };
  const std::string worst_ones =
      worst(rhat, [&](Index j) { return fmt::format("{:.4g}", rhat(j)); });
  if (!worst_ones.empty()) {
    fail("rhat",
         fmt::format("R-hat above {}: {}; {}: a longer warm-up, more draws, or a sampler "
                     "that mixes faster",
                     largest_rhat, worst_ones,
                     draws_.num_chains() > 1 ? "chains, or their halves, have not drawn one law"
                                             : "the halves of the chain have not drawn one law"));
  }
}

void Judge::look_at_effective_sizes() {
  const double least = least_effective_size(draws_.num_chains());
  const auto size = [&](Index j) {
    const ChainFigures& f = figures_[static_cast<std::size_t>(j)];
    return std::isnan(f.ess_tail) ? f.ess_bulk : std::min(f.ess_bulk, f.ess_tail);
  };
  const std::string worst_ones =
      worst([&](Index j) { return size(j) < least ? -size(j) : NAN; },
            [&](Index j) {
              const ChainFigures& f = figures_[static_cast<std::size_t>(j)];
              return std::isnan(f.ess_tail)
                         ? fmt::format("{:.3g} bulk", f.ess_bulk)
                         : fmt::format("{:.3g} bulk, {:.3g} tail", f.ess_bulk, f.ess_tail);
            });
  if (!worst_ones.empty()) {
    fail("few_effective_draws",
         fmt::format("effective draws below {:g}: {}; errors are as noisy as that: draw more, or "
                     "take a sampler that mixes faster",
                     least, worst_ones));
  }
}

void Judge::look_at_figures() {
  look_at_flags();
  look_at_rhat();
  look_at_effective_sizes();
}

void Judge::look_at_acceptance() {
  const double acceptance = behaviour_.sampler.acceptance;
  if (acceptance < 0.01) {
    fail("low_acceptance",
         fmt::format("acceptance {:.2g}: the chains hardly move; take a smaller step", acceptance));
    return;
  }
  // a factor of two in step size about the optimum costs little, and is about that far
  const double best = facts_.best_acceptance;
  if (acceptance < best / 2 || acceptance > (1 + best) / 2) {
    note(
        "acceptance_off_optimum",
        fmt::format("acceptance {:.3g}, where {} does best at about {:.3g} (of many columns): take "
                    "a {} step",
                    acceptance, facts_.name, best, acceptance < best ? "smaller" : "larger"));
  }
}

void Judge::look_at_sampler() {
  const SamplerFigures& s = behaviour_.sampler;
  look_at_acceptance();
  if (s.divergent > 0) {
    fail("divergences",
         fmt::format("{} of {} transitions diverged: the chains keep away from where the energy is "
                     "too curved for the step, which is a bias; take a smaller step (a higher "
                     "target acceptance), or other coordinates",
                     s.divergent, draws_.num_chains() * draws_.num_draws()));
  }
  std::vector<Index> low;
  double least = INFINITY;
  for (std::size_t c = 0; c < s.ebfmi.size(); ++c) {
    if (s.ebfmi[c] < 0.3) {
      low.push_back(static_cast<Index>(c));
      least = std::min(least, s.ebfmi[c]);
    }
  }
  if (!low.empty()) {
    fail("low_ebfmi", fmt::format("E-BFMI below 0.3 in {} (least {:.2g}): new momenta change the "
                                  "energy too little to reach the tails; take other coordinates",
                                  chains_text(low), least));
  }
  if (s.at_most_depth > 0) {
    note("tree_depth",
         fmt::format("{:.2g} % of the transitions stopped at the largest tree depth, {}: they go "
                     "less far than they would; allow deeper trees, or take other coordinates",
                     100 * s.at_most_depth, facts_.most_treedepth));
  }
  std::vector<Index> never;
  for (std::size_t c = 0; facts_.round_trips && c < facts_.round_trips->size(); ++c) {
    if ((*facts_.round_trips)[c] == 0) {
      never.push_back(static_cast<Index>(c));
    }
  }
  if (!never.empty()) {
    fail(
        "no_round_trips",
        fmt::format("{} never went from the target to the hottest temperature and back: the ladder "
                    "helped in nothing; take more or closer temperatures, or more draws",
                    chains_text(never)));
  }
}

void Judge::name_holes() {
  for (const std::string& lost : draws_.notes) {
    note(draws_.incomplete ? "incomplete" : "read", lost);
  }
  if (draws_.num_chains() == 1) {
    note(
        "one_chain",
        "one chain is compared with itself only: that another start leads elsewhere can be seen of "
        "several chains alone");
  } else if (draws_.num_chains() > 1) {
    note(
        "unvisited_modes",
        "no figure sees a mode that no chain has visited: R-hat is 1 where all chains start in one "
        "mode and stay; start them far apart");
  }
}

std::string summary_of(const ChainDraws& draws, std::span<const ChainFigures> figures,
                       const std::vector<Warning>& warnings) {
  const auto failed = std::count_if(warnings.begin(), warnings.end(),
                                    [](const Warning& w) { return w.is_failed_check; });
  const std::string size =
      fmt::format("{} {} of {} draws", draws.num_chains(),
                  draws.num_chains() == 1 ? "chain" : "chains", draws.num_draws());
  if (failed > 0) {
    return fmt::format("Not good: {} {} failed on {}{}.", failed, failed == 1 ? "check" : "checks",
                       size, draws.incomplete ? ", which are incomplete" : "");
  }
  double rhat = -INFINITY, bulk = INFINITY, tail = INFINITY;
  for (const ChainFigures& f : figures) {  // comparisons leave NaN out
    rhat = f.rhat > rhat ? f.rhat : rhat;
    bulk = f.ess_bulk < bulk ? f.ess_bulk : bulk;
    tail = f.ess_tail < tail ? f.ess_tail : tail;
  }
  std::string text = fmt::format("Good, as far as draws can tell: {}", size);
  text += std::isfinite(rhat) ? fmt::format(", R-hat at most {:.4g}", rhat) : "";
  text += std::isfinite(bulk) ? fmt::format(", effective draws at least {:.4g} bulk", bulk) : "";
  text += std::isfinite(tail) ? fmt::format(" and {:.4g} tail", tail) : "";
  return text + (draws.incomplete ? "; they are incomplete." : ".");
}

}  // namespace

double least_effective_size(Index chains) {
  return 100 * static_cast<double>(std::min<Index>(chains, 4));
}

bool Verdict::is_good() const {
  return std::none_of(warnings.begin(), warnings.end(),
                      [](const Warning& w) { return w.is_failed_check; });
}

Verdict judge(const ChainDraws& draws, std::span<const ChainFigures> figures,
              const Behaviour& behaviour, const SamplerFacts& facts) {
  Verdict verdict;
  verdict.warnings = Judge(draws, figures, behaviour, facts).warnings();
  verdict.summary = summary_of(draws, figures, verdict.warnings);
  return verdict;
}

std::vector<Index> worst_quantities(std::span<const ChainFigures> figures, std::size_t most) {
  std::vector<Index> all(figures.size());
  std::iota(all.begin(), all.end(), Index{0});
  const auto rhat = [&](Index j) {
    const ChainFigures& f = figures[static_cast<std::size_t>(j)];
    const double value = f.has("non-finite") ? INFINITY : f.rhat;
    return value > largest_rhat ? value : 1;  // below it, differences are noise
  };
  const auto size = [&](Index j) {
    const ChainFigures& f = figures[static_cast<std::size_t>(j)];
    const double least = std::isnan(f.ess_tail) ? f.ess_bulk : std::min(f.ess_bulk, f.ess_tail);
    return std::isnan(least) ? INFINITY : least;
  };
  std::stable_sort(all.begin(), all.end(), [&](Index a, Index b) {
    return rhat(a) != rhat(b) ? rhat(a) > rhat(b) : size(a) < size(b);
  });
  all.resize(std::min(most, all.size()));
  return all;
}

}  // namespace negphase
