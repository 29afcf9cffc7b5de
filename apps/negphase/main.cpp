// The command line of negphase: the only file that includes CLI11.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "help.hpp"
#include "negphase/core/error.hpp"
#include "negphase/core/memory.hpp"
#include "output.hpp"
#include "signals.hpp"
#include "verbs.hpp"

namespace negphase::tool {

namespace {

constexpr int our_bug = 1, usage_error = 2;

// CLI11's own ranges take -0.5 and round; the seed must be one that a file can hold as well.
CLI::Validator whole_number(std::int64_t most) {
  return CLI::Validator(
      [most](const std::string& text) {
        std::int64_t value = -1;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
        return whole && value >= 0 && value <= most
                   ? std::string()
                   : fmt::format("'{}' is no integer from 0 to {}", text, most);
      },
      "");
}

// A page of a manual: what a verb does between its usage and its options, lines of at most 80
// letters.
class ManualPage : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    return app->get_parent() == nullptr
               ? wrapped(app->get_description(), 0)
               : "negphase " + app->get_name() + ": " + app->get_description() + "\n";
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    const std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    return app->get_parent() == nullptr
               ? usage
               : usage + "\n" + wrapped(help_of(app->get_name()).description, 0);
  }
  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    return "  " + make_option_name(option, is_positional) + make_option_opts(option) + "\n" +
           wrapped(make_option_desc(option), 8);
  }
};

// What the command line says; `run` is the verb that it names.
struct CommandLine {
  CLI::App app{
      "negphase: Monte Carlo estimates of the gradient of a model that cannot be normalised, "
      "with error bars",
      "negphase"};
  CommonArguments common;
  std::uint64_t seed = 0;
  std::string precision = "double";
  std::string file, kind;
  std::vector<std::string> folders;
  DiagnoseArguments diagnose;
  std::function<int()> run;

  CommandLine();
  CLI::App* verb(const std::string& name);
  void add_common(CLI::App* verb, bool json);
  void add_file(CLI::App* verb);
  void add_out(CLI::App* verb);
  static void need_name(CLI::Option* out, const char* of_what);
  static void drop_slash(CLI::Option* out);
  void add_report_flag(CLI::App* verb);
  void add_report();
  void add_bench();
  void add_diagnose();
  CLI::App* add_file_verb(const std::string& name,
                          int (*verb_function)(const std::string&, const CommonArguments&));
  void finish();
  const CLI::App* named(int count, const char* const* words) const;
  std::string explanation(const CLI::ParseError& error, int count, const char* const* words) const;
};

CLI::App* CommandLine::verb(const std::string& name) {
  const VerbHelp& help = help_of(name);
  CLI::App* sub = app.add_subcommand(name, std::string(help.doc));
  sub->footer(below_options(help));
  return sub;
}

void CommandLine::add_common(CLI::App* sub, bool json) {
  sub->add_option("--set", common.sets,
                  "replace a value of the file: a.b=1 (TOML value, else a string); a number in the "
                  "path counts array entries from 0; may be given several times")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  sub->add_option("--seed", seed, "seed of all random numbers (default: the file's)")
      ->check(whole_number(std::numeric_limits<std::int64_t>::max()))
      ->type_name("N");
  sub->add_option("--threads", common.threads,
                  "threads; 0: as many as this process may use. Changes no number")
      ->type_name("N")
      ->check(whole_number(1 << 20));
  sub->add_option("--precision", precision, "scalar of the chains: float or double")
      ->check(CLI::IsMember({"float", "double"}))
      ->type_name("TYPE");
  if (json) {
    sub->add_flag("--json", common.json, "print one JSON object and nothing else");
  }
  sub->add_flag("--quiet", common.quiet, "no progress on stderr");
  sub->add_flag("--strict", common.strict,
                "a NaN proposal ends the run (exit 4); a failed check makes exit code 7");
}

void CommandLine::add_file(CLI::App* sub) {
  sub->add_option("file", file, "the configuration (TOML: `negphase --help`, `negphase list`)")
      ->required()
      ->type_name("FILE");
}

