#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "negphase/core/error.hpp"

namespace negphase {

/// A line of a CSV file in its fields, without blanks and quotes around them.
struct CsvLine {
  int number = 0;  ///< from 1
  std::vector<std::string> fields;
};

/// The lines of a CSV file, plain or gzip, that are not blank, one after the other. The rules stand
/// at read_csv() (csv.hpp). Throws IoError, and ConfigError with file and line.
class CsvLines {
 public:
  explicit CsvLines(const std::filesystem::path& file);
  /// Reads the next line into `line`, whose storage is used again; false at the end.
  bool next(CsvLine& line);
  FilePlace place() const { return {file_.string(), number_, 0}; }

 private:
  std::filesystem::path file_;
  std::string bytes_;
  std::size_t at_ = 0;
  int number_ = 0;
};

}  // namespace negphase
