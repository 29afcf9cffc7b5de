#include "negphase/io/params_file.hpp"

#include <fmt/core.h>

#include <cmath>

#include "negphase/io/csv.hpp"
#include "negphase/io/npy.hpp"

namespace negphase {

Eigen::VectorXd read_params(const ParamsSource& source) {
  std::vector<double> values = source.values;
  if (source.file.extension() == ".npy") {
    const Eigen::MatrixXd matrix = read_npy(source.file);
    for (Eigen::Index r = 0; r < matrix.rows(); ++r) {
      for (Eigen::Index c = 0; c < matrix.cols(); ++c) {
        if (!std::isfinite(matrix(r, c))) {
          throw ConfigError({source.file.string(), 0, 0},
                            fmt::format("parameter {} is {}, which is not finite",
                                        values.size() + 1, matrix(r, c)));
        }
        values.push_back(matrix(r, c));
      }
    }
  } else if (!source.file.empty()) {
    values = read_csv_numbers(source.file);
  }
  return Eigen::Map<const Eigen::VectorXd>(values.data(), static_cast<Eigen::Index>(values.size()));
}

}  // namespace negphase
