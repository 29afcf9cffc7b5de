#include "negphase/io/stan_csv.hpp"

#include <fmt/format.h>

#include <iterator>

#include "negphase/core/version.hpp"
#include "negphase/io/quantity_names.hpp"

namespace negphase {

std::string stan_csv(
    const StanCsvHeader& header, const std::vector<std::string>& names, const Eigen::VectorXd& lp,
    const Eigen::Ref<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>&
        draws) {
  // num_samples counts steps, as CmdStan's does: a file has num_samples / thin lines
  std::string text = fmt::format(
      "# negphase {}\n# model = {}\n# method = sample (Default)\n#   sample\n"
      "#     num_samples = {}\n#     num_warmup = {}\n#     save_warmup = 0\n#     thin = {}\n"
      "#     algorithm = fixed_param\n# id = {}\n# random\n#   seed = {}\nlp__",
      header.version, header.model, header.num_samples, header.num_warmup, header.thin,
      header.chain, header.seed);
  for (const std::string& name : names) {
    text += "," + name;
  }
  text += "\n";
  auto end = std::back_inserter(text);
  for (Eigen::Index d = 0; d < draws.rows(); ++d) {
    fmt::format_to(end, "{}", lp[d]);
    for (Eigen::Index j = 0; j < draws.cols(); ++j) {
      fmt::format_to(end, ",{}", draws(d, j));
    }
    text += "\n";
  }
  return text;
}

std::string stan_csv(const ChainDraws& draws, Eigen::Index chain) {
  const Eigen::ArrayXXd none;
  const Eigen::ArrayXXd& quantities = draws.chains[static_cast<std::size_t>(chain)];
  const Eigen::ArrayXXd& statistics =
      draws.sampler_chains.empty() ? none : draws.sampler_chains[static_cast<std::size_t>(chain)];
  std::vector<std::string> names;
  for (const std::string& said : draws.sampler_names) {
    const bool is_stans = said.ends_with("__");
    names.push_back(stan_names({is_stans ? said.substr(0, said.size() - 2) : said}, {})[0] + "__");
  }
  for (const std::string& name : stan_names(draws.names, names)) {
    names.push_back(name);
  }
  std::string text = fmt::format(
      "# negphase {}\n# method = sample\n#   sample\n#     num_samples = {}\n"
      "#     save_warmup = 0\n# id = {}\n{}\n",
      version(), quantities.rows(), chain + 1, fmt::join(names, ","));
  auto end = std::back_inserter(text);
  for (Eigen::Index d = 0; d < quantities.rows(); ++d) {
    const char* separator = "";
    for (const auto* columns : {&statistics, &quantities}) {
      for (Eigen::Index j = 0; j < columns->cols(); ++j) {
        fmt::format_to(end, "{}{}", separator, (*columns)(d, j));
        separator = ",";
      }
    }
    text += "\n";
  }
  return text;
}

}  // namespace negphase
