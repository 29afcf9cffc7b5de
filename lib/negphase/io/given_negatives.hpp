#pragma once
#include <Eigen/Core>
#include <span>
#include <string>

#include "negphase/core/energy.hpp"
#include "negphase/io/dataset.hpp"

namespace negphase {

/// Columns that hold a negative answer for each row of a data set, read as y is: with the labels of
/// the columns of y, less their mean and over their scale where they were standardized, cut at the
/// threshold.
/// @param data  already encoded (encode_y)
/// @param names  as many columns as y has, in its order: names, numbers or ranges, with commas
/// @param place  where the names are given
/// @return  [rows to train on x num_y]
/// Throws ConfigError: as make_dataset() and encode_y() do, for another number of columns, for a
/// column of x or y, and where an answer is missing in a row that is used.
Eigen::MatrixXd read_given_negatives(const DataSpec& spec, const Dataset& data,
                                     std::span<const Column> columns, const std::string& names,
                                     const FilePlace& place);

}  // namespace negphase
