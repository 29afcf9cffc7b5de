#include "negphase/models/registry.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "negphase/core/error.hpp"
#include "negphase/models/classifier.hpp"
#include "negphase/models/deep_boltzmann.hpp"
#include "negphase/models/gaussian.hpp"
#include "negphase/models/gaussian_mixture.hpp"
#include "negphase/models/gaussian_rbm.hpp"
#include "negphase/models/graph_options.hpp"
#include "negphase/models/mixed_mlp.hpp"
#include "negphase/models/mlp.hpp"
#include "negphase/models/pairwise.hpp"
#include "negphase/models/params.hpp"
#include "negphase/models/potts.hpp"
#include "negphase/models/potts_rbm.hpp"
#include "negphase/models/quartic.hpp"
#include "negphase/models/rbm.hpp"
#include "negphase/models/refuse_data.hpp"

namespace negphase {

namespace {

// ---- quartic

AnyModel make_quartic(const Options&, const DataShape& data) {
  if (data.num_x != 1 || data.num_y != 1) {
    refuse_data("quartic", "1 x column and 1 y column", data);
  }
  return QuarticModel(Params{{1, 0, 0, 0}});  // where training starts: normalisable, unlike 0
}

ModelExample quartic_example() {
  const Eigen::MatrixXd x{{-1.25}, {-0.5}, {0.25}, {1}};
  const Eigen::MatrixXd y{{-1.5}, {1.125}, {-0.75}, {1.75}};
  return {QuarticModel(Params{{1, -2, 0.75, 0.125}}), x, y};
}

// ---- gaussian

AnyModel make_gaussian(const Options&, const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data("gaussian", "no x column and at least 1 y column", data);
  }
  check_params_memory(fmt::format("gaussian of {} y", data.num_y),
                      data.num_y * (data.num_y + 3) / 2);
  return GaussianModel::standard(data.num_y);
}

ModelExample gaussian_example() {
  const Eigen::MatrixXd y{{0.5, -1, 0.25}, {1.5, 0.125, -0.75}, {-0.25, 0.75, 1}};
  return {GaussianModel(3, Params{{0.5, -0.25, 1, 2, -0.5, 1.5, 0.25, 0.75, 1.25}}),
          Eigen::MatrixXd(3, 0), y};
}

// ---- rbm

AnyModel make_rbm(const Options& options, const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data("rbm", "no x column and at least 1 y column", data);
  }
  const Index hidden = options.integer("hidden");
  const Index num_params = data.num_y * hidden + data.num_y + hidden;
  check_params_memory(fmt::format("rbm {} x {}", data.num_y, hidden), num_params);
  return RbmModel(data.num_y, hidden, Params::Zero(num_params));
}

ModelExample rbm_example() {
  const Eigen::MatrixXd y{{1, 1, 0}, {0, 0, 1}, {1, 0, 1}, {1, 1, 0}};
  return {
      RbmModel(3, 2,
               Params{{0.5, -0.25, -0.75, 0.625, 0.125, 0.75, 0.25, -0.125, -0.5, 0.375, -0.25}}),
      Eigen::MatrixXd(4, 0), y};
}

// ---- pairwise: boltzmann, ising

AnyModel make_pairwise(std::string_view name, ColumnKind kind, const Options& options,
                       const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data(name, "no x column and at least 1 y column", data);
  }
  Graph graph = graph_of(name, options, data);
  Params w = Params::Zero(static_cast<Index>(graph.edges().size()) + data.num_y);
  for (Index e = 0; data.couplings != nullptr && e < w.size() - data.num_y; ++e) {
    w[e] = data.couplings->all[static_cast<std::size_t>(e)].value;
  }
  return PairwiseModel(kind, std::move(graph), std::move(w));
}
AnyModel make_boltzmann(const Options& options, const DataShape& data) {
  return make_pairwise("boltzmann", ColumnKind::bit, options, data);
}
AnyModel make_ising(const Options& options, const DataShape& data) {
  return make_pairwise("ising", ColumnKind::spin, options, data);
}

