#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <Eigen/Core>

namespace negphase {

/// What something needs to go on where it stood: named arrays of numbers, as bytes of this machine.
/// Chains, optimisers and trainers put themselves in and take themselves out; io/checkpoint.hpp
/// keeps it on disk.
class SavedState {
 public:
  void put_bytes(const std::string& name, std::string_view bytes) { parts_[name] = bytes; }
  /// Throws ConfigError where there is no such part, or where its length is another one.
  std::string_view bytes(const std::string& name, std::size_t length) const;
  std::string_view bytes(const std::string& name) const;

  template <class T>
  requires std::is_trivially_copyable_v<T>
  void put(const std::string& name, const T& value) {
    put_bytes(name, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  template <class T>
  requires std::is_trivially_copyable_v<T>
  void get(const std::string& name, T& value) const { copy(name, &value, sizeof value); }

  void put_array(const std::string& name, std::span<const double> values) {
    put_bytes(name, {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
  }
  void put_array(const std::string& name, const Eigen::VectorXd& values) {
    put_array(name,
              std::span<const double>(values.data(), static_cast<std::size_t>(values.size())));
  }
  /// @param out  its size says how many are expected
  void get_array(const std::string& name, Eigen::VectorXd& out) const {
    copy(name, out.data(), static_cast<std::size_t>(out.size()) * sizeof(double));
  }
  /// Copies exactly `length` bytes to `out`.
  void copy(const std::string& name, void* out, std::size_t length) const;

  /// One string for all parts, and back; from_bytes throws ConfigError where it is damaged.
  std::string to_bytes() const;
  static SavedState from_bytes(std::string_view bytes);

 private:
  std::map<std::string, std::string> parts_;
};

}  // namespace negphase
