#include "negphase/io/csv.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <clocale>
#include <cmath>

#include "support/temporary_folder.hpp"

// How these tests can fail: a reader that skips bad lines, that takes a header for data or data for
// a header, that counts lines or columns off by one, or that asks the locale for its decimal point.

using namespace negphase;
using namespace negphase::test;

namespace {

std::string gzipped(const std::string& text) {
  std::string out(text.size() + 200, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("csv: a header and numbers") {
  const TemporaryFolder folder;
  const Table t = read_csv(folder.write("a.csv", "u,v\n1,2.5\n-3e2,+4\n"));
  CHECK(t.names == std::vector<std::string>{"u", "v"});
  REQUIRE(t.rows() == 2);
  CHECK(t.values(0, 0) == 1);
  CHECK(t.values(0, 1) == 2.5);
  CHECK(t.values(1, 0) == -300);
  CHECK(t.values(1, 1) == 4);
  CHECK(t.line_of_row == std::vector<int>{2, 3});
}

TEST_CASE("csv: byte-order mark, CRLF, blank lines, quotes, no newline at the end") {
  const TemporaryFolder folder;
  const Table t = read_csv(
      folder.write("a.csv", "\xEF\xBB\xBF\"speed, m/s\",\"a \"\"b\"\"\"\r\n\r\n 1 ,\"2\"\r\n3,4"));
  CHECK(t.names == std::vector<std::string>{"speed, m/s", "a \"b\""});
  REQUIRE(t.rows() == 2);
  CHECK(t.values(0, 0) == 1);
  CHECK(t.values(0, 1) == 2);
  CHECK(t.values(1, 1) == 4);
  CHECK(t.line_of_row == std::vector<int>{3, 4});
}

TEST_CASE("csv: header or not") {
  const TemporaryFolder folder;
  SUBCASE("numbers only: no header") {
    const Table t = read_csv(folder.write("a.csv", "1,2\n3,4\n"));
    CHECK(t.names.empty());
    CHECK(t.rows() == 2);
  }
  SUBCASE("a name that looks like a number") {
    const Table t = read_csv(folder.write("a.csv", "height,2010\n3,4\n"));
    CHECK(t.names == std::vector<std::string>{"height", "2010"});
    CHECK(t.rows() == 1);
  }
  SUBCASE("a column of labels without a header") {
    const Table t = read_csv(folder.write("a.csv", "cat,1\ndog,2\n"));
    CHECK(t.names.empty());
    CHECK(t.rows() == 2);
    REQUIRE(t.odd[0].size() == 2);
    CHECK(t.odd[1].empty());
  }
  SUBCASE("a missing value in the first row is no header") {
    const Table t = read_csv(folder.write("a.csv", "NA,1\n5,2\n"));
    CHECK(t.rows() == 2);
    REQUIRE(t.odd[0].size() == 1);
    CHECK(t.odd[0][0].row == 0);
  }
  SUBCASE("said") {
    CHECK(read_csv(folder.write("a.csv", "1,2\n3,4\n"), true).rows() == 1);
    CHECK(read_csv(folder.write("a.csv", "a,b\n3,4\n"), false).rows() == 2);
  }
}

TEST_CASE("csv: gzip is told by content, a truncated one refused") {
  const TemporaryFolder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 2000; ++i) {
    text += std::to_string(i * 7919 % 1000) + "," + std::to_string(i) + "\n";
  }
  const std::string bytes = gzipped(text);
  const Table t = read_csv(folder.write("a.csv.gz", bytes));
  CHECK(t.rows() == 2000);
  CHECK(t.values(1999, 1) == 1999);
  for (const std::size_t kept : {bytes.size() - 1, bytes.size() - 9, bytes.size() / 2}) {
    const auto cut = folder.write("cut.csv.gz", bytes.substr(0, kept));
    CHECK(contains(message_of<IoError>([&] { read_csv(cut); }), "truncated"));
  }
  std::string flipped = bytes;
  flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 0x55);
  CHECK_THROWS_AS(read_csv(folder.write("bad.csv.gz", flipped)), IoError);
}

TEST_CASE("csv: refusals name file and line") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes) {
    const auto file = folder.write("a.csv", bytes);
    return message_of<ConfigError>([&] { read_csv(file); });
  };
  CHECK(contains(refusal("a,b\n1,2\n3\n4,5\n6,7,8\n"), "a.csv:3: row 2 has 1 fields"));
  CHECK(contains(refusal("a,b\n1,2\n3\n4,5\n6,7,8\n"), "a.csv:5: row 4 has 3 fields"));
  CHECK(contains(refusal(""), "empty"));
  CHECK(contains(refusal("\n\n"), "empty"));
  CHECK(contains(refusal("a,b\n"), "no row"));
  CHECK(contains(refusal("a,a\n1,2\n"), "two columns are named 'a'"));
  CHECK(contains(refusal("a,b\n1,\"2\n"), "a.csv:2: field 2 opens a quote"));
  CHECK(contains(refusal("a,b\n1,\"2\"3\n"), "a.csv:2: field 2 goes on"));
  CHECK(contains(refusal(std::string("a,b\n1,\0", 7) + "\n"), "a.csv:2: byte 3 is NUL"));
  CHECK(contains(refusal("a\n" + std::string((1 << 20) + 1, '1') + "\n"), "a.csv:2: the line has"));
  CHECK(refusal("a\n" + std::string(1000, '1') + "\n").empty());
  CHECK_THROWS_AS(read_csv(folder / "none.csv"), IoError);
  CHECK_THROWS_AS(read_csv(folder.path()), IoError);
}

