#include "negphase/core/model.hpp"

#include <numeric>

namespace negphase {

std::vector<Index> latent_columns(const ModelShape& shape) {
  std::vector<Index> columns(shape.z.size());
  std::iota(columns.begin(), columns.end(), shape.num_y());
  return columns;
}

}  // namespace negphase
