#include "drawn_chains.hpp"

namespace negphase::tool {

ChainDraws drawn_chains(const Draws& draws, const std::vector<std::string>& names, double beta,
                        Index rows, Index row) {
  ChainDraws made;
  made.names = names;
  made.sampler_names = {"lp__"};
  for (Index c = row; c < draws.chains; c += rows) {
    made.chains.emplace_back(draws.of_chain(c).array());
    made.sampler_chains.emplace_back(-beta *
                                     draws.energy.segment(c * draws.draws, draws.draws).array());
  }
  return made;
}

}  // namespace negphase::tool
