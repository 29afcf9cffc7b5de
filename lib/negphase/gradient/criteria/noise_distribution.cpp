#include "negphase/gradient/criteria/noise_distribution.hpp"

#include <fmt/format.h>

#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <cmath>

#include "negphase/core/memory.hpp"
#include "negphase/random/stream_engine.hpp"

namespace negphase {

namespace {

Eigen::VectorXd smoothed_frequencies(const Column& column, const Eigen::VectorXd& codes) {
  Eigen::VectorXd counts = Eigen::VectorXd::Ones(column.num_states);
  for (const double code : codes) {
    counts[state_index(column, code)] += 1;
  }
  return counts / counts.sum();
}

double draw_state(const Column& column, const Eigen::VectorXd& frequencies, double uniform) {
  Index k = 0;
  for (double below = frequencies[0]; uniform >= below && k + 1 < frequencies.size();) {
    below += frequencies[++k];
  }
  return state_code(column, k);
}

}  // namespace

NoiseDistribution::NoiseDistribution(const Problem& problem)
    : columns_(problem.model.shape().y), frequencies_(columns_.size()) {
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const auto column = static_cast<Index>(j);
    if (columns_[j].kind == ColumnKind::real) {
      real_.push_back(column);
    } else if (columns_[j].num_states > 0) {
      frequencies_[j] = smoothed_frequencies(columns_[j], problem.y.col(column));
    } else {
      throw ConfigError(
          fmt::format("there is no noise for column {} of y, which is neither real nor of finitely "
                      "many states",
                      j + 1));
    }
  }
  if (has_real()) {
    gaussian_ = GaussianRegression::fit(problem.x, problem.y(Eigen::all, real_));
    if (!gaussian_) {
      throw ConfigError(
          "no Gaussian noise can be fitted to y: its columns leave no spread (too few rows, a "
          "constant column, or one that is a linear function of others)");
    }
  }
}

NoiseSamples NoiseDistribution::draw(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y,
                                     Index samples, std::uint64_t seed,
                                     std::uint64_t update) const {
  check_memory(sizeof(double) * static_cast<double>(samples) *
                   static_cast<double>(y.rows() * (y.cols() + 2)),
               fmt::format("{} noise samples on each of {} rows take", samples, y.rows()));
  NoiseSamples drawn{std::vector<Eigen::MatrixXd>(static_cast<std::size_t>(samples), y),
                     Eigen::MatrixXd(y.rows(), 1 + samples)};
  const Eigen::MatrixXd mean = has_real() ? gaussian_->mean(x) : Eigen::MatrixXd();
  boost::random::normal_distribution<double> normal;
  boost::random::uniform_01<double> uniform;
  Eigen::RowVectorXd noise(static_cast<Index>(real_.size()));
  for (Index r = 0; r < y.rows(); ++r) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(r), update, Purpose::data);
    for (Eigen::MatrixXd& sample : drawn.y) {
      for (std::size_t j = 0; j < columns_.size(); ++j) {
        if (frequencies_[j].size() > 0) {
          sample(r, static_cast<Index>(j)) =
              draw_state(columns_[j], frequencies_[j], uniform(engine));
        }
      }
      if (has_real()) {
        for (double& value : noise) {
          value = normal(engine);
        }
        sample(r, real_) = mean.row(r) + noise * gaussian_->root().transpose();
      }
    }
  }
  drawn.log_density.col(0) = log_density(x, y);
  for (Index i = 0; i < samples; ++i) {
    drawn.log_density.col(1 + i) = log_density(x, drawn.y[static_cast<std::size_t>(i)]);
  }
  return drawn;
}

Eigen::VectorXd NoiseDistribution::log_density(const Eigen::MatrixXd& x,
                                               const Eigen::MatrixXd& y) const {
  Eigen::VectorXd log_q = has_real() ? gaussian_->log_density(x, y(Eigen::all, real_))
                                     : Eigen::VectorXd::Zero(y.rows());
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    for (Index r = 0; r < y.rows() && frequencies_[j].size() > 0; ++r) {
      log_q[r] += std::log(frequencies_[j][state_index(columns_[j], y(r, static_cast<Index>(j)))]);
    }
  }
  return log_q;
}

}  // namespace negphase
