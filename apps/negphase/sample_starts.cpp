#include "sample_starts.hpp"

#include <fmt/core.h>

#include <cmath>

#include "negphase/gradient/phase.hpp"
#include "negphase/io/npy.hpp"
#include "negphase/random/philox_source.hpp"

namespace negphase::tool {

namespace {

using Position = std::span<double>;

Eigen::MatrixXd read_starts(const Options& options, const RunConfig& config,
                            const ModelShape& shape, Index chains) {
  const std::string file = options.word("start_file");
  FilePlace place = config.model.place;
  if (const auto verb = config.verbs.find("sample"); verb != config.verbs.end()) {
    for (const GivenOption& given : verb->second.options) {
      if (given.name == "start_file" || given.name == "start") {
        place = given.place;
      }
    }
  }
  if (file.empty()) {
    throw ConfigError(place, "[sample]: start = \"given\" needs the key start_file");
  }
  Eigen::MatrixXd starts = read_npy(file);
  const Index all = shape.num_y() + shape.num_z();
  const bool swapped =
      starts.cols() == chains && (starts.rows() == shape.num_y() || starts.rows() == all);
  if (starts.rows() != chains || (starts.cols() != shape.num_y() && starts.cols() != all)) {
    throw ConfigError({file, 0, 0},
                      fmt::format("holds {} x {} numbers; a start is [chains x columns], {} x {}{}",
                                  starts.rows(), starts.cols(), chains, shape.num_y(),
                                  swapped ? ": rows and columns are swapped" : ""));
  }
  for (Index j = 0; j < starts.cols(); ++j) {
    const Column& column = j < shape.num_y() ? shape.y[static_cast<std::size_t>(j)]
                                             : shape.z[static_cast<std::size_t>(j - shape.num_y())];
    for (Index c = 0; c < chains; ++c) {
      const double value = starts(c, j);
      bool legal = std::isfinite(value);
      if (column.num_states > 0) {
        const Index k = legal && std::abs(value) < 1e15 ? state_index(column, value) : -1;
        legal = k >= 0 && k < column.num_states && state_code(column, k) == value;
      }
      if (!legal) {
        throw ConfigError({file, 0, 0},
                          fmt::format("row {}, column {}: {} is no state of the model's column",
                                      c + 1, j + 1, value));
      }
    }
  }
  return starts;
}

}  // namespace

SampleStart sample_start(const ProblemFile& loaded, const Options& options, Index chains) {
  const Problem& problem = loaded.problem;
  const ModelShape shape = problem.model.shape();
  const std::uint64_t seed = derive_seed(loaded.config.seed, "sample start");
  const auto num_y = static_cast<std::size_t>(shape.num_y());
  const auto random_z = [shape, seed](Index chain, Position z) {
    random_position(shape.z, derive_seed(seed, "z"), chain, z);
  };
  const std::string& how = options.word("start");
  if (how == "given") {
    return [=, starts = read_starts(options, loaded.config, shape, chains)](Index chain, Index,
                                                                            Position p) {
      const Index row = chain % starts.rows();  // padding beyond the last chain
      random_z(chain, p.subspan(num_y));
      for (Index j = 0; j < starts.cols(); ++j) {
        p[static_cast<std::size_t>(j)] = starts(row, j);
      }
    };
  }
  if (how == "data" && shape.num_x > 0) {
    return [=, y = problem.y](Index chain, Index row, Position p) {
      for (std::size_t j = 0; j < num_y; ++j) {
        p[j] = y(row, static_cast<Index>(j));
      }
      random_z(chain, p.subspan(num_y));
    };
  }
  const StartFunction start =
      how == "data" ? start_at_random_rows(problem, seed) : start_at_noise(problem, seed);
  return [=](Index chain, Index row, Position p) {
    start(chain, row, p.first(num_y));
    random_z(chain, p.subspan(num_y));
  };
}

}  // namespace negphase::tool