ModelExample boltzmann_example() {
  const Eigen::MatrixXd y{{1, 1, 0, 0}, {0, 0, 1, 1}, {1, 0, 1, 0}};
  return {PairwiseModel(ColumnKind::bit, Graph(4, all_pairs(4)),
                        Params{{0.5, -0.75, 0.25, 1.125, -0.5, 0.375, 0.25, -0.125, -0.625, 0.5}}),
          Eigen::MatrixXd(3, 0), y};
}
ModelExample ising_example() {
  const Eigen::MatrixXd y{{1, 1, -1, 1, 1, -1}, {-1, -1, -1, 1, -1, 1}};
  return {PairwiseModel(ColumnKind::spin, Graph(6, square_lattice(2, 3)),
                        Params{{0.5, -0.25, 0.75, 0.125, 0.375, -0.5, 0.625, 0.1, 0.25, -0.375, 0,
                                0.5, -0.25}}),
          Eigen::MatrixXd(2, 0), y};
}

// ---- mlp

Activation activation_of(const std::string& name) {
  return name == "tanh"       ? Activation::tanh
         : name == "softplus" ? Activation::softplus
                              : Activation::silu;
}

/// A column for each of y: numbers are real, labels categories, two of them a bit.
std::vector<Column> mlp_columns_of_y(const DataShape& data) {
  std::vector<Column> columns(static_cast<std::size_t>(data.num_y), real_column());
  for (std::size_t j = 0; j < data.y_states.size(); ++j) {
    const Index states = data.y_states[j];
    if (states == 1) {
      throw ConfigError(fmt::format(
          "model 'mlp': y.{} has a single label in all rows: nothing can be learnt of it", j + 1));
    }
    if (states > 1) {
      columns[j] = states == 2 ? bit_column() : Column{ColumnKind::category, states};
    }
  }
  return columns;
}

std::vector<Column> mlp_latents(const Options& options) {
  const Index states = options.integer("latent_states");
  if (states == 1) {
    throw ConfigError(
        "model 'mlp': latent_states = 1 is a latent that never varies: 0 for none, or at least 2");
  }
  std::vector<Column> latents;
  if (states > 0) {
    latents.push_back({ColumnKind::category, states});
  }
  latents.insert(latents.end(), static_cast<std::size_t>(options.integer("latent_reals")),
                 real_column());
  return latents;
}

AnyModel make_mlp(const Options& options, const DataShape& data) {
  if (data.num_y < 1) {
    refuse_data("mlp", "any number of x columns and at least 1 y column", data);
  }
  const MixedMlpSpec spec{.num_x = data.num_x,
                          .y = mlp_columns_of_y(data),
                          .z = mlp_latents(options),
                          .hidden = options.integer("hidden"),
                          .layers = options.integer("layers"),
                          .activation = activation_of(options.word("activation")),
                          .confinement = options.real("confinement")};
  const bool plain = spec.z.empty() && std::ranges::count(spec.y, real_column()) == data.num_y;
  if (plain) {
    return MlpModel::initial(spec.net());
  }
  return MixedMlpModel::initial(spec);
}

ModelExample mlp_example() {
  const Eigen::MatrixXd x{{-1.25}, {0.5}, {1}};
  const Eigen::MatrixXd y{{0.75}, {-1.5}, {0.25}};
  return {
      MlpModel({.num_x = 1,
                .num_y = 1,
                .hidden = 3,
                .activation = Activation::silu,
                .confinement = 0.75},
               Params{{0.5, -0.75, -0.25, 0.625, 0.75, 0.5, 0.25, -0.5, 0.125, 0.75, -0.625, 0.5}}),
      x, y};
}

std::vector<OptionSpec> mlp_options() {
  return {{.name = "hidden",
           .fallback = std::int64_t{32},
           .doc = "hidden units a layer",
           .low = 1,
           .high = 1e6,
           .unit = "units"},
          {.name = "layers",
           .fallback = std::int64_t{1},
           .doc = "layers of hidden units",
           .low = 1,
           .high = 4,
           .unit = "layers"},
          {.name = "latent_states",
           .fallback = std::int64_t{0},
           .doc = "states of a latent category z, which is summed out; 0: none",
           .low = 0,
           .high = StatesSummedOut<double>::max_states,
           .unit = "states"},
          {.name = "latent_reals",
           .fallback = std::int64_t{0},
           .doc = "latent real z, which are sampled; 0: none",
           .low = 0,
           .high = 1e4,
           .unit = "columns"},
          {.name = "activation",
           .fallback = std::string("tanh"),
           .doc = "function phi of the hidden units",
           .choices = {"tanh", "softplus", "silu"}},
          {.name = "confinement",
           .fallback = 0.1,
           .doc = "c of (c/2) |y|^2, which makes Z finite; not trained",
           .low = 0,
           .high = 1e6,
           .low_is_legal = false}};
}

// ---- gaussian_mixture

