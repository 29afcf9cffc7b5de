#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "negphase/diagnostics/verdict.hpp"
#include "negphase/gradient/mixing.hpp"

namespace negphase::tool {

/// The verdict on a run that keeps no draws: its warnings, and what its chains' energies say of
/// their mixing, where it has chains that go on.
Verdict run_verdict(std::vector<Warning> warnings, const std::optional<Mixing>& mixing);

/// null where there is none, or nothing could be compared.
nlohmann::ordered_json json_mixing(const std::optional<Mixing>& mixing);

}  // namespace negphase::tool
