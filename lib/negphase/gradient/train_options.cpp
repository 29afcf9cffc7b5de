#include <vector>

#include "negphase/gradient/criteria/criterion_objective.hpp"
#include "negphase/gradient/losses.hpp"
#include "negphase/gradient/training.hpp"

namespace negphase {

namespace {

OptionSpec word(std::string_view name, std::string fallback, std::string_view doc,
                std::vector<std::string_view> choices) {
  OptionSpec spec{.name = name, .fallback = std::move(fallback), .doc = doc};
  spec.choices = std::move(choices);
  return spec;
}

OptionSpec loss_option() {
  std::vector<std::string_view> names;
  for (const LossRow& row : losses()) {
    names.push_back(row.name);
  }
  for (const CriterionRow& row : criteria()) {
    names.push_back(row.name);
  }
  return word("loss", "nll",
              "what training minimises, mean over the data: the NLL (M4), a loss that looks at "
              "other answers, "
              "or a criterion without log Z",
              std::move(names));
}

}  // namespace

std::span<const OptionSpec> train_options() {
  static const std::vector<OptionSpec> specs{
      loss_option(),
      {"margin", 1.0,
       "m: what F of a negative answer should be (simple, square_square), or be above F of the "
       "datum (hinge)",
       0, 1e6, false, "energy"},
      {"gamma", 1.0, "g: weight of exp(-F) of the negative answer (square_exponential)", 0, 1e6,
       false},
      word("negative", "sampler",
           "the answer that a loss is held against: drawn by the chains of `gradient`, the most "
           "offending incorrect one, or given (negative_columns)",
           {"sampler", "offending", "given"}),
      {"negative_radius", 0.0,
       "distance from a real y at which answers begin to be incorrect (offending); > 0 there", 0,
       1e6, true, "y"},
      {"negative_columns", std::string(),
       "columns of the data file that hold the given answers, in the order of y: names, numbers or "
       "ranges, separated by commas"},
      word("latent", "sum",
           "z of a loss other than nll: summed out of F, or minimised out, min_z E in its place",
           {"sum", "min"}),
      {"noise_samples", std::int64_t{10}, "draws of noise beside each row (nce, ranking_nce)", 1,
       1e6, true, "draws"},
      {"noise_scale", 0.1, "standard deviation of the noise (denoising_score_matching)", 0, 1e6,
       false, "unit of y"},
      {"slices", std::int64_t{1}, "random directions on each row (sliced_score_matching)", 1, 1e6,
       true, "directions"},
      word("gradient", "pcd",
           "negative phase of an update of the NLL: exact, by chains (M9), or by weighted draws "
           "(M8)",
           {"exact", "long_chains", "cd", "pcd", "replay", "short_run", "importance"}),
      {"reinit_rate", 0.05, "share of the chains that start anew at each update (replay)", 0, 1,
       true},
      word("reinit", "noise", "where these start: at noise, or at data rows (replay)",
           {"noise", "data"}),
      word("proposal", "gaussian_mixture",
           "law of the draws of a real y, about the data or uniform in a box (importance)",
           {"gaussian_mixture", "box"}),
      {"proposal_width", 1.0, "standard deviation of the Gaussians (importance)", 0, 1e6, false,
       "units of y"},
      {"box_lower", -10.0, "lower end of the box (importance)", -1e6, 1e6, true, "units of y"},
      {"box_upper", 10.0, "upper end of the box (importance)", -1e6, 1e6, true, "units of y"},
      {"proposal_draws", std::int64_t{1000},
       "draws of the proposal in an update; of a conditional model: on each row (importance)", 1,
       1e9, true, "draws"},
      {"updates", std::int64_t{1000}, "updates of the parameters", 1, 1e9, true, "updates"},
      {"batch", std::int64_t{100},
       "data rows in an update; as many as there are, and pcd or replay of a conditional model: "
       "all",
       1, 1e9, true, "rows"},
      {"chains", std::int64_t{128},
       "chains of an unconditional model (all but cd); of replay: its buffer", 1, 1e9, true,
       "chains"},
      {"chains_per_row", std::int64_t{1}, "chains on each row (cd, conditional models)", 1, 1e6,
       true, "chains"},
      {"cd_k", std::int64_t{1}, "steps of the chains in an update; of long_chains: between draws",
       1, 1e6, true, "steps"},
      {"warmup", std::int64_t{100}, "steps before the first draw of long_chains", 0, 1e9, true,
       "steps"},
      {"draws", std::int64_t{1}, "draws of each of long_chains", 1, 1e9, true, "draws"},
      {"positive_chains", std::int64_t{2}, "chains on each row where z cannot be summed out", 1,
       1e6, true, "chains"},
      {"positive_steps", std::int64_t{10}, "steps of these before their draw", 0, 1e9, true,
       "steps"},
      word("optimizer", "sgd", "rule of the step; lbfgs needs gradient = \"exact\" and all rows",
           {"sgd", "momentum", "adam", "rmsprop", "lbfgs"}),
      {"momentum", 0.9, "share of the velocity that stays (momentum)", 0, 0.9999, true},
      {"adam_beta1", 0.9, "decay of the mean of the gradient (adam)", 0, 0.99999, true},
      {"adam_beta2", 0.999, "decay of the mean of its square (adam)", 0, 0.9999999, true},
      {"rmsprop_decay", 0.99, "decay of the mean of the gradient's square (rmsprop)", 0, 0.9999999,
       true},
      {"clip", 0.0,
       "longest step direction: a gradient (with the penalties) that is longer is shortened to it; "
       "0: never",
       0, 1e12, true},
      {"data_noise", 0.0,
       "standard deviation of the noise that each update adds to the real columns of y: it blunts "
       "the needles of the NLL",
       0, 1e6, true},
      {"learning_rate", 0.05, "step along the gradient at the first update", 0, 1e6, false},
      {"learning_rate_end", 0.005, "the same at the last update", 0, 1e6, true},
      word("schedule", "linear", "how the learning rate goes from the first to the last",
           {"constant", "linear", "cosine"}),
      {"l2", 0.0, "weight decay: (l2 / 2) |W|^2 is added to the NLL, but never printed", 0, 1e6,
       true},
      {"energy_penalty", 0.0,
       "strength of a penalty on mean F^2 over the data and over the negatives that were drawn: it "
       "keeps energies near 0; not with lbfgs",
       0, 1e6, true},
      {"tolerance", 1e-8, "largest component of the gradient at which lbfgs ends", 0, 1e6, true},
      {"init_scale", 0.01, "standard deviation of the noise on the initial parameters", 0, 1e6,
       true},
      {"max_states", 33554432.0, "states that an exact gradient may enumerate", 1, 1099511627776.0,
       true, "states"},
      {"exact_nll", true,
       "exact NLL before and after, where it can be had; with a real y given x it costs "
       "milliseconds a row"},
      {"exact_nll_every", std::int64_t{0},
       "updates between two NLLs in metrics.jsonl, exact and estimated; 0: only the first and the "
       "last",
       0, 1e9, true, "updates"},
      {"exact_nll_states", 1048576.0, "states that an exact NLL beside the training may enumerate",
       1, 1099511627776.0, true, "states"},
      {"report_every", std::int64_t{10},
       "updates between two errors of the gradient by its chains (chain_error), which cost more "
       "than the gradient's mean; the first and the last update have one too",
       1, 1e9, true, "updates"},
      {"nll_chains", std::int64_t{0},
       "chains of their own (on each row of a conditional model) that estimate the change of the "
       "NLL without log Z, whenever an NLL is due; 0: none, else at least 16",
       0, 1e6, true, "chains"},
      {"nll_warmup", std::int64_t{1000},
       "steps of these before the first update: they must have settled", 0, 1e9, true, "steps"},
      {"nll_steps", std::int64_t{1000},
       "steps of these from one NLL to the next: the more, the more of their weight is left", 1,
       1e9, true, "steps"},
      {"checkpoint_every", std::int64_t{0},
       "updates between two checkpoints; 0: ten in a run. One more on a signal", 0, 1e9, true,
       "updates"},
  };
  return specs;
}

}  // namespace negphase
