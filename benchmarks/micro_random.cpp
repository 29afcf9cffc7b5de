// Bulk random numbers against Boost.Random, one thread: words, uniforms and normals of a block of
// 64 chains for each instruction set that this machine has.
//
//   micro_random [--json]
//
// All competitors run in turn within each round, so that a change of clock or load meets them all.
// A rate is the median of the rounds, with the slowest and the fastest beside it; a ratio is the
// median of the ratios to Boost's rate in the same round.
#include <fmt/core.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <boost/version.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "negphase/random/fill.hpp"

namespace {

using negphase::Isa;
using negphase::StreamKey;

constexpr int rounds = 9;
constexpr double seconds_a_round = 0.010;
constexpr std::size_t chains = 64;

struct Case {
  std::string what;
  std::string who;
  std::size_t columns;
  double items;
  std::function<void()> run;
  std::size_t baseline;  ///< the case that it is compared with
  long repeats = 1;
  std::vector<double> rates = {};  ///< 1e9 numbers a second, one for each round
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double seconds(const Case& c, long repeats) {
  const double start = now();
  for (long i = 0; i < repeats; ++i) {
    c.run();
  }
  return now() - start;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// What the compiler must believe to be read.
void keep(const void* data) { asm volatile("" : : "g"(data) : "memory"); }

class Suite {
 public:
  void boost(const std::string& what, const std::string& who, std::size_t columns,
             std::function<void()> run) {
    add(what, who, columns, std::move(run), cases_.size());
    baseline_ = cases_.size() - 1;
  }
  void fill(const std::string& what, Isa isa, std::size_t columns, std::function<void()> run) {
    const char* name = isa == Isa::scalar ? "scalar" : isa == Isa::avx2 ? "avx2" : "avx512";
    add(
        what, name, columns,
        [isa, body = std::move(run)] {
          negphase::set_fill_isa(isa);
          body();
        },
        baseline_);
  }
  void measure() {
    for (Case& c : cases_) {
      c.run();
      while (seconds(c, c.repeats) < seconds_a_round / 4) {
        c.repeats *= 2;
      }
      c.repeats = static_cast<long>(static_cast<double>(c.repeats) * 1.2 * seconds_a_round /
                                    seconds(c, c.repeats)) +
                  1;
    }
    for (int round = 0; round < rounds; ++round) {
      for (Case& c : cases_) {
        c.rates.push_back(c.items * static_cast<double>(c.repeats) / seconds(c, c.repeats) / 1e9);
      }
    }
  }
  void print(bool json) const {
    if (!json) {
      fmt::print("{:<17}{:<34}{:>10}{:>9}{:>17}{:>9}\n", "what", "who", "shape", "G/s",
                 "min .. max", "ratio");
    }
    std::string sep = "[\n";
    for (const Case& c : cases_) {
      std::vector<double> ratios;
      for (int round = 0; round < rounds; ++round) {
        const auto r = static_cast<std::size_t>(round);
        ratios.push_back(c.rates[r] / cases_[c.baseline].rates[r]);
      }
      const auto [low, high] = std::minmax_element(c.rates.begin(), c.rates.end());
      const std::string shape = fmt::format("{}x{}", chains, c.columns);
      if (json) {
        fmt::print(
            "{}  {{\"what\": \"{}\", \"who\": \"{}\", \"shape\": \"{}\", \"g_per_s\": {:.4g}, "
            "\"min\": {:.4g}, \"max\": {:.4g}, \"ratio\": {:.4g}}}",
            sep, c.what, c.who, shape, median(c.rates), *low, *high, median(ratios));
        sep = ",\n";
      } else {
        fmt::print("{:<17}{:<34}{:>10}{:>9.3f}{:>8.3f} ..{:>6.3f}{:>8.2f}x\n", c.what, c.who, shape,
                   median(c.rates), *low, *high, median(ratios));
      }
    }
    if (json) {
      fmt::print("\n]\n");
    }
  }

 private:
  void add(const std::string& what, const std::string& who, std::size_t columns,
           std::function<void()> run, std::size_t baseline) {
    cases_.push_back(
        {what, who, columns, static_cast<double>(chains * columns), std::move(run), baseline});
  }
  std::vector<Case> cases_;
  std::size_t baseline_ = 0;
};

template <class T, class Draw, class Fill>
void compare(Suite& suite, const std::string& what, const std::string& competitor, Draw draw,
             Fill fill, const std::vector<Isa>& isas) {
  const std::size_t many = 65536 / sizeof(T) / chains;
  const auto out = std::make_shared<std::vector<T>>(chains * many);
  suite.boost(what, competitor, many, [out, draw]() mutable {
    for (T& x : *out) {
      x = draw();
    }
    keep(out->data());
  });
  for (const Isa isa : isas) {
    for (const std::size_t columns : {many, std::size_t{1}, std::size_t{4}}) {
      suite.fill(what, isa, columns, [out, fill, columns, key = StreamKey{1, 0, 0, 0}]() mutable {
        ++key.step;
        fill(key, 0, columns, chains, out->data());
        keep(out->data());
      });
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: micro_random [--json]\n");
    return 2;
  }
  const Isa best = negphase::fill_isa();
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512}) {
    if (negphase::set_fill_isa(isa)) {
      isas.push_back(isa);
    }
  }

  Suite suite;
  compare<std::uint32_t>(
      suite, "words32", "boost mt19937",
      [engine = boost::random::mt19937(1)]() mutable { return engine(); },
      [](const auto&... a) { negphase::fill_words32(a...); }, isas);
  compare<std::uint64_t>(
      suite, "words64", "boost mt19937_64",
      [engine = boost::random::mt19937_64(1)]() mutable { return engine(); },
      [](const auto&... a) { negphase::fill_words64(a...); }, isas);
  compare<float>(
      suite, "uniforms float", "boost uniform_01<float>(mt19937)",
      [engine = boost::random::mt19937(1), law = boost::random::uniform_01<float>()]() mutable {
        return law(engine);
      },
      [](const auto&... a) { negphase::fill_uniforms(a...); }, isas);
  compare<double>(
      suite, "uniforms double", "boost uniform_01<double>(mt19937)",
      [engine = boost::random::mt19937(1), law = boost::random::uniform_01<double>()]() mutable {
        return law(engine);
      },
      [](const auto&... a) { negphase::fill_uniforms(a...); }, isas);
  compare<float>(
      suite, "normals float", "boost normal<float>(mt19937)",
      [engine = boost::random::mt19937(1),
       law = boost::random::normal_distribution<float>()]() mutable { return law(engine); },
      [](const auto&... a) { negphase::fill_normals(a...); }, isas);
  compare<double>(
      suite, "normals double", "boost normal<double>(mt19937)",
      [engine = boost::random::mt19937(1),
       law = boost::random::normal_distribution<double>()]() mutable { return law(engine); },
      [](const auto&... a) { negphase::fill_normals(a...); }, isas);
  suite.measure();
  if (!json) {
    fmt::print(
        "random numbers, 1e9 a second, one thread; Boost {}, {} rounds of {} ms, best set {}\n",
        BOOST_LIB_VERSION, rounds, seconds_a_round * 1e3,
        best == Isa::scalar ? "scalar"
        : best == Isa::avx2 ? "avx2"
                            : "avx512");
  }
  suite.print(json);
  return 0;
}
