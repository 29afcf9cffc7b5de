#include "negphase/io/labels.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "negphase/io/csv.hpp"
#include "planted/D4.hpp"
#include "support/temporary_folder.hpp"

// How these tests can fail: labels in the order of the file, "10" before "9", codes from the end, a
// label of an unused row that gets a code, a missing value that becomes a label.

using namespace negphase;
using namespace negphase::test;

namespace {

using Rows = std::vector<Eigen::Index>;
using Texts = std::vector<std::string>;

Table texts(const TemporaryFolder& folder, const std::string& bytes) {
  return read_csv(folder.write("t.csv", bytes), true, [](const Table& head) {
    return std::vector<ColumnUse>(static_cast<std::size_t>(head.columns()), ColumnUse::text);
  });
}

Rows all_rows(const Table& table) {
  Rows rows(static_cast<std::size_t>(table.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

LabelChoice choice(Texts order = {}) { return {{"kind", 0, {"m.toml", 3, 9}}, std::move(order)}; }

// Adelie 0, Chinstrap 1, Gentoo 2, whatever the order in the file.
bool codes_by_hand(const auto& code) {
  const TemporaryFolder folder;
  const Table t = texts(folder, "kind\nGentoo\nAdelie\nChinstrap\nAdelie\n");
  Complaints complaints;
  const auto column = code(t, 0, choice(), all_rows(t), complaints);
  return column.code(0) == 2 && column.code(1) == 0 && column.code(2) == 1 && column.code(3) == 0;
}

std::string refusal(const Table& t, const LabelChoice& c) {
  Complaints complaints;
  code_labels(t, 0, c, all_rows(t), complaints);
  return message_of<ConfigError>([&] { complaints.throw_if_any(); });
}

Texts labels_of(const Table& t, const Rows& rows, const LabelChoice& c = choice()) {
  Complaints complaints;
  return code_labels(t, 0, c, rows, complaints).labels;
}

}  // namespace

TEST_CASE("labels: sorted, whatever the order of the rows") {
  CHECK(codes_by_hand([](auto&&... a) { return code_labels(a...); }));
  CHECK_FALSE(codes_by_hand([](auto&&... a) { return planted::D4::code_labels(a...); }));
  const TemporaryFolder folder;
  CHECK(labels_of(texts(folder, "kind\n10\n9\n1\n01\n"), {0, 1, 2, 3}) ==
        Texts{"01", "1", "9", "10"});
  CHECK(labels_of(texts(folder, "kind\n10\n9\na\n"), {0, 1, 2}) == Texts{"10", "9", "a"});
  // only those of the rows that count
  CHECK(labels_of(texts(folder, "kind\nb\na\nc\n"), {0, 2}) == Texts{"b", "c"});
}

TEST_CASE("labels: text is kept as it stands") {
  const TemporaryFolder folder;
  const Table t = texts(folder, "kind\r\n\"a, b\"\r\n\"say \"\"hi\"\"\"\r\n Größe \r\n\" c\"\r\n");
  CHECK(labels_of(t, all_rows(t)) == Texts{" c", "Größe", "a, b", "say \"hi\""});
}

TEST_CASE("labels: in the order given") {
  const TemporaryFolder folder;
  const Table t = texts(folder, "kind\nn\ny\n?\ny\n");
  Complaints complaints;
  const LabelColumn column = code_labels(t, 0, choice({"y", "n", "?"}), all_rows(t), complaints);
  CHECK(complaints.empty());
  CHECK(column.labels == Texts{"y", "n", "?"});
  CHECK(column.code(0) == 1);
  CHECK(column.code(1) == 0);
  CHECK(column.code(2) == 2);
  // a label that no row has is one all the same
  CHECK(labels_of(t, all_rows(t), choice({"n", "y", "?", "z"})).size() == 4);
}

TEST_CASE("labels: refusals") {
  const TemporaryFolder folder;
  const Table t = texts(folder, "kind\nAdelie\nAdeli\nGentoo\nGento\n");
  const std::string wrong = refusal(t, choice({"Adelie", "Gentoo"}));
  CHECK(contains(wrong,
                 "t.csv:3: row 2, column 1 ('kind'): unknown label 'Adeli'; did you mean "
                 "'Adelie'? (known: Adelie, Gentoo)"));
  CHECK_FALSE(contains(wrong, "'Gento'"));  // the first of a column
  std::string many = "kind\n";
  for (std::size_t i = 0; i <= most_labels; ++i) {
    many += "id" + std::to_string(i) + "\n";
  }
  CHECK(contains(refusal(texts(folder, many), choice()),
                 "m.toml:3:9: [data]: column 1 ('kind') has 1001 labels; at most 1000"));
}

TEST_CASE("labels: what is missing") {
  for (const char* text : {"", "NA", "NaN", "nan", "?"}) {
    CAPTURE(text);
    CHECK(is_missing_label(text, {}));
    CHECK(is_missing_label(text, {"y", "n"}));
    CHECK_FALSE(is_missing_label(text, {"y", text}));
  }
  for (const char* text : {"0", "na", "none", "inf", "-", "EU"}) {
    CAPTURE(text);
    CHECK_FALSE(is_missing_label(text, {}));
  }
}
