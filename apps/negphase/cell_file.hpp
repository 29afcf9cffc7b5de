#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "benchmark.hpp"
#include "negphase/io/files.hpp"

namespace negphase::tool {

/// The numbers of a point by name, as cells.jsonl and bench.csv call them; `seconds` stands apart.
inline constexpr std::array point_counts{
    std::pair("energy_evaluations", &ConvergencePoint::energy_evaluations),
    std::pair("gradient_evaluations", &ConvergencePoint::gradient_evaluations),
    std::pair("warmup_evaluations", &ConvergencePoint::warmup_evaluations)};
inline constexpr std::array point_numbers{
    std::pair("relative_error", &ConvergencePoint::relative_error),
    std::pair("relative_error_se", &ConvergencePoint::relative_error_se),
    std::pair("relative_noise", &ConvergencePoint::relative_noise),
    std::pair("rms_z", &ConvergencePoint::rms_z),
    std::pair("worst_z", &ConvergencePoint::worst_z),
    std::pair("coverage", &ConvergencePoint::coverage),
    std::pair("effective_size_min", &ConvergencePoint::effective_size_min),
    std::pair("effective_size_median", &ConvergencePoint::effective_size_median)};

/// cells.jsonl: what a benchmark keeps in its folder while it goes on, a line a cell, each safe on
/// disk before the next one begins. A benchmark that is killed at any moment and resumed gives the
/// numbers of one that was left alone. Without a folder nothing is kept.
class CellFile {
 public:
  /// @param folder    exists and is this run's own; empty: none
  /// @param identity  run_identity() of the benchmark
  CellFile(std::filesystem::path folder, std::string identity);

  /// The file begins anew. Throws IoError.
  void begin();
  /// Hands the cells that are done over to `benchmark`, each once, and cuts off what a kill left
  /// half written. Throws ConfigError where the file is of another run (with what differs).
  void restore(Benchmark& benchmark);
  /// Throws IoError.
  void append(const BenchCell& cell);
  /// After the whole result was written: takes the file away.
  void end();

 private:
  std::filesystem::path file_;
  std::string identity_;
  std::optional<GrowingFile> lines_;
};

/// A cell as a line of JSON, and back; a number that is not finite is null, and comes back as NaN.
std::string to_line(const BenchCell& cell);
BenchCell cell_of(const std::string& line);

}  // namespace negphase::tool
