#include "negphase/gradient/negative_answers.hpp"

#include "negphase/gradient/criteria/criterion_objective.hpp"

#include <fmt/core.h>

#include <array>

#include "negphase/gradient/lowest_answers.hpp"

namespace negphase {

namespace {

void check_given(const Problem& p, const Eigen::MatrixXd& given) {
  if (given.rows() != p.rows() || given.cols() != p.y.cols()) {
    throw ConfigError(
        given.size() == 0
            ? std::string("negative = \"given\" needs the negative answers: negative_columns names "
                          "their columns in the data file")
            : fmt::format("negative = \"given\": the negative answers are {} x {}, y is {} x {}",
                          given.rows(), given.cols(), p.rows(), p.y.cols()));
  }
}

}  // namespace

NegativeAnswers::Source NegativeAnswers::source_of(const Options& train) {
  if (is_criterion(train.word("loss"))) {
    return Source::none;
  }
  switch (find_loss(train.word("loss")).negative) {
    case LossNegative::none:
    case LossNegative::all_answers:
      return Source::none;
    case LossNegative::minimum:
      return Source::minimum;
    case LossNegative::one:
      break;
  }
  const std::string& from = train.word("negative");
  return from == "sampler" ? Source::sampler : from == "given" ? Source::given : Source::offending;
}

NegativeAnswers::NegativeAnswers(const Problem& problem, const Loss& loss, Index batch_rows,
                                 const AnySampler* sampler, const Options& train,
                                 const Eigen::MatrixXd& given, const RunSettings& settings)
    : source_(source_of(train)),
      loss_(loss),
      radius_(train.real("negative_radius")),
      settings_(settings) {
  settings_.stop = nullptr;  // an update ends whole
  settings_.progress = nullptr;
  if (source_ == Source::sampler) {
    draws_.emplace(problem, batch_rows, sampler, train, settings);
  } else if (source_ == Source::given) {
    check_given(problem, given);
    given_ = given;
  } else if (may_jump()) {  // what is refused is refused before any update
    const std::array<Index, 1> first{0};
    const Problem one{problem.model, problem.x.topRows(1), problem.y(first, Eigen::all),
                      problem.beta};
    try {
      of(one, Batches(one, 1, settings.seed), 0);
    } catch (const ModelError&) {  // noise on the initial parameters may mend it
    }
  }
}

Negatives NegativeAnswers::of(const Problem& batch, const Batches& batches, std::int64_t update) {
  switch (source_) {
    case Source::sampler:
      return draws_->draw(batch, update);
    case Source::offending:
      return offending_answers(batch, loss_, radius_, settings_);
    case Source::given:
      return {batches.taken_of(given_)};
    case Source::minimum:
      return least_answers(batch, loss_, settings_);
    case Source::none:
      break;
  }
  return {};
}

void NegativeAnswers::save(SavedState& state) const {
  if (draws_) {
    draws_->save(state);
  }
}

void NegativeAnswers::restore(const SavedState& state) {
  if (draws_) {
    draws_->restore(state);
  }
}

}  // namespace negphase
