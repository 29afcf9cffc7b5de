#pragma once
#include <span>

#include "negphase/core/energy.hpp"
#include "negphase/io/dataset.hpp"

namespace negphase {

/// Makes y and y_test the state codes of a model's columns [num_y]: those of the labels, or else
/// what the threshold makes where there is one; then checks every value. Throws ConfigError: a
/// value that is no state (row and column named), more labels than states, labels or a threshold
/// for real columns, another number of columns than the model has.
void encode_y(Dataset& data, const DataSpec& spec, const Table& table,
              std::span<const Column> columns);

}  // namespace negphase
