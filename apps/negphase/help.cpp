#include "help.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace negphase::tool {

namespace {

constexpr std::size_t page_width = 80;

constexpr std::string_view exit_codes = R"(  0         done
  1         a bug in negphase
  2         usage: unknown verb or option
  3         configuration or data refused, before any work
  4         the model misbehaved while running: NaN, divergence, not normalisable
  5         input or output failed: missing file, full disk
  7         done and printed, but a check failed and --strict was given
  130, 143  stopped by SIGINT, SIGTERM; what was done is kept
)";

constexpr std::string_view file_format = R"(FILE is TOML:

    [model]
    name = "quartic"                  # negphase list models
    params = [0.6, -0.4, 1.1, 0.2]    # or a .npy or .csv file
    [data]
    file = "yacht.csv"                # .csv, .csv.gz or .npy
    x = "froude_number"               # left out where the model has no x
    y = "residuary_resistance"
    standardize = true
    [sampler]
    name = "mala"                     # negphase list samplers
    step_size = 0.1
    [estimator]
    name = "long_chains"              # negphase list estimators

Everything in it is checked before any work; what is wrong is said with line and
column. Every key: lib/negphase/io/README.md in the sources.
)";

constexpr std::array<VerbHelp, 10> pages{{
    {"gradient", "estimate the gradient of the NLL, with error bars, beside the exact one",
     R"(Estimates the gradient of the mean negative log-likelihood of the data,

    dL/dW = E[dE/dW | x, y] - E[dE/dW | x],

whose second half, the negative phase, is drawn by Markov chains. [sampler] and [estimator] make the first row of the table, each [[compare]] of the file another one. Every component has a standard error from independent chains. Where an exact method applies (closed form, a layer summed out, enumeration, quadrature) the exact gradient stands beside the estimates: relative error, and rms z, the error in units of the error bar, about 1 where the bar is true. A sentence below the table says where error and error bars disagree, and whose fault that is.)",
     "gradient.json, config.toml (this run again), run.json (versions, checksums); with "
     "--report "
     "report.html",
     R"(  # the table
  negphase gradient model.toml
  # another step size, another seed, for a script
  negphase gradient model.toml --set sampler.step_size=0.05 --seed 7 --json
  # keep the result, with pictures
  negphase gradient model.toml --out result --report
)",
     "negphase list samplers, negphase list estimators, negphase exact, negphase bench"},
    {"exact", "log Z, NLL and its gradient, means of y, without sampling",
     R"(Solves the model without sampling, by the first method that applies: closed form (Gaussian), summing out a layer (RBM), enumeration up to 2^25 states, quadrature over one to three real columns, beside finite ones too. Refused with the number of states where there are too many. NLL is the mean over the rows of -log p(y|x) / beta, in nats.)",
     "exact.json, config.toml, run.json",
     R"(  negphase exact trained/trained.toml
  # NLL of the rows that were held out
  negphase exact trained/trained.toml --set data.part=test
)",
     "negphase list exact"},
    {"sample", "draw y (and z) from the model by a sampler",
     R"(Draws y and z from exp(-beta E) / Z by [sampler], as many chains, warm-up steps and draws as [sample] says; under a model with x that many chains on each row. Prints mean, standard error and effective size of every column, and which chains never moved, are copies of others or still grow.)",
     "draws.npy [chains x draws x columns], chain_1.csv .. (Stan CSV, for ArviZ), "
     "sample.json, "
     "config.toml, run.json",
     R"(  negphase sample trained/trained.toml --set sample.draws=500 --out draws
  # in Python: arviz.from_cmdstan("draws/chain_*.csv")
)",
     "negphase diagnose, negphase list sample, negphase list samplers"},
    {"diagnose", "what draws are worth: R-hat, effective sizes, errors, and a verdict in words",
     R"(Reads draws of this program or of others (Stan CSV, .npy, .npz, ArviZ's netCDF, a folder of them; files are chains) and prints for each quantity mean with Monte Carlo error, quantiles, effective sizes and R-hat, then a verdict: chains that are frozen, stuck, identical, drifting, in different modes or periodic are named, every figure that fails, and what to try. More than twenty quantities: the worst five are shown. The files are never written to; --convert makes new ones, with --force in the place of others.

With --model the distance to that model's law stands beside what exact draws would show, with --against that to other draws, with p-values for independent draws. A check that fails makes exit code 7 under --strict.)",
     "diagnose.json, run.json",
     R"(  negphase diagnose draws
  # CmdStan's chains, for a script
  negphase diagnose output_*.csv --json --strict
  # against the law they should be of, and other draws of it
  negphase diagnose draws --model trained/trained.toml --against other_draws
  # for ArviZ
  negphase diagnose draws --convert draws.nc
)",
     "negphase sample, negphase report"},
    {"infer", "the lowest places of the model: argmin of F over y, or of E over y and z",
     R"(Finds, for every row of x (or once where there is no x), the y of least free energy F(x, y), z summed out; with infer.target = "yz" the y and z of least energy E: another answer, unless beta is large. One x may have several minima: all that are found are listed, with how many searches ended in each, and for real columns the least eigenvalue of the Hessian.

Exact where the states can be enumerated (infer.max_states) and for Gaussians. Else the minima are found: annealed chains by [sampler] (by the first sampler that applies, where there is none or it is biased by its step size), from infer.starts random places, then a descent, or single changes, to the nearest minimum; besides from the minima of a grid where there are one to three real columns.)",
     "infer.json, infer.csv (a line a minimum, y in the units of the file), config.toml, "
     "run.json; with --report report.html",
     R"(  negphase infer trained/trained.toml
  # z minimised out, more searches, no chains
  negphase infer trained/trained.toml --set infer.target=yz --set infer.starts=1000 \
    --set infer.stages=0
)",
     "negphase list infer, negphase list samplers, negphase sample"},
    {"train", "fit the parameters by descending the NLL",
     R"(Minimises mean NLL + (l2 / 2) |W|^2 from [model] params, or from the model's own start, as [train] says: by the exact gradient, long chains, CD-k or persistent chains; sgd, momentum, adam or lbfgs. Where the exact NLL can be had it is shown, and on the rows held out as well; it never enters the training.

Ctrl-C ends the run after an update and saves it; --resume goes on, also after a crash, and ends with the same bytes as a run that was left alone.)",
     "params.npy, trained.toml (the configuration with these parameters, for every other "
     "verb), "
     "metrics.jsonl (a line an update), train.json, config.toml, run.json; while it runs "
     "checkpoint.bin and the one before; with --report report.html",
     R"(  negphase train model.toml --out trained
  negphase train model.toml --out trained --resume
  negphase gradient trained/trained.toml --set estimator.name=long_chains
)",
     "negphase list train, negphase exact, negphase report"},
    {"bench", "which sampler is better for the money: problems x samplers x seeds",
     R"(Runs every sampler on every problem of a suite with many seeds, each beside the exact gradient: error against cost, effective size per evaluation and per second, coverage of the error bars, total variation where states can be counted. Figures are medians over the seeds with their quartiles; rows that cannot be told apart are called a tie. Without FILE: the suite of six problems that comes with negphase, some minutes on two cores.

A suite is TOML: seeds and points, and for each [[problem]] what a configuration of `negphase gradient` has. Samplers that no row names run with their defaults, so that one of your own enters by itself.)",
     "bench.json, bench.csv (a line for each problem, row, seed and cost point), "
     "cells.jsonl (what "
     "--resume goes on from), config.toml, run.json; with --report report.html",
     R"(  negphase bench --out bench --report
  negphase bench --out bench --resume
  negphase bench suite.toml --set seeds=30 --json
)",
     "negphase gradient, negphase report"},
    {"report", "one HTML page with charts and tables of any results",
     R"(Makes one self-contained page of the folders that --out of gradient, train, sample, diagnose, infer, exact or bench has left: charts with the tables behind them, the configuration, and the command that repeats the run. It needs no network and no server. A run that is not whole is marked as partial.)",
     "",
     R"(  negphase report trained result --out report.html
)",
     "negphase gradient --report, negphase train --report, negphase infer --report, "
     "negphase bench --report"},
    {"list", "models, samplers, estimators and their options",
     R"(Prints every model, sampler and estimator, and the options of the tables [train], [sample], [infer] and [exact], each with type, range, default and unit.)",
     "",
     R"(  negphase list samplers
  negphase list --json
)",
     ""},
    {"demo", "three models trained on real data, each beside the exact answer",
     R"(Trains three small energy-based models on data that come with negphase, estimates their gradients in several ways beside the exact ones, and writes one report with all of it.)",
     "",
     R"(  negphase demo
  negphase demo --out shown --seed 2
)",
     "negphase gradient, negphase train, negphase report"},
}};

}  // namespace

