#include "negphase/io/draws_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"
#include "negphase/io/draws_array.hpp"
#include "negphase/io/draws_csv.hpp"
#include "negphase/io/draws_folder.hpp"
#include "negphase/io/draws_json.hpp"
#include "negphase/io/draws_netcdf.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/npy.hpp"
#include "negphase/io/npy_header.hpp"
#include "negphase/io/partial_file.hpp"
#include "negphase/io/quantity_names.hpp"
#include "negphase/io/stan_csv.hpp"
#include "negphase/io/zip_archive.hpp"

namespace negphase {

namespace {

using Index = Eigen::Index;
using Path = std::filesystem::path;

[[noreturn]] void refuse(const Path& file, const std::string& what) {
  throw ConfigError({file.string(), 0, 0}, what);
}

// ---- one file

ChainDraws read_one_npy(const Path& file, std::string_view bytes) {
  const bool is_one_chain = count_axes(file, bytes) == 1;
  DrawsArray array =
      parse_draws_array(file, bytes, is_one_chain ? FirstAxes::draw : FirstAxes::chain_draw);
  if (array.shape.size() < 2) {
    refuse(file, "holds a single number");
  }
  array.name = "x";
  const std::vector<Index> shape = array.shape;
  const std::vector<DrawsArray> all{std::move(array)};
  ChainDraws draws = chain_draws_of(file, all, {});
  draws.notes.insert(
      draws.notes.begin(),
      fmt::format("{}: {} read as {}{}", file.string(), fmt::join(shape, " x "),
                  is_one_chain       ? "draws of one chain"
                  : shape.size() < 3 ? "[chains x draws]"
                                     : "[chains x draws x quantities]",
                  shape[0] > shape[1] ? ": more chains than draws; if the axes are meant the other "
                                        "way round, save a.swapaxes(0, 1)"
                                      : ""));
  return draws;
}

std::string variable_of(const std::string& entry) {
  return entry.ends_with(".npy") ? entry.substr(0, entry.size() - 4) : entry;
}

// Arrays whose first axes agree with those of most numbers; the rest is left out and said.
struct NpzArrays {
  std::vector<DrawsArray> quantities, statistics;
  std::vector<std::string> notes;
};

NpzArrays arrays_of(const Path& file, const ZipArchive& archive) {
  NpzArrays arrays;
  bool has_one_axis = false;
  for (const ZipEntry& entry : archive.entries) {
    has_one_axis =
        has_one_axis || (entry.bytes.starts_with(npy_magic) && count_axes(file, entry.bytes) == 1);
  }
  const FirstAxes axes = has_one_axis ? FirstAxes::draw : FirstAxes::chain_draw;
  if (has_one_axis) {
    arrays.notes.push_back(
        fmt::format("{}: the first axis of each array is read as the draws of "
                    "one chain, as one of them has no other",
                    file.string()));
  }
  for (const ZipEntry& entry : archive.entries) {
    const Path place = file / entry.name;  // "draws.npz/theta.npy" in messages
    if (!entry.bytes.starts_with(npy_magic) || count_axes(place, entry.bytes) == 0) {
      arrays.notes.push_back(fmt::format("{}: is no array, and left out", place.string()));
      continue;
    }
    DrawsArray array = parse_draws_array(place, entry.bytes, axes);
    array.name = variable_of(entry.name);
    const bool is_statistic = array.name.ends_with("__") && array.shape.size() == 2;
    (is_statistic ? arrays.statistics : arrays.quantities).push_back(std::move(array));
  }
  return arrays;
}

ChainDraws read_one_npz(const Path& file, std::string_view bytes) {
  const ZipArchive archive = read_zip(file, bytes);
  if (archive.is_cut && archive.entries.empty()) {
    refuse(file, "the archive ends before its first whole entry");
  }
  if (archive.entries.size() == 1 && is_json(archive.entries[0].bytes)) {
    return parse_draws_json(file / archive.entries[0].name, archive.entries[0].bytes);
  }
  NpzArrays arrays = arrays_of(file, archive);
  ChainDraws draws = chain_draws_of(file, arrays.quantities, arrays.statistics);
  if (archive.is_cut) {
    draws.incomplete = true;
    arrays.notes.push_back(fmt::format(
        "{}: the archive ends early: {} arrays are whole, what comes after '{}' is lost",
        file.string(), archive.entries.size(), variable_of(archive.entries.back().name)));
  }
  draws.notes.insert(draws.notes.begin(), arrays.notes.begin(), arrays.notes.end());
  return draws;
}

ChainDraws read_one(const Path& file) {
  const PartialFile read = read_partial_file(file);
  if (read.bytes.empty()) {
    refuse(file, read.is_cut ? "the gzip file ends before its first byte" : "is empty");
  }
  ChainDraws draws = std::string_view(read.bytes).starts_with(npy_magic)
                         ? read_one_npy(file, read.bytes)
                     : is_zip(read.bytes)    ? read_one_npz(file, read.bytes)
                     : is_netcdf(read.bytes) ? parse_draws_netcdf(file, read.bytes)
                     : is_json(read.bytes)   ? parse_draws_json(file, read.bytes)
                                             : parse_draws_csv(file, read.bytes);
  if (read.is_cut) {
    draws.incomplete = true;
    draws.notes.push_back(fmt::format("{}: the gzip file ends early", file.string()));
  }
  return draws;
}

// ---- several files

// Where each of `names` stands in `all`, or -1.
std::vector<Index> places_of(const std::vector<std::string>& names,
                             const std::vector<std::string>& all) {
  std::vector<Index> places;
  for (const std::string& name : names) {
    const auto found = std::find(all.begin(), all.end(), name);
    places.push_back(found == all.end() ? -1 : found - all.begin());
  }
  return places;
}

void keep_columns(std::vector<std::string>& names, std::vector<Eigen::ArrayXXd>& chains,
                  const std::vector<std::string>& kept) {
  if (names == kept) {
    return;
  }
  const std::vector<Index> places = places_of(kept, names);
  for (Eigen::ArrayXXd& chain : chains) {
    Eigen::ArrayXXd columns(chain.rows(), static_cast<Index>(kept.size()));
    for (std::size_t j = 0; j < kept.size(); ++j) {
      columns.col(static_cast<Index>(j)) = chain.col(places[j]);
    }
    chain = std::move(columns);
  }
  names = kept;
}

std::vector<std::string> in_both(const std::vector<std::string>& a,
                                 const std::vector<std::string>& b) {
  const std::set<std::string> other(b.begin(), b.end());
  std::vector<std::string> both;
  std::copy_if(a.begin(), a.end(), std::back_inserter(both),
               [&](const std::string& name) { return other.count(name) > 0; });
  return both;
}

std::string some_missing(const std::vector<std::string>& names,
                         const std::vector<std::string>& kept) {
  const std::set<std::string> there(kept.begin(), kept.end());
  std::string text;
  int count = 0;
  for (const std::string& name : names) {
    if (there.count(name) == 0 && count++ < 3) {
      text += fmt::format("{}'{}'", text.empty() ? "" : ", ", name);
    }
  }
  return count > 3 ? fmt::format("{} and {} more", text, count - 3) : text;
}

void append(const Path& file, const Path& first, ChainDraws& all, ChainDraws&& more) {
  const std::vector<std::string> kept = in_both(all.names, more.names);
  if (2 * kept.size() < std::max(all.names.size(), more.names.size())) {
    refuse(file, fmt::format("does not belong to {}: of {} and {} quantities they share {}",
                             first.string(), more.names.size(), all.names.size(), kept.size()));
  }
  for (const auto* names : {&all.names, &more.names}) {
    if (names->size() > kept.size()) {
      all.notes.push_back(fmt::format("{}: left out as not in every file: {}", file.string(),
                                      some_missing(*names, kept)));
      all.incomplete = true;
    }
  }
  keep_columns(all.names, all.chains, kept);
  keep_columns(more.names, more.chains, kept);
  const std::vector<std::string> statistics = in_both(all.sampler_names, more.sampler_names);
  keep_columns(all.sampler_names, all.sampler_chains, statistics);
  keep_columns(more.sampler_names, more.sampler_chains, statistics);
  std::move(more.chains.begin(), more.chains.end(), std::back_inserter(all.chains));
  std::move(more.sampler_chains.begin(), more.sampler_chains.end(),
            std::back_inserter(all.sampler_chains));
  all.notes.insert(all.notes.end(), more.notes.begin(), more.notes.end());
  all.incomplete = all.incomplete || more.incomplete;
  if (statistics.empty()) {
    all.sampler_chains.clear();
  }
}

void mark_mixed_lengths(ChainDraws& draws) {
  const auto [least, most] =
      std::minmax_element(draws.chains.begin(), draws.chains.end(),
                          [](const auto& a, const auto& b) { return a.rows() < b.rows(); });
  if (least->rows() < most->rows()) {
    draws.incomplete = true;
    draws.notes.push_back(
        fmt::format("chains have {} to {} draws, the fewest chain {}; {} of each are used",
                    least->rows(), most->rows(), least - draws.chains.begin() + 1, least->rows()));
  }
}

void refuse_repeated(std::span<const Path> files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      std::error_code ignored;
      if (files[i] == files[k] || std::filesystem::equivalent(files[i], files[k], ignored)) {
        refuse(files[i], "is given twice");
      }
    }
  }
}

