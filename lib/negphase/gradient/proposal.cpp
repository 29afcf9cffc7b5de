#include "negphase/gradient/proposal.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numbers>

#include "negphase/core/log_sum_exp.hpp"

namespace negphase {

namespace {

// the part that all proposals have in common: finite columns, uniform over their states
class OfColumns : public Proposal {
 public:
  explicit OfColumns(const Problem& p) : columns_(p.model.shape().y) {
    for (std::size_t j = 0; j < columns_.size(); ++j) {
      if (columns_[j].kind == ColumnKind::real) {
        real_.push_back(static_cast<Index>(j));
      } else if (columns_[j].num_states > 0) {
        log_states_ += std::log(static_cast<double>(columns_[j].num_states));
      } else {
        throw ConfigError(fmt::format(
            "importance sampling: column {} of y is a count, for which there is no proposal",
            j + 1));
      }
    }
  }

 protected:
  double log_of_states() const { return -log_states_; }
  void draw_states(StreamEngine& random, std::span<double> y) const {
    for (std::size_t j = 0; j < columns_.size(); ++j) {
      if (columns_[j].num_states > 0) {
        boost::random::uniform_int_distribution<Index> state(0, columns_[j].num_states - 1);
        y[j] = state_code(columns_[j], state(random));
      }
    }
  }
  std::span<const Index> real() const { return real_; }

 private:
  std::vector<Column> columns_;
  std::vector<Index> real_;
  double log_states_ = 0;
};

class GaussianMixture final : public OfColumns {
 public:
  GaussianMixture(const Problem& p, double width)
      : OfColumns(p), by_row_(p.model.shape().num_x > 0), width_(width) {
    constexpr Index most_centres = 1024;
    const Index count = by_row_ ? p.rows() : std::min(p.rows(), most_centres);
    centres_.resize(count, static_cast<Index>(real().size()));
    for (Index i = 0; i < count; ++i) {
      for (Index j = 0; j < centres_.cols(); ++j) {
        centres_(i, j) = p.y(i * p.rows() / count, real()[static_cast<std::size_t>(j)]);
      }
    }
  }

  void draw(Index row, StreamEngine& random, std::span<double> y) const override {
    draw_states(random, y);
    if (real().empty()) {
      return;
    }
    boost::random::uniform_int_distribution<Index> any(0, centres_.rows() - 1);
    const Index centre = by_row_ ? row : any(random);
    boost::random::normal_distribution<double> normal;
    for (Index j = 0; j < centres_.cols(); ++j) {
      y[static_cast<std::size_t>(real()[static_cast<std::size_t>(j)])] =
          centres_(centre, j) + width_ * normal(random);
    }
  }

  double log_density(Index row, std::span<const double> y) const override {
    const auto size = static_cast<double>(centres_.cols());
    const double scale = -size * std::log(width_ * std::sqrt(2 * std::numbers::pi));
    if (by_row_ || centres_.cols() == 0) {
      return log_of_states() + scale + log_kernel(by_row_ ? row : 0, y);
    }
    LogSumExp sum;
    for (Index i = 0; i < centres_.rows(); ++i) {
      sum.add(log_kernel(i, y));
    }
    return log_of_states() + scale + sum.value() - std::log(static_cast<double>(centres_.rows()));
  }

 private:
  double log_kernel(Index centre, std::span<const double> y) const {
    double square = 0;
    for (Index j = 0; j < centres_.cols(); ++j) {
      const double d =
          y[static_cast<std::size_t>(real()[static_cast<std::size_t>(j)])] - centres_(centre, j);
      square += d * d;
    }
    return -square / (2 * width_ * width_);
  }

  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> centres_;
  bool by_row_;
  double width_;
};

class Box final : public OfColumns {
 public:
  Box(const Problem& p, double lower, double upper) : OfColumns(p), lower_(lower), upper_(upper) {
    if (!real().empty() && !(std::isfinite(upper - lower) && lower < upper)) {
      throw ConfigError(fmt::format(
          "importance sampling: a box needs finite ends, lower < upper; got lower = {}, upper = {}",
          lower, upper));
    }
    for (Index r = 0; r < p.rows(); ++r) {
      for (const Index j : real()) {
        if (!(lower <= p.y(r, j) && p.y(r, j) < upper)) {
          throw ConfigError(fmt::format(
              "importance sampling: row {} of the data, column {} of y: {} is outside of the box "
              "from {} to {}; take a larger one",
              r + 1, j + 1, p.y(r, j), lower, upper));
        }
      }
    }
  }

  void draw(Index, StreamEngine& random, std::span<double> y) const override {
    draw_states(random, y);
    for (const Index j : real()) {
      y[static_cast<std::size_t>(j)] =
          lower_ + (upper_ - lower_) * boost::random::uniform_01<double>()(random);
    }
  }

  double log_density(Index, std::span<const double> y) const override {
    for (const Index j : real()) {
      const double value = y[static_cast<std::size_t>(j)];
      if (!(lower_ <= value && value < upper_)) {
        return -std::numeric_limits<double>::infinity();
      }
    }
    return log_of_states() - static_cast<double>(real().size()) * std::log(upper_ - lower_);
  }

 private:
  double lower_, upper_;
};

}  // namespace

std::shared_ptr<const Proposal> make_proposal(const Problem& problem, const ProposalSpec& spec) {
  if (spec.kind == "box") {
    return std::make_shared<Box>(problem, spec.lower, spec.upper);
  }
  if (spec.kind != "gaussian_mixture" || !(spec.width > 0)) {
    throw UsageError(fmt::format("no proposal '{}' of width {}", spec.kind, spec.width));
  }
  return std::make_shared<GaussianMixture>(problem, spec.width);
}

}  // namespace negphase
