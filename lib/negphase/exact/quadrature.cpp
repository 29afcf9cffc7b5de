#include "negphase/exact/quadrature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "negphase/core/error.hpp"
#include "negphase/core/kernel.hpp"
#include "negphase/exact/gauss_kronrod.hpp"

namespace negphase {

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double epsilon = std::numeric_limits<double>::epsilon();

// the scan, in units of t
constexpr double fine_step = 1.0 / 2048, fine_end = 19;
constexpr double coarse_step = 0.25, coarse_end = 172;
constexpr double far_step = 0.5, far_end = 688;
/// Integrand below e^-negligible of its peak is left out.
constexpr double negligible = 50;
constexpr std::size_t most_nodes = std::size_t{1} << 21;
constexpr std::size_t most_panels = 100000;
constexpr double tolerance = 1e-13;

/// Places of t with all that does not depend on the energy; shared by all rows of x.
struct Places {
  std::vector<double> t, y, log_slope;

  void add(const LineMap& map, double place) {
    t.push_back(place);
    y.push_back(map.y(place));
    log_slope.push_back(map.log_slope(place));
  }
};

Places scan_places(const LineMap& map) {
  Places places;
  for (double t = -coarse_end; t < -fine_end; t += coarse_step) {
    places.add(map, t);
  }
  for (double t = -fine_end; t <= fine_end; t += fine_step) {
    places.add(map, t);
  }
  for (double t = fine_end + coarse_step; t <= coarse_end; t += coarse_step) {
    places.add(map, t);
  }
  return places;
}

/// A place of the scan: log of the integrand per unit of t.
struct ScanNode {
  double t = 0, log_mass = -infinity, energy = infinity;
};

/// Where the mass is.
class Scan {
 public:
  Scan(NodeEnergies& energy, const LineMap& map, const Places& first_places, double beta)
      : energy_(energy), map_(map), beta_(beta) {
    add(first_places);
    close_in_on_peaks();
    demand_decay(-1);
    demand_decay(+1);
  }

  const std::vector<ScanNode>& nodes() const { return nodes_; }
  const ScanNode& peak() const { return peak_; }
  bool matters(const ScanNode& node) const { return peak_.log_mass - node.log_mass < negligible; }

 private:
  /// `places` ascend.
  void add(const Places& places) {
    const std::vector<double> energies = energy_.at(places.y);
    const auto old_nodes = static_cast<std::ptrdiff_t>(nodes_.size());
    nodes_.reserve(nodes_.size() + 2 * energies.size());
    for (std::size_t i = 0; i < energies.size(); ++i) {
      const double log_mass = places.log_slope[i] - beta_times(beta_, energies[i]);
      nodes_.push_back({places.t[i], log_mass, energies[i]});
      if (log_mass > peak_.log_mass) {
        peak_ = nodes_.back();
      }
    }
    std::inplace_merge(nodes_.begin(), nodes_.begin() + old_nodes, nodes_.end(),
                       [](const ScanNode& a, const ScanNode& b) { return a.t < b.t; });
    if (peak_.log_mass == -infinity) {
      throw ModelError(
          fmt::format("row {} of x: found no y at which the energy is finite", energy_.row() + 1));
    }
  }

  /// Puts nodes around every local maximum until it does not stand out from its neighbours: a peak
  /// between two nodes is at most about as much higher as the nodes beside it are lower.
  void close_in_on_peaks() {
    constexpr int most_rounds = 14;  // each divides the gaps by 16: 2^-11 to below rounding
    for (int round = 0; round < most_rounds; ++round) {
      Places places;
      for (std::size_t i = 1; i + 1 < nodes_.size(); ++i) {
        if (is_unresolved(i)) {
          fill_gap(nodes_[i - 1].t, nodes_[i].t, places);
          fill_gap(nodes_[i].t, nodes_[i + 1].t, places);
        }
      }
      if (places.t.empty()) {
        return;
      }
      if (nodes_.size() + places.t.size() > most_nodes) {
        throw ModelError(
            fmt::format("row {} of x: the energy is too rough to be integrated: "
                        "too many wells",
                        energy_.row() + 1));
      }
      add(places);
    }
  }

  bool is_unresolved(std::size_t i) const {
    const double here = nodes_[i].log_mass;
    const double rise_left = here - nodes_[i - 1].log_mass;
    const double rise_right = here - nodes_[i + 1].log_mass;
    const double rise = std::max(rise_left, rise_right);
    return rise_left >= 0 && rise_right >= 0 && rise > 0.25 &&
           peak_.log_mass - here - rise < negligible;
  }

  void fill_gap(double from, double to, Places& places) const {
    if (to - from < 32 * epsilon * (1 + std::abs(to))) {
      return;
    }
    for (int k = 1; k < 16; ++k) {
      places.add(map_, from + (to - from) * k / 16);
    }
  }

