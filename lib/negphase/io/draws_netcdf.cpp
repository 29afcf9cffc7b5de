#include "negphase/io/draws_netcdf.hpp"

#include "negphase/core/error.hpp"

namespace negphase {

bool is_netcdf(std::string_view bytes) {
  return bytes.starts_with("\x89HDF\r\n\x1a\n") || bytes.starts_with("CDF\x01") ||
         bytes.starts_with("CDF\x02") || bytes.starts_with("CDF\x05");
}

}  // namespace negphase

#ifndef NEGPHASE_NETCDF

namespace negphase {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& file) {
  throw ConfigError({file.string(), 0, 0},
                    "this build has no netCDF: install libnetcdf-dev (./run packages optional) and "
                    "build again, or use .npy or Stan CSV");
}

}  // namespace

bool has_netcdf() { return false; }

ChainDraws parse_draws_netcdf(const std::filesystem::path& file, std::string_view) { refuse(file); }

void write_draws_netcdf(const ChainDraws&, const std::filesystem::path& file) { refuse(file); }

}  // namespace negphase

#else

#include <fmt/format.h>
#include <netcdf.h>
#include <netcdf_mem.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/memory.hpp"
#include "negphase/io/arviz_names.hpp"
#include "negphase/io/draws_array.hpp"
#include "negphase/io/trial_run.hpp"

namespace negphase {

namespace {

using Index = Eigen::Index;

class Netcdf {
 public:
  explicit Netcdf(const std::filesystem::path& file) : file_(file) {}

  void check(int code) const {
    if (code != NC_NOERR) {
      throw ConfigError({file_.string(), 0, 0},
                        fmt::format("is no netCDF file, or it is damaged or ends early: {}",
                                    ::nc_strerror(code)));
    }
  }
  [[noreturn]] void refuse(const std::string& what) const {
    throw ConfigError({file_.string(), 0, 0}, what);
  }
  const std::filesystem::path& file() const { return file_; }

