#ifdef NEGPHASE_TOOL
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>
#include <vector>

#include "support/tool_json.hpp"

// How these tests can fail: a density of scaled values that is not scaled back, a profile of
// another row than the one that is named, draws of another row, a parameter group that takes in its
// neighbour, a picture that changes the run or ends it, a
// single draw that stretches an axis.

using namespace negphase::test;
using Json = nlohmann::ordered_json;
using Numbers = std::vector<double>;

namespace {

Json pictures_of(const TemporaryFolder& folder, const std::string& arguments) {
  const ToolRun run = run_tool(folder, arguments + " --quiet --force --out t");
  CAPTURE(run.err);
  REQUIRE(run.exit_code == 0);
  return read_json(folder, "t/pictures.json");
}

double mean(const Numbers& values) {
  double sum = 0;
  for (const double v : values) {
    sum += v;
  }
  return sum / static_cast<double>(values.size());
}

double deviation(const Numbers& values) {
  const double center = mean(values);
  double sum = 0;
  for (const double v : values) {
    sum += (v - center) * (v - center);
  }
  return std::sqrt(sum / static_cast<double>(values.size()));
}

// The law exp(-beta E) / Z on a line, summed at steps of 2^-9 from -12 to 12: for an analytic
// density that is below e^-100 there the sum is exact to rounding.
struct Law {
  template <class LogWeight>
  explicit Law(const LogWeight& log_weight) {
    double first = 0;
    for (int i = -12 * 512; i <= 12 * 512; ++i) {
      const double y = i / 512.0, weight = std::exp(log_weight(y)) / 512;
      z += weight;
      first += y * weight;
    }
    mean = first / z;
  }
  double z = 0, mean = 0;
};

// Chains are independent, the five draws of one are not: the mean of chain means has an error bar.
double z_of_draws(const Numbers& draws, double exact, double scale) {
  Numbers of_chain;
  for (std::size_t c = 0; c + 5 <= draws.size(); c += 5) {
    of_chain.push_back(mean(Numbers(draws.begin() + static_cast<std::ptrdiff_t>(c),
                                    draws.begin() + static_cast<std::ptrdiff_t>(c) + 5)));
  }
  const double error = deviation(of_chain) / std::sqrt(static_cast<double>(of_chain.size()) - 1);
  return (mean(of_chain) - exact * scale) / error;
}

}  // namespace

TEST_CASE("pictures: profiles of a quartic in the units of the file, and draws of their rows") {
  const TemporaryFolder folder;
  write_quartic(folder);
  // x and y are scaled by factors of their own
  std::string rows = "x,y\n";
  Numbers x, y;
  for (int i = 0; i < 20; ++i) {
    x.push_back(100 + 3.0 * ((i * 7) % 20));
    y.push_back(-5 + 0.25 * ((i * 3) % 20));
    rows += std::to_string(x.back()) + "," + std::to_string(y.back()) + "\n";
  }
  folder.write("d.csv", rows);
  const std::string arguments = "gradient m.toml --set data.standardize=true --set model.beta=0.7";
  const Json pictures = pictures_of(folder, arguments);
  CHECK(pictures["images"].is_null());
  CHECK(contains(pictures["why_not"]["images"], "[data] does not say"));
  const Json& profiles = pictures["profiles"];
  CHECK(profiles["y"] == "y");
  CHECK(profiles["x"] == Json::array({"x"}));
  CHECK(profiles["sampler"] == "mala");
  CHECK(profiles["beta"] == 0.7);
  REQUIRE(profiles["rows"].size() == 5);
  double last_x = 0;
  for (const Json& row : profiles["rows"]) {
    const auto r = row["row"].get<std::size_t>() - 1;
    CHECK(std::abs(row["x"][0].get<double>() - x[r]) < 1e-12);
    CHECK(std::abs(row["y_observed"].get<double>() - y[r]) < 1e-12);
    CHECK(row["x"][0] > last_x);
    last_x = row["x"][0];
    const double scaled_x = (x[r] - mean(x)) / deviation(x);
    const auto energy = [&](double v) {
      return 0.6 * std::pow(v, 4) / 4 - 0.4 * v * v / 2 - 1.1 * scaled_x * v - 0.2 * v;
    };
    const Law law([&](double v) { return -0.7 * energy(v); });
    const auto grid = row["y"].get<Numbers>(), density = row["density"].get<Numbers>(),
               free_energy = row["free_energy"].get<Numbers>();
    REQUIRE(grid.size() == 201);
    const double lowest = *std::min_element(free_energy.begin(), free_energy.end());
    CHECK(lowest == 0);
    double least = 1e300;
    for (const double v : grid) {
      least = std::min(least, energy((v - mean(y)) / deviation(y)));
    }
    for (std::size_t i = 0; i < grid.size(); ++i) {
      const double e = energy((grid[i] - mean(y)) / deviation(y));
      const double exact = std::exp(-0.7 * e) / law.z / deviation(y);
      // E up to 100 in some ten operations: 1e-13; both sums of Z are better than that
      CHECK(std::abs(density[i] / exact - 1) < 1e-11);
      CHECK(std::abs(free_energy[i] - (e - least)) < 1e-11);
    }
    const double highest = *std::max_element(density.begin(), density.end());
    CHECK(std::max(density.front(), density.back()) < 1e-3 * highest);
    const auto draws = row["negatives"].get<Numbers>();
    REQUIRE(draws.size() == 500);
    // standard normal but for t of 99 degrees of freedom; above 6 once in 10^7 looks
    CHECK(std::abs(z_of_draws(draws, law.mean * deviation(y) + mean(y), 1)) < 6);
    CHECK(row["regression"]["standard_deviation"] > 0);
    CHECK(std::abs(row["regression"]["density_at_mean"].get<double>() *
                       row["regression"]["standard_deviation"].get<double>() *
                       std::sqrt(2 * std::numbers::pi) -
                   1) < 1e-12);
    const double at_mean = (row["regression"]["mean"].get<double>() - mean(y)) / deviation(y);
    CHECK(std::abs(row["regression"]["model_density_at_mean"].get<double>() * law.z * deviation(y) /
                       std::exp(-0.7 * energy(at_mean)) -
                   1) < 1e-11);
  }
  // the same bytes for any number of threads, and the run's own numbers are those without pictures
  const std::string first = folder.read("t/pictures.json");
  pictures_of(folder, arguments + " --threads 2");
  CHECK(folder.read("t/pictures.json") == first);
}

