#include "run_verdict.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "comparison.hpp"

namespace negphase::tool {

namespace {

std::string figures(const Mixing& m) {
  std::string text = fmt::format("R-hat of the energy {:.3f}", m.rhat);
  if (std::isfinite(m.ess_bulk)) {
    text += fmt::format(", effective draws {:.0f}", m.ess_bulk);
  }
  if (std::isfinite(m.ess_tail)) {
    text += fmt::format(" bulk and {:.0f} tail", m.ess_tail);
  }
  return text + fmt::format(", in {} draws of each of {} chains", m.draws, m.chains);
}

}  // namespace

Verdict run_verdict(std::vector<Warning> warnings, const std::optional<Mixing>& mixing) {
  const auto failed = std::count_if(warnings.begin(), warnings.end(),
                                    [](const Warning& w) { return w.is_failed_check; });
  const std::string seen = mixing && std::isfinite(mixing->rhat) ? figures(*mixing) : "";
  std::string summary;
  if (failed > 0) {
    summary = fmt::format("Not good: {} check{} failed{}", failed, failed == 1 ? "" : "s",
                          seen.empty() ? "" : "; " + seen);
  } else {
    summary = is_biased(warnings) ? "No check failed, but the method is biased"
              : mixing && !mixing->is_checked
                  ? "No check failed, but draws or chains are too few to judge how chains mix"
              : seen.empty() ? "Good: no check failed"
                             : "Good, as far as chains can tell";
    summary += seen.empty() ? "" : ": " + seen;
  }
  return {summary + ".", std::move(warnings)};
}

nlohmann::ordered_json json_mixing(const std::optional<Mixing>& m) {
  using Json = nlohmann::ordered_json;
  if (!m || m->chains == 0) {
    return nullptr;
  }
  const auto known = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
  return {{"chains", m->chains},
          {"draws", m->draws},
          {"checked", m->is_checked},
          {"rhat", known(m->rhat)},
          {"ess_bulk", known(m->ess_bulk)},
          {"ess_tail", known(m->ess_tail)}};
}

}  // namespace negphase::tool
