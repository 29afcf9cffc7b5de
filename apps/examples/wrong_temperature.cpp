// Langevin with noise and drift that do not agree samples at another temperature (M11), and a
// gradient estimated with such negatives is that of another model.
#include <negphase/exact/exact.hpp>
#include <negphase/gradient/registry.hpp>
#include <negphase/models/quartic.hpp>
#include <negphase/registry/registry.hpp>
#include <negphase/run/sampling.hpp>

#include <cmath>

#include "example_page.hpp"

using namespace negphase;
using namespace negphase::example;

namespace {

const Eigen::MatrixXd x{{0.2}};

AnyModel double_well() { return QuarticModel(Params{{1, -1, 0.5, 0}}); }

AnySampler scaled(double drift, double temperature) {
  const std::vector<GivenOption> options{{"drift", drift, {}},
                                         {"noise", std::sqrt(2 * drift * temperature), {}}};
  return make_sampler("scaled_langevin", options);
}

std::vector<double> draws_of(const AnySampler& sampler, Index draws) {
  const Executor executor;
  const SamplingPlan plan{64, {2000, draws, 20}, [](Index c, Index, std::span<double> y) {
                            y[0] = c % 2 == 0 ? 1 : -1;
                          }};
  const Draws all =
      sample_chains(double_well(), x, 1, sampler, plan, {.executor = &executor, .seed = 1});
  return {all.values.data(), all.values.data() + all.values.size()};
}

FigureSeries histogram(const std::string& label, const std::vector<double>& draws) {
  FigureSeries series{label, grid(-2.4, 2.4, 61), {}, {}, {}, FigureSeries::Style::line};
  series.y.assign(series.x.size(), 0);
  const double width = series.x[1] - series.x[0];
  for (const double y : draws) {
    const auto bin = std::lround((y + 2.4) / width);
    if (bin >= 0 && bin < std::ssize(series.y)) {
      series.y[static_cast<std::size_t>(bin)] += 1 / (static_cast<double>(draws.size()) * width);
    }
  }
  return series;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments given = arguments(argc, argv, "wrong_temperature");
  const Index draws = given.quick ? 20 : 2000;
  FiguresPage page("A wrong temperature");
  page.text(
      "Drift a grad E and noise s xi sample, for small a, at the temperature T = s^2 / (2 a). Of "
      "the "
      "model, exp(-E), only T = 1 is right; pictures are often trained with much less noise than "
      "that. The lines are the exact densities at each T.");
  std::vector<FigureSeries> densities;
  for (const double temperature : {1.0, 0.25, 4.0}) {
    char label[64];
    std::snprintf(label, sizeof label, "exact, T = %g", temperature);
    const Profile exact = profile(double_well(), x, 1 / temperature, grid(-2.4, 2.4, 161));
    densities.push_back({label, exact.y, exact.density, {}, {}, FigureSeries::Style::curve});
    std::snprintf(label, sizeof label, "draws, T = %g", temperature);
    densities.push_back(histogram(label, draws_of(scaled(0.005, temperature), draws)));
  }
  page.figure({"density",
               "Draws of one energy at three ratios of noise and drift",
               "Each follows the density of its own temperature: cold ones sit in the valleys, hot "
               "ones spread over the hill.",
               {{"", {"y"}, {"density"}, densities}}});

  // the gradient that each would train with, in one fixed model
  const Eigen::MatrixXd inputs{{-1}, {-0.3}, {0.2}, {0.8}}, answers{{-1.2}, {-0.6}, {0.9}, {1.3}};
  const Problem problem{double_well(), inputs, answers};
  const Executor executor;
  const RunSettings settings{.executor = &executor, .seed = 2};
  const Eigen::VectorXd exact =
      exact_nll_gradient(problem.model, inputs, answers, 1, {}, executor).gradient;
  FigureSeries error{"|error| / |gradient|", {}, {}, {}, {}};
  FigureSeries claimed{"what its error bars claim", {}, {}, {}, {}};
  for (const double temperature : {0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 5.0}) {
    const AnySampler sampler = scaled(0.005, temperature);
    const std::vector<GivenOption> options{{"chains", std::int64_t{64}, {}},
                                           {"warmup", std::int64_t{2000}, {}},
                                           {"draws", std::int64_t{draws}, {}},
                                           {"thin", std::int64_t{10}, {}}};
    const auto g = estimate_gradient(problem, &sampler, "long_chains", options, settings);
    for (FigureSeries* series : {&error, &claimed}) {
      series->x.push_back(temperature);
    }
    error.y.push_back((g.mean - exact).norm() / exact.norm());
    claimed.y.push_back(g.standard_error.norm() / exact.norm());
    std::printf("T = %g: error %.3g of the gradient, error bar %.3g\n", temperature, error.y.back(),
                claimed.y.back());
  }
  page.figure({"gradient",
               "Error of the gradient against the temperature of its negatives",
               "Only at T = 1 is the error noise; elsewhere it is a bias that no error bar shows.",
               {{"", {"T", true}, {"share of |gradient|", true}, {error, claimed}}}});
  write(page, given);
}