TEST_CASE("csv: what is no finite number is kept with its row") {
  const TemporaryFolder folder;
  const Table t =
      read_csv(folder.write("a.csv", "a,b,c,d,e,f\n1,1,1,1,1,1\nx1,nan,inf,1e400,0x10,1 2\n"));
  const NumberText kinds[] = {NumberText::not_a_number, NumberText::missing,
                              NumberText::not_finite,   NumberText::too_large,
                              NumberText::not_a_number, NumberText::not_a_number};
  const char* texts[] = {"x1", "nan", "inf", "1e400", "0x10", "1 2"};
  for (std::size_t c = 0; c < 6; ++c) {
    REQUIRE(t.odd[c].size() == 1);
    CHECK(t.odd[c][0].row == 1);
    CHECK(t.odd[c][0].kind == kinds[c]);
    CHECK(t.odd[c][0].text == texts[c]);
    CHECK(std::isnan(t.values(1, static_cast<Eigen::Index>(c))));
  }
  CHECK(to_string(t.place(1)) == (folder / "a.csv").string() + ":3");
  CHECK(t.describe_column(3) == "column 4 ('d')");
}

TEST_CASE("csv: what a column is read for") {
  const TemporaryFolder folder;
  const auto uses = [](const Table& head) {
    CHECK(head.names == std::vector<std::string>{"a", "b", "c"});
    CHECK(head.rows() == 0);
    return std::vector<ColumnUse>{ColumnUse::text, ColumnUse::none, ColumnUse::numbers};
  };
  const Table t = read_csv(folder.write("a.csv", "a,b,c\n01,1,1\nx,zz,2\n01,,?\n"), {}, uses);
  REQUIRE(t.text[0]);
  CHECK(t.text[0]->distinct == std::vector<std::string>{"01", "x"});
  CHECK(t.text[0]->of_row == std::vector<std::uint32_t>{0, 1, 0});
  CHECK_FALSE(t.text[1]);
  CHECK_FALSE(t.text[2]);
  CHECK(t.odd[0].empty());
  CHECK(t.odd[1].empty());
  REQUIRE(t.odd[2].size() == 1);
  CHECK(t.odd[2][0].row == 2);
  CHECK(t.values(1, 2) == 2);
  CHECK(std::isnan(t.values(0, 1)));
}

TEST_CASE("csv: two lines of words may be a header and a row, or two rows") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.csv", "kind,sex\nu,m\nv,f\n");
  CHECK(contains(message_of<ConfigError>([&] { read_csv(file); }), "a.csv:1: neither this line"));
  CHECK(read_csv(file, true).rows() == 2);
  CHECK(read_csv(file, false).rows() == 3);
  // nothing but missing values are no words
  CHECK(read_csv(folder.write("b.csv", "a,b\nNA,\n1,2\n")).names[1] == "b");
}

TEST_CASE("csv: other dialects are named") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes) {
    const auto file = folder.write("a.csv", bytes);
    return message_of<ConfigError>([&] { read_csv(file); });
  };
  CHECK(contains(refusal("a;b\n1,5;2\n"), "a.csv:1: the fields are separated by semicolons"));
  CHECK(contains(refusal("a\tb\n1\t2\n"), "separated by tabs"));
  CHECK(refusal("\"a;b\",c\n1,2\n").empty());
}

TEST_CASE("csv: UTF-8 and what is not") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& field) {
    const auto file = folder.write("a.csv", "a,b\n1,2\n" + field + ",2\n");
    return message_of<ConfigError>([&] { read_csv(file); });
  };
  // the ends of each length, U+0080 .. U+10FFFF, without the surrogates
  for (const char* good : {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    CHECK(refusal(good).empty());
  }
  for (const char* bad : {"\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xFF"}) {
    CHECK(contains(refusal(bad), "a.csv:3: byte 1 is not UTF-8"));
  }
  CHECK(contains(refusal("caf\xE9"), "byte 4 is not UTF-8"));
}

TEST_CASE("csv: a locale with a decimal comma changes nothing") {
  const TemporaryFolder folder;
  const auto file = folder.write("a.csv", "a\n1.5\n");
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) != nullptr) {
      break;  // the machine may have none of them
    }
  }
  CHECK(read_csv(file).values(0, 0) == 1.5);
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("csv: plain numbers of any shape") {
  const TemporaryFolder folder;
  CHECK(read_csv_numbers(folder.write("a.csv", "1,2\n3\n4,5,6\n")) ==
        std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(read_csv_numbers(folder.write("a.csv", "w0,w1\n1,2\n")) == std::vector<double>{1, 2});
  const auto bad = folder.write("a.csv", "1,2\n3,x\n");
  CHECK(contains(message_of<ConfigError>([&] { read_csv_numbers(bad); }), "a.csv:2: field 2: 'x'"));
}
