#include "cell_file.hpp"

#include <limits>
#include <nlohmann/json.hpp>

#include "results.hpp"
#include "run_identity.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;

double number_of(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

Json json_of(const ConvergencePoint& point) {
  Json json{{"draws", point.draws}};
  for (const auto& [name, member] : point_counts) {
    json[name] = point.*member;
  }
  for (const auto& [name, member] : point_numbers) {
    json[name] = point.*member;
  }
  return json;
}

ConvergencePoint point_of(const Json& json, double seconds) {
  ConvergencePoint point;
  point.draws = json.at("draws").get<Index>();
  for (const auto& [name, member] : point_counts) {
    point.*member = json.at(name).get<std::int64_t>();
  }
  for (const auto& [name, member] : point_numbers) {
    point.*member = number_of(json.at(name));
  }
  point.seconds = seconds;
  return point;
}

bool is_same_cell(const BenchCell& a, const BenchCell& b) {
  return a.problem == b.problem && a.row == b.row && a.repetition == b.repetition;
}

}  // namespace

std::string to_line(const BenchCell& cell) {
  Json json{{"problem", cell.problem}, {"row", cell.row},        {"repetition", cell.repetition},
            {"seed", cell.seed},       {"scored", cell.scored},  {"acceptance", cell.acceptance},
            {"occupation", nullptr},   {"points", Json::array()}};
  if (cell.occupation) {
    json["occupation"] = {{"total_variation", cell.occupation->total_variation},
                          {"effective_size", cell.occupation->effective_size},
                          {"noise_floor", cell.occupation->noise_floor}};
  }
  Json seconds = Json::array();
  for (const ConvergencePoint& point : cell.points) {
    json["points"].push_back(json_of(point));
    seconds.push_back(point.seconds);
  }
  json["warnings"] = json_warnings(cell.warnings);
  json["timing"] = {{"seconds", seconds}};
  return json.dump();
}

BenchCell cell_of(const std::string& line) {
  const Json json = Json::parse(line);
  BenchCell cell;
  cell.problem = json.at("problem").get<std::size_t>();
  cell.row = json.at("row").get<std::size_t>();
  cell.repetition = json.at("repetition").get<int>();
  cell.seed = json.at("seed").get<std::uint64_t>();
  cell.scored = json.at("scored").get<Index>();
  cell.acceptance = number_of(json.at("acceptance"));
  if (const Json& o = json.at("occupation"); !o.is_null()) {
    cell.occupation =
        OccupationCheck{number_of(o.at("total_variation")), number_of(o.at("effective_size")),
                        number_of(o.at("noise_floor"))};
  }
  const Json& seconds = json.at("timing").at("seconds");
  for (std::size_t i = 0; i < json.at("points").size(); ++i) {
    cell.points.push_back(point_of(json["points"][i], number_of(seconds.at(i))));
  }
  for (const Json& w : json.at("warnings")) {
    cell.warnings.push_back(
        {w.at("code").get<std::string>(), w.at("text").get<std::string>(), w.at("failed_check")});
  }
  return cell;
}

CellFile::CellFile(std::filesystem::path folder, std::string identity)
    : file_(folder.empty() ? folder : folder / cells_file), identity_(std::move(identity)) {}

void CellFile::begin() {
  if (file_.empty()) {
    return;
  }
  lines_.emplace(file_, 0);
  lines_->append(Json{{"run", identity_}}.dump() + "\n");
  lines_->sync();
}

void CellFile::restore(Benchmark& benchmark) {
  const std::string text = read_file(file_);
  const std::size_t head = text.find('\n');
  if (head == text.npos) {  // killed before anything was done
    begin();
    return;
  }
  const Json run = Json::parse(text.substr(0, head), nullptr, false);
  if (run.is_discarded() || !run.contains("run")) {
    throw ConfigError({file_.string(), 1, 0},
                      "does not say which run it belongs to: it is damaged; --force begins anew");
  }
  check_identity(run["run"].get<std::string>(), identity_, file_);
  std::size_t begin = head + 1;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != text.npos; begin = end + 1) {
    try {
      const BenchCell cell = cell_of(text.substr(begin, end - begin));
      const auto same = [&](const BenchCell& other) { return is_same_cell(cell, other); };
      if (std::none_of(benchmark.cells.begin(), benchmark.cells.end(), same)) {
        benchmark.cells.push_back(cell);
      }
    } catch (const nlohmann::json::exception&) {
      break;  // what stands from here on is made again
    }
  }
  lines_.emplace(file_, static_cast<std::int64_t>(begin));
}

void CellFile::append(const BenchCell& cell) {
  if (lines_) {
    lines_->append(to_line(cell) + "\n");
    lines_->sync();
  }
}

void CellFile::end() {
  lines_.reset();
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

}  // namespace negphase::tool
