// Positive examples alone: the energy loss pushes the data down and has nothing that holds any
// other answer up; a latent z that can explain every y leaves nothing to push. Three cures: the
// likelihood, contrast with negative answers, regularisation of z.
#include <negphase/exact/exact.hpp>
#include <negphase/models/function_model.hpp>
#include <negphase/models/mlp.hpp>
#include <negphase/random/stream_engine.hpp>
#include <negphase/registry/registry.hpp>

#include <boost/random/normal_distribution.hpp>
#include <cmath>

#include "example_page.hpp"

using namespace negphase;
using namespace negphase::example;

namespace {

constexpr double shown_x = 0.5;

// y = sin(3 x) + noise
Problem sine(AnyModel model, Index rows) {
  Problem p{std::move(model), Eigen::VectorXd::LinSpaced(rows, -1, 1), Eigen::MatrixXd(rows, 1)};
  boost::random::normal_distribution<double> normal(0, 0.1);
  for (Index r = 0; r < rows; ++r) {
    StreamEngine engine(1, static_cast<std::uint32_t>(r), 0, Purpose::user);
    p.y(r, 0) = std::sin(3 * p.x(r, 0)) + normal(engine);
  }
  return p;
}

AnyModel perceptron() { return MlpModel::initial({.num_x = 1, .num_y = 1, .hidden = 24}); }

// E = 5 (y - f(x) - z)^2 + lambda z^2, f a cubic, z on 32 places from -6 to 6: without lambda it
// goes wherever y is, and F = -log sum_z exp(-E) does not depend on y between them.
AnyModel with_latent(double lambda) {
  const auto energy = [lambda](const auto& w, const auto& x, const auto& y, const auto& z) {
    const auto f = w[0] + x[0] * (w[1] + x[0] * (w[2] + x[0] * w[3]));
    const double place = -6 + 12 * static_cast<double>(state_number(z[0])) / 31;
    const auto miss = y[0] - f - place;
    return 5 * miss * miss + lambda * place * place;
  };
  return FunctionModel({1, {real_column()}, {Column{ColumnKind::category, 32}}, 4}, energy,
                       Params::Zero(4));
}

struct Way {
  const char* name;
  AnyModel model;
  std::vector<GivenOption> options;
  bool draws = false;
};

std::vector<Way> all_ways() {
  const GivenOption energy{"loss", std::string("energy"), {}};
  return {
      {"positive examples only", perceptron(), {energy}},
      {"likelihood (nll)",
       perceptron(),
       {{"gradient", std::string("importance"), {}}, {"proposal_draws", std::int64_t{100}, {}}}},
      {"contrast (hinge, drawn answers)",
       perceptron(),
       {{"loss", std::string("hinge"), {}},
        {"gradient", std::string("cd"), {}},
        {"cd_k", std::int64_t{20}, {}}},
       true},
      {"small weights and energies (l2, energy_penalty)",
       perceptron(),
       {energy, {"l2", 0.01, {}}, {"energy_penalty", 0.1, {}}}},
      {"z free", with_latent(0), {energy}},
      {"z regularised (lambda = 10)", with_latent(10), {energy}},
  };
}

/// Line of the table: what the training came to.
std::vector<std::string> line_of(const Way& way, const Problem& problem,
                                 const WatchedTraining& training) {
  const Executor executor;
  const HealthLook& last = training.looks.back();
  std::string findings;
  for (const Warning& w : training.findings) {
    findings += (findings.empty() ? "" : ", ") + w.code;
  }
  const double nll = exact_nll_gradient(training.model, problem.x, problem.y, 1, {}, executor).nll;
  return {way.name, text(last.data_energy, "%.3g"), text(last.contrast, "%.3g"), text(nll, "%.3g"),
          findings.empty() ? "-" : findings};
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments given = arguments(argc, argv, "collapse");
  const std::int64_t updates = given.quick ? 20 : 500;
  const AnySampler walk =
      make_sampler("random_walk", std::vector<GivenOption>{{"proposal_scale", 0.5, {}}});
  FiguresPage page("Collapse, and three cures");
  page.text(
      "y is sin(3 x) with noise of 0.1. The energy loss looks at the data alone: a perceptron "
      "(confined by y^2 / 20) answers it by lowering F everywhere at once, and the energy does not "
      "know y from any other answer. What it knows is measured by its contrast: the deviation of "
      "beta F among a datum, the y of another row and noise.\n\nThe likelihood cures it, for log Z "
      "counts every other answer; so does contrast, a margin over answers that chains draw; small "
      "weights and energies near 0 do not. Below, the same loss trains an energy with a latent z, "
      "E = 5 (y - f(x) - z)^2 + lambda z^2: where z is free it explains every y, f is never "
      "needed, and F is flat; where z is regularised the same loss finds f.");
  FigureTable table{"After the training",
                    {"trained by", "mean F of the data", "contrast", "NLL", "findings"},
                    {}};
  FigurePanel of_perceptrons{"perceptrons", {"y"}, {"F(x, y) - min"}, {}};
  FigurePanel of_latents{"with a latent z", {"y"}, {"F(x, y) - min"}, {}};
  for (const Way& way : all_ways()) {
    const Problem problem = sine(way.model, given.quick ? 10 : 40);
    std::vector<GivenOption> options{{"learning_rate", 0.02, {}}};
    options.insert(options.end(), way.options.begin(), way.options.end());
    const WatchedTraining training =
        watched_training(problem, updates, options, way.draws ? &walk : nullptr);
    const Profile found =
        profile(training.model, Eigen::MatrixXd{{shown_x}}, 1, grid(-2.5, 2.5, 161));
    FigurePanel& panel = way.model.shape().z.empty() ? of_perceptrons : of_latents;
    panel.series.push_back(
        {way.name, found.y, found.free_energy, {}, {}, FigureSeries::Style::curve});
    table.rows.push_back(line_of(way, problem, training));
    const std::vector<std::string>& line = table.rows.back();
    std::printf("%-48s F %8s, contrast %8s, NLL %6s, %s\n", way.name, line[1].c_str(),
                line[2].c_str(), line[3].c_str(), line[4].c_str());
  }
  page.figure({"profiles",
               "The energy over y at x = 0.5, less its least value",
               "The data have y near sin(1.5) = 1 there. With positive examples only there is no "
               "valley at it; likelihood, contrast and a regularised z dig one.",
               {of_perceptrons, of_latents}});
  page.table(std::move(table));
  write(page, given);
}