  /// Follows a tail that is still too heavy where the scan ended, provided that it decays fast
  /// enough to get anywhere.
  void demand_decay(int side) {
    if (!matters(end_node(side))) {
      return;
    }
    const double fall =
        node_at(side * coarse_end / 2).log_mass - node_at(side * coarse_end).log_mass;
    if (fall / (coarse_end / 2) > negligible / far_end) {
      Places places;
      for (double t = coarse_end + far_step; t <= far_end; t += far_step) {
        places.add(map_, side < 0 ? t - (coarse_end + far_step + far_end) : t);  // ascending
      }
      add(places);
    }
    if (matters(end_node(side))) {
      throw ModelError(fmt::format(
          "row {} of x: exp(-beta E) does not decay towards the {} end of the range of y: not "
          "normalisable, or too nearly so to be integrated",
          energy_.row() + 1, side < 0 ? "lower" : "upper"));
    }
  }
  const ScanNode& end_node(int side) const { return side < 0 ? nodes_.front() : nodes_.back(); }
  const ScanNode& node_at(double t) const {
    return *std::lower_bound(nodes_.begin(), nodes_.end(), t,
                             [](const ScanNode& node, double place) { return node.t < place; });
  }

  NodeEnergies& energy_;
  const LineMap& map_;
  double beta_;
  std::vector<ScanNode> nodes_;
  ScanNode peak_;
};

const GaussKronrod& rule() { return gauss_kronrod<21>(); }

/// The rounded sum of a and b less their sum (Knuth, TAOCP 4.2.2).
double sum_error(double a, double b) {
  const double sum = a + b, b_seen = sum - a;
  return -((a - (sum - b_seen)) + (b - b_seen));
}

/// A piece of the line and its integral of exp(-beta (E - E0)), E0 the energy at the scan's peak.
struct Panel {
  double from = 0, to = 0;
  double integral = 0, error = 0;
  double noise = 0;  ///< what rounding of E and of y makes of the integral
  double middle() const { return from + half(); }
  double half() const { return (to - from) / 2; }
  double node(std::size_t k) const { return middle() + half() * rule().nodes[k]; }
  /// node(k) less what it would be without rounding.
  double node_error(std::size_t k) const {
    return sum_error(middle(), half() * rule().nodes[k]) + sum_error(from, half());
  }
};

/// Moves the energies of a panel from its rounded nodes to the true ones, by the slope between each
/// node's neighbours: narrow wells far from 0 would see the rounding of y.
void undo_rounding(const Panel& panel, double* energies) {
  const std::size_t last = rule().size() - 1;
  double before = energies[0];
  for (std::size_t k = 0; k <= last; ++k) {
    const std::size_t left = k == 0 ? 0 : k - 1, right = k == last ? last : k + 1;
    const double rise = energies[right] - before;
    before = energies[k];
    const double run = panel.half() * (rule().nodes[right] - rule().nodes[left]);
    if (std::isfinite(rise)) {
      energies[k] -= rise / run * panel.node_error(k);
    }
  }
}

/// Cuts what matters of the scan where the integrand changes by e^2, or t by 1/2.
std::vector<Panel> cut_panels(const Scan& scan, const LineMap& map) {
  std::vector<Panel> panels;
  const auto& nodes = scan.nodes();
  const auto belongs = [&](std::size_t i) {  // the gap between nodes i and i + 1
    return scan.matters(nodes[i]) || scan.matters(nodes[i + 1]);
  };
  for (std::size_t i = 0; i + 1 < nodes.size();) {
    if (!belongs(i)) {
      ++i;
      continue;
    }
    double low = nodes[i].log_mass, high = low;
    std::size_t end = i;
    do {
      ++end;
      low = std::min(low, nodes[end].log_mass);
      high = std::max(high, nodes[end].log_mass);
    } while (end + 1 < nodes.size() && belongs(end) && high - low < 2 &&
             nodes[end].t - nodes[i].t < 0.5);
    const Panel panel{map.y(nodes[i].t), map.y(nodes[end].t)};
    if (panel.from < panel.to) {
      panels.push_back(panel);
    }
    i = end;
  }
  return panels;
}

/// Adaptive integration of exp(-beta (E - E0)) over panels.
class PanelSum {
 public:
  PanelSum(NodeEnergies& energy, double beta, double reference, std::vector<Panel> panels)
      : energy_(energy), beta_(beta), reference_(reference) {
    integrate(std::move(panels));
    while (halve_bad_panels()) {
    }
  }

  double total() const { return sum_of(&Panel::integral); }
  double error() const { return sum_of(&Panel::error) + sum_of(&Panel::noise); }

  Eigen::VectorXd mean_param_grad() {
    const std::vector<double> y = places(panels_);
    const std::vector<double> energies = energies_of(panels_, y);
    const double z = total();
    std::vector<double> weights;
    weights.reserve(y.size());
    for (const Panel& panel : panels_) {
      for (std::size_t k = 0; k < rule().size(); ++k) {
        weights.push_back(rule().kronrod[k] * density(panel, energies[weights.size()]) / z);
      }
    }
    return energy_.param_grad(y, weights);
  }