TEST_CASE("pictures: a few draws far out do not stretch a profile, the many are in it") {
  const TemporaryFolder folder;
  write_quartic(folder);
  std::string rows = "x,y\n";
  for (int i = 0; i < 100; ++i) {
    rows += std::to_string(0.01 * i) + "," +
            std::to_string(i == 99 ? 60 : 10 * (i * 7 % 99) / 98.0 - 5) + "\n";
  }
  folder.write("d.csv", rows);
  // the chains stay where they start: at y of a row drawn at random
  const Json pictures = pictures_of(folder, "gradient m.toml --set sampler.step_size=1e-12");
  std::size_t far = 0;
  for (const Json& row : pictures["profiles"]["rows"]) {
    auto draws = row["negatives"].get<Numbers>();
    std::sort(draws.begin(), draws.end());
    far += static_cast<std::size_t>(
        std::count_if(draws.begin(), draws.end(), [](double y) { return y > 6; }));
    const auto grid = row["y"].get<Numbers>();
    CHECK(grid.back() < 6);
    // 450 of 500 draws; the density alone, above 1e-4 of its maximum, ends within -3.2 .. 3.2
    CHECK(grid.front() <= draws[25]);
    CHECK(grid.back() >= draws[474]);
    CHECK((draws[25] < -3.2 && draws[474] > 3.2));
    const auto density = row["density"].get<Numbers>();
    CHECK(*std::max_element(density.begin(), density.end()) >
          1e4 * std::max(density.front(), density.back()));
  }
  CHECK(far > 0);
}

TEST_CASE("pictures: z is summed out, and without x there is one profile") {
  const TemporaryFolder folder;
  folder.write("d.csv", "y\n-2\n-1.5\n-2.5\n1\n1.5\n2\n0\n");
  folder.write("g.toml", R"([model]
name = "gaussian_mixture"
components = 2
latent = true
params = [0, 0, -2, 0.5, 1, 1.5]
[data]
file = "d.csv"
y = "y"
[sampler]
name = "metropolis_within_gibbs"
[sample]
draws = 10
)");
  const Json pictures = pictures_of(folder, "sample g.toml");
  REQUIRE(pictures["profiles"]["rows"].size() == 1);
  const Json& row = pictures["profiles"]["rows"][0];
  CHECK(row["row"].is_null());
  CHECK(row["regression"].is_null());
  const auto log_weight = [](double y) {
    return std::log(std::exp(-(y + 2) * (y + 2) / 2) +
                    std::exp(0.5 - std::exp(1.0) * (y - 1.5) * (y - 1.5) / 2));
  };
  const Law law(log_weight);
  const auto grid = row["y"].get<Numbers>(), density = row["density"].get<Numbers>();
  for (std::size_t i = 0; i < grid.size(); ++i) {
    CHECK(std::abs(density[i] * law.z / std::exp(log_weight(grid[i])) - 1) < 1e-11);
  }
  CHECK(std::abs(z_of_draws(row["negatives"].get<Numbers>(), law.mean, 1)) < 6);
}

