#include "negphase/io/checkpoint.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "negphase/core/error.hpp"
#include "support/temporary_folder.hpp"

namespace {

using namespace negphase;

SavedState some_state() {
  SavedState state;
  state.put("updates", std::int64_t{7});
  state.put_array("params", Eigen::Vector3d(1, -0.0, std::numeric_limits<double>::quiet_NaN()));
  state.put_bytes("empty", "");
  return state;
}

std::string refusal(const test::TemporaryFolder& folder, const std::string& bytes) {
  folder.write("c", bytes);
  try {
    read_checkpoint(folder / "c");
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a checkpoint comes back bit by bit") {
  const test::TemporaryFolder folder;
  write_checkpoint(folder / "c", some_state());
  const SavedState state = read_checkpoint(folder / "c");
  CHECK(state.to_bytes() == some_state().to_bytes());
  std::int64_t updates = 0;
  state.get("updates", updates);
  CHECK(updates == 7);
  std::int32_t shorter = 0;
  CHECK_THROWS_WITH_AS(state.get("updates", shorter), doctest::Contains("8 bytes; 4 are expected"),
                       ConfigError);
  CHECK_THROWS_WITH_AS(state.bytes("none"), doctest::Contains("no part 'none'"), ConfigError);
}

TEST_CASE("a checkpoint cut at any byte, or with any byte changed, is refused") {
  const test::TemporaryFolder folder;
  write_checkpoint(folder / "c", some_state());
  const std::string whole = folder.read("c");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(refusal(folder, whole.substr(0, length)).empty());
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string other = whole;
    other[at] = static_cast<char>(other[at] ^ 0x10);
    CHECK_FALSE(refusal(folder, other).empty());
  }
  CHECK(refusal(folder, whole + "x").find("bytes too many") != std::string::npos);
  CHECK(refusal(folder, "a,b\n1,2\n").find("no checkpoint") != std::string::npos);
  CHECK(refusal(folder, "negphase checkpoint 2\n").find("another format") != std::string::npos);
}
