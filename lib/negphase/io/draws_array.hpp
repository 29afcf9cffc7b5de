#pragma once
#include <Eigen/Core>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// A variable's draws in one array, as .npy, .npz and netCDF hold them.
struct DrawsArray {
  std::string name;
  std::vector<Eigen::Index> shape;    ///< chains, draws, then the variable's own axes
  std::vector<Eigen::Index> strides;  ///< of `values`, one an axis, in numbers
  std::vector<double> values;         ///< fewer than the shape has where the file ended early
  /// Of each own axis, what stands for its places in a name; empty: numbers from 1.
  std::vector<std::vector<std::string>> labels;

  /// Numbers that a draw has of it.
  Eigen::Index size_of_draw() const;
  /// Draws of a chain, from its first, that are there whole.
  Eigen::Index whole_draws(Eigen::Index chain) const;
  /// "theta", or "theta[1,2]" for each number of a draw; the last axis runs fastest.
  std::vector<std::string> names() const;
  /// Appends its columns to those of a chain, `draws` rows.
  void copy(Eigen::Index chain, Eigen::Ref<Eigen::ArrayXXd> columns) const;
};

/// How the first axes of an array are meant.
enum class FirstAxes { chain_draw, draw };

/// Strides of an array in C order, or with the first axis fastest.
std::vector<Eigen::Index> strides_of(const std::vector<Eigen::Index>& shape, bool fortran_order);

/// The array of the bytes of a .npy file: float64, float32, integers and truth values. Of a file
/// that ends early, the numbers that are there. Throws ConfigError in the name of `file`; sizes
/// that the header claims take no memory.
/// @param axes  with `draw`, one chain is put before the array's own axes
DrawsArray parse_draws_array(const std::filesystem::path& file, std::string_view bytes,
                             FirstAxes axes);

/// The axes that the header of a .npy file claims.
std::size_t count_axes(const std::filesystem::path& file, std::string_view bytes);

/// Puts arrays of the same chains side by side. Draws of which an array lacks some are left out,
/// and a chain of which it lacks all; both are said in `notes` and make it incomplete.
/// @param statistics  what the sampler said, one number a draw each
/// Throws ConfigError where arrays have other numbers of chains, or no draw is whole.
ChainDraws chain_draws_of(const std::filesystem::path& file,
                          const std::vector<DrawsArray>& quantities,
                          const std::vector<DrawsArray>& statistics);

}  // namespace negphase
