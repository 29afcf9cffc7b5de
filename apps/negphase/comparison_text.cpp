#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "comparison.hpp"
#include "run_verdict.hpp"
#include "text_table.hpp"

namespace negphase::tool {

namespace {

// The rms z of true error bars is about 1; what is above this is no noise.
constexpr double far_above_one = 2.0;

std::vector<TextColumn> columns_of(const Comparison& c) {
  const auto& e = c.estimates;
  std::vector<TextColumn> columns{
      {"", "", [&](std::size_t i) { return c.rows[i].label; }},
  };
  if (c.exact) {
    const auto& a = c.against_exact;
    columns.push_back({"relative", "error", [&](auto i) { return number(a[i]->relative_error); }});
    columns.push_back({"its", "SE", [&](auto i) {
                         const auto& trace = c.traces[i];
                         return trace.empty() ? "-" : number(trace.back().relative_error_se, 2);
                       }});
    columns.push_back({"error", "bar", [&](auto i) {
                         const double bar = e[i].standard_error.norm() / c.exact->mean.norm();
                         return bar > 0 ? number(bar, 2) : "-";
                       }});
    columns.push_back({"", "cosine", [&](auto i) { return number(a[i]->cosine, 5); }});
    columns.push_back({"rms", "z", [&](auto i) { return number(a[i]->rms_z); }});
  } else {
    columns.push_back({"", "|gradient|", [&](auto i) { return number(e[i].mean.norm()); }});
    columns.push_back(
        {"median", "SE", [&](auto i) { return number(finite_median(e[i].standard_error)); }});
  }
  columns.push_back({"accep-", "tance", [&](auto i) { return number(e[i].acceptance); }});
  columns.push_back({"ESS/s", "min", [&](auto i) { return count(effective_rate(e[i]).least); }});
  columns.push_back(
      {"ESS/s", "median", [&](auto i) { return count(effective_rate(e[i]).median); }});
  columns.push_back({"energy", "evals",
                     [&](auto i) { return count(static_cast<double>(e[i].energy_evaluations)); }});
  columns.push_back({"gradient", "evals", [&](auto i) {
                       return count(static_cast<double>(e[i].gradient_evaluations));
                     }});
  columns.push_back({"", "seconds", [&](auto i) { return seconds(e[i].seconds); }});
  return columns;
}

// Where error and error bars disagree: says whose fault that is, with the figures.
std::string verdicts(const Comparison& c) {
  std::string text;
  for (std::size_t i = 0; c.exact && i < c.rows.size(); ++i) {
    const AgainstExact& against = *c.against_exact[i];
    if (!(against.rms_z > far_above_one)) {
      continue;
    }
    const GradientEstimate& e = c.estimates[i];
    const double noise = e.standard_error.norm() / c.exact->mean.norm();
    const std::string figures = fmt::format(
        "off by {:.3g} % of |gradient| where its error bars explain {:.2g} % (rms z {:.3g})",
        100 * against.relative_error, 100 * noise, against.rms_z);
    const std::string& label = c.rows[i].label;
    text +=
        paragraph(is_biased(e.warnings)
                      ? fmt::format("{}: bias of the method, not noise: {}. More draws will not "
                                    "mend it.",
                                    label, figures)
                      : fmt::format("{}: the error bars are too small, or {}: {}.", label,
                                    c.rows[i].sampler ? "the chains have not forgotten their start"
                                                      : "the proposal misses where the mass is",
                                    figures));
  }
  return text;
}

// Each warning once, with the rows that it is about.
std::string warnings(const Comparison& c) {
  std::vector<std::pair<std::string, std::string>> said;  // kind and text, labels
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    for (const Warning& w : c.estimates[i].warnings) {
      const std::string what = (w.is_failed_check ? "FAILED ({}): " : "note ({}): ") + w.text;
      const auto at =
          std::find_if(said.begin(), said.end(), [&](const auto& s) { return s.first == what; });
      if (at == said.end()) {
        said.emplace_back(what, c.rows[i].label);
      } else {
        at->second += ", " + c.rows[i].label;
      }
    }
  }
  std::string text;
  for (const auto& [what, labels] : said) {
    std::string line = what;
    text += paragraph(line.replace(line.find("{}"), 2, labels));
  }
  return text;
}

// What the energies of the chains say of their mixing.
std::string mixing(const Comparison& c) {
  std::string text;
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    const GradientEstimate& e = c.estimates[i];
    if (e.mixing) {
      text += paragraph(c.rows[i].label + ": " + run_verdict(e.warnings, e.mixing).summary);
    }
  }
  return text;
}

// What coupled chains say of the start.
std::string start_ups(const Comparison& c) {
  const auto steps = [](double time) {
    return std::isfinite(time) ? fmt::format("{:.0f}", time) : std::string("never");
  };
  std::string text;
  for (std::size_t i = 0; i < c.rows.size(); ++i) {
    const GradientEstimate& e = c.estimates[i];
    for (const auto& [phase, said] :
         {std::pair{"", &e.start_up}, std::pair{", positive phase", &e.positive_start_up}}) {
      if (*said) {
        const StartUp& s = **said;
        text += paragraph(fmt::format(
            "{}{}: {} pairs of chains with a lag of {} met at step {} (median), {} (99 %), {} (the "
            "last); after {} steps at most {} of total variation is left of the start (95 %)",
            c.rows[i].label, phase, s.pairs, s.lag, steps(s.median), steps(s.percentile_99),
            steps(s.longest), s.after, number(std::min(1.0, s.upper), 2)));
      }
    }
  }
  return text;
}

std::string heading(const Comparison& c) {
  std::string text = c.file.description() + "\n";
  if (c.exact) {
    text += fmt::format("exact gradient by {}: |gradient| = {:.6g}, {} s\n", c.exact_method,
                        c.exact->mean.norm(), seconds(c.exact->seconds));
  } else {
    text += fmt::format("no exact gradient: {}\n", c.why_no_exact);
  }
  return text;
}

}  // namespace

bool is_biased(const std::vector<Warning>& warnings) {
  return std::any_of(warnings.begin(), warnings.end(),
                     [](const Warning& w) { return w.code.starts_with("biased_"); });
}

double finite_median(const Eigen::VectorXd& values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite),
               [](double v) { return std::isfinite(v); });
  if (finite.empty()) {
    return std::nan("");
  }
  const auto middle = finite.begin() + static_cast<std::ptrdiff_t>(finite.size() / 2);
  std::nth_element(finite.begin(), middle, finite.end());
  return *middle;
}

EffectiveRate effective_rate(const GradientEstimate& e) {
  EffectiveRate rate;
  if (e.is_exact || !(e.seconds > 0)) {
    return rate;
  }
  rate.median = finite_median(e.effective_size) / e.seconds;
  for (const double size : e.effective_size) {
    if (std::isfinite(size) && !(size / e.seconds >= rate.least)) {
      rate.least = size / e.seconds;
    }
  }
  return rate;
}

std::string format_table(const Comparison& c) {
  std::string below = verdicts(c) + mixing(c) + start_ups(c) + warnings(c);
  if (!below.empty()) {
    below = "\n" + below;
  }
  return heading(c) + "\n" + text_table(columns_of(c), c.rows.size()) + below;
}

}  // namespace negphase::tool
