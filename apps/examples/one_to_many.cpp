// One x, two answers: y = +sqrt(x) or -sqrt(x). A regression answers with their mean, where there
// are none; an energy keeps both, with a latent z or without (M1, M3).
#include <negphase/exact/exact.hpp>
#include <negphase/exact/gaussian_regression.hpp>
#include <negphase/inference/minima.hpp>
#include <negphase/models/registry.hpp>
#include <negphase/random/stream_engine.hpp>

#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <cmath>

#include "example_page.hpp"

using namespace negphase;
using namespace negphase::example;

namespace {

struct Data {
  Eigen::MatrixXd x, y;
};

Data draw_data(Index rows, std::uint64_t seed) {
  Data data{Eigen::MatrixXd(rows, 1), Eigen::MatrixXd(rows, 1)};
  boost::random::uniform_01<double> uniform;
  boost::random::normal_distribution<double> normal(0, 0.1);
  for (Index r = 0; r < rows; ++r) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(r), 0, Purpose::user);
    data.x(r, 0) = 0.05 + 0.95 * uniform(engine);
    const double root = std::sqrt(data.x(r, 0));
    data.y(r, 0) = (uniform(engine) < 0.5 ? root : -root) + normal(engine);
  }
  return data;
}

AnyModel make(Index latent_states) {
  const ModelRow& row = find_model("mlp");
  std::vector<GivenOption> given{{"hidden", std::int64_t{16}, {}}};
  if (latent_states > 0) {
    given.push_back({"latent_states", latent_states, {}});
  }
  return row.make(Options::resolve("model", row.options, given), {1, 1, {0}});
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments given = arguments(argc, argv, "one_to_many");
  const Data seen = draw_data(given.quick ? 60 : 300, 1), held = draw_data(200, 2);
  const std::int64_t updates = given.quick ? 30 : 400;
  const Executor executor;
  FiguresPage page("One x, many answers");
  page.text(
      "Each x has two answers, +sqrt(x) and -sqrt(x), with noise of 0.1. The same perceptron is "
      "trained as an energy, with weighted draws of a proposal for the negative phase (M8), once "
      "over y alone and once with a "
      "latent z of two states that is summed out (M1); inference returns every minimum that it "
      "finds, not only the best one (M3).");

  const Eigen::MatrixXd at{{0.6}};
  std::vector<FigureSeries> energies, densities;
  FigureTable table{"What each model says of x = 0.6, and its NLL",
                    {"model", "modes found", "NLL, trained on", "NLL, held out"},
                    {}};
  for (const auto& [name, states] :
       {std::pair{"energy", Index{0}}, {"energy with latent z", Index{2}}}) {
    const Problem problem{make(states), seen.x, seen.y};
    const AnyModel model = watched_training(problem, updates,
                                            {{"gradient", std::string("importance"), {}},
                                             {"proposal_draws", std::int64_t{100}, {}},
                                             {"learning_rate", 0.02, {}}})
                               .model;
    const Profile found = profile(model, at, 1, grid(-1.6, 1.6, 161));
    energies.push_back({name, found.y, found.free_energy, {}, {}, FigureSeries::Style::curve});
    densities.push_back({name, found.y, found.density, {}, {}, FigureSeries::Style::curve});
    std::string modes;
    const auto minima = find_minima(model, at, 1, {}, {.executor = &executor, .seed = 1});
    for (const Minimum& m : minima.front().minima) {
      modes += (modes.empty() ? "" : ", ") + text(m.place[0]);
    }
    const auto nll = [&](const Data& data) {
      return text(exact_nll_gradient(model, data.x, data.y, 1, {}, executor).nll);
    };
    table.rows.push_back({name, modes, nll(seen), nll(held)});
  }
  const auto regression = GaussianRegression::fit(seen.x, seen.y);
  table.rows.push_back({"Gaussian regression", text(regression->mean(at)(0, 0)),
                        text(regression->nll(seen.x, seen.y, 1)),
                        text(regression->nll(held.x, held.y, 1))});
  page.figure(
      {"energy",
       "Energy and density at x = 0.6",
       "Two valleys, one for each answer; the regression's answer lies on the hill between.",
       {{"energy", {"y"}, {"F(x, y) - min"}, energies},
        {"density", {"y"}, {"p(y | x)"}, densities}}});
  page.table(std::move(table));
  write(page, given);
}
