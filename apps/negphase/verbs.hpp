#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "negphase/run/settings.hpp"

namespace negphase::tool {

/// What every verb can be told.
struct CommonArguments {
  std::vector<std::string> sets;      ///< --set a.b=1
  std::optional<std::uint64_t> seed;  ///< over the one in the file
  int threads = 0;                    ///< 0: as many as this process may use
  Precision precision = Precision::float64;
  bool json = false;    ///< one object on stdout, nothing else
  bool quiet = false;   ///< no progress
  bool strict = false;  ///< any NaN proposal ends the run; warnings make exit code 7
  std::string out;      ///< folder of the result; empty: printed only
  bool force = false;   ///< an existing result is replaced
  bool resume = false;  ///< train, bench: go on with the run in `out`
  bool report = false;  ///< also a page of charts in `out`
};

/// Each verb, one file each; returns the exit code (table in apps/README.md), throws Error.
int run_gradient(const std::string& file, const CommonArguments& common);
int run_train(const std::string& file, const CommonArguments& common);
int run_exact(const std::string& file, const CommonArguments& common);
int run_sample(const std::string& file, const CommonArguments& common);
int run_infer(const std::string& file, const CommonArguments& common);
/// @param file  "": the suite that comes with the program
int run_bench(const std::string& file, const CommonArguments& common);
/// @param kind  "models", "samplers", "estimators", "train", "sample", "infer", "exact" or "" for
/// all
int run_list(const std::string& kind, bool json);
/// What `negphase diagnose` is told besides.
struct DiagnoseArguments {
  std::vector<std::string> files;    ///< draws, as read_draws() takes them
  std::string model;                 ///< configuration of a model; "": none
  std::vector<std::string> against;  ///< other draws; empty: none
  std::string convert;               ///< file or folder to write the draws to; "": none
};
int run_diagnose(const DiagnoseArguments& arguments, const CommonArguments& common);
int run_demo(const CommonArguments& common);
/// @param out  the page; "" for report.html, in the folder where it is one, else in the current one
int run_report(const std::vector<std::string>& folders, const std::string& out, bool force);

}  // namespace negphase::tool
