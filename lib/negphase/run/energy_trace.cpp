#include "negphase/run/energy_trace.hpp"

#include "negphase/core/error.hpp"

namespace negphase {

void KeptEnergies::save(SavedState& state, const std::string& name) const {
  state.put(name + "/rows", rows);
  state.put(name + "/draws", values.rows());
  state.put_array(name + "/values",
                  std::span<const double>(values.data(), static_cast<std::size_t>(values.size())));
}

void KeptEnergies::restore(const SavedState& state, const std::string& name) {
  Index draws = 0;
  state.get(name + "/rows", rows);
  state.get(name + "/draws", draws);
  const auto length = static_cast<Index>(state.bytes(name + "/values").size());
  constexpr auto bytes = static_cast<Index>(sizeof(double));
  const Index chains = draws > 0 ? length / bytes / draws : 0;
  if (rows < 1 || draws < 0 || length != chains * draws * bytes || (draws > 0 && chains == 0)) {
    throw ConfigError("the saved energies of the chains are damaged");
  }
  values.resize(draws, chains);
  state.copy(name + "/values", values.data(), static_cast<std::size_t>(length));
}

}  // namespace negphase
