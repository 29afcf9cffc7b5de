#include "negphase/io/draws_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/io/number_text.hpp"

namespace negphase {

namespace {

using Index = Eigen::Index;
using RowMajor = Eigen::Array<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A draw's number: not finite is legal, NA is NaN. False for what is no number.
bool read_draw(std::string_view field, double& value) {
  std::string_view text = trimmed(field);
  if (text == "NA") {
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size() || code == std::errc::invalid_argument) {
    return false;
  }
  if (code == std::errc::result_out_of_range) {
    const bool is_small =
        text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
    value = is_small ? 0 : std::copysign(HUGE_VAL, text.front() == '-' ? -1.0 : 1.0);
  }
  return true;
}

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  while (true) {
    // a comma in quotes is part of the name: "theta[1,2]"
    const auto first = line.find_first_not_of(" \t");
    const bool is_quoted = first != line.npos && line[first] == '"';
    const auto close = is_quoted ? line.find('"', first + 1) : line.npos;
    const auto comma = line.find(',', close == line.npos ? 0 : close);
    std::string_view field = trimmed(line.substr(0, comma));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = field.substr(1, field.size() - 2);
    }
    fields.push_back(field);
    if (comma == line.npos) {
      return fields;
    }
    line.remove_prefix(comma + 1);
  }
}

// What Stan's comment lines say of the draws below them.
struct StanComments {
  Index num_samples = -1, num_warmup = 0, thin = 1;
  bool save_warmup = false, adapts = true;
  std::string method;

  void read(std::string_view line) {
    const auto equals = line.find('=');
    if (equals == line.npos) {
      return;
    }
    const std::string_view key = trimmed(line.substr(0, equals));
    std::string_view value = trimmed(line.substr(equals + 1));
    value = value.substr(0, value.find(' '));  // "(Default)" may follow
    if (key == "num_samples") {
      take(value, num_samples);
    } else if (key == "num_warmup") {
      take(value, num_warmup);
    } else if (key == "thin") {
      take(value, thin);
    } else if (key == "save_warmup") {
      save_warmup = value == "1" || value == "true";
    } else if (key == "algorithm") {
      adapts = value != "fixed_param";
    } else if (key == "method") {
      method = value;
    }
  }
  Index draws() const { return num_samples < 0 ? -1 : kept(num_samples); }
  Index warmup_draws() const { return save_warmup && adapts ? kept(num_warmup) : 0; }

 private:
  static void take(std::string_view value, Index& number) {
    Index read = 0;
    const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), read);
    if (code == std::errc{} && end == value.data() + value.size() && read >= 0) {
      number = read;
    }
  }
  // Stan keeps the steps 0, thin, 2 thin, ..
  Index kept(Index steps) const { return thin > 1 ? steps / thin + (steps % thin > 0) : steps; }
};

// The lines under one line of names.
struct Block {
  std::vector<double> values;  // row by row
  Index rows = 0;
  Index adapted = -1;  // rows above "Adaptation terminated"
};