void CommandLine::add_out(CLI::App* sub) {
  sub->add_flag("--force", common.force, "replace the result that is in --out already");
  CLI::Option* out =
      sub->add_option("--out", common.out, "folder of the result; made where it is not there")
          ->type_name("FOLDER");
  need_name(out, "folder; '.' is this one");
  drop_slash(out);
}

void CommandLine::need_name(CLI::Option* out, const char* of_what) {
  out->check([of_what](const std::string& name) {
    return name.empty() ? fmt::format("needs the name of a {}", of_what) : "";
  });
}

// "draws/" is the folder "draws".
void CommandLine::drop_slash(CLI::Option* out) {
  out->transform([](std::string name) {
    while (name.size() > 1 && name.back() == '/') {
      name.pop_back();
    }
    return name;
  });
}

void CommandLine::add_report_flag(CLI::App* sub) {
  sub->add_flag("--report", common.report,
                "also write report.html into --out: charts and tables, for a browser")
      ->needs("--out");
}

void CommandLine::add_report() {
  CLI::App* sub = verb("report");
  sub->add_option("folders", folders, "folders that --out of another verb has filled")
      ->required()
      ->type_name("FOLDER");
  sub->add_flag("--force", common.force, "replace the page that is there already");
  need_name(sub->add_option("--out", common.out,
                            "the page (default: report.html in the folder, where it is one, else "
                            "in the current one)")
                ->type_name("FILE"),
            "file");
  sub->callback([this] { run = [this] { return run_report(folders, common.out, common.force); }; });
}

void CommandLine::add_bench() {
  CLI::App* sub = verb("bench");
  sub->add_option("suite", file,
                  "problems, samplers and seeds (TOML); default: six problems that come with the "
                  "program")
      ->type_name("SUITE");
  add_common(sub, true);
  add_out(sub);
  add_report_flag(sub);
  sub->add_flag("--resume", common.resume,
                "go on with the run in --out that was stopped or killed; the numbers are those of "
                "one that was not")
      ->needs("--out")
      ->excludes("--force");
  sub->callback([this] { run = [this] { return run_bench(file, common); }; });
}

void CommandLine::add_diagnose() {
  CLI::App* sub = verb("diagnose");
  sub->add_option(
         "files", diagnose.files,
         "draws: Stan CSV (a file a chain), .npy, .npz, ArviZ's netCDF, or a folder of them")
      ->required()
      ->type_name("FILE");
  sub->add_option("--model", diagnose.model,
                  "configuration of a model (TOML): distances of the draws to its law")
      ->type_name("FILE");
  sub->add_option("--against", diagnose.against,
                  "other draws of the same quantities: distances of the two; after FILE")
      ->type_name("FILE");
  CLI::Option* convert = sub->add_option("--convert", diagnose.convert,
                                         "write the draws to NAME.nc (netCDF), NAME.npy, or NAME, "
                                         "a folder of Stan CSV")
                             ->type_name("NAME");
  need_name(convert, "file or folder");
  drop_slash(convert);
  add_common(sub, true);
  sub->remove_option(sub->get_option("--precision"));  // no chains are run
  add_out(sub);
  sub->get_option("--force")->description(
      "replace the result that is in --out already, and what --convert names");
  sub->callback([this] { run = [this] { return run_diagnose(diagnose, common); }; });
}

CLI::App* CommandLine::add_file_verb(const std::string& name,
                                     int (*verb_function)(const std::string&,
                                                          const CommonArguments&)) {
  CLI::App* sub = verb(name);
  add_file(sub);
  add_common(sub, true);
  add_out(sub);
  sub->callback([this, verb_function] {
    run = [this, verb_function] { return verb_function(file, common); };
  });
  return sub;
}

