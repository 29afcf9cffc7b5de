// The ten losses (M4-M6 and those that look at one negative answer) trained on the same data, side
// by side: a Boltzmann machine over the bars and stripes of 3 x 3 pixels, whose NLL can be summed.
#include <negphase/exact/exact.hpp>
#include <negphase/exact/total_variation.hpp>
#include <negphase/gradient/losses.hpp>
#include <negphase/models/graph.hpp>
#include <negphase/models/pairwise.hpp>
#include <negphase/registry/registry.hpp>

#include <cmath>

#include "example_page.hpp"

using namespace negphase;
using namespace negphase::example;

namespace {

// rows of one colour or columns of one colour, all white and all black once each
Eigen::MatrixXd bars_and_stripes() {
  Eigen::MatrixXd y(14, 9);
  Index row = 0;
  for (int pattern = 0; pattern < 8; ++pattern) {
    for (const bool by_rows : {true, false}) {
      if (by_rows || (pattern != 0 && pattern != 7)) {
        for (Index k = 0; k < 9; ++k) {
          y(row, k) = (pattern >> (by_rows ? k / 3 : k % 3)) & 1;
        }
        ++row;
      }
    }
  }
  return y;
}

/// One training by one loss: the NLL on its way, and what came of it.
struct Outcome {
  FigureSeries nll;
  double last_nll = NAN, share = NAN, gap = NAN;
  std::string ended = "-";
};

Outcome outcome_of(const LossRow& loss, const Problem& problem, std::int64_t updates) {
  const Executor executor;
  const RunSettings settings{.executor = &executor, .seed = 1};
  const bool draws = loss.negative == LossNegative::one || loss.name == "nll";
  // squares and exponentials of energies have no bound on their slope: smaller steps
  const bool steep = loss.name == "square_square" || loss.name == "square_exponential";
  const double rate = steep ? 0.01 : 0.1;
  const AnySampler gibbs = make_sampler("block_gibbs");
  const Options options =
      Options::resolve("train", train_options(),
                       std::vector<GivenOption>{{"loss", std::string(loss.name), {}},
                                                {"updates", updates, {}},
                                                {"batch", std::int64_t{1000}, {}},
                                                {"learning_rate", rate, {}},
                                                {"learning_rate_end", rate / 10, {}}});
  Trainer trainer(problem, draws ? &gibbs : nullptr, options, settings);
  Outcome outcome{{std::string(loss.name), {}, {}}};
  const auto look = [&] {
    const AnyModel model = problem.model.with_params(trainer.params());
    outcome.last_nll = exact_nll_gradient(model, problem.x, problem.y, 1, {}, executor).nll;
    outcome.nll.x.push_back(static_cast<double>(trainer.updates()));
    outcome.nll.y.push_back(outcome.last_nll);
  };
  try {
    look();
    while (!trainer.done()) {
      trainer.update();
      if (trainer.updates() % std::max<std::int64_t>(1, updates / 20) == 0) {
        look();
      }
    }
  } catch (const ModelError& broke) {
    outcome.ended = "after " + std::to_string(trainer.updates());
  }
  const AnyModel model = problem.model.with_params(trainer.params());
  const Eigen::ArrayXd law = law_of_y(model, 1);
  const std::vector<Column> columns = model.shape().y;
  Eigen::ArrayXd others = law;
  outcome.share = 0;
  double least_datum = 1;
  for (Index r = 0; r < problem.rows(); ++r) {
    const Index state = state_number(columns, problem.y.row(r));
    outcome.share += law[state];
    least_datum = std::min(least_datum, law[state]);
    others[state] = 0;
  }
  outcome.gap = std::log(least_datum) - std::log(others.maxCoeff());
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments given = arguments(argc, argv, "ten_losses");
  const Eigen::MatrixXd y = bars_and_stripes();
  const Problem problem{PairwiseModel(ColumnKind::bit, Graph(9, all_pairs(9)), Params::Zero(45)),
                        Eigen::MatrixXd(14, 0), y};
  FiguresPage page("Ten losses on the same data");
  page.text(
      "A Boltzmann machine over 9 pixels, all pairs coupled, is trained on the 14 bars and stripes "
      "by "
      "each loss: negative answers, where a loss looks at one, are drawn by persistent chains. The "
      "NLL that is shown is exact, and is what nll alone minimises; a machine without hidden units "
      "cannot single the patterns out, so no loss reaches log 14 = 2.64. In the table, patterns is "
      "the "
      "probability of all 14, gap the log probability of the least likely of them less that of the "
      "likeliest other state.");
  std::vector<FigureSeries> curves;
  FigureTable table{
      "After the training", {"loss", "value", "NLL", "patterns", "gap", "broke off"}, {}};
  for (const LossRow& loss : losses()) {
    const Outcome outcome = outcome_of(loss, problem, given.quick ? 20 : 1000);
    if (loss.name != "energy") {  // it leaves the others' range
      curves.push_back(outcome.nll);
    }
    table.rows.push_back({std::string(loss.name), std::string(loss.formula), text(outcome.last_nll),
                          text(outcome.share), text(outcome.gap), outcome.ended});
    std::printf("%-30s NLL %8s, patterns %6s\n", std::string(loss.name).c_str(),
                text(outcome.last_nll).c_str(), text(outcome.share).c_str());
  }
  page.figure({"nll",
               "The NLL while another loss is minimised",
               "Losses that push a drawn answer up follow the NLL some of the way and stop where "
               "their margin is kept; those that look at nothing but the lowest answer hardly move "
               "the bulk. The energy loss, which only pushes the data down, is not drawn: see the "
               "table.",
               {{"", {"update"}, {"mean NLL, nats"}, curves}}});
  page.table(std::move(table));
  write(page, given);
}
