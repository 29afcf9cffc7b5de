#include "negphase/io/zip_archive.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include "negphase/core/error.hpp"
#include "planted/DF8.hpp"
#include "planted/DF9.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: an entry that is damaged and passes, sizes that are believed, the
// zip64 field taken in the wrong order, an entry that is cut and counted.

using namespace negphase;
using namespace negphase::test;

namespace {

std::string number(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    text += static_cast<char>((value >> (8 * i)) & 0xff);
  }
  return text;
}

std::uint32_t crc(const std::string& bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

std::string deflated(const std::string& bytes) {
  std::string packed(bytes.size() + 64, '\0');
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

// An entry as it is written; what is not said is right.
struct Written {
  std::string name, bytes;
  bool packed = false, zip64 = false;
  std::uint16_t flags = 0;
  std::uint16_t method = 0xffff;
  std::uint32_t wrong_crc = 0;
  std::uint64_t claimed = 0;  // unpacked size
};

std::string zip(const std::vector<Written>& entries) {
  std::string file, table;
  for (const Written& e : entries) {
    const std::string data = e.packed ? deflated(e.bytes) : e.bytes;
    const std::uint64_t size = e.claimed > 0 ? e.claimed : e.bytes.size();
    // of the two sizes the unpacked one comes first in the zip64 field
    const std::string extra = e.zip64 ? number(7, 2) + number(2, 2) + "ab" + number(1, 2) +
                                            number(16, 2) + number(size, 8) + number(data.size(), 8)
                                      : "";
    const std::string about = number(e.flags, 2) +
                              number(e.method != 0xffff ? e.method
                                     : e.packed         ? 8
                                                        : 0,
                                     2) +
                              number(0, 4) + number(crc(e.bytes) ^ e.wrong_crc, 4) +
                              number(e.zip64 ? 0xffffffff : data.size(), 4) +
                              number(e.zip64 ? 0xffffffff : size, 4) + number(e.name.size(), 2) +
                              number(extra.size(), 2);
    const std::size_t offset = file.size();
    file += "PK\x03\x04" + number(20, 2) + about + e.name + extra + data;
    table += "PK\x01\x02" + number(20, 2) + number(20, 2) + about + number(0, 2) + number(0, 2) +
             number(0, 2) + number(0, 4) + number(offset, 4) + e.name + extra;
  }
  return file + table + "PK\x05\x06" + number(0, 2) + number(0, 2) + number(entries.size(), 2) +
         number(entries.size(), 2) + number(table.size(), 4) + number(file.size(), 4) +
         number(0, 2);
}

ZipArchive unzip(const std::string& bytes) { return read_zip("a.npz", bytes); }

std::string refusal(const std::string& bytes) {
  return message_of<ConfigError>([&] { unzip(bytes); });
}

const std::string long_text(100000, 'z');

}  // namespace

TEST_CASE("zip: stored, deflated and zip64 entries") {
  const ZipArchive archive =
      unzip(zip({{.name = "a", .bytes = "hello"},
                 {.name = "b", .bytes = long_text, .packed = true},
                 {.name = "c", .bytes = ""},
                 {.name = "d", .bytes = long_text, .packed = true, .zip64 = true},
                 {.name = "e", .bytes = "", .packed = true}}));
  REQUIRE(archive.entries.size() == 5);
  CHECK(!archive.is_cut);
  CHECK(archive.entries[0].bytes == "hello");
  CHECK(archive.entries[1].bytes == long_text);
  CHECK(archive.entries[2].bytes == "");
  CHECK(archive.entries[3].name == "d");
  CHECK(archive.entries[3].bytes == long_text);
  CHECK(archive.entries[4].bytes == "");
  CHECK(unzip(zip({})).entries.empty());
  // a comment at the end that looks like another end
  std::string commented = zip({{.name = "a", .bytes = "hello"}});
  commented[commented.size() - 2] = 4;
  CHECK(unzip(commented + "PK\x05\x06").entries.size() == 1);
}

TEST_CASE("zip: of an archive that is cut, the entries that are whole") {
  const std::string bytes = zip({{.name = "a", .bytes = "hello"},
                                 {.name = "b", .bytes = long_text, .packed = true, .zip64 = true},
                                 {.name = "c", .bytes = "there"}});
  const std::size_t first = 30 + 1 + 5;
  const std::size_t second = first + 30 + 1 + 26 + deflated(long_text).size();
  for (const auto& [end, whole] :
       {std::pair{first - 1, 0}, std::pair{first, 1}, std::pair{second - 1, 1},
        std::pair{second, 2}, std::pair{bytes.size() - 1, 3}}) {
    CAPTURE(end);
    const ZipArchive archive = unzip(bytes.substr(0, end));
    CHECK(archive.is_cut);
    CHECK(archive.entries.size() == static_cast<std::size_t>(whole));
  }
  // sizes that come after the data are not known without the table
  CHECK(unzip(zip({{.name = "a", .bytes = "hello", .flags = 8}}).substr(0, 40)).entries.empty());
}

TEST_CASE("zip: damage, claims and what is not read") {
  CHECK(
      contains(refusal(zip({{.name = "a", .bytes = "hello", .wrong_crc = 1}})), "'a' is damaged"));
  CHECK(contains(refusal(zip({{.name = "a", .bytes = "hello", .claimed = 6}})), "'a' is damaged"));
  CHECK(
      contains(refusal(zip({{.name = "a", .bytes = long_text, .packed = true, .claimed = 99999}})),
               "'a' is damaged"));
  // 1 TiB that 100 bytes cannot hold
  CHECK(contains(refusal(zip({{.name = "a",
                               .bytes = long_text,
                               .packed = true,
                               .zip64 = true,
                               .claimed = std::uint64_t{1} << 40}})),
                 "half of the memory"));
  CHECK(contains(
      refusal(zip({{.name = "a", .bytes = long_text, .packed = true, .claimed = 1u << 20}})),
      "'a' is damaged"));
  CHECK(contains(refusal(zip({{.name = "a", .bytes = "hello", .flags = 1}})), "encrypted"));
  CHECK(contains(refusal(zip({{.name = "a", .bytes = "hello", .method = 12}})), "method 12"));
  CHECK(contains(refusal("PK"), "no zip archive"));
  std::string moved = zip({{.name = "a", .bytes = "hello"}});
  moved[moved.size() - 6] = 5;  // the table is said to stand elsewhere
  CHECK(contains(refusal(moved), "table of contents is damaged"));
  std::string large = zip({{.name = "a", .bytes = "hello"}});
  large.replace(large.size() - 6, 4, "\xff\xff\xff\xff");
  CHECK(contains(refusal(large), "zip64 archive"));
}

TEST_CASE("zip: wrong readers are told apart") {
  // without CHECK on the text: what matters is that it passes where it must not
  CHECK(planted::DF8::read_zip("a", zip({{.name = "a", .bytes = "hello", .wrong_crc = 1}}))
            .entries.size() == 1);
  CHECK_THROWS_AS(planted::DF9::read_zip(
                      "a", zip({{.name = "a", .bytes = long_text, .packed = true, .zip64 = true}})),
                  ConfigError);
}
