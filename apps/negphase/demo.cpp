#include "demo.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "help.hpp"
#include "negphase/core/error.hpp"
#include "negphase/io/files.hpp"
#include "output.hpp"
#include "program_data.hpp"
#include "report.hpp"
#include "verb_result.hpp"

namespace negphase::tool {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Folders of the steps, in their order, below the demo's own.
constexpr const char* yacht_trained = "yacht-trained";
constexpr const char* yacht_gradient = "yacht-gradient";
constexpr const char* digits_trained = "digits-trained";
constexpr const char* digits_gradient = "digits-gradient";
constexpr const char* penguins_trained = "penguins-trained";
constexpr std::array steps{yacht_trained, yacht_gradient, digits_trained, digits_gradient,
                           penguins_trained};

// How to call this program from a shell: as installed, or with its path.
std::string program_name(const fs::path& data) {
  std::error_code ignored;
  return data == fs::path(NEGPHASE_DATA_DIR)
             ? quoted(fs::read_symlink("/proc/self/exe", ignored).string())
             : "negphase";
}

// A folder that an earlier demo has made, or none, or an empty one.
fs::path own_folder(const CommonArguments& common) {
  const fs::path folder = common.out.empty() ? "negphase-demo" : common.out;
  std::error_code reason;
  const bool is_there = fs::exists(folder, reason);
  if (is_there && !fs::is_directory(folder, reason)) {
    throw IoError(folder.string() + ": is a file; --out names a folder");
  }
  const bool is_own = std::any_of(steps.begin(), steps.end(), [&](const char* step) {
    return fs::exists(folder / step, reason);
  });
  if (is_there && !is_own && !fs::is_empty(folder, reason)) {
    throw ConfigError({folder.string(), 0, 0},
                      "is there already, and no earlier demo made it; --out names another folder");
  }
  if (!is_there) {
    check_writable(folder);
  }
  fs::create_directory(folder, reason);
  if (reason) {
    throw IoError(folder.string() + ": " + reason.message());
  }
  return folder;
}

constexpr const char* opening = R"(
An energy-based model gives every y an energy, low where y goes with x: p(y | x) = exp(-F) / Z. It
is trained with the gradient of its negative log-likelihood (NLL), of which one half is an average
over the model's own draws: Z cannot be summed, Markov chains draw. Here are three models, each
small enough that the exact answer is known as well, so that every estimate can be checked.

)";

/// A model that is trained, and one gradient of it by several methods.
struct TrainAndCompare {
  int number;
  const char* title;
  const char* config;
  const char *trained, *gradient;  ///< folders
  const char* about;
  const char* ways;
  const char* lesson;  ///< what the figures teach, after the verdict on them
};

constexpr TrainAndCompare yacht{
    1,
    "A yacht's resistance",
    "yacht_mlp.toml",
    yacht_trained,
    yacht_gradient,
    "A real y: the resistance of a yacht's hull given its speed and shape, 308 measurements. The "
    "energy is a small neural network, trained by negative examples that MALA draws. Quadrature "
    "over y gives the exact NLL, which stands beside that of a Gaussian regression.",
    "by three samplers",
    "ULA takes the same steps as MALA but never rejects one: it samples another law, and more "
    "draws do not help."};

constexpr TrainAndCompare digits{
    2,
    "Handwritten digits",
    "digits_rbm_train.toml",
    digits_trained,
    digits_gradient,
    "A discrete y with latents: a restricted Boltzmann machine, 64 pixels and 16 hidden units, on "
    "1797 handwritten digits, trained by persistent chains. The sum over all 2^16 hidden states "
    "gives the exact NLL and gradient.",
    "by five ways to draw the negative examples",
    "CD-k stops each chain k steps after the datum, which it still remembers. That is the bias of "
    "the method: the error bar is small, and surrounds another number."};

class Demo {
 public:
  explicit Demo(const CommonArguments& common)
      : common_(common), data_(data_folder("yacht_mlp.toml")), out_(own_folder(common)) {
    common_.json = false;
  }
  void run();

 private:
  void train_and_compare(const TrainAndCompare& part);
  void one_to_many();
  std::string what_next() const;