TEST_CASE("pictures: images are rows of the data beside draws") {
  const TemporaryFolder folder;
  write_rbm(folder);
  const Json pictures = pictures_of(folder,
                                    "train r.toml --set train.updates=2 "
                                    "--set data.image=[2,2]");
  CHECK(pictures["profiles"].is_null());
  CHECK(contains(pictures["why_not"]["profiles"], "one real column"));
  const Json& images = pictures["images"];
  CHECK((images["height"] == 2 && images["width"] == 2 && images["low"] == 0));
  CHECK(images["high"] == 1);
  CHECK(images["how"] == "32 chains of block_gibbs, 1000 steps from data rows");
  REQUIRE(images["data"].size() == 16);
  for (std::size_t i = 0; i < 16; ++i) {
    const int row = static_cast<int>(i) * 30 / 16;
    for (int j = 0; j < 4; ++j) {
      CHECK(images["data"][i][static_cast<std::size_t>(j)] ==
            ((row * 5 + j * 3) % 7 % 2 == 0 ? 1 : 0));
    }
  }
  REQUIRE(images["negatives"].size() == 32);
  std::size_t ones = 0;
  for (const Json& picture : images["negatives"]) {
    REQUIRE(picture.size() == 4);
    for (const Json& pixel : picture) {
      CHECK((pixel == 0 || pixel == 1));
      ones += pixel == 1 ? 1 : 0;
    }
  }
  CHECK((ones > 0 && ones < 128));
  const Json groups = read_json(folder, "t/train.json")["parameter_groups"];
  CHECK(groups == Json::parse(R"([{"name": "W", "first": 0, "shape": [4, 2]},
                                  {"name": "a", "first": 8, "shape": [4]},
                                  {"name": "c", "first": 12, "shape": [2]}])"));
}

TEST_CASE("pictures: what cannot be shown is said, and the run is whole") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const std::string falling = "--set 'model.params=[-1, 2, 3, 1]' --set train.updates=2";
  const Json pictures = pictures_of(folder, "train m.toml " + falling);
  CHECK(pictures["profiles"].is_null());
  CHECK(contains(pictures["why_not"]["profiles"], "not normalisable"));
  CHECK(std::filesystem::exists(folder / "t/run.json"));
  // the law is there, the chains are not
  const Json diverged = pictures_of(folder,
                                    "train m.toml --set train.gradient=exact "
                                    "--set train.updates=2 --set sampler.name=ula "
                                    "--set sampler.step_size=5");
  CHECK(diverged["profiles"]["rows"].size() == 5);
  CHECK(diverged["profiles"]["rows"][0]["negatives"].empty());
  CHECK(contains(diverged["why_not"]["negatives"], "step_size"));
}

TEST_CASE("train: the Gaussian regression stands beside the NLL of a conditional model") {
  const TemporaryFolder folder;
  write_quartic(folder);
  const ToolRun run =
      run_tool(folder, "train m.toml --out t --set train.updates=2 --set 'data.test=\"1..4\"'");
  REQUIRE(run.exit_code == 0);
  const Json json = read_json(folder, "t/train.json");
  // least squares of the other 16 rows, by hand
  double sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
  const auto x = [](int i) { return 0.2 * i - 2; };
  const auto y = [](int i) { return (i * 7 % 20) * 0.2 - 2; };
  for (int i = 4; i < 20; ++i) {
    sx += x(i) / 16, sy += y(i) / 16;
    sxx += x(i) * x(i) / 16, sxy += x(i) * y(i) / 16, syy += y(i) * y(i) / 16;
  }
  const double slope = (sxy - sx * sy) / (sxx - sx * sx);
  const double variance = syy - sy * sy - slope * (sxy - sx * sy);
  const double constant = 0.5 * std::log(2 * std::numbers::pi * variance);
  CHECK(std::abs(json["baseline"]["nll"].get<double>() - (constant + 0.5)) < 1e-12);
  double squares = 0;
  for (int i = 0; i < 4; ++i) {
    squares += std::pow(y(i) - sy - slope * (x(i) - sx), 2) / 4;
  }
  CHECK(std::abs(json["baseline"]["test_nll"].get<double>() - (constant + squares / variance / 2)) <
        1e-12);
  CHECK(contains(run.out, "\nGaussian regression: "));
  CHECK(contains(run.out, ", on the rows held out "));
  // said where it is so, and only there
  constexpr const char* better = "note: a Gaussian regression explains these rows better";
  CHECK(json["nll"]["after"] > json["baseline"]["nll"]);
  CHECK(contains(run.out, better));
  const ToolRun fitted = run_tool(folder,
                                  "train m.toml --out f --set train.gradient=exact "
                                  "--set train.optimizer=lbfgs --set train.updates=200");
  const Json good = read_json(folder, "f/train.json");
  CHECK(contains(fitted.out, better) == (good["nll"]["after"] > good["baseline"]["nll"]));
  CHECK(json["parameter_groups"][3] == Json::parse(R"({"name": "w3", "first": 3, "shape": []})"));
  write_rbm(folder);
  const ToolRun bits = run_tool(folder, "train r.toml --out r --set train.updates=1");
  CHECK(read_json(folder, "r/train.json")["baseline"].is_null());
  CHECK_FALSE(contains(bits.out, "regression"));
}

#endif
