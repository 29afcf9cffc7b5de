#include <fmt/core.h>

#include <array>
#include <filesystem>
#include <vector>

#include "comparison.hpp"
#include "negphase/core/error.hpp"
#include "output.hpp"
#include "verbs.hpp"

namespace negphase::tool {

namespace {

namespace fs = std::filesystem;

// Beside an installed program (prefix/bin, prefix/share/negphase), else in the source tree that it
// was built from.
fs::path data_folder() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const std::array<fs::path, 2> folders{program.parent_path().parent_path() / "share" / "negphase",
                                        fs::path(NEGPHASE_DATA_DIR)};
  for (const fs::path& folder : folders) {
    if (fs::exists(folder / "yacht_quartic.toml", ignored)) {
      return folder;
    }
  }
  throw IoError(
      fmt::format("the demo's data are neither in {} nor in {}; install negphase again, or "
                  "run it from its source tree",
                  folders[0].string(), folders[1].string()));
}

struct Part {
  const char* file;
  const char* before;
  const char* after;
};

constexpr const char* opening = R"(
An energy-based model is trained with the gradient of its negative log-likelihood. One half of
that gradient is an average over the model's own distribution, which cannot be summed: Markov
chains draw it. Here are two models small enough that the exact gradient is known as well, so
that each estimate and its error bar can be checked.

)";

constexpr Part parts[] = {
    {"yacht_quartic.toml",
     R"(1. Continuous y: the resistance of a yacht's hull given its speed, by a double well that tilts
   with x (real data, 308 rows). ULA, MALA and random-walk Metropolis draw y on each row;
   quadrature over y gives the exact gradient.

)",
     R"(
What to notice: rms z is the error in units of the error bar, about 1 where the bar is true.
MALA and the random walk are exact, and so are their bars. ULA takes the same steps as MALA but
never rejects one: it samples another law, and its error does not fall with more draws.


)"},
    {"digits_rbm.toml",
     R"(2. Discrete y with latents: a restricted Boltzmann machine, 64 pixels and 16 hidden units, on
   1797 handwritten digits. Four ways to draw the negative phase; the sum over all 2^16 hidden
   states gives the exact gradient.

)",
     R"(
What to notice: block Gibbs and single flips agree with the exact gradient within their error
bars. CD-1 stops each chain one step after the datum: its error bars surround another number.
That is the bias of the method, which more draws do not mend. CD-10 is nearer, at ten times the
steps.


)"},
};

// How to call this program from a shell: as installed, or with its path.
std::string program_name(const fs::path& data) {
  std::error_code ignored;
  return data == fs::path(NEGPHASE_DATA_DIR) ? fs::read_symlink("/proc/self/exe", ignored).string()
                                             : "negphase";
}

std::string what_next(const fs::path& data) {
  const std::string program = program_name(data);
  return fmt::format(
      "What to try next:\n\n"
      "  {0} gradient {1} --set sampler.step_size=0.01\n"
      "      ULA with smaller steps: less bias, slower chains\n\n"
      "  {0} gradient {2} --set compare.0.estimator.cd_k=3\n"
      "      CD-3 in the place of CD-1\n\n"
      "Then copy one of these two files, name your own table in it, and see what there is:\n\n"
      "  {0} list\n",
      program, (data / "yacht_quartic.toml").string(), (data / "digits_rbm.toml").string());
}

}  // namespace

int run_demo(const CommonArguments& common) {
  const fs::path folder = data_folder();
  const Executor executor(common.threads);
  std::vector<Comparison> comparisons;
  for (const Part& part : parts) {
    comparisons.push_back(plan_comparison((folder / part.file).string(), common, executor));
  }
  print(opening);
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    print(parts[i].before);
    flush_output();
    run_comparison(comparisons[i], common, executor);
    print(format_table(comparisons[i]) + parts[i].after);
    flush_output();
  }
  print(what_next(folder));
  return 0;
}

}  // namespace negphase::tool