AnyModel make_gaussian_mixture(const Options& options, const DataShape& data) {
  if (data.num_x != 0 || data.num_y < 1) {
    refuse_data("gaussian_mixture", "no x column and at least 1 y column", data);
  }
  const Index components = options.integer("components");
  check_params_memory(fmt::format("gaussian_mixture of {} components", components),
                      components * (data.num_y + 2));
  return GaussianMixtureModel::spread(data.num_y, components, options.flag("latent"));
}

ModelExample gaussian_mixture_example() {
  const Eigen::MatrixXd y{{-1.25}, {0.5}, {1.5}, {0.125}, {-0.75}};
  return {GaussianMixtureModel(1, 2, false, Params{{0.25, 0.5, -1.125, -0.5, -0.75, 0.875}}),
          Eigen::MatrixXd(5, 0), y};
}

const std::vector<ModelRow>& rows() {
  static const std::vector<ModelRow> all{
      {.name = "quartic",
       .doc = "E = w0 y^4/4 + w1 y^2/2 - w2 x y - w3 y: a double well that tilts with x",
       .options = {},
       .param_order = "w0, w1, w2, w3",
       .y_kind = ColumnKind::real,
       .make = make_quartic,
       .example = quartic_example},
      {.name = "gaussian",
       .doc = "E = y'P y/2 - b'y: a Gaussian with full precision P, any dimension",
       .options = {},
       .param_order = "b, then the lower triangle of P row by row",
       .y_kind = ColumnKind::real,
       .make = make_gaussian,
       .example = gaussian_example},
      {.name = "rbm",
       .doc = "E = -a'v - c'h - v'W h: a restricted Boltzmann machine, v = y observed, h latent",
       .options = {{.name = "hidden",
                    .fallback = std::int64_t{1},
                    .doc = "number of hidden units",
                    .low = 1,
                    .high = 1e6,
                    .unit = "units",
                    .required = true}},
       .param_order = "W row by row (row = visible unit), then a, then c",
       .y_kind = ColumnKind::bit,
       .make = make_rbm,
       .example = rbm_example},
      {.name = "boltzmann",
       .doc = "E = -sum_edges J_ij s_i s_j - sum_i b_i s_i over bits: a Boltzmann machine",
       .options = graph_options(),
       .param_order = "J by edge, sorted by (i, j) with i < j, then b",
       .y_kind = ColumnKind::bit,
       .make = make_boltzmann,
       .example = boltzmann_example},
      {.name = "ising",
       .doc = "E = -sum_edges J_ij s_i s_j - sum_i b_i s_i over spins: an Ising model",
       .options = graph_options(),
       .param_order = "J by edge, sorted by (i, j) with i < j, then b",
       .y_kind = ColumnKind::spin,
       .make = make_ising,
       .example = ising_example},
      {.name = "gaussian_mixture",
       .doc = "E_k = exp(l_k)|y - m_k|^2/2 - a_k: a mixture, over k or with k latent",
       .options = {{.name = "components",
                    .fallback = std::int64_t{1},
                    .doc = "number of Gaussians",
                    .low = 1,
                    .high = 1e6,
                    .unit = "components",
                    .required = true},
                   {.name = "latent",
                    .fallback = false,
                    .doc = "true: the component is a latent z, E = E_z; false: E = -log sum_k "
                           "exp(-E_k)"}},
       .param_order = "for each component a, l (log precision), m",
       .y_kind = ColumnKind::real,
       .make = make_gaussian_mixture,
       .example = gaussian_mixture_example},
      gaussian_rbm_row(),
      {.name = "mlp",
       .doc = "E = (c/2) |y|^2 + v'a(W, x, y, z): a multilayer perceptron over x, y and latents z, "
              "confined in its real columns",
       .options = mlp_options(),
       .param_order = "of each layer W row by row (row = unit; columns x, y, z), then b; last v",
       .y_kind = ColumnKind::real,
       .other_y_kinds = {ColumnKind::bit, ColumnKind::category},
       .make = make_mlp,
       .example = mlp_example},
      potts_row(),
      potts_rbm_row(),
      deep_boltzmann_row(),
      classifier_row(),
  };
  return all;
}

}  // namespace

std::span<const ModelRow> model_registry() { return rows(); }

const ModelRow& find_model(const std::string& name) {
  std::vector<std::string> known;
  for (const ModelRow& row : rows()) {
    if (row.name == name) {
      return row;
    }
    known.emplace_back(row.name);
  }
  throw ConfigError(unknown_name("model", name, known));
}

}  // namespace negphase
