#pragma once
#include <span>
#include <string>
#include <vector>

#include "negphase/core/warning.hpp"
#include "negphase/diagnostics/behaviour.hpp"
#include "negphase/diagnostics/figures.hpp"

namespace negphase {

/// R-hat above which chains have not mixed (Vehtari et al. 2021).
inline constexpr double largest_rhat = 1.01;
/// Effective draws, bulk and tail, below which figures themselves are too noisy: 100 a chain, as
/// Vehtari et al. 2021 have it for their four chains; 400 suffice for any number of chains.
double least_effective_size(Eigen::Index chains);

/// What draws are worth, in words.
struct Verdict {
  std::string summary;            ///< one sentence: good or not, and why
  std::vector<Warning> warnings;  ///< what failed first, then what a reader must know
  bool is_good() const;           ///< no check failed
};

/// A verdict on all figures. What several quantities share is one warning that names the worst
/// five.
/// @param figures  of each quantity (chain_figures)
Verdict judge(const ChainDraws& draws, std::span<const ChainFigures> figures,
              const Behaviour& behaviour, const SamplerFacts& facts);

/// The quantities that are worst off, the worst first: draws that are not finite, largest R-hat,
/// else least effective size.
std::vector<Eigen::Index> worst_quantities(std::span<const ChainFigures> figures, std::size_t most);

}  // namespace negphase