CommandLine::CommandLine() {
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("negphase ") + NEGPHASE_VERSION);
  app.set_help_all_flag("--help-all", "help of all verbs");
  app.formatter(std::make_shared<ManualPage>());
  app.footer(below_verbs());

  add_report_flag(add_file_verb("gradient", run_gradient));
  add_file_verb("exact", run_exact);
  add_file_verb("sample", run_sample);
  add_report_flag(add_file_verb("infer", run_infer));
  CLI::App* train = add_file_verb("train", run_train);
  train->get_option("--out")->required();
  add_report_flag(train);
  train
      ->add_flag("--resume", common.resume,
                 "go on with the run in --out that was stopped or killed; ends with the same bytes "
                 "as one that was not")
      ->excludes("--force");

  add_bench();
  add_diagnose();
  add_report();
  CLI::App* list = verb("list");
  list->add_option("kind", kind,
                   "models, samplers, estimators, train, sample, infer or exact; all if not given")
      ->type_name("KIND");
  list->add_flag("--json", common.json, "print one JSON object");
  list->callback([this] { run = [this] { return run_list(kind, common.json); }; });

  CLI::App* demo = verb("demo");
  add_common(demo, false);
  drop_slash(
      demo->add_option(
              "--out", common.out,
              "folder for the results and report.html; default: negphase-demo, in this folder")
          ->type_name("FOLDER"));
  demo->callback([this] { run = [this] { return run_demo(common); }; });
}

void CommandLine::finish() {
  common.precision = precision == "float" ? Precision::float32 : Precision::float64;
  for (const CLI::App* sub : app.get_subcommands()) {
    const CLI::Option* option = sub->get_option_no_throw("--seed");
    if (option != nullptr && option->count() > 0) {
      common.seed = seed;
    }
  }
}

// The verb that the first word names; nullptr where there is none.
const CLI::App* CommandLine::named(int count, const char* const* words) const {
  const auto all = app.get_subcommands(
      [&](const CLI::App* sub) { return count > 1 && sub->get_name() == words[1]; });
  return all.empty() ? nullptr : all.front();
}

// What CLI11 says, or better: the word that is unknown, with the nearest legal one.
std::string CommandLine::explanation(const CLI::ParseError& error, int count,
                                     const char* const* words) const {
  std::vector<std::string> verbs, legal;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    verbs.push_back(sub->get_name());
  }
  const CLI::App* const named = this->named(count, words);
  if (named == nullptr && count > 1 && words[1][0] != '-') {
    return unknown_name("verb", words[1], verbs);
  }
  for (const CLI::Option* option : (named == nullptr ? &app : named)->get_options()) {
    for (const std::string& name : option->get_lnames()) {
      legal.push_back("--" + name);
    }
  }
  for (int i = 1; i < count; ++i) {
    std::string word = words[i];
    word = word.substr(0, word.find('='));
    if (word.starts_with("--") && std::find(legal.begin(), legal.end(), word) == legal.end()) {
      return unknown_name("option", word, legal);
    }
  }
  return error.what();
}

int complain(int code, const std::string& what) {
  fmt::print(stderr, "negphase: {}\n", what);
  return code;
}

int run(int count, const char* const* words) {
  CommandLine line;
  try {
    line.app.parse(count, words);
  } catch (const CLI::Success& wanted) {  // --help, --version
    line.app.exit(wanted);
    flush_output();
    return 0;
  } catch (const CLI::ParseError& error) {
    return complain(usage_error, fmt::format("{}\n`negphase {}--help` shows what there is",
                                             line.explanation(error, count, words),
                                             line.named(count, words) ? words[1] + std::string(" ")
                                                                      : std::string()));
  }
  line.finish();
  catch_signals();
  const int code = line.run();
  flush_output();
  return code;
}

}  // namespace

}  // namespace negphase::tool

int main(int count, char** words) {
  using namespace negphase;
  try {
    return tool::run(count, words);
  } catch (const Stopped& stopped) {
    return tool::complain(tool::stopped_exit_code(), stopped.what());
  } catch (const Error& error) {
    return tool::complain(error.exit_code(), error.what());
  } catch (const std::bad_alloc&) {
    return tool::complain(tool::our_bug,
                          fmt::format("out of memory: {:.3g} GB are there for this process, and "
                                      "other processes share them; take fewer chains, draws or "
                                      "rows",
                                      usable_memory() / 1e9));
  } catch (const std::exception& error) {
    return tool::complain(tool::our_bug,
                          fmt::format("{}\nthis is a bug in negphase {}: please report "
                                      "it with the command and its files",
                                      error.what(), NEGPHASE_VERSION));
  }
}
