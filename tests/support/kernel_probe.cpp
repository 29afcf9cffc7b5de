#include "support/kernel_probe.hpp"

#include <fmt/core.h>

#include <cmath>
#include <limits>

namespace negphase::testing {

StateSpace::StateSpace(std::span<const Column> columns) : columns_(columns.begin(), columns.end()) {
  for (const Column& column : columns_) {
    size_ *= column.num_states;
  }
}

Block<double> StateSpace::state(Index k) const {
  const auto num_columns = static_cast<Index>(columns_.size());
  Block<double> y(1, num_columns);
  for (Index j = num_columns - 1; j >= 0; --j) {
    const Column& column = columns_[static_cast<std::size_t>(j)];
    y(0, j) = state_code(column, k % column.num_states);
    k /= column.num_states;
  }
  return y;
}

Index StateSpace::index(const Block<double>& y) const {
  Index k = 0;
  for (Index j = 0; j < y.cols(); ++j) {
    const Column& column = columns_[static_cast<std::size_t>(j)];
    k = k * column.num_states + state_index(column, y(0, j));
  }
  return k;
}

Block<double> StateSpace::all() const {
  Block<double> y(size_, static_cast<Index>(columns_.size()));
  for (Index k = 0; k < size_; ++k) {
    y.row(k) = state(k);
  }
  return y;
}

namespace {

using Word = std::uint64_t;
constexpr Word last_word = std::numeric_limits<Word>::max();

class Explorer {
 public:
  Explorer(const StateSpace& space, const ProbedStep& step, int num_random_tails, KernelLaw& law)
      : space_(space), step_(step), num_random_tails_(num_random_tails), law_(law) {}

  /// Adds the probability of every state that can be reached from `from` to `row`.
  void explore(Index from, std::vector<long double>& row) {
    from_ = space_.state(from);
    row_ = &row;
    tape_.clear();
    explore(1);
  }

 private:
  using Behaviour = std::vector<Index>;

  /// Runs the step on the tape; the state at its end or where the tape was too short.
  struct Outcome {
    bool finished;
    Index state;
  };
  Outcome run(std::function<Word(std::size_t)> tail) {
    source_.script(tape_);
    source_.set_tail(std::move(tail));
    position_ = from_;
    ++law_.steps_run;
    bool finished = true;
    try {
      step_(position_, source_);
    } catch (const NeedMoreWords&) {
      finished = false;
    }
    if (finished) {
      const auto repeated = source_.repeated();
      law_.repeated.insert(law_.repeated.end(), repeated.begin(), repeated.end());
    }
    return {finished, space_.index(position_)};
  }

  Behaviour behaviour(Word next) {
    tape_.push_back(next);
    Behaviour b;
    const Outcome outcome = run({});
    b.push_back(outcome.finished ? 1 : 0);
    b.push_back(outcome.state);
    if (!outcome.finished) {
      for (Word c = 0; c <= 16; ++c) {
        const Word constant = c == 16 ? last_word : c << 60;
        b.push_back(run([constant](std::size_t) { return constant; }).state);
      }
      for (int t = 0; t < num_random_tails_; ++t) {
        Word x = 88172645463325252u * static_cast<Word>(t + 1);
        b.push_back(run([x](std::size_t) mutable {
                      x ^= x << 13;
                      x ^= x >> 7;
                      x ^= x << 17;
                      // half of them extreme: these take even unlikely turns
                      return (x & 3) == 0 ? Word{0} : (x & 3) == 1 ? last_word : x;
                    }).state);
      }
    }
    tape_.pop_back();
    return b;
  }

  /// Appends the first word of every cell in (a, b].
  void cut(Word a, const Behaviour& at_a, Word b, const Behaviour& at_b,
           std::vector<Word>& starts) {
    if (at_a == at_b) {
      return;
    }
    if (b - a == 1) {
      starts.push_back(b);
      return;
    }
    const Word middle = a + (b - a) / 2;
    const Behaviour at_middle = behaviour(middle);
    cut(a, at_a, middle, at_middle, starts);
    cut(middle, at_middle, b, at_b, starts);
  }

  void explore(long double probability) {
    if (const Outcome outcome = run({}); outcome.finished) {
      (*row_)[static_cast<std::size_t>(outcome.state)] += probability;
      return;
    }
    std::vector<Word> starts{0};
    Word a = 0;
    Behaviour at_a = behaviour(a);
    for (Word g = 1; g <= 64; ++g) {
      const Word b = g == 64 ? last_word : g << 58;
      const Behaviour at_b = behaviour(b);
      cut(a, at_a, b, at_b, starts);
      a = b;
      at_a = at_b;
    }
    for (std::size_t i = 0; i < starts.size(); ++i) {
      // unsigned: the last cell ends at 2^64 = 0
      const Word size = (i + 1 < starts.size() ? starts[i + 1] : 0) - starts[i];
      const long double share = size == 0 ? 1 : std::ldexp(static_cast<long double>(size), -64);
      tape_.push_back(starts[i]);
      explore(probability * share);
      tape_.pop_back();
    }
  }