 private:
  const std::filesystem::path& file_;
};

// An open file, closed with its object.
class OpenFile {
 public:
  OpenFile(const Netcdf& netcdf, std::string_view bytes) {
    netcdf.check(::nc_open_mem(netcdf.file().c_str(), NC_NOWRITE, bytes.size(),
                               const_cast<char*>(bytes.data()), &id_));
  }
  ~OpenFile() { ::nc_close(id_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int id() const { return id_; }

 private:
  int id_ = -1;
};

struct Axis {
  std::string name;
  std::size_t size = 0;
};

struct Variable {
  int id = -1;
  std::string name;
  int type = NC_NAT;
  std::vector<Axis> axes;

  bool is_number() const { return type != NC_CHAR && type > NC_NAT && type < NC_STRING; }
  bool is_coordinate() const { return axes.size() == 1 && axes[0].name == name; }
  std::ptrdiff_t place_of(const std::string& axis) const {
    const auto found =
        std::find_if(axes.begin(), axes.end(), [&](const Axis& a) { return a.name == axis; });
    return found == axes.end() ? -1 : found - axes.begin();
  }
  bool has_draws() const { return place_of("chain") >= 0 && place_of("draw") >= 0; }
};

class Group {
 public:
  Group(const Netcdf& netcdf, int id) : netcdf_(netcdf), id_(id) {
    int count = 0;
    netcdf_.check(::nc_inq_varids(id_, &count, nullptr));
    std::vector<int> ids(static_cast<std::size_t>(count));
    netcdf_.check(::nc_inq_varids(id_, &count, ids.data()));
    for (const int variable : ids) {
      variables_.push_back(inquire(variable));
    }
  }

  const std::vector<Variable>& variables() const { return variables_; }
  bool has_draws() const {
    return std::any_of(variables_.begin(), variables_.end(),
                       [](const Variable& v) { return v.has_draws(); });
  }

  DrawsArray read(const Variable& variable) const {
    DrawsArray array;
    array.name = variable.name;
    array.values = numbers(variable);
    std::vector<Index> sizes;
    for (const Axis& axis : variable.axes) {
      sizes.push_back(static_cast<Index>(axis.size));
    }
    const std::vector<Index> strides = strides_of(sizes, false);
    const auto add = [&](std::ptrdiff_t place) {
      array.shape.push_back(sizes[static_cast<std::size_t>(place)]);
      array.strides.push_back(strides[static_cast<std::size_t>(place)]);
    };
    const std::ptrdiff_t chain = variable.place_of("chain"), draw = variable.place_of("draw");
    add(chain);
    add(draw);
    for (std::ptrdiff_t place = 0; place < static_cast<std::ptrdiff_t>(sizes.size()); ++place) {
      if (place != chain && place != draw) {
        add(place);
        array.labels.push_back(labels(variable.axes[static_cast<std::size_t>(place)]));
      }
    }
    return array;
  }

 private:
  Variable inquire(int variable) const {
    std::array<char, NC_MAX_NAME + 1> name{};
    int axes = 0;
    Variable v;
    v.id = variable;
    netcdf_.check(::nc_inq_var(id_, variable, name.data(), &v.type, &axes, nullptr, nullptr));
    v.name = name.data();
    std::vector<int> ids(static_cast<std::size_t>(axes));
    netcdf_.check(::nc_inq_vardimid(id_, variable, ids.data()));
    for (const int axis : ids) {
      std::size_t size = 0;
      netcdf_.check(::nc_inq_dim(id_, axis, name.data(), &size));
      v.axes.push_back({name.data(), size});
    }
    return v;
  }

  std::vector<double> numbers(const Variable& variable) const {
    double size = 1;
    for (const Axis& axis : variable.axes) {
      size *= static_cast<double>(axis.size);
    }
    check_memory(2 * sizeof(double) * size,
                 fmt::format("{}: the {:.0f} numbers of '{}' take", netcdf_.file().string(), size,
                             variable.name));
    std::vector<double> values(static_cast<std::size_t>(size));
    netcdf_.check(::nc_get_var_double(id_, variable.id, values.data()));
    return values;
  }

  std::vector<std::string> labels(const Axis& axis) const {
    const auto found = std::find_if(variables_.begin(), variables_.end(), [&](const Variable& v) {
      return v.name == axis.name && v.is_coordinate();
    });
    std::vector<std::string> labels;
    if (found == variables_.end()) {
      return labels;
    }
    if (found->is_number()) {
      for (const double value : numbers(*found)) {
        labels.push_back(fmt::format("{}", value));
      }
    } else if (found->type == NC_STRING) {
      std::vector<char*> texts(axis.size, nullptr);
      netcdf_.check(::nc_get_var_string(id_, found->id, texts.data()));
      for (const char* text : texts) {
        labels.emplace_back(text == nullptr ? "" : text);
      }
      ::nc_free_string(texts.size(), texts.data());
    }
    return labels;
  }

  const Netcdf& netcdf_;
  int id_;
  std::vector<Variable> variables_;
};

std::string names_of_groups(const Netcdf& netcdf, int file) {
  int count = 0;
  netcdf.check(::nc_inq_grps(file, &count, nullptr));
  std::vector<int> ids(static_cast<std::size_t>(count));
  netcdf.check(::nc_inq_grps(file, &count, ids.data()));
  std::vector<std::string> names;
  for (const int id : ids) {
    std::array<char, NC_MAX_NAME + 1> name{};
    netcdf.check(::nc_inq_grpname(id, name.data()));
    names.emplace_back(name.data());
  }
  return names.empty() ? "no groups" : fmt::format("the groups {}", fmt::join(names, ", "));
}

std::vector<DrawsArray> quantities_of(const Netcdf& netcdf, const Group& group,
                                      std::vector<std::string>& notes) {
  std::vector<DrawsArray> quantities;
  for (const Variable& v : group.variables()) {
    const bool is_empty =
        std::any_of(v.axes.begin(), v.axes.end(), [](const Axis& a) { return a.size == 0; });
    if (v.has_draws() && v.is_number() && !is_empty) {
      quantities.push_back(group.read(v));
    } else if (!v.is_coordinate()) {
      notes.push_back(fmt::format("{}: '{}' is left out: {}", netcdf.file().string(), v.name,
                                  !v.has_draws() ? "it has no axes 'chain' and 'draw'"
                                  : is_empty     ? "it is empty"
                                                 : "it holds no numbers"));
    }
  }
  return quantities;
}

std::vector<DrawsArray> statistics_of(const Group& group) {
  std::vector<DrawsArray> statistics;
  std::set<std::string> taken;
  for (const Variable& v : group.variables()) {
    if (!v.has_draws() || !v.is_number() || v.axes.size() != 2) {
      continue;
    }
    DrawsArray array = group.read(v);
    const std::string known = stan_name(v.name);
    if (!known.empty() && taken.insert(known).second) {
      array.name = known;
    }
    statistics.push_back(std::move(array));
  }
  return statistics;
}

ChainDraws parse(const std::filesystem::path& file, std::string_view bytes) {
  const Netcdf netcdf(file);
  const OpenFile open(netcdf, bytes);
  int posterior = open.id(), stats = -1;
  const bool has_group = ::nc_inq_ncid(open.id(), "posterior", &posterior) == NC_NOERR;
  const Group group(netcdf, has_group ? posterior : open.id());
  if (!group.has_draws()) {
    netcdf.refuse(
        fmt::format("has no variable with the axes 'chain' and 'draw' in the group "
                    "'posterior', but {}",
                    names_of_groups(netcdf, open.id())));
  }
  std::vector<std::string> notes;
  const std::vector<DrawsArray> quantities = quantities_of(netcdf, group, notes);
  std::vector<DrawsArray> statistics;
  if (has_group && ::nc_inq_ncid(open.id(), "sample_stats", &stats) == NC_NOERR) {
    statistics = statistics_of(Group(netcdf, stats));
  }
  ChainDraws draws = chain_draws_of(file, quantities, statistics);
  draws.notes.insert(draws.notes.begin(), notes.begin(), notes.end());
  return draws;
}

}  // namespace

bool has_netcdf() { return true; }

ChainDraws parse_draws_netcdf(const std::filesystem::path& file, std::string_view bytes) {
  // On damaged files HDF5 1.10 reads out of bounds or goes in circles.
  const double seconds = 10 + 20e-6 * static_cast<double>(bytes.size());
  if (breaks_down([&] { parse(file, bytes); }, seconds)) {
    Netcdf(file).refuse("is damaged: libnetcdf breaks down on it");
  }
  return parse(file, bytes);
}

}  // namespace negphase

#endif
