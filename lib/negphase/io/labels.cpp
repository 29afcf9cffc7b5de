#include "negphase/io/labels.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <unordered_map>

#include "negphase/io/number_text.hpp"

namespace negphase {

namespace {

using Eigen::Index;
using Texts = std::vector<std::string>;

bool has(const Texts& all, const std::string& text) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

// "10" stands after "9" where all labels are numbers.
void sort_labels(Texts& labels) {
  std::vector<std::pair<double, std::string>> numbers;
  for (const std::string& label : labels) {
    double value = 0;
    if (read_number(label, value) != NumberText::number) {
      std::sort(labels.begin(), labels.end());
      return;
    }
    numbers.emplace_back(value, label);
  }
  std::sort(numbers.begin(), numbers.end());
  std::transform(numbers.begin(), numbers.end(), labels.begin(),
                 [](const auto& number) { return number.second; });
}

Texts found_labels(const Table::TextColumn& text, std::span<const Index> rows) {
  std::vector<bool> seen(text.distinct.size(), false);
  for (const Index r : rows) {
    seen[text.of_row[static_cast<std::size_t>(r)]] = true;
  }
  Texts labels;
  for (std::size_t t = 0; t < seen.size(); ++t) {
    if (seen[t] && !is_missing_label(text.distinct[t], {})) {
      labels.push_back(text.distinct[t]);
    }
  }
  sort_labels(labels);
  return labels;
}

}  // namespace

bool is_missing_label(const std::string& text, const Texts& order) {
  double ignored = 0;
  return read_number(text, ignored) == NumberText::missing && !has(order, text);
}

LabelColumn code_labels(const Table& table, Index column, const LabelChoice& choice,
                        std::span<const Index> rows, Complaints& complaints) {
  LabelColumn result;
  result.text = &*table.text[static_cast<std::size_t>(column)];
  result.labels = choice.order.empty() ? found_labels(*result.text, rows) : choice.order;
  if (result.labels.size() > most_labels) {
    complaints.add(choice.columns.place,
                   fmt::format("[data]: {} has {} labels; at most {} make a column of labels",
                               table.describe_column(column), result.labels.size(), most_labels));
    return result;
  }
  std::unordered_map<std::string, Index> codes;
  for (const std::string& label : result.labels) {
    codes.emplace(label, static_cast<Index>(codes.size()));
  }
  for (const std::string& text : result.text->distinct) {
    const auto at = codes.find(text);
    result.code_of_text.push_back(at == codes.end() ? -1 : at->second);
  }
  for (const Index r : rows) {
    const std::string& text =
        result.text->distinct[result.text->of_row[static_cast<std::size_t>(r)]];
    if (result.code(r) < 0 && !is_missing_label(text, choice.order)) {
      complaints.add(table.place(r), table.describe_field(r, column) + ": " +
                                         unknown_name("label", text, result.labels));
      break;
    }
  }
  return result;
}

}  // namespace negphase
