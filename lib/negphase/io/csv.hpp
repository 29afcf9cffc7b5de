#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "negphase/io/table.hpp"

namespace negphase {

/// Reads a comma-separated table, plain or gzip. RFC 4180 with these bounds: a quoted field ends on
/// its line; a line has at most 1 MiB; blank lines are skipped; a byte-order mark and CRLF are
/// accepted. Numbers are read the same in every locale.
/// Where `header` is not given, the first line is a header if it has a column that is no number
/// while the second line's is, or if it holds no number at all while the second line does. Two
/// lines of words are refused. Without `uses` all columns are read as numbers.
/// Throws IoError (cannot be read) and ConfigError with file and line: no row, ragged row, NUL
/// byte, no UTF-8, open quote, too long a line, a name that occurs twice, semicolons or tabs for
/// commas, unclear header. All ragged rows at once, up to 20.
Table read_csv(const std::filesystem::path& file, std::optional<bool> header = {},
               const ColumnUses& uses = {});

/// All numbers of a CSV file, line by line; lines may differ in length, a first line that holds no
/// number at all is skipped. Throws as read_csv, and ConfigError for what is no finite number.
std::vector<double> read_csv_numbers(const std::filesystem::path& file);

}  // namespace negphase