  const StateSpace& space_;
  const ProbedStep& step_;
  int num_random_tails_;
  KernelLaw& law_;
  ScriptedSource source_{1};
  std::vector<Word> tape_;
  Block<double> from_, position_;
  std::vector<long double>* row_ = nullptr;
};

}  // namespace

KernelLaw probe(const StateSpace& space, const ProbedStep& step, int num_random_tails) {
  KernelLaw law;
  law.matrix.resize(space.size(), space.size());
  Explorer explorer(space, step, num_random_tails, law);
  for (Index from = 0; from < space.size(); ++from) {
    std::vector<long double> row(static_cast<std::size_t>(space.size()), 0);
    explorer.explore(from, row);
    long double sum = 0;
    for (Index to = 0; to < space.size(); ++to) {
      sum += row[static_cast<std::size_t>(to)];
      law.matrix(from, to) = static_cast<double>(row[static_cast<std::size_t>(to)]);
    }
    law.row_sum_error = std::max(law.row_sum_error, static_cast<double>(std::abs(sum - 1)));
  }
  return law;
}

double stationarity_error(const Eigen::MatrixXd& p, const Eigen::VectorXd& pi) {
  return (pi.transpose() * p - pi.transpose()).cwiseAbs().maxCoeff();
}

double detailed_balance_gap(const Eigen::MatrixXd& p, const Eigen::VectorXd& pi) {
  const Eigen::MatrixXd flow = pi.asDiagonal() * p;
  return (flow - flow.transpose()).cwiseAbs().maxCoeff();
}

bool is_primitive(const Eigen::MatrixXd& p, const Eigen::VectorXd& pi) {
  std::vector<Index> support;
  for (Index i = 0; i < pi.size(); ++i) {
    if (pi[i] > 0) {
      support.push_back(i);
    }
  }
  Eigen::MatrixXd reach = (p(support, support).array() > 0).cast<double>();
  // Wielandt: a primitive pattern is positive from the power (n - 1)^2 + 1 on
  const auto n = static_cast<double>(support.size());
  for (double power = 1; power < (n - 1) * (n - 1) + 1; power *= 2) {
    reach = ((reach * reach).array() > 0).cast<double>();
  }
  return reach.minCoeff() > 0;
}

std::string complaint(const KernelLaw& law, const Claim& claim) {
  std::string all;
  const auto check = [&](const std::string& what, double error, double tolerance) {
    if (!(error <= tolerance)) {
      all += fmt::format("{} {:.2e}; ", what, error);
    }
  };
  double difference = 0;
  for (Index i = 0; i < claim.pi.size(); ++i) {
    if (claim.pi[i] > 0) {
      difference =
          std::max(difference, (law.matrix.row(i) - claim.reference.row(i)).cwiseAbs().maxCoeff());
    }
  }
  check("row sum is off by", law.row_sum_error, 1e-15);
  check("pi P - pi is", stationarity_error(law.matrix, claim.pi), claim.tolerance);
  check("differs from its matrix by", difference, claim.tolerance);
  if (claim.reversible) {
    check("detailed balance is off by", detailed_balance_gap(law.matrix, claim.pi),
          claim.tolerance);
  }
  if (!is_primitive(law.matrix, claim.pi)) {
    all += "does not reach every state; ";
  }
  if (!law.repeated.empty()) {
    all += "draws the same word twice; ";
  }
  return all;
}

Eigen::VectorXd gibbs_law(const Eigen::VectorXd& energies, double beta) {
  const double lowest = energies.minCoeff();
  Eigen::VectorXd pi(energies.size());
  for (Index k = 0; k < pi.size(); ++k) {
    pi[k] = std::exp(-beta_times(beta, energies[k] - lowest));
  }
  return pi / pi.sum();
}

Eigen::MatrixXd gibbs_matrix(const StateSpace& space, const Eigen::VectorXd& energies, double beta,
                             const std::vector<Index>& columns) {
  const Block<double> states = space.all();
  const Eigen::VectorXd pi = gibbs_law(energies, beta);
  Eigen::MatrixXd p = Eigen::MatrixXd::Zero(space.size(), space.size());
  for (Index from = 0; from < space.size(); ++from) {
    for (Index to = 0; to < space.size(); ++to) {
      Block<double> rest = states.row(to) - states.row(from);
      for (Index j : columns) {
        rest(0, j) = 0;
      }
      if ((rest == 0).all()) {
        p(from, to) = pi[to];
      }
    }
    const double sum = p.row(from).sum();
    if (sum > 0) {
      p.row(from) /= sum;
    } else {
      p(from, from) = 1;
    }
  }
  return p;
}

Eigen::MatrixXd metropolis_matrix(const StateSpace& space, const Eigen::VectorXd& energies,
                                  double beta, Index column) {
  const Column& c = space.columns()[static_cast<std::size_t>(column)];
  Eigen::MatrixXd p = Eigen::MatrixXd::Zero(space.size(), space.size());
  for (Index from = 0; from < space.size(); ++from) {
    double left = 0;
    for (Index k = 0; k < c.num_states; ++k) {
      Block<double> y = space.state(from);
      y(0, column) = state_code(c, k);
      const Index to = space.index(y);
      if (to != from) {
        const double change = energies[to] - energies[from];
        p(from, to) = std::min(1.0, std::exp(-beta_times(beta, change))) /
                      static_cast<double>(c.num_states - 1);
        left += p(from, to);
      }
    }
    p(from, from) = 1 - left;
  }
  return p;
}

Eigen::MatrixXd in_order(const std::vector<Eigen::MatrixXd>& factors) {
  Eigen::MatrixXd p = factors.front();
  for (std::size_t i = 1; i < factors.size(); ++i) {
    p = (p * factors[i]).eval();
  }
  return p;
}

Eigen::MatrixXd at_random(const std::vector<Eigen::MatrixXd>& choices) {
  Eigen::MatrixXd p = Eigen::MatrixXd::Zero(choices.front().rows(), choices.front().cols());
  for (const auto& choice : choices) {
    p += choice / static_cast<double>(choices.size());
  }
  return p;
}

}  // namespace negphase::testing
