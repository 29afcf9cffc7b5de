#include "results.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <numeric>
#include <regex>
#include <system_error>

#include "negphase/io/config_text.hpp"
#include "negphase/io/files.hpp"
#include "negphase/registry/registry.hpp"

namespace negphase::tool {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* run_file = "run.json";
constexpr const char* lock_file = ".lock";

// "7", "301..400", from 1: as the keys rows and test of [data] take them back.
// @param rows  from 0, rising
Json ranges_of(const std::vector<Eigen::Index>& rows) {
  Json all = Json::array();
  for (std::size_t first = 0, next = 0; first < rows.size(); first = next) {
    for (next = first + 1; next < rows.size() && rows[next] == rows[next - 1] + 1;) {
      ++next;
    }
    const Eigen::Index low = rows[first] + 1, high = rows[next - 1] + 1;
    all.push_back(low == high ? fmt::format("{}", low) : fmt::format("{}..{}", low, high));
  }
  return all;
}

Json columns_of(const std::vector<DataColumn>& columns) {
  Json all = Json::array();
  for (const DataColumn& column : columns) {
    Json one{{"name", column.name}};
    if (column.standardized) {
      one["mean"] = column.mean;
      one["standard_deviation"] = column.scale;
    }
    if (!column.labels.empty()) {
      one["labels"] = column.labels;
    }
    all.push_back(std::move(one));
  }
  return all;
}

// "W" of "W[3,5]"
std::string stem_of(const std::string& param_name) {
  return param_name.substr(0, param_name.find('['));
}

// Makes the sizes hold the index "[3,5]" as well.
void grow(std::vector<Index>& sizes, const std::string& index) {
  std::size_t axis = 0;
  for (std::size_t at = 0; at + 1 < index.size(); ++axis) {
    std::size_t digits = 0;
    const Index number = std::stol(index.substr(at + 1), &digits);
    if (axis == sizes.size()) {
      sizes.push_back(0);
    }
    sizes[axis] = std::max(sizes[axis], number + 1);
    at += 1 + digits;
    if (index[at] == ']') {
      break;
    }
  }
}

std::string compiler() {
#ifdef __clang__
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

// Empty, or with nothing but the lock of a run that was killed.
bool holds_nothing(const fs::path& folder) {
  std::error_code ignored;
  return !fs::exists(folder, ignored) ||
         std::all_of(fs::directory_iterator(folder, ignored), fs::directory_iterator(),
                     [](const auto& entry) { return entry.path().filename() == lock_file; });
}

bool has(const fs::path& folder, const std::string& unfinished) {
  std::error_code ignored;
  return fs::exists(folder / unfinished, ignored) ||
         (unfinished == checkpoint_file && fs::exists(folder / older_checkpoint_file, ignored));
}

// Why a folder that is not empty is refused without --force.
std::string why_taken(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& [file, what] :
       {std::pair(checkpoint_file, "training run"), std::pair(cells_file, "benchmark")}) {
    if (has(folder, file) && !fs::exists(folder / run_file, ignored)) {
      return fmt::format(
          "holds a {} that is not over; --resume goes on with it, --force begins "
          "anew",
          what);
    }
  }
  return "is there already and not empty; --force replaces what is in it";
}

void check_resumable(const fs::path& folder, const std::string& unfinished) {
  std::error_code ignored;
  const FilePlace place{folder.string(), 0, 0};
  if (fs::exists(folder / run_file, ignored)) {
    throw ConfigError(place, "holds a run that is over: there is nothing to resume");
  }
  if (!has(folder, unfinished)) {
    throw ConfigError(place, fmt::format("has no {}: there is nothing to resume", unfinished));
  }
}

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

bool is_same_file(int opened, const fs::path& file) {
  struct ::stat a {
  }, b{};
  return ::fstat(opened, &a) == 0 && ::stat(file.c_str(), &b) == 0 && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

// Names that this program gives to files in a result's folder.
bool is_ours(const std::string& name) {
  static const std::regex names(
      "(run|gradient|exact|sample|infer|train|bench|diagnose|pictures)\\.json|(config|trained)\\."
      "toml|"
      "(draws|params)\\.npy|report\\.html|(chain_[0-9]+|bench|infer)\\.csv|(metrics|cells)\\.jsonl|"
      "checkpoint(\\.old)?\\.bin");
  return std::regex_match(name, names);
}

// What write_file_atomically() of a run that was killed has left.
bool is_temporary(const std::string& name) {
  constexpr std::size_t ending = std::string_view(".tmp-XXXXXX").size();
  return name.size() > ending && name.substr(name.size() - ending).starts_with(".tmp-");
}

}  // namespace

ResultFolder::ResultFolder(const CommonArguments& common, const std::string& unfinished)
    : folder_(common.out), force_(common.force) {
  if (!wanted()) {
    return;
  }
  std::error_code ignored;
  if (fs::exists(folder_, ignored) && !fs::is_directory(folder_, ignored)) {
    throw IoError(folder_.string() + ": is a file; --out names a folder");
  }
  if (!fs::exists(folder_, ignored)) {
    check_writable(folder_);
  }
  if (common.resume) {
    check_resumable(folder_, unfinished);
  } else if (!force_ && !holds_nothing(folder_)) {
    throw ConfigError({folder_.string(), 0, 0}, why_taken(folder_));
  }
  std::error_code reason;
  made_ = fs::create_directory(folder_, reason);
  if (reason) {
    throw IoError(folder_.string() + ": " + reason.message());
  }
  check_writable(folder_ / run_file);
  lock();
}

ResultFolder::~ResultFolder() {
  if (lock_ >= 0) {
    std::error_code ignored;
    fs::remove(folder_ / lock_file, ignored);
    ::close(lock_);
    if (made_ && fs::is_empty(folder_, ignored)) {
      fs::remove(folder_, ignored);
    }
  }
}

void ResultFolder::lock() {
  const fs::path file = folder_ / lock_file;
  while (lock_ < 0) {
    const int opened = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (opened < 0) {
      throw IoError(fmt::format("{}: cannot be written: {}", file.string(), std::strerror(errno)));
    }
    if (::flock(opened, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
      ::close(opened);
      throw IoError(fmt::format("{}: another run works in this folder: {}", folder_.string(),
                                first_line(file)));
    }
    // whoever had it may have taken the file away between open and flock
    is_same_file(opened, file) ? lock_ = opened : ::close(opened);
  }
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  // only for the message above: a full disk is met later, by what matters
  const std::string who = fmt::format("process {} on {}\n", ::getpid(), host.data());
  [[maybe_unused]] const bool said =
      ::ftruncate(lock_, 0) == 0 && ::write(lock_, who.data(), who.size()) > 0;
}

void ResultFolder::begin() {
  if (!wanted()) {
    return;
  }
  std::error_code reason;
  if (force_) {
    fs::remove(folder_ / run_file, reason);  // first: what is left is no whole result
  }
  for (const auto& entry : fs::directory_iterator(folder_, reason)) {
    const std::string name = entry.path().filename().string();
    if (!reason && (is_temporary(name) || (force_ && is_ours(name)))) {
      fs::remove(entry.path(), reason);
    }
  }
  if (reason) {
    throw IoError(folder_.string() + ": " + reason.message());
  }
}

void ResultFolder::finish(const ProblemFile& problem, const CommonArguments& common,
                          const RunFacts& facts) {
  if (!wanted()) {
    return;
  }
  Json json = json_head(facts.verb, problem, common);
  json.update(fingerprints(problem));
  finish(std::move(json), to_toml(problem.config, legal_names()), facts);
}

void ResultFolder::finish(Json json, const std::string& config, const RunFacts& facts) {
  if (!wanted()) {
    return;
  }
  json["threads"] = facts.threads;
  json["compiler"] = compiler();
  json["flags"] = NEGPHASE_FLAGS;
  json["energy_evaluations"] = facts.energy_evaluations;
  json["gradient_evaluations"] = facts.gradient_evaluations;
  json["warnings"] = json_warnings(facts.warnings);
  json["timing"] = {{"finished", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                             fmt::gmtime(std::chrono::system_clock::now()))},
                    {"seconds", facts.seconds}};
  if (!config.empty()) {
    write_file_atomically(file("config.toml"), config);
  }
  write_file_atomically(file(run_file), json.dump(2) + "\n");
}

Json fingerprint(const fs::path& file) {
  const std::string bytes = read_file(file);
  const auto sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return {{"file", fs::absolute(file).lexically_normal().string()},
          {"bytes", bytes.size()},
          {"crc32", fmt::format("{:08x}", sum)}};
}

Json fingerprints(const ProblemFile& problem) {
  Json json{{"data", fingerprint(problem.config.data->file)}};
  if (!problem.config.params.file.empty()) {
    json["params"] = fingerprint(problem.config.params.file);
  }
  if (const std::string file = couplings_file(problem.model_options); !file.empty()) {
    json["couplings"] = fingerprint(file);
  }
  return json;
}

Json json_array(const Eigen::VectorXd& values) {
  return Json(std::vector<double>(values.begin(), values.end()));
}

Json json_options(const Options& options) {
  Json all = Json::object();
  for (const auto& entry : options.entries()) {
    all[entry.name] = std::visit([](const auto& v) { return Json(v); }, entry.value);
  }
  return all;
}

Json json_warnings(const std::vector<Warning>& warnings) {
  Json all = Json::array();
  for (const Warning& w : warnings) {
    all.push_back({{"code", w.code}, {"text", w.text}, {"failed_check", w.is_failed_check}});
  }
  return all;
}

Json json_sampler(const NamedThing& sampler) {
  return {{"name", sampler.name},
          {"options", json_options(Options::resolve(
                          sampler.name, find_sampler(sampler.name).options, sampler.options))}};
}

Json json_problem(const ProblemFile& file) {
  return {
      {"model", {{"name", file.config.model.name}, {"options", json_options(file.model_options)}}},
      {"num_params", file.problem.model.shape().num_params},
      {"beta", file.problem.beta},
      {"data",
       {{"file", file.config.data->file.string()},
        {"rows", file.problem.rows()},
        {"part", file.config.data->part == DataPart::test ? "test" : "train"},
        {"train_rows", file.data.sources.train.size()},
        {"test_rows", file.data.sources.test.size()},
        {"test", ranges_of(file.data.sources.test)},
        {"dropped_rows", file.data.num_dropped},
        {"x", columns_of(file.data.x_columns)},
        {"y", columns_of(file.data.y_columns)}}}};
}

Json parameter_groups(const AnyModel& model) {
  const Index all = model.shape().num_params;
  Json groups = Json::array();
  for (Index first = 0, next = 0; first < all; first = next) {
    const std::string name = stem_of(model.param_name(first));
    std::vector<Index> sizes;
    for (next = first; next < all; ++next) {
      const std::string one = model.param_name(next);
      if (stem_of(one) != name || (next > first && one == name)) {
        break;
      }
      grow(sizes, one.substr(name.size()));
    }
    const Index product =
        std::accumulate(sizes.begin(), sizes.end(), Index{1}, std::multiplies<>());
    if (product != next - first) {
      sizes = {next - first};
    }
    groups.push_back({{"name", name}, {"first", first}, {"shape", sizes}});
  }
  return groups;
}

Json json_head(std::string_view verb, const ProblemFile& file, const CommonArguments& common) {
  return {{"negphase", NEGPHASE_VERSION},
          {"verb", verb},
          {"config", file.config.file.string()},
          {"seed", file.config.seed},
          {"block_width", file.config.block_width},
          {"precision", common.precision == Precision::float32 ? "float" : "double"}};
}

Options verb_options(const RunConfig& config, const std::string& verb,
                     std::span<const OptionSpec> specs) {
  const auto given = config.verbs.find(verb);
  return Options::resolve(
      "[" + verb + "]", specs,
      given == config.verbs.end() ? std::vector<GivenOption>{} : given->second.options);
}

}  // namespace negphase::tool
