#pragma once
#include <negphase/gradient/free_energies.hpp>
#include <negphase/gradient/training.hpp>
#include <negphase/io/figures.hpp>

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

// What the examples with a page share: their command line, trainings, and profiles of an energy.
namespace negphase::example {

/// `example [FOLDER] [quick]`: where the page goes, and whether it may be coarse.
struct Arguments {
  std::string folder;
  bool quick = false;
};

inline Arguments arguments(int argc, char** argv, const char* folder) {
  return {argc > 1 ? argv[1] : folder, argc > 2 && std::string(argv[2]) == "quick"};
}

inline void write(const FiguresPage& page, const Arguments& given) {
  const std::string file = page.write(given.folder).string();
  std::printf("written: %s; negphase report %s\n", file.c_str(), given.folder.c_str());
}

/// What a training came to: the model that was found, and what was seen of its health on the way.
struct WatchedTraining {
  AnyModel model;
  std::vector<HealthLook> looks;
  std::vector<Warning> findings;
};

/// Trains by Adam on all rows at once. `given` has the rate and what else differs.
inline WatchedTraining watched_training(const Problem& problem, std::int64_t updates,
                                        std::vector<GivenOption> given,
                                        const AnySampler* sampler = nullptr) {
  given.insert(given.end(), {{"optimizer", std::string("adam"), {}},
                             {"batch", std::int64_t{1000}, {}},
                             {"updates", updates, {}}});
  const Executor executor;
  Trainer trainer(problem, sampler, Options::resolve("train", train_options(), given),
                  {.executor = &executor, .seed = 1});
  while (!trainer.done()) {
    trainer.update();
  }
  return {problem.model.with_params(trainer.params()), trainer.health().looks(),
          trainer.health().findings()};
}

/// A number as the tables show it.
inline std::string text(double value, const char* format = "%.3f") {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, format, value);
  return std::isfinite(value) ? buffer : "-";
}

inline std::vector<double> grid(double low, double high, int points) {
  std::vector<double> all;
  for (int i = 0; i < points; ++i) {
    all.push_back(low + (high - low) * i / (points - 1));
  }
  return all;
}

/// F(x, y) (M1) over a grid of one real y, and the density that follows by the trapezoidal rule.
struct Profile {
  std::vector<double> y, free_energy, density;
};
inline Profile profile(const AnyModel& model, const Eigen::MatrixXd& x, double beta,
                       std::vector<double> y) {
  const Executor executor;
  const FreeEnergies energies(model, x, 1, beta, LatentRule::sum, executor);
  const Eigen::VectorXd f =
      energies.at(energies.completed(Eigen::Map<const Eigen::VectorXd>(y.data(), std::ssize(y))));
  const double step = y[1] - y[0];
  const Eigen::ArrayXd weights = (-beta * (f.array() - f.minCoeff())).exp();
  const double z = step * (weights.sum() - (weights[0] + weights[weights.size() - 1]) / 2);
  Profile made{std::move(y), {}, {}};
  for (Index i = 0; i < f.size(); ++i) {
    made.free_energy.push_back(f[i] - f.minCoeff());
    made.density.push_back(weights[i] / z);
  }
  return made;
}

}  // namespace negphase::example