class DrawsCsv {
 public:
  DrawsCsv(const std::filesystem::path& file, std::string_view bytes) : file_(file), bytes_(bytes) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (bytes_.starts_with(byte_order_mark)) {
      bytes_.remove_prefix(byte_order_mark.size());
    }
  }

  ChainDraws read() {
    while (!bytes_.empty()) {
      ++line_;
      const auto end = bytes_.find('\n');
      std::string_view text = bytes_.substr(0, end);
      bytes_.remove_prefix(end == bytes_.npos ? bytes_.size() : end + 1);
      if (text.ends_with('\r')) {
        text.remove_suffix(1);
      }
      take(text, end != std::string_view::npos);
    }
    if (header_.empty()) {
      refuse(0, "holds no line of names and no draws");
    }
    refuse_other_methods();
    drop_warmup();
    ChainDraws draws = assemble();
    draws.notes = std::move(notes_);
    draws.incomplete = incomplete_;
    return draws;
  }

 private:
  [[noreturn]] void refuse(int line, const std::string& what) const {
    throw ConfigError({file_.string(), line, 0}, what);
  }

  void note(const std::string& what) {
    notes_.push_back(fmt::format("{}: {}", file_.string(), what));
  }

  void take(std::string_view text, bool is_whole) {
    if (trimmed(text).empty()) {
      return;
    }
    if (text.front() == '#') {
      const std::string_view comment = trimmed(text.substr(1));
      comments_.read(comment);
      if (comment == "Adaptation terminated" && !blocks_.empty()) {
        blocks_.back().adapted = blocks_.back().rows;
      }
    } else if (header_.empty()) {
      take_names(text, is_whole);
    } else if (text == header_) {
      blocks_.emplace_back();
    } else if (!is_whole) {
      lose("the file ends in the midst of it");
    } else {
      take_row(text);
    }
  }

  void take_names(std::string_view text, bool is_whole) {
    if (text.find('\0') != text.npos) {
      refuse(line_, "holds NUL bytes: this is no text file");
    }
    if (!is_whole) {
      refuse(line_, "the file ends in its line of names");
    }
    header_ = text;
    std::set<std::string_view> seen;
    bool is_first = true;
    for (const std::string_view name : fields_of(text)) {
      double number = 0;
      if (read_draw(name, number)) {
        refuse(line_, fmt::format("'{}' is a number where names of columns were expected: draws "
                                  "have a line of names, after comments (#)",
                                  name));
      }
      if (name.empty() && !is_first) {
        refuse(line_, fmt::format("column {} has no name", names_.size() + 1));
      }
      if (!seen.insert(name).second) {
        refuse(line_, fmt::format("two columns are named '{}'", name));
      }
      names_.emplace_back(name);
      is_first = false;
    }
    if (names_.size() == 1 && names_[0].find_first_of(";\t") != std::string::npos) {
      refuse(line_, "the names are not separated by commas");
    }
    blocks_.emplace_back();
  }

  void take_row(std::string_view text) {
    std::vector<double>& values = blocks_.back().values;
    const std::size_t before = values.size();
    std::size_t column = 0;
    while (true) {
      const auto comma = text.find(',');
      const std::string_view field = text.substr(0, comma);
      double value = 0;
      // the unnamed first column of a data frame holds names of rows
      const bool is_read = column < names_.size() && !names_[column].empty();
      if (is_read && !read_draw(field, value)) {
        values.resize(before);
        return lose(fmt::format("column {} ('{}'): '{}' is not a number", column + 1,
                                names_[column], trimmed(field).substr(0, 40)));
      }
      values.push_back(value);
      ++column;
      if (comma == text.npos || column > names_.size()) {
        break;
      }
      text.remove_prefix(comma + 1);
    }
    if (column != names_.size()) {
      values.resize(before);
      return lose(column > names_.size() ? fmt::format("more than {} fields", names_.size())
                                         : fmt::format("{} of {} fields", column, names_.size()));
    }
    ++blocks_.back().rows;
  }

  void lose(const std::string& why) {
    if (lost_lines_++ == 0) {
      first_lost_ = {line_, why};
    }
    incomplete_ = true;
  }

  void refuse_other_methods() const {
    if (!comments_.method.empty() && comments_.method != "sample" &&
        comments_.method != "generate_quantities") {
      refuse(0, fmt::format("was written by Stan's method '{}'; chains come of method 'sample'",
                            comments_.method));
    }
  }

  void drop_warmup() {
    const Index saved = comments_.warmup_draws();
    const auto columns = static_cast<Index>(names_.size());
    for (Block& block : blocks_) {
      const Index warmup = saved == 0           ? 0
                           : block.adapted >= 0 ? block.adapted
                                                : std::min(saved, block.rows);
      if (warmup > 0) {
        note(fmt::format("{} warm-up draws are left out (save_warmup)", warmup));
        block.values.erase(block.values.begin(), block.values.begin() + warmup * columns);
        block.rows -= warmup;
      }
    }
  }

  void say_what_was_lost(Index block_rows) {
    if (lost_lines_ > 0) {
      note(fmt::format("{} {} left out as not whole; the first is line {}: {}", lost_lines_,
                       lost_lines_ == 1 ? "line was" : "lines were", first_lost_.first,
                       first_lost_.second));
    }
    if (block_rows < comments_.draws()) {
      note(fmt::format("has {} of the {} draws that num_samples and thin announce", block_rows,
                       comments_.draws()));
      incomplete_ = true;
    }
  }

  std::vector<std::size_t> columns_where(const auto& wanted) const {
    std::vector<std::size_t> columns;
    for (std::size_t j = 0; j < names_.size(); ++j) {
      if (!names_[j].empty() && wanted(names_[j])) {
        columns.push_back(j);
      }
    }
    return columns;
  }

  // [rows x columns] of a block
  static Eigen::ArrayXXd pick(const Eigen::Ref<const RowMajor>& all, const std::vector<Index>& rows,
                              const std::vector<std::size_t>& columns) {
    Eigen::ArrayXXd picked(static_cast<Index>(rows.size()), static_cast<Index>(columns.size()));
    for (std::size_t j = 0; j < columns.size(); ++j) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        picked(static_cast<Index>(i), static_cast<Index>(j)) =
            all(rows[i], static_cast<Index>(columns[j]));
      }
    }
    return picked;
  }

  std::map<double, std::vector<Index>> chains_of(const RowMajor& all, Index column) const {
    std::map<double, std::vector<Index>> rows;
    for (Index i = 0; i < all.rows(); ++i) {
      const double chain = column < 0 ? 0 : all(i, column);
      if (!std::isfinite(chain)) {
        refuse(0, fmt::format("draw {} is of no chain: column '{}' holds {}", i + 1,
                              names_[static_cast<std::size_t>(column)], chain));
      }
      rows[chain].push_back(i);
    }
    return rows;
  }

  bool columns_are_chains() const {
    for (std::size_t j = 0; j < names_.size(); ++j) {
      if (names_[j] != fmt::format("chain{}", j + 1)) {
        return false;
      }
    }
    return true;
  }

  ChainDraws assemble() {
    Index most = 0;
    for (const Block& block : blocks_) {
      most = std::max(most, block.rows);
    }
    say_what_was_lost(blocks_.back().rows);
    if (most == 0) {
      refuse(lost_lines_ > 0 ? first_lost_.first : 0,
             lost_lines_ > 0                ? "no draw is whole: " + first_lost_.second
             : comments_.warmup_draws() > 0 ? "holds no draw after the warm-up"
                                            : "holds a line of names but no draw");
    }
    return columns_are_chains() ? wide() : narrow();
  }

  RowMajor table(const Block& block) const {
    return Eigen::Map<const RowMajor>(block.values.data(), block.rows,
                                      static_cast<Index>(names_.size()));
  }

  ChainDraws wide() const {
    ChainDraws draws;
    std::filesystem::path stem = file_.stem();
    draws.names = {stem.extension() == ".csv" ? stem.stem().string() : stem.string()};
    for (const Block& block : blocks_) {
      const RowMajor all = table(block);
      for (Index c = 0; c < all.cols() && all.rows() > 0; ++c) {
        draws.chains.emplace_back(all.col(c));
      }
    }
    return draws;
  }

  ChainDraws narrow() {
    const auto chain = columns_where([](const auto& n) { return n == "chain" || n == ".chain"; });
    const bool has_chain = chain.size() == 1;
    const auto is_number = [&](const std::string& n) {
      static const std::set<std::string> numbers{"chain", ".chain",     "draw",
                                                 ".draw", ".iteration", "iteration"};
      return has_chain && numbers.count(n) > 0;
    };
    const auto statistics = columns_where([](const auto& n) { return n.ends_with("__"); });
    const auto quantities =
        columns_where([&](const auto& n) { return !n.ends_with("__") && !is_number(n); });
    ChainDraws draws;
    for (const std::size_t j : quantities) {
      draws.names.push_back(names_[j]);
    }
    for (const std::size_t j : statistics) {
      draws.sampler_names.push_back(names_[j]);
    }
    if (quantities.empty()) {
      refuse(0, "has no column but the sampler's own (names that end in __)");
    }
    for (const Block& block : blocks_) {
      const RowMajor all = table(block);
      for (const auto& [number, rows] :
           chains_of(all, has_chain ? static_cast<Index>(chain[0]) : -1)) {
        draws.chains.push_back(pick(all, rows, quantities));
        if (!statistics.empty()) {
          draws.sampler_chains.push_back(pick(all, rows, statistics));
        }
      }
    }
    return draws;
  }

  const std::filesystem::path& file_;
  std::string_view bytes_;
  int line_ = 0;
  std::string_view header_;
  std::vector<std::string> names_;
  StanComments comments_;
  std::vector<Block> blocks_;
  std::pair<int, std::string> first_lost_;
  Index lost_lines_ = 0;
  bool incomplete_ = false;
  std::vector<std::string> notes_;
};

}  // namespace

ChainDraws parse_draws_csv(const std::filesystem::path& file, std::string_view bytes) {
  return DrawsCsv(file, bytes).read();
}

}  // namespace negphase
