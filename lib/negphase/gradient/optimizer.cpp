#include "negphase/gradient/optimizer.hpp"

#include <fmt/core.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace negphase {

double learning_rate(const Options& train, std::int64_t update) {
  const double first = train.real("learning_rate"), last = train.real("learning_rate_end");
  const std::int64_t updates = train.integer("updates");
  const std::string& schedule = train.word("schedule");
  if (schedule == "constant") {
    return first;
  }
  const double done =
      updates > 1 ? static_cast<double>(update - 1) / static_cast<double>(updates - 1) : 0;
  const double share = schedule == "cosine" ? (1 - std::cos(std::numbers::pi * done)) / 2 : done;
  return first + share * (last - first);
}

Optimizer::Optimizer(const Options& train, Eigen::Index num_params)
    : rule_(train.word("optimizer")),
      momentum_(train.real("momentum")),
      beta1_(train.real("adam_beta1")),
      beta2_(train.real("adam_beta2")),
      decay_(train.real("rmsprop_decay")) {
  const bool adam = rule_ == "adam";
  first_.setZero(adam || rule_ == "momentum" ? num_params : 0);
  second_.setZero(adam || rule_ == "rmsprop" ? num_params : 0);
}

void Optimizer::step(Eigen::VectorXd& w, const Eigen::VectorXd& g, double rate) {
  ++steps_;
  if (rule_ == "momentum") {
    first_ = momentum_ * first_ + g;
    w -= rate * first_;
  } else if (rule_ == "adam") {
    const auto t = static_cast<double>(steps_);
    first_ = beta1_ * first_ + (1 - beta1_) * g;
    second_ = beta2_ * second_ + (1 - beta2_) * g.cwiseAbs2();
    const double scale1 = 1 - std::pow(beta1_, t), scale2 = 1 - std::pow(beta2_, t);
    w.array() -= rate * (first_.array() / scale1) / ((second_.array() / scale2).sqrt() + 1e-8);
  } else if (rule_ == "rmsprop") {
    second_ = decay_ * second_ + (1 - decay_) * g.cwiseAbs2();
    w.array() -= rate * g.array() / (second_.array().sqrt() + 1e-8);
  } else {
    w -= rate * g;
  }
}

double clip(Eigen::VectorXd& gradient, double longest) {
  const double norm = gradient.norm();
  if (longest > 0 && norm > longest) {
    gradient *= longest / norm;
  }
  return norm;
}

void Optimizer::save(SavedState& state) const {
  state.put("optimizer/steps", steps_);
  state.put_array("optimizer/first", first_);
  state.put_array("optimizer/second", second_);
}

void Optimizer::restore(const SavedState& state) {
  state.get("optimizer/steps", steps_);
  state.get_array("optimizer/first", first_);
  state.get_array("optimizer/second", second_);
}

// the two loops: -H g with H from the last pairs
Eigen::VectorXd Lbfgs::direction() const {
  Eigen::VectorXd q = -present_.gradient;
  std::vector<double> alpha(pairs_.size());
  for (std::size_t i = pairs_.size(); i-- > 0;) {
    const Pair& p = pairs_[i];
    alpha[i] = p.move.dot(q) / p.move.dot(p.change);
    q -= alpha[i] * p.change;
  }
  if (!pairs_.empty()) {
    const Pair& last = pairs_.back();
    q *= last.move.dot(last.change) / last.change.squaredNorm();
  }
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    const Pair& p = pairs_[i];
    q += (alpha[i] - p.change.dot(q) / p.move.dot(p.change)) * p.move;
  }
  return q;
}

bool Lbfgs::step(Eigen::VectorXd& w, const Objective& objective) {
  constexpr double armijo = 1e-4, curvature = 0.9;
  constexpr std::size_t memory = 100;
  Eigen::VectorXd along = direction();
  double slope = present_.gradient.dot(along);
  if (!(slope < 0)) {  // rounding has spoilt the pairs: begin anew
    pairs_.clear();
    along = -present_.gradient;
    slope = present_.gradient.dot(along);
  }
  constexpr double inf = std::numeric_limits<double>::infinity();
  double low = 0, high = inf;
  double t = pairs_.empty() ? std::min(1.0, 1 / present_.gradient.norm()) : 1.0;
  for (int tries = 0; tries < 60 && slope < 0; ++tries) {
    const Eigen::VectorXd there = w + t * along;
    Point found = objective(there);
    if (!(found.value <= present_.value + armijo * t * slope)) {
      high = t;
    } else if (found.gradient.dot(along) < curvature * slope) {
      low = t;
    } else {
      Pair pair{there - w, found.gradient - present_.gradient};
      if (pair.move.dot(pair.change) > 0) {
        pairs_.push_back(std::move(pair));
      }
      if (pairs_.size() > memory) {
        pairs_.pop_front();
      }
      w = there;
      present_ = std::move(found);
      return true;
    }
    t = high < inf ? (low + high) / 2 : 2 * t;
  }
  return false;
}

void Lbfgs::save(SavedState& state) const {
  state.put("lbfgs/pairs", static_cast<std::uint64_t>(pairs_.size()));
  state.put("lbfgs/value", present_.value);
  state.put_array("lbfgs/gradient", present_.gradient);
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    state.put_array(fmt::format("lbfgs/move {}", i), pairs_[i].move);
    state.put_array(fmt::format("lbfgs/change {}", i), pairs_[i].change);
  }
}

void Lbfgs::restore(const SavedState& state, Eigen::Index num_params) {
  std::uint64_t pairs = 0;
  state.get("lbfgs/pairs", pairs);
  state.get("lbfgs/value", present_.value);
  const bool begun = !state.bytes("lbfgs/gradient").empty();
  present_.gradient.resize(begun ? num_params : 0);
  state.get_array("lbfgs/gradient", present_.gradient);
  pairs_.clear();
  for (std::uint64_t i = 0; i < pairs; ++i) {
    Pair pair{Eigen::VectorXd(num_params), Eigen::VectorXd(num_params)};
    state.get_array(fmt::format("lbfgs/move {}", i), pair.move);
    state.get_array(fmt::format("lbfgs/change {}", i), pair.change);
    pairs_.push_back(std::move(pair));
  }
}

}  // namespace negphase
