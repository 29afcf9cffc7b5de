// What the NLL does to a continuous y when nothing limits it: needles at the data (M4). Noise on
// the data, weight decay and a loss with a margin blunt them, each at a price.
#include <negphase/exact/exact.hpp>
#include <negphase/models/mlp.hpp>
#include <negphase/random/stream_engine.hpp>
#include <negphase/registry/registry.hpp>

#include <boost/random/normal_distribution.hpp>
#include <cmath>

#include "example_page.hpp"

using namespace negphase;
using namespace negphase::example;

namespace {

Eigen::MatrixXd draws(Index rows, std::uint64_t seed) {
  Eigen::MatrixXd y(rows, 1);
  boost::random::normal_distribution<double> normal(0, 0.4);
  for (Index r = 0; r < rows; ++r) {
    StreamEngine engine(seed, static_cast<std::uint32_t>(r), 0, Purpose::user);
    y(r, 0) = (r % 2 == 0 ? 1 : -1) + normal(engine);
  }
  return y;
}

Problem problem_of(const AnyModel& model, const Eigen::MatrixXd& y) {
  return {model, Eigen::MatrixXd(y.rows(), 0), y};
}

bool names(const std::vector<Warning>& findings, const std::string& code) {
  for (const Warning& w : findings) {
    if (w.code == code) {
      return true;
    }
  }
  return false;
}

struct Way {
  const char* name;
  std::vector<GivenOption> options;
  bool draws = false;
};

std::vector<Way> all_ways() {
  // the NLL by weighted draws: exact integrals over needles take minutes
  const std::vector<GivenOption> nll{{"gradient", std::string("importance"), {}},
                                     {"proposal_width", 1.0, {}},
                                     {"proposal_draws", std::int64_t{2000}, {}}};
  const auto with = [&](std::vector<GivenOption> more) {
    more.insert(more.end(), nll.begin(), nll.end());
    return more;
  };
  return {{"nll", nll},
          {"nll, data_noise = 0.2", with({{"data_noise", 0.2, {}}})},
          {"nll, l2 = 0.01", with({{"l2", 0.01, {}}})},
          {"nll, energy_penalty = 0.01", with({{"energy_penalty", 0.01, {}}})},
          {"hinge, drawn answers",
           {{"loss", std::string("hinge"), {}},
            {"gradient", std::string("pcd"), {}},
            {"cd_k", std::int64_t{5}, {}}},
           true},
          {"hinge, answers 0.2 away",
           {{"loss", std::string("hinge"), {}},
            {"negative", std::string("offending"), {}},
            {"negative_radius", 0.2, {}}}}};
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments given = arguments(argc, argv, "needles");
  const Eigen::MatrixXd seen = draws(8, 1), held = draws(400, 2);
  const Problem problem =
      problem_of(MlpModel::initial({.num_x = 0, .num_y = 1, .hidden = 48}), seen);
  const std::int64_t updates = given.quick ? 20 : 2000;
  const Executor executor;
  const AnySampler walk =
      make_sampler("random_walk", std::vector<GivenOption>{{"proposal_scale", 0.7, {}}});
  FiguresPage page("Needles, and what blunts them");
  page.text(
      "Eight observations of a y whose law has two wide bumps, and a perceptron of 48 units as its "
      "energy. Minimised without limit, the NLL pushes the energy down at each observation and up "
      "however near to it: the density becomes needles, and the NLL of rows held out rises while "
      "that of the data falls.\n\nNoise on the data and weight decay keep the bumps wide, and so "
      "does a margin over answers that chains draw, at the price of a higher NLL of the data. A "
      "penalty on the energies does not: needles need no large energies, only large slopes. A "
      "margin over the lowest answer 0.2 away digs no valley at all where observations stand "
      "closer together than that and in each other's way.");
  FigureTable table{
      "After the training",
      {"trained by", "NLL of the 8", "NLL of 400 held out", "curvature at the data", "finding"},
      {}};
  FigurePanel density{"density", {"y"}, {"p(y)"}, {}},
      curvature{"curvature at the data", {"update"}, {"median d2F/dy2", true}, {}};
  double top = 0;
  for (const Way& way : all_ways()) {
    std::vector<GivenOption> options{{"learning_rate", 0.1, {}},
                                     {"schedule", std::string("constant"), {}}};
    options.insert(options.end(), way.options.begin(), way.options.end());
    const WatchedTraining training =
        watched_training(problem, updates, options, way.draws ? &walk : nullptr);
    const Profile found = profile(training.model, problem.x.topRows(1), 1, grid(-2.5, 2.5, 1001));
    density.series.push_back(
        {way.name, found.y, found.density, {}, {}, FigureSeries::Style::curve});
    top = std::max(top, *std::max_element(found.density.begin(), found.density.end()));
    FigureSeries sharper{way.name, {}, {}};
    for (const HealthLook& look : training.looks) {
      sharper.x.push_back(look.update);
      sharper.y.push_back(look.curvature);
    }
    const double last = sharper.y.back();
    curvature.series.push_back(std::move(sharper));
    const auto nll = [&](const Eigen::MatrixXd& y) {
      const Problem of = problem_of(training.model, y);
      return text(exact_nll_gradient(training.model, of.x, of.y, 1, {}, executor).nll, "%.3g");
    };
    table.rows.push_back({way.name, nll(seen), nll(held), text(last, "%.3g"),
                          names(training.findings, "needles") ? "needles" : "-"});
    std::printf("%-32s NLL %8s, held out %8s, curvature %s, %s\n", way.name,
                table.rows.back()[1].c_str(), table.rows.back()[2].c_str(),
                table.rows.back()[3].c_str(), table.rows.back()[4].c_str());
  }
  const std::vector<double> at(seen.data(), seen.data() + seen.size());
  density.series.push_back({"the 8 observations",
                            at,
                            std::vector<double>(at.size(), top / 4),
                            {},
                            {},
                            FigureSeries::Style::observed});
  page.figure(
      {"profiles",
       "The density after the training, and how sharp the energy grew",
       "By the NLL alone a needle stands on the observations and keeps sharpening; noise on the "
       "data, weight decay and a margin over drawn answers leave wide bumps.",
       {density, curvature}});
  page.table(std::move(table));
  write(page, given);
}