ChainDraws read_all(std::span<const Path> files) {
  refuse_repeated(files);
  ChainDraws all;
  for (std::size_t i = 0; i < files.size(); ++i) {
    std::error_code ignored;
    ChainDraws draws = std::filesystem::is_directory(files[i], ignored)
                           ? read_draws_folder(files[i], read_all)
                           : read_one(files[i]);
    if (i == 0) {
      all = std::move(draws);
    } else {
      append(files[i], files[0], all, std::move(draws));
    }
  }
  return all;
}

// ---- writing

void refuse_existing(const Path& to) {
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(to, ignored))) {
    throw IoError(
        fmt::format("{}: is there already; draws are written to a new name", to.string()));
  }
}

// Files of a folder that write_stan_folder() makes.
bool is_chain_file(const std::string& name) {
  return name.starts_with("chain_") && name.ends_with(".csv");
}

// A folder that is nothing but draws may give way to others.
void refuse_other_files(const Path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw IoError(fmt::format("{}: is a file; draws without an ending are a folder of Stan CSV",
                              folder.string()));
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (const std::string name = entry.path().filename().string(); !is_chain_file(name)) {
      throw IoError(fmt::format("{}: holds '{}' beside files chain_*.csv, and is not replaced",
                                folder.string(), name));
    }
  }
  if (error) {
    throw IoError(fmt::format("{}: cannot be replaced: {}", folder.string(), error.message()));
  }
}

