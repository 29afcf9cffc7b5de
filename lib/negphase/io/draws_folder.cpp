#include "negphase/io/draws_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/partial_file.hpp"

namespace negphase {

namespace {

using Index = Eigen::Index;
using Path = std::filesystem::path;
using Json = nlohmann::json;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// chain_2 before chain_10: runs of digits are numbers.
bool comes_before(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[j])) {
      if (a[i] != b[j]) {
        return a[i] < b[j];
      }
      ++i;
      ++j;
      continue;
    }
    const auto number = [](const std::string& text, std::size_t& at) {
      while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) {
        ++at;
      }
      const std::size_t begin = at;
      while (at < text.size() && is_digit(text[at])) {
        ++at;
      }
      return std::string_view(text).substr(begin, at - begin);
    };
    const std::string_view first = number(a, i), second = number(b, j);
    if (first != second) {
      return std::pair{first.size(), first} < std::pair{second.size(), second};
    }
  }
  return a.size() - i < b.size() - j;
}

std::vector<Path> files_in(const Path& folder) {
  std::vector<Path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) {
      files.push_back(entry->path());
    }
  }
  if (error) {
    throw IoError(fmt::format("{}: cannot be read: {}", folder.string(), error.message()));
  }
  std::sort(files.begin(), files.end(), [](const Path& a, const Path& b) {
    return comes_before(a.filename().string(), b.filename().string());
  });
  return files;
}

bool has_ending(const Path& file, std::string_view ending) {
  return file.filename().string().ends_with(ending);
}

bool is_csv(const Path& file) { return has_ending(file, ".csv") || has_ending(file, ".csv.gz"); }

// A file may be large; of one in gzip all is unpacked.
std::string beginning_of(const Path& file) {
  std::string begin(std::size_t{1} << 16, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<std::size_t>(stream.gcount()));
  return begin.starts_with("\x1f\x8b") ? read_partial_file(file).bytes : begin;
}

// Whether it begins with comments, or its line of names has lp__.
bool is_stan_csv(const Path& file) {
  if (!is_csv(file)) {
    return false;
  }
  const std::string begin = beginning_of(file);
  const std::string names = "," + begin.substr(0, begin.find_first_of("\r\n")) + ",";
  return names.starts_with(",#") || names.find(",lp__,") != names.npos;
}

// ---- a folder of negphase sample

std::optional<Json> sample_json(const Path& folder) {
  std::error_code ignored;
  if (!std::filesystem::exists(folder / "sample.json", ignored)) {
    return std::nullopt;
  }
  Json json = Json::parse(read_file(folder / "sample.json"), nullptr, false);
  return json.is_object() ? std::optional(std::move(json)) : std::nullopt;
}

Index integer(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<Index>() : 0;
}

void take_names(const Json& sample, ChainDraws& draws) {
  const auto columns = sample.find("columns");
  if (columns == sample.end() || !columns->is_array() || columns->size() != draws.names.size()) {
    return;
  }
  for (std::size_t j = 0; j < draws.names.size(); ++j) {
    if ((*columns)[j].is_string()) {
      draws.names[j] = (*columns)[j].get<std::string>();
    }
  }
}

// Chain c of a conditional model is on row c mod rows: the rows side by side are one law's chains.
ChainDraws by_row(const Path& folder, ChainDraws draws, Index per_row) {
  const Index chains = draws.num_chains();
  const Index rows = per_row > 0 ? chains / per_row : 0;
  if (rows <= 1 || rows * per_row != chains) {
    return draws;
  }
  const Index columns = draws.num_quantities(), length = draws.num_draws();
  ChainDraws split;
  split.incomplete = draws.incomplete;
  split.notes = std::move(draws.notes);
  split.notes.push_back(
      fmt::format("{}: {} chains on each of {} rows of x: every row has a law of its own, so y of "
                  "each row is a quantity by itself",
                  folder.string(), per_row, rows));
  for (Index r = 0; r < rows; ++r) {
    for (const std::string& name : draws.names) {
      split.names.push_back(fmt::format("row {} {}", r + 1, name));
    }
  }
  for (Index k = 0; k < per_row; ++k) {
    Eigen::ArrayXXd all(length, rows * columns);
    for (Index r = 0; r < rows; ++r) {
      all.middleCols(r * columns, columns) =
          draws.chains[static_cast<std::size_t>(k * rows + r)].topRows(length);
    }
    split.chains.push_back(std::move(all));
  }
  return split;
}

ChainDraws read_sample_folder(const Path& folder, const Json& sample,
                              const std::function<ChainDraws(std::span<const Path>)>& read) {
  // Stan CSV has the energies as well, but is not written for many chains.
  const Index chains = integer(sample, "chains");
  std::vector<Path> files;
  std::error_code ignored;
  for (Index c = 1; c <= chains; ++c) {
    const Path file = folder / fmt::format("chain_{}.csv", c);
    if (!std::filesystem::exists(file, ignored)) {
      break;
    }
    files.push_back(file);
  }
  if (files.empty() || static_cast<Index>(files.size()) != chains) {
    files = {folder / "draws.npy"};
  }
  ChainDraws draws = read(files);
  take_names(sample, draws);
  if (sample.value("incomplete", Json(false)) == Json(true) ||
      !std::filesystem::exists(folder / "run.json", ignored)) {
    draws.incomplete = true;
    draws.notes.push_back(
        fmt::format("{}: the run did not come to its end: {} draws of {} chains were kept",
                    folder.string(), draws.num_draws(), draws.num_chains()));
  }
  return by_row(folder, std::move(draws), integer(sample, "chains_per_row"));
}

[[noreturn]] void refuse_without_draws(const Path& folder, const std::vector<Path>& files) {
  std::vector<std::string> names;
  for (const Path& file : files) {
    names.push_back(file.filename().string());
  }
  const std::size_t more = names.size() > 5 ? names.size() - 5 : 0;
  names.resize(names.size() - more);
  throw ConfigError(
      {folder.string(), 0, 0},
      fmt::format(
          "holds no draws that could be told apart: wanted are the folder of `negphase "
          "sample --out`, Stan CSV, or one .npy, .npz, .nc or .csv; {}{}",
          names.empty() ? "it is empty" : fmt::format("there is {}", fmt::join(names, ", ")),
          more > 0 ? fmt::format(" and {} more", more) : ""));
}

}  // namespace

ChainDraws read_draws_folder(const Path& folder,
                             const std::function<ChainDraws(std::span<const Path>)>& read) {
  const std::vector<Path> files = files_in(folder);
  std::error_code ignored;
  if (const std::optional<Json> sample = sample_json(folder);
      sample && std::filesystem::exists(folder / "draws.npy", ignored)) {
    return read_sample_folder(folder, *sample, read);
  }
  std::vector<Path> chosen;
  std::copy_if(files.begin(), files.end(), std::back_inserter(chosen), is_stan_csv);
  if (chosen.empty()) {
    std::copy_if(files.begin(), files.end(), std::back_inserter(chosen), [](const Path& file) {
      return has_ending(file, ".nc") || has_ending(file, ".npz") || has_ending(file, ".npy") ||
             is_csv(file);
    });
    if (chosen.size() != 1) {
      refuse_without_draws(folder, files);
    }
  }
  return read(chosen);
}

}  // namespace negphase
