#include "negphase/io/csv_lines.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "negphase/io/files.hpp"
#include "negphase/io/number_text.hpp"

namespace negphase {

namespace {

constexpr std::size_t longest_line = std::size_t{1} << 20;

// The number (from 1) of the first byte that is not UTF-8; 0 where all is.
std::size_t first_not_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i])) : 0U;
  };
  std::size_t i = 0;
  while (i < text.size()) {
    const unsigned lead = byte(i), next = byte(i + 1);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    // the second byte's range shuts out overlong forms, surrogates and what is above U+10FFFF
    const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    bool good = lead >= 0xC2 && lead <= 0xF4 && next >= low && next <= high;
    for (std::size_t k = 2; good && k < length; ++k) {
      good = (byte(i + k) & 0xC0U) == 0x80U;
    }
    if (!good) {
      return i + 1;
    }
    i += length;
  }
  return 0;
}

// Without an early end, so that it runs along SIMD lanes.
bool is_ascii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) {
    all = static_cast<unsigned char>(all | static_cast<unsigned char>(c));
  }
  return all < 0x80;
}

// Appends the quoted field whose text begins at `at` and returns where it ends: at a comma or the
// end of the line.
std::size_t read_quoted(std::string_view line, std::size_t at, std::size_t number,
                        const FilePlace& place, std::string& field) {
  while (true) {
    const auto quote = line.find('"', at);
    if (quote == line.npos) {
      throw ConfigError(
          place, fmt::format("field {} opens a quote that is not closed on its line", number));
    }
    field.append(line.substr(at, quote - at));
    at = quote + 1;
    if (at < line.size() && line[at] == '"') {
      field.push_back('"');
      ++at;
      continue;
    }
    break;
  }
  const auto next = line.find_first_not_of(" \t", at);
  if (next != line.npos && line[next] != ',') {
    throw ConfigError(place, fmt::format("field {} goes on after its closing quote", number));
  }
  return next == line.npos ? line.size() : next;
}

// One line into its fields, whose storage is used again; RFC 4180 quotes.
void split(std::string_view line, const FilePlace& place, std::vector<std::string>& fields) {
  std::size_t at = 0, count = 0;
  while (true) {
    if (count == fields.size()) {
      fields.emplace_back();
    }
    std::string& field = fields[count++];
    field.clear();
    const auto first = line.find_first_not_of(" \t", at);
    if (first != line.npos && line[first] == '"') {
      at = read_quoted(line, first + 1, count, place, field);
    } else {
      const auto comma = std::min(line.find(',', at), line.size());
      field.append(trimmed(line.substr(at, comma - at)));
      at = comma;
    }
    if (at >= line.size()) {
      fields.resize(count);
      return;
    }
    ++at;  // the comma; an empty field may follow
  }
}

}  // namespace

CsvLines::CsvLines(const std::filesystem::path& file) : file_(file), bytes_(read_file(file)) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (bytes_.starts_with(byte_order_mark)) {
    at_ = byte_order_mark.size();
  }
}

bool CsvLines::next(CsvLine& line) {
  while (at_ < bytes_.size()) {
    ++number_;
    const auto end = std::min(bytes_.find('\n', at_), bytes_.size());
    std::string_view text(bytes_.data() + at_, end - at_);
    at_ = end + 1;
    if (text.ends_with('\r')) {
      text.remove_suffix(1);
    }
    if (text.size() > longest_line) {
      throw ConfigError(place(), fmt::format("the line has {} bytes; at most {} (1 MiB) are read",
                                             text.size(), longest_line));
    }
    if (const auto nul = text.find('\0'); nul != text.npos) {
      throw ConfigError(place(), fmt::format("byte {} is NUL: this is no text file", nul + 1));
    }
    if (const auto byte = is_ascii(text) ? 0 : first_not_utf8(text); byte != 0) {
      throw ConfigError(place(),
                        fmt::format("byte {} is not UTF-8; a file in Latin-1 is made so by "
                                    "`iconv -f latin1 -t utf-8`",
                                    byte));
    }
    if (!trimmed(text).empty()) {
      line.number = number_;
      split(text, place(), line.fields);
      return true;
    }
  }
  return false;
}

}  // namespace negphase
