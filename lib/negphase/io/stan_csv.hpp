#pragma once
#include <Eigen/Core>
#include <string>
#include <vector>

#include "negphase/diagnostics/chain_draws.hpp"

namespace negphase {

/// What the comment lines of a Stan CSV file say of a chain.
struct StanCsvHeader {
  std::string model;
  std::string version;     ///< of negphase
  Eigen::Index chain = 1;  ///< from 1
  Eigen::Index num_samples = 0, num_warmup = 0, thin = 1;
  std::uint64_t seed = 0;
};

/// One chain as CmdStan writes it: comment lines, the names "lp__", then the columns; a line a
/// draw. Numbers read back to the same double. CmdStan's stansummary, ArviZ (from_cmdstan) and
/// posterior read it.
/// @param names  of the columns, "y.1": letters, digits, '_' and '.' only
/// @param lp     [draws] log density up to a constant: -beta E
/// @param draws  [draws x columns]
std::string stan_csv(
    const StanCsvHeader& header, const std::vector<std::string>& names, const Eigen::VectorXd& lp,
    const Eigen::Ref<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>&
        draws);

/// Chain `chain`, from 0, of draws that came from elsewhere, in the same form: first what the
/// sampler said, under names that end in "__", then the quantities (stan_names(),
/// quantity_names.hpp).
std::string stan_csv(const ChainDraws& draws, Eigen::Index chain);

}  // namespace negphase