// What was there goes when the new folder has its name.
void rename_over(const Path& from, const Path& to) {
  std::error_code error, ignored;
  const Path replaced = to.string() + ".replaced";
  const bool is_there = std::filesystem::exists(to, ignored);
  if (is_there) {
    std::filesystem::rename(to, replaced, error);
  }
  if (!error) {
    std::filesystem::rename(from, to, error);
    if (error && is_there) {
      std::filesystem::rename(replaced, to, ignored);
    }
  }
  if (error) {
    throw IoError(fmt::format("{}: cannot be made: {}", to.string(), error.message()));
  }
  if (is_there) {
    std::filesystem::remove_all(replaced, ignored);
  }
}

void write_draws_npy(const ChainDraws& draws, const Path& to) {
  const std::array<Index, 3> shape{draws.num_chains(), draws.num_draws(), draws.num_quantities()};
  const double numbers =
      static_cast<double>(shape[0]) * static_cast<double>(shape[1]) * static_cast<double>(shape[2]);
  check_memory(2 * sizeof(double) * numbers, fmt::format("{} takes", to.string()));
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(numbers));
  for (const Eigen::ArrayXXd& chain : draws.chains) {
    for (Index d = 0; d < shape[1]; ++d) {
      for (Index j = 0; j < shape[2]; ++j) {
        values.push_back(chain(d, j));
      }
    }
  }
  write_npy(to, shape, values);
}

// The folder comes under its name when it is whole.
void write_stan_folder(const ChainDraws& draws, const Path& to) {
  std::error_code error;
  if (std::filesystem::exists(to, error)) {
    refuse_other_files(to);
  }
  const Path unfinished = to.string() + ".unfinished";
  refuse_existing(unfinished);
  if (!std::filesystem::create_directory(unfinished, error)) {
    throw IoError(fmt::format("{}: cannot be made: {}", unfinished.string(), error.message()));
  }
  try {
    for (Index c = 0; c < draws.num_chains(); ++c) {
      write_file_atomically(unfinished / fmt::format("chain_{}.csv", c + 1), stan_csv(draws, c));
    }
    rename_over(unfinished, to);
  } catch (const Error&) {
    std::filesystem::remove_all(unfinished, error);
    throw;
  }
}

}  // namespace

ChainDraws read_draws(std::span<const Path> files) {
  if (files.empty()) {
    throw UsageError("no file of draws was given");
  }
  ChainDraws draws = read_all(files);
  mark_mixed_lengths(draws);
  return draws;
}

void write_draws(const ChainDraws& draws, const Path& to, bool replaces) {
  const std::string ending = to.extension().string();
  if (ending != ".nc" && ending != ".npy" && !ending.empty()) {
    throw UsageError(
        fmt::format("{}: draws are written as .nc, as .npy, or, without an ending, as "
                    "a folder of Stan CSV",
                    to.string()));
  }
  if (!replaces) {
    refuse_existing(to);
  }
  if (ending == ".nc") {
    write_draws_netcdf(draws, to);
  } else if (ending == ".npy") {
    write_draws_npy(draws, to);
  } else {
    write_stan_folder(draws, to);
  }
}

}  // namespace negphase
