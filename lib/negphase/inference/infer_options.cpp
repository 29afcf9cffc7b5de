#include "negphase/inference/infer_options.hpp"

#include <array>
#include <limits>

namespace negphase {

std::span<const OptionSpec> infer_options() {
  constexpr double inf = std::numeric_limits<double>::infinity();
  static const std::array<OptionSpec, 11> specs{{
      {"target",
       std::string("y"),
       "what is minimised (M3): F over y, z summed out, or E over y and z",
       -inf,
       inf,
       true,
       "",
       {"y", "yz"}},
      {"rows", std::int64_t{0}, "how many rows of x, the first ones; 0: all", 0, 1e9, true, "rows"},
      {"starts", std::int64_t{64}, "searches on each row, where states cannot be enumerated", 1,
       1e9, true, "searches"},
      {"start",
       std::string("noise"),
       "where they start: at random places, or with y at data rows",
       -inf,
       inf,
       true,
       "",
       {"noise", "data"}},
      {"spread", 2.0, "standard deviation of the real columns at random places", 0, 1e6, false},
      {"stages", std::int64_t{10},
       "betas of the annealed chains that lead from there to lower places, rising from the "
       "model's; "
       "0: no chains",
       0, 1e6, true, "stages"},
      {"steps", std::int64_t{50}, "steps of a chain at each beta", 1, 1e9, true, "steps"},
      {"last_beta_factor", 20.0, "the last beta over the model's", 1, 1e9},
      {"max_states", 4194304.0,
       "states of all rows together that are enumerated at most; beyond, they are searched", 1,
       1099511627776.0, true, "states"},
      {"max_latent_states", 4096.0,
       "states of z that are summed at most where the model has no closed sum over z", 1,
       1099511627776.0, true, "states"},
      {"most_minima", std::int64_t{1000}, "minima of a row that are kept, the lowest ones", 1, 1e9,
       true, "minima"},
  }};
  return specs;
}

MinimaOptions minima_options(const Options& options) {
  MinimaOptions minima;
  minima.target = options.word("target") == "y" ? Target::y : Target::yz;
  minima.starts = options.integer("starts");
  minima.spread = options.real("spread");
  minima.annealing.stages = options.integer("stages");
  minima.annealing.steps = options.integer("steps");
  minima.annealing.last_beta_factor = options.real("last_beta_factor");
  minima.max_states = options.real("max_states");
  minima.max_latent_states = options.real("max_latent_states");
  minima.most_minima = options.integer("most_minima");
  return minima;
}

}  // namespace negphase
