#include "negphase/io/draws_netcdf.hpp"

// write_draws_netcdf() where the build has netCDF; draws_netcdf.cpp has the refusal where not.
#ifdef NEGPHASE_NETCDF

#include <fmt/format.h>
#include <netcdf.h>
#include <netcdf_mem.h>

#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "negphase/core/error.hpp"
#include "negphase/core/version.hpp"
#include "negphase/io/arviz_names.hpp"
#include "negphase/io/files.hpp"
#include "negphase/io/quantity_names.hpp"

namespace negphase {

namespace {

using Index = Eigen::Index;

class Writer {
 public:
  Writer(const std::filesystem::path& path, const ChainDraws& draws) : path_(path), draws_(draws) {
    check(::nc_create_mem(path.c_str(), NC_NETCDF4, 1 << 14, &file_));
  }
  ~Writer() {
    if (file_ >= 0) {
      ::nc_abort(file_);
    }
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void write_posterior() {
    begin_group("posterior");
    for (const NamedGrid& grid : grids_of(draws_.names)) {
      write(grid);
    }
  }

  void write_statistics() {
    if (draws_.sampler_chains.empty()) {
      return;
    }
    begin_group("sample_stats");
    for (const std::string& name : draws_.sampler_names) {
      const std::string known = arviz_name(name);
      write_statistic(known.empty() ? name : known, draws_.sampler_statistic(name));
    }
  }

  std::string close() {
    NC_memio memory{};
    const int file = std::exchange(file_, -1);
    check(::nc_close_memio(file, &memory));
    const std::unique_ptr<void, void (*)(void*)> owner(memory.memory, &std::free);
    return {static_cast<const char*>(memory.memory), memory.size};
  }

 private:
  void check(int code) const {
    if (code != NC_NOERR) {
      throw IoError(fmt::format("{}: cannot be made: {}", path_.string(), ::nc_strerror(code)));
    }
  }

  void begin_group(const char* name) {
    check(::nc_def_grp(file_, name, &group_));
    taken_.clear();
    attribute(NC_GLOBAL, "creation_library", "negphase");
    attribute(NC_GLOBAL, "creation_library_version", std::string(version()));
    attribute(NC_GLOBAL, "creation_library_language", "C++");
    chain_ = axis_of_numbers("chain", draws_.num_chains(), 0);
    draw_ = axis_of_numbers("draw", draws_.num_draws(), 0);
  }

  void attribute(int variable, const char* name, const std::string& text) {
    check(::nc_put_att_text(group_, variable, name, text.size(), text.data()));
  }

  int axis_of_numbers(const std::string& name, Index size, long long first) {
    std::vector<std::string> labels;
    for (Index i = 0; i < size; ++i) {
      labels.push_back(fmt::format("{}", first + i));
    }
    return axis(name, labels);
  }

  // An axis and its coordinates: numbers where all of them are.
  int axis(const std::string& wanted, const std::vector<std::string>& labels) {
    const std::string name = free_name(wanted);
    int axis = 0, variable = 0;
    check(::nc_def_dim(group_, name.c_str(), labels.size(), &axis));
    std::vector<long long> numbers;
    for (const std::string& label : labels) {
      if (const auto number = index_number(label)) {
        numbers.push_back(*number);
      }
    }
    const bool are_numbers = numbers.size() == labels.size();
    check(::nc_def_var(group_, name.c_str(), are_numbers ? NC_INT64 : NC_STRING, 1, &axis,
                       &variable));
    if (are_numbers) {
      check(::nc_put_var_longlong(group_, variable, numbers.data()));
    } else {
      std::vector<const char*> texts;
      for (const std::string& label : labels) {
        texts.push_back(label.c_str());
      }
      check(::nc_put_var_string(group_, variable, texts.data()));
    }
    return axis;
  }

  // What netCDF forbids in a name becomes '_'; no two names are the same.
  std::string free_name(std::string name) {
    for (char& c : name) {
      if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
        c = '_';
      }
    }
    while (name.empty() || name.back() == ' ' || name.size() > NC_MAX_NAME / 2 ||
           taken_.count(name) > 0) {
      name = name.substr(0, NC_MAX_NAME / 2 - 1) + "_";
      if (taken_.count(name) > 0) {
        name = fmt::format("{}{}", name.substr(0, NC_MAX_NAME / 2 - 12), taken_.size());
      }
    }
    taken_.insert(name);
    return name;
  }

  int define(const std::string& name, int type, const std::vector<int>& axes) {
    int variable = 0;
    check(::nc_def_var(group_, name.c_str(), type, static_cast<int>(axes.size()), axes.data(),
                       &variable));
    check(::nc_def_var_deflate(group_, variable, 1, 1, 4));
    return variable;
  }

  void write(const NamedGrid& grid) {
    const std::string name = free_name(grid.name);
    std::vector<int> axes{chain_, draw_};
    for (std::size_t k = 0; k < grid.labels.size(); ++k) {
      axes.push_back(axis(fmt::format("{}_dim_{}", name, k), grid.labels[k]));
    }
    const int variable = define(name, NC_DOUBLE, axes);
    const Index chains = draws_.num_chains(), draws = draws_.num_draws();
    const auto columns = static_cast<Index>(grid.columns.size());
    std::vector<double> values(static_cast<std::size_t>(chains * draws * columns));
    auto at = values.begin();
    for (const Eigen::ArrayXXd& chain : draws_.chains) {
      for (Index d = 0; d < draws; ++d) {
        for (const Index column : grid.columns) {
          *at++ = chain(d, column);
        }
      }
    }
    check(::nc_put_var_double(group_, variable, values.data()));
  }

  // ArviZ has truth values and integers where Stan has numbers.
  void write_statistic(const std::string& wanted, const Eigen::ArrayXXd& values) {
    const bool is_truth = (values == 0 || values == 1).all();
    const bool is_integer = (values == values.floor() && values.abs() < 1e15).all();
    const bool is_count = wanted == "n_steps" || wanted == "tree_depth";
    const bool is_flag = wanted == "diverging" && is_truth;
    const int variable = define(free_name(wanted),
                                is_flag                  ? NC_BYTE
                                : is_count && is_integer ? NC_INT64
                                                         : NC_DOUBLE,
                                {chain_, draw_});
    if (is_flag) {
      attribute(variable, "dtype", "bool");  // xarray's mark
    }
    check(::nc_put_var_double(group_, variable, values.data()));  // [draws x chains] by columns
  }

  const std::filesystem::path& path_;
  const ChainDraws& draws_;
  int file_ = -1, group_ = -1, chain_ = -1, draw_ = -1;
  std::set<std::string> taken_;
};

}  // namespace

void write_draws_netcdf(const ChainDraws& draws, const std::filesystem::path& file) {
  Writer writer(file, draws);
  writer.write_posterior();
  writer.write_statistics();
  write_file_atomically(file, writer.close());
}

}  // namespace negphase

#endif
