#pragma once
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cstddef>
#include <vector>

namespace negphase {

/// The rule of Gauss and Kronrod with N points on [-1, 1] (QUADPACK 1983), ascending: every second
/// node is one of Gauss's (N - 1) / 2, the others have Gauss's weight 0.
struct GaussKronrod {
  std::vector<double> nodes, kronrod, gauss;
  std::size_t size() const { return nodes.size(); }
};

template <unsigned N>
const GaussKronrod& gauss_kronrod() {
  static const GaussKronrod rule = [] {
    constexpr unsigned of_gauss = (N - 1) / 2;
    const auto& x = boost::math::quadrature::gauss_kronrod<double, N>::abscissa();
    const auto& w = boost::math::quadrature::gauss_kronrod<double, N>::weights();
    const auto& v = boost::math::quadrature::gauss<double, of_gauss>::weights();
    GaussKronrod made;
    const auto add = [&](double node, std::size_t i) {
      made.nodes.push_back(node);
      made.kronrod.push_back(w[i]);
      made.gauss.push_back(i % 2 == of_gauss % 2 ? 0 : v[i / 2]);
    };
    for (std::size_t i = x.size() - 1; i > 0; --i) {
      add(-x[i], i);
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      add(x[i], i);
    }
    return made;
  }();
  return rule;
}

}  // namespace negphase
