#include "report.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"
#include "output.hpp"
#include "report_data.hpp"
#include "report_page.hpp"
#include "verbs.hpp"

namespace negphase::tool {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// No text of a result can end the script element that holds it: JSON has '<' in strings only.
std::string embedded(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    c == '<' ? text += "\\u003c" : text += c;
  }
  return text;
}

fs::path file_of(const std::vector<std::string>& folders, const std::string& out) {
  if (!out.empty()) {
    return out;
  }
  return folders.size() == 1 ? fs::path(folders.front()) / report_file : fs::path(report_file);
}

}  // namespace

std::size_t write_report(const std::vector<ReportPart>& parts, const fs::path& file,
                         const std::string& title) {
  Json page{{"title", title}, {"negphase", NEGPHASE_VERSION}, {"parts", Json::array()}};
  for (const ReportPart& part : parts) {
    for (Json& result : read_results(part.folder)) {
      Json all{{"title", part.title}, {"text", part.text}};
      all.update(result);
      page["parts"].push_back(std::move(all));
    }
  }
  std::string bytes(page_before_data);
  bytes.append(embedded(page)).append(page_after_data);
  write_file_atomically(file, bytes);
  return bytes.size();
}

void write_report_if_wanted(const ResultFolder& results, const CommonArguments& common) {
  if (common.report) {
    write_report({{results.folder()}}, results.file(report_file));
  }
}

int run_report(const std::vector<std::string>& folders, const std::string& out, bool force) {
  const fs::path file = file_of(folders, out);
  std::vector<ReportPart> parts;
  for (const std::string& folder : folders) {
    check_result_folder(folder);
    parts.push_back({folder});
  }
  check_writable(file);
  std::error_code ignored;
  const bool exists = fs::exists(file, ignored);
  if (!force && exists) {
    throw ConfigError({file.string(), 0, 0},
                      "is there already; --force replaces it, --out names another file");
  }
  const std::size_t size = write_report(parts, file);
  print(fmt::format("written: {} ({:.2g} MB; open it in a browser)\n", file.string(),
                    static_cast<double>(size) / 1e6));
  return 0;
}

}  // namespace negphase::tool