const VerbHelp& help_of(std::string_view verb) {
  const auto* const page = std::find_if(pages.begin(), pages.end(),
                                        [&](const VerbHelp& help) { return help.name == verb; });
  if (page == pages.end()) {
    throw std::out_of_range("no help for the verb " + std::string(verb));
  }
  return *page;
}

std::string below_options(const VerbHelp& help) {
  std::string text;
  if (!help.out.empty()) {
    text += "Files in --out:\n" + wrapped(help.out, 2) + "\n";
  }
  text += "Examples:\n" + std::string(help.examples) + "\nExit codes:\n" + std::string(exit_codes);
  if (!help.see_also.empty()) {
    text += "\nSee also:\n" + wrapped(help.see_also, 2);
  }
  return text;
}

std::string below_verbs() {
  return std::string(
             "`negphase VERB --help` is the manual of a verb. A first try: negphase demo\n\n") +
         std::string(file_format) + "\nExit codes:\n" + std::string(exit_codes);
}

std::string wrapped(std::string_view text, std::size_t indent) {
  const std::string margin(indent, ' ');
  std::string lines, line;
  const auto end_line = [&] {
    lines += line.empty() ? "" : margin + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view rest = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (rest.empty() || rest.front() == ' ') {
      end_line();
      lines += (rest.empty() ? "" : margin) + std::string(rest) + "\n";
      continue;
    }
    while (!rest.empty()) {
      const std::size_t word = std::min(rest.find(' '), rest.size());
      if (!line.empty() && indent + line.size() + 1 + word > page_width) {
        end_line();
      }
      line += (line.empty() ? "" : " ") + std::string(rest.substr(0, word));
      rest.remove_prefix(std::min(word + 1, rest.size()));
    }
  }
  end_line();
  return lines;
}

}  // namespace negphase::tool
