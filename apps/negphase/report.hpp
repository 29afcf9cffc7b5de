#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "results.hpp"
#include "verbs.hpp"

namespace negphase::tool {

/// A folder of results in a report.
struct ReportPart {
  std::filesystem::path folder;
  std::string title = {};  ///< of its section; empty: made of what the result is about
  std::string text = {};   ///< paragraphs before it, parted by an empty line; plain text
};

/// The file in a folder of results where --report writes.
inline constexpr const char* report_file = "report.html";

/// One page of charts and tables that needs no other file and no network: the same bytes for the
/// same results. What is no whole result (no run.json, stopped, still running) is marked so; what
/// was thinned is said on the page. Replaces `file`.
/// Throws IoError where a folder cannot be read or the page not be written, ConfigError where a
/// folder holds no result, or one that is damaged or of another version.
/// @param title  of the page; empty: made of what the results are about
/// @return the bytes written
std::size_t write_report(const std::vector<ReportPart>& parts, const std::filesystem::path& file,
                         const std::string& title = "");

/// The page of one result, into its own folder, where --report was given.
void write_report_if_wanted(const ResultFolder& results, const CommonArguments& common);

}  // namespace negphase::tool
