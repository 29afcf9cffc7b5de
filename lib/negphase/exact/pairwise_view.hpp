#pragma once
#include "negphase/core/any_energy.hpp"

namespace negphase {

/// Whether the energy's pairwise() view can take its place: spins and bits only, numbers with a
/// finite sum (so that every energy is finite), and every parameter that of a coupling or of a b.
bool has_whole_pairwise_view(const AnyEnergy<double>& energy);

/// The constant that the view leaves open, from the energy of one state of the first chain.
double pairwise_constant(const AnyEnergy<double>& energy, const PairwiseView& view);

}  // namespace negphase
