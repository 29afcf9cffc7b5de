#include <fmt/format.h>

#include <algorithm>

#include "negphase/models/category_columns.hpp"
#include "negphase/models/graph_options.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/potts.hpp"
#include "negphase/models/refuse_data.hpp"

namespace negphase {

namespace {

// Before anything of that size is made; large numbers are cut off where no memory is enough.
void check_size(const Graph& graph, const std::vector<Index>& states, PottsCouplings kind) {
  constexpr double more_than_any = 1e17;
  double count = 0;
  for (const auto& [i, j] : graph.edges()) {
    count += kind == PottsCouplings::equal
                 ? 1
                 : static_cast<double>(states[static_cast<std::size_t>(i)]) *
                       static_cast<double>(states[static_cast<std::size_t>(j)]);
  }
  for (const Index k : states) {
    count += static_cast<double>(k);
  }
  check_params_memory(
      fmt::format("potts of {} sites and {} edges", states.size(), graph.edges().size()),
      static_cast<Index>(std::min(count, more_than_any)));
}

AnyModel make_potts(const Options& options, const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data("potts", "no x column and at least 1 y column", data);
  }
  const PottsCouplings kind =
      options.word("couplings") == "equal" ? PottsCouplings::equal : PottsCouplings::full;
  std::vector<Index> states = category_states("potts", "states", options, data);
  Graph graph = graph_of("potts", options, data);
  check_size(graph, states, kind);
  const PottsModel zero(kind, std::move(graph), states);
  Params w = zero.params();
  Index at = 0;
  for (std::size_t e = 0; data.couplings != nullptr && e < data.couplings->all.size(); ++e) {
    const GivenCouplings::Coupling& c = data.couplings->all[e];
    if (kind == PottsCouplings::equal) {
      w[at++] = c.value;
      continue;
    }
    // equal states of both: the diagonal of the table
    const Index rows = states[static_cast<std::size_t>(c.first)];
    const Index columns = states[static_cast<std::size_t>(c.second)];
    for (Index k = 0; k < std::min(rows, columns); ++k) {
      w[at + k * columns + k] = c.value;
    }
    at += rows * columns;
  }
  return zero.with_params(std::make_shared<const Params>(std::move(w)));
}

ModelExample potts_example() {
  const Eigen::MatrixXd y{{0, 2, 1}, {2, 0, 1}, {1, 1, 0}, {0, 2, 0}};
  Params w(2 * 9 + 9);
  w << 0.5, -0.25, 0.75, -0.5, 0.125, 0.375, 0.25, -0.625, 0.875,  //
      -0.75, 0.5, 0.125, 0.625, -0.375, -0.125, 0.25, 1, -0.5,     //
      0.25, -0.5, 0.125, 0.75, 0.375, -0.25, 0, 0.5, -0.625;
  return {PottsModel(PottsCouplings::full, Graph(3, {{0, 1}, {1, 2}}), {3, 3, 3}, std::move(w)),
          Eigen::MatrixXd(4, 0), y};
}

}  // namespace

ModelRow potts_row() {
  std::vector<OptionSpec> options = graph_options();
  options.push_back(states_option("states"));
  options.push_back({.name = "couplings",
                     .fallback = std::string("full"),
                     .doc =
                         "full: a number for each pair of states of an edge; equal: one an edge, "
                         "for equal states",
                     .choices = {"full", "equal"}});
  return {.name = "potts",
          .doc = "E = -sum_edges J_ij(s_i, s_j) - sum_i b_i(s_i) over categories: a Potts model",
          .options = std::move(options),
          .param_order =
              "J by edge, sorted by (i, j) with i < j, a table row by row (row = state "
              "of i); then b column by column",
          .y_kind = ColumnKind::category,
          .make = make_potts,
          .example = potts_example};
}

}  // namespace negphase
