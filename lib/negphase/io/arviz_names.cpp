#include "negphase/io/arviz_names.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace negphase {

namespace {

// ArviZ's name, Stan's name; the first of two is the one that is written.
constexpr std::array<std::pair<const char*, const char*>, 11> statistic_names{
    {{"lp", "lp__"},
     {"acceptance_rate", "accept_stat__"},
     {"step_size", "stepsize__"},
     {"tree_depth", "treedepth__"},
     {"n_steps", "n_leapfrog__"},
     {"diverging", "divergent__"},
     {"energy", "energy__"},
     {"mean_tree_accept", "accept_stat__"},
     {"stepsize", "stepsize__"},
     {"treedepth", "treedepth__"},
     {"depth", "treedepth__"}}};

}  // namespace

std::string stan_name(std::string_view arviz) {
  const auto known = std::find_if(statistic_names.begin(), statistic_names.end(),
                                  [&](const auto& pair) { return arviz == pair.first; });
  return known == statistic_names.end() ? "" : known->second;
}

std::string arviz_name(std::string_view stan) {
  const auto known = std::find_if(statistic_names.begin(), statistic_names.end(),
                                  [&](const auto& pair) { return stan == pair.second; });
  return known == statistic_names.end() ? "" : known->first;
}

}  // namespace negphase
