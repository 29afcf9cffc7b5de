#pragma once
#include <Eigen/Core>
#include <filesystem>
#include <span>

namespace negphase {

/// Reads a .npy file (format 1.0 to 3.0) of little-endian float64 or float32, C or Fortran order,
/// with one axis ([n] gives [n x 1]) or two. Throws IoError if it cannot be read, ConfigError with
/// what was found if it is something else; the size that the header claims is held against the
/// file's before memory is taken.
Eigen::MatrixXd read_npy(const std::filesystem::path& file);

/// Writes float64 with one axis, `[n]`, atomically (files.hpp). Throws IoError.
void write_npy(const std::filesystem::path& file, const Eigen::VectorXd& values);
/// Writes float64 with the axes of `shape`, from values in C order (the last axis runs fastest).
void write_npy(const std::filesystem::path& file, std::span<const Eigen::Index> shape,
               std::span<const double> values);
/// Writes float64 with two axes, C order.
void write_npy(const std::filesystem::path& file, const Eigen::MatrixXd& values);

}  // namespace negphase
