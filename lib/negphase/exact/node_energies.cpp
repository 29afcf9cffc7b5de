#include "negphase/exact/node_energies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>

#include "negphase/core/error.hpp"

namespace negphase {

namespace {

constexpr Index block_chains = 64;

/// "3", or "(3, 4)"
std::string in_words(std::span<const double> y, std::size_t nodes, std::size_t node) {
  std::string words = fmt::format("{}", y[node]);
  for (std::size_t i = node + nodes; i < y.size(); i += nodes) {
    words += fmt::format(", {}", y[i]);
  }
  return nodes == y.size() ? words : "(" + words + ")";
}

}  // namespace

NodeEnergies::NodeEnergies(const BindRow& bind, Index row)
    : energy_(bind(row, block_chains)),
      row_(row),
      y_(block_chains, static_cast<Index>(energy_.columns().size())),
      out_(block_chains) {}

std::vector<double> NodeEnergies::at(std::span<const double> y) {
  std::vector<double> energies = unchecked(y);
  refuse_bad(y, energies);
  return energies;
}

std::vector<double> NodeEnergies::unchecked(std::span<const double> y) {
  const std::size_t nodes = y.size() / static_cast<std::size_t>(columns());
  std::vector<double> energies(nodes);
  for (std::size_t begin = 0; begin < nodes; begin += block_chains) {
    const Index size = load(y, nodes, begin);
    energy_.energy(y_, out_);
    Eigen::Map<PerChain>(energies.data() + begin, size) = out_.head(size);
  }
  evaluations_ += nodes;
  return energies;
}

Eigen::VectorXd NodeEnergies::param_grad(std::span<const double> y,
                                         std::span<const double> weights) {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(energy_.num_params());
  for (std::size_t begin = 0; begin < weights.size(); begin += block_chains) {
    const Index size = load(y, weights.size(), begin);
    out_.head(size) = Eigen::Map<const PerChain>(weights.data() + begin, size);
    energy_.add_param_grad(y_, {0, size}, out_, sum);
  }
  return sum;
}

/// Fills the block with nodes from `begin` on, the rest of it with the last one; returns how many
/// are new.
Index NodeEnergies::load(std::span<const double> y, std::size_t nodes, std::size_t begin) {
  const Index size = std::min(block_chains, static_cast<Index>(nodes - begin));
  for (Index j = 0; j < columns(); ++j) {
    const double* from = y.data() + static_cast<std::size_t>(j) * nodes + begin;
    y_.col(j).head(size) = Eigen::Map<const PerChain>(from, size);
    y_.col(j).tail(block_chains - size) = y_(size - 1, j);
  }
  return size;
}

void NodeEnergies::refuse_bad(std::span<const double> y, std::span<const double> energies) const {
  const auto bad = std::find_if(energies.begin(), energies.end(), [](double energy) {
    return !(energy > -std::numeric_limits<double>::infinity());
  });
  if (bad != energies.end()) {
    const auto node = static_cast<std::size_t>(bad - energies.begin());
    throw ModelError(fmt::format("row {} of x: the energy is {} at y = {}{}", row_ + 1, *bad,
                                 in_words(y, energies.size(), node),
                                 *bad < 0 ? ": not normalisable" : ""));
  }
}

void RowNodes::in_pieces(Index n, Index size, const Work& work) {
  if (n <= size) {
    work(own_, 0, n);
    return;
  }
  const auto evaluations = executor_.map<double>((n + size - 1) / size, [&](Index piece) {
    NodeEnergies energies(bind_, row());
    work(energies, piece * size, std::min((piece + 1) * size, n));
    return energies.evaluations();
  });
  for (double of_piece : evaluations) {
    elsewhere_ += of_piece;
  }
}

namespace {

constexpr Index piece_nodes = 4096;

/// get(energies, nodes) piece by piece.
template <class Get>
PerChain gather(RowNodes& nodes, const Block<double>& y, Get get) {
  PerChain all(y.rows());
  nodes.in_pieces(y.rows(), piece_nodes, [&](NodeEnergies& energies, Index begin, Index end) {
    const Block<double> piece = y.middleRows(begin, end - begin);
    const std::vector<double> found =
        get(energies, std::span(piece.data(), static_cast<std::size_t>(piece.size())));
    all.segment(begin, end - begin) = Eigen::Map<const PerChain>(found.data(), end - begin);
  });
  return all;
}

}  // namespace

PerChain RowNodes::at(const Block<double>& y) {
  return gather(*this, y, [](NodeEnergies& energies, auto piece) { return energies.at(piece); });
}

PerChain RowNodes::unchecked(const Block<double>& y) {
  return gather(*this, y,
                [](NodeEnergies& energies, auto piece) { return energies.unchecked(piece); });
}

}  // namespace negphase