  VerbResult step(VerbResult (*verb)(const std::string&, const CommonArguments&),
                  const fs::path& file, const char* folder) const {
    flush_output();
    CommonArguments own = common_;
    own.out = (out_ / folder).string();
    own.force = true;
    own.report = false;
    return verb(file.string(), own);
  }
  VerbResult train(const char* file, const char* folder) const {
    return step(train_result, data_ / file, folder);
  }
  VerbResult gradient(const char* trained, const char* folder) const {
    return step(gradient_result, out_ / trained / "trained.toml", folder);
  }

  void add_part(const char* folder, const std::string& title, const std::string& text) {
    report_.push_back({out_ / folder, title, text});
  }

  CommonArguments common_;
  fs::path data_, out_;
  std::vector<ReportPart> report_;
};

// "1. A real y: ...", set in behind its number.
void print_part(int number, const std::string& about) {
  std::string text = wrapped(about, 3);
  text.replace(0, 3, fmt::format("{}. ", number));
  print(text + "\n");
}

// Heading, table, verdict.
std::string gradient_text(const VerbResult& found, const std::string& said) {
  const std::size_t heading = found.text.find("\n\n");
  return found.text.substr(0, heading) + "\n\n" + gradient_table(found.json) + "\n" +
         wrapped(said, 0) + "\n";
}

void Demo::train_and_compare(const TrainAndCompare& part) {
  print_part(part.number, part.about);
  const VerbResult trained = train(part.config, part.trained);
  print(nll_table(trained.json) + "\nNow one gradient at the trained parameters, " + part.ways +
        " beside the exact one:\n\n");
  const VerbResult found = gradient(part.trained, part.gradient);
  const std::string said = verdict(found.json) + " " + part.lesson;
  print(gradient_text(found, said) + "\n");
  add_part(part.trained, std::string(part.title) + ": training", part.about);
  add_part(part.gradient, std::string(part.title) + ": one gradient, " + part.ways, said);
}

void Demo::one_to_many() {
  const std::string about =
      "Two answers for one x: how deep is a penguin's bill, given its weight and not its species? "
      "Around 4.5 kg it is some 14.5 mm for a Gentoo and 18.5 mm for an Adelie. A regression says "
      "the mean, which lies between; an energy has a valley for each.";
  print_part(3, about);
  const VerbResult trained = train("penguins_mlp.toml", penguins_trained);
  const std::string said =
      valleys(Json::parse(read_file(out_ / penguins_trained / "pictures.json")));
  print(nll_table(trained.json) + "\n" + wrapped(said, 0) + "\n\n");
  add_part(penguins_trained, "A penguin's bill: two answers for one weight", about + "\n\n" + said);
}

std::string Demo::what_next() const {
  const std::string program = program_name(data_);
  // whole names: nobody says from which folder the commands are typed
  const fs::path out = fs::absolute(out_).lexically_normal();
  const auto path = [](const fs::path& file) { return quoted(file.string()); };
  return fmt::format(
      "The same with charts, in one page: {5}\n"
      "Its numbers: in {1}, a folder for each step, with the configuration that repeats it.\n\n"
      "What to try next:\n\n"
      "  {0} gradient {2} --set compare.0.estimator.cd_k=3 "
      "--set compare.0.label=CD-3\n"
      "      CD-3 in the place of CD-1\n\n"
      "  {0} gradient {3} --set compare.0.sampler.step_size=0.001\n"
      "      ULA with smaller steps: less bias, slower chains\n\n"
      "  {0} list\n"
      "      all there is. Then copy a .toml of {4} and name your own table in it.\n",
      program, out.string(), path(out / digits_trained / "trained.toml"),
      path(out / yacht_trained / "trained.toml"), data_.string(), (out / report_file).string());
}

void Demo::run() {
  print(opening);
  train_and_compare(yacht);
  train_and_compare(digits);
  one_to_many();
  write_report(report_, out_ / report_file, "negphase: what the demo shows");
  print(what_next());
}

}  // namespace

int run_demo(const CommonArguments& common) {
  Demo(common).run();
  return 0;
}

}  // namespace negphase::tool
