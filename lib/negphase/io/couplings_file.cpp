#include "negphase/io/couplings_file.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "negphase/io/complaints.hpp"
#include "negphase/io/table.hpp"

namespace negphase {

namespace {

using Coupling = GivenCouplings::Coupling;

constexpr char expected[] =
    "a list of edges begins with the header i,j or i,j,J, a matrix has no header";

void refuse_odd_fields(const Table& table, Complaints& complaints) {
  for (Index c = 0; c < table.columns(); ++c) {
    for (const Table::OddField& odd : table.odd[static_cast<std::size_t>(c)]) {
      complaints.add(table.place(odd.row),
                     fmt::format("{}: '{}' {}", table.describe_field(odd.row, c), odd.text,
                                 complaint_of(odd.kind)));
    }
  }
}

/// The couplings of a list of edges with what is wrong with them, line by line.
class EdgeList {
 public:
  EdgeList(const Table& table, Index num_sites) : table_(table), num_sites_(num_sites) {}

  GivenCouplings read(Complaints& complaints) {
    GivenCouplings given;
    given.has_values = table_.columns() == 3;
    for (Index row = 0; row < table_.rows(); ++row) {
      const std::string wrong = add(row, given);
      if (!wrong.empty()) {
        complaints.add(table_.place(row), wrong);
      }
    }
    return given;
  }

 private:
  /// What is wrong with the row; "" where it was added.
  std::string add(Index row, GivenCouplings& given) {
    const double i = table_.values(row, 0), j = table_.values(row, 1);
    if (std::isnan(i) || std::isnan(j)) {
      return "";  // said already, with its text
    }
    for (const double site : {i, j}) {
      if (!(site >= 0 && site < static_cast<double>(num_sites_)) || site != std::floor(site)) {
        return fmt::format("edge {} - {}: {} is no site; {} columns of y are sites 0 to {}", i, j,
                           site, num_sites_, num_sites_ - 1);
      }
    }
    if (i == j) {
      return fmt::format("edge {} - {}: a site cannot be coupled to itself", i, j);
    }
    const auto first = static_cast<Index>(std::min(i, j));
    const auto second = static_cast<Index>(std::max(i, j));
    const auto [seen, is_new] = rows_.try_emplace({first, second}, row);
    if (!is_new) {
      return fmt::format("edge {} - {} is given twice, first in line {}", first, second,
                         table_.place(seen->second).line);
    }
    given.all.push_back({first, second, given.has_values ? table_.values(row, 2) : 0});
    return "";
  }

  const Table& table_;
  Index num_sites_;
  std::map<std::pair<Index, Index>, Index> rows_;  // in which row a pair was given
};

bool has_edge_header(const Table& table) {
  const std::vector<std::string> pair{"i", "j"}, triple{"i", "j", "J"};
  return table.names == pair || table.names == triple;
}

/// false where nothing can be said of single entries.
bool check_size(const Table& table, Index num_sites, Complaints& complaints) {
  const FilePlace place{table.file.string(), 0, 0};
  const Index rows = table.rows(), columns = table.columns();
  if (!table.names.empty()) {
    complaints.add(place, std::string("unknown header: ") + expected);
  } else if (rows != columns) {
    complaints.add(
        place, fmt::format("{} x {} numbers are no square matrix; {}", rows, columns, expected));
  } else if (rows != num_sites) {
    complaints.add(place, fmt::format("a matrix of {} x {} couples {} sites; y has {} columns",
                                      rows, columns, rows, num_sites));
  } else {
    return true;
  }
  return false;
}

GivenCouplings read_matrix(const Table& table, Complaints& complaints) {
  GivenCouplings given;
  given.has_values = true;
  for (Index i = 0; i < table.rows(); ++i) {
    if (const double own = table.values(i, i); own != 0 && !std::isnan(own)) {
      complaints.add(table.place(i),
                     fmt::format("entry [{0},{0}] is {1}: a site cannot be coupled to itself, the "
                                 "diagonal must be 0",
                                 i, own));
    }
    for (Index j = i + 1; j < table.columns(); ++j) {
      const double above = table.values(i, j), below = table.values(j, i);
      if (above == below && above != 0) {
        given.all.push_back({i, j, above});
      } else if (above != below && !std::isnan(above) && !std::isnan(below)) {
        complaints.add(table.place(i),
                       fmt::format("not symmetric: entry [{0},{1}] is {2}, [{1},{0}] is {3}", i, j,
                                   above, below));
      }
    }
  }
  return given;
}

}  // namespace

GivenCouplings read_couplings(const std::filesystem::path& file, Index num_sites) {
  const Table table = read_table(file);
  Complaints complaints;
  GivenCouplings given;
  if (has_edge_header(table)) {
    refuse_odd_fields(table, complaints);
    given = EdgeList(table, num_sites).read(complaints);
  } else if (check_size(table, num_sites, complaints)) {
    refuse_odd_fields(table, complaints);
    given = read_matrix(table, complaints);
  }
  complaints.throw_if_any();
  std::sort(given.all.begin(), given.all.end(), [](const Coupling& a, const Coupling& b) {
    return std::pair(a.first, a.second) < std::pair(b.first, b.second);
  });
  return given;
}

}  // namespace negphase