 private:
  double sum_of(double Panel::*what) const {
    double sum = 0;
    for (const Panel& panel : panels_) {
      sum += panel.*what;
    }
    return sum;
  }

  static std::vector<double> places(const std::vector<Panel>& panels) {
    std::vector<double> y;
    for (const Panel& panel : panels) {
      for (std::size_t k = 0; k < rule().size(); ++k) {
        y.push_back(panel.node(k));
      }
    }
    return y;
  }

  std::vector<double> energies_of(const std::vector<Panel>& panels, const std::vector<double>& y) {
    std::vector<double> energies = energy_.at(y);
    double* of_panel = energies.data();
    for (const Panel& panel : panels) {
      undo_rounding(panel, of_panel);
      of_panel += rule().size();
    }
    return energies;
  }

  double log_density(double energy) const { return -beta_times(beta_, energy - reference_); }
  /// Times half the panel's width, under one exponential: far out neither is a double alone.
  double density(const Panel& panel, double energy) const {
    return std::exp(log_density(energy) + std::log(panel.half()));
  }

  void integrate(std::vector<Panel> panels) {
    const std::vector<double> energies = energies_of(panels, places(panels));
    const double* of_panel = energies.data();
    for (Panel& panel : panels) {
      set_integral(panel, of_panel);
      panels_.push_back(panel);
      of_panel += rule().size();
    }
  }

  void set_integral(Panel& panel, const double* energies) const {
    double gauss = 0, low = infinity, high = -infinity;
    for (std::size_t k = 0; k < rule().size(); ++k) {
      const double f = density(panel, energies[k]);
      panel.integral += rule().kronrod[k] * f;
      gauss += rule().gauss[k] * f;
      if (energies[k] < infinity) {
        low = std::min(low, energies[k]);
        high = std::max(high, energies[k]);
      }
    }
    panel.error = std::abs(panel.integral - gauss);
    if (low < infinity) {
      // a panel that is not resolved yet must not pass its steepness off as noise
      const double slope = std::min(beta_ * (high - low), 4.0) / (panel.to - panel.from);
      // of the rounding of y undo_rounding() leaves some percent
      const double y = std::max(std::abs(panel.from), std::abs(panel.to)) / 16;
      panel.noise = epsilon * panel.integral *
                    (4 + beta_ * std::max(std::abs(low), std::abs(reference_)) + slope * y);
    }
  }

  /// One round: halves every panel that has more than its share of the error; false where none has.
  bool halve_bad_panels() {
    const double share = tolerance * total() / (2 * static_cast<double>(panels_.size()));
    const auto is_good = [share](const Panel& panel) {
      return panel.error <= std::max(share, panel.noise);
    };
    const auto bad = std::stable_partition(panels_.begin(), panels_.end(), is_good);
    std::vector<Panel> halves;
    for (auto panel = bad; panel != panels_.end(); ++panel) {
      const double middle = panel->middle();
      if (middle <= panel->from || middle >= panel->to || panels_.size() > most_panels) {
        refuse_unsettled();
      }
      halves.push_back({panel->from, middle});
      halves.push_back({middle, panel->to});
    }
    panels_.erase(bad, panels_.end());
    const bool halved = !halves.empty();
    integrate(std::move(halves));
    return halved;
  }

  [[noreturn]] void refuse_unsettled() const {
    throw ModelError(fmt::format(
        "row {} of x: the integral over y does not settle: relative error {:.1e} after {} panels",
        energy_.row() + 1, error() / total(), panels_.size()));
  }

  NodeEnergies& energy_;
  double beta_, reference_;
  std::vector<Panel> panels_;
};

RealIntegral integrate_row(const BindRow& bind, Index row, double beta, const LineMap& map,
                           const Places& first_places) {
  NodeEnergies energy(bind, row);
  const Scan scan(energy, map, first_places, beta);
  const double reference = scan.peak().energy;
  PanelSum panels(energy, beta, reference, cut_panels(scan, map));
  RealIntegral integral;
  const double total = panels.total();
  integral.log_z = std::log(total) - beta * reference;
  integral.error = panels.error() / total + epsilon * std::abs(integral.log_z);
  if (energy.has_param_grad()) {
    integral.mean_param_grad = panels.mean_param_grad();
  }
  integral.evaluations = energy.evaluations();
  return integral;
}

}  // namespace

std::vector<RealIntegral> integrate_line(const BindRow& bind, Index rows, double beta,
                                         const LineRange& range, const Executor& executor) {
  check_range(range, beta);
  const LineMap map{range};
  const Places first_places = scan_places(map);
  return executor.map<RealIntegral>(
      rows, [&](Index row) { return integrate_row(bind, row, beta, map, first_places); });
}

}  // namespace negphase
