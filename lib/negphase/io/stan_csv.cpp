#include "negphase/io/stan_csv.hpp"

#include <fmt/format.h>

#include <iterator>

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

}  // namespace negphase
