#include "negphase/gradient/batches.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <set>

#include "negphase/core/error.hpp"
#include "negphase/gradient/rows_of_data.hpp"

#include "planted/P3.hpp"
#include "planted/RO10.hpp"
#include "planted/RO7.hpp"
#include "planted/RO9.hpp"
#include "planted/TR1.hpp"
#include "support/problems.hpp"

namespace {

using namespace negphase;

// y that tell the rows apart
Problem numbered_rows(Index rows) {
  Problem p = testing::quartic_problem(rows);
  p.y = Eigen::VectorXd::LinSpaced(rows, -1, 1);
  return p;
}

// two batches of the same rows are the same: all of an epoch and more are compared
template <class BatchesType>
bool order_goes_on() {
  const Problem p = numbered_rows(8);
  BatchesType unbroken(p, 3, 5);
  unbroken.next(p.model, 1);
  SavedState state;
  unbroken.save(state);
  BatchesType resumed(p, 3, 5);
  resumed.restore(state);
  bool alike = true;
  for (int update = 2; update < 8; ++update) {
    alike = alike && unbroken.next(p.model, update).y == resumed.next(p.model, update).y;
  }
  return alike;
}

// the noise on all rows of `updates` updates, one after the other
template <class BatchesType>
Eigen::VectorXd noise_of(const Problem& p, double scale, int updates) {
  BatchesType batches(p, p.rows(), 7, scale);
  Eigen::VectorXd all(p.rows() * updates);
  for (int u = 0; u < updates; ++u) {
    all.segment(u * p.rows(), p.rows()) = (batches.next(p.model, u + 1).y - p.y).col(0);
  }
  return all;
}

}  // namespace

TEST_CASE("the rows of a batch are rows of the data, x beside its y") {
  constexpr Index rows = 40, batch = 19;
  Problem p = numbered_rows(rows);
  p.x.resize(rows, 3);
  p.y.resize(rows, 11);
  for (Index r = 0; r < rows; ++r) {
    for (Index j = 0; j < 11; ++j) {
      p.y(r, j) = static_cast<double>(100 * r + j);
      p.x(r, j % 3) = static_cast<double>(-100 * r - j % 3);
    }
  }
  Batches batches(p, batch, 5);
  for (int update = 1; update <= 5; ++update) {
    const Problem& taken = batches.next(p.model, update);
    REQUIRE(taken.y.rows() == batch);
    CHECK(taken.y == batches.taken_of(p.y));
    CHECK(taken.x == batches.taken_of(p.x));
    CHECK((taken.y.col(10).array() - 10 == -taken.x.col(0).array()).all());
  }
}

namespace {

// the rows of a batch, bit for bit, of data with these extreme entries among whole numbers
template <class Rows>
bool keeps_bits(std::initializer_list<double> entries, bool bytes) {
  Eigen::MatrixXd data(23, 11);
  for (Index i = 0; i < data.size(); ++i) {
    data.data()[i] = static_cast<double>(i * i % 256 - 128);
  }
  std::copy(entries.begin(), entries.end(), data.col(4).data() + 5);
  std::vector<Index> some(601);  // more than are taken together
  for (std::size_t i = 0; i < some.size(); ++i) {
    some[i] = static_cast<Index>(i * i % 23);
  }
  const Rows rows(data);
  Eigen::MatrixXd taken;
  rows.take(some, taken);
  bool right = rows.are_bytes() == bytes && taken.rows() == 601 && taken.cols() == 11;
  for (std::size_t i = 0; right && i < some.size(); ++i) {
    for (Index j = 0; j < 11; ++j) {
      right = right && std::bit_cast<std::uint64_t>(taken(static_cast<Index>(i), j)) ==
                           std::bit_cast<std::uint64_t>(data(some[i], j));
    }
  }
  return right;
}

}  // namespace

TEST_CASE("rows of small whole numbers are kept as bytes, others as they are; RO9 rounds them") {
  CHECK(keeps_bits<RowsOfData>({-128, 127, 0, 1}, true));
  for (const double other : {0.5, -0.0, 128.0, -129.0, 1e300, -127.9, 256.0}) {
    CAPTURE(other);
    CHECK(keeps_bits<RowsOfData>({1, other}, false));
  }
  CHECK_FALSE(keeps_bits<planted::RO9::RowsOfData>({1, 0.5}, false));
}

TEST_CASE("planted RO10: bytes that are not turned") {
  CHECK_FALSE(keeps_bits<planted::RO10::RowsOfData>({0, 1}, true));
}

TEST_CASE("an epoch takes every row once, in an order of its own") {
  const Problem p = numbered_rows(8);
  Batches batches(p, 4, 5);
  std::vector<std::vector<double>> epochs;
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::vector<double> seen;
    for (int half = 0; half < 2; ++half) {
      const Problem& batch = batches.next(p.model, 1);
      seen.insert(seen.end(), batch.y.data(), batch.y.data() + batch.y.size());
    }
    CHECK(std::set<double>(seen.begin(), seen.end()).size() == 8);
    epochs.push_back(std::move(seen));
  }
  CHECK(epochs[0] != epochs[1]);
  CHECK(epochs[1] != epochs[2]);
}

namespace {

// batches of 3 out of 8 rows, 8 of them: three epochs, in which each row stands once
template <class SomeBatches>
bool epochs_are_whole() {
  const Problem p = numbered_rows(8);
  SomeBatches batches(p, 3, 5);
  std::vector<double> seen;
  bool right = true;
  for (int update = 1; update <= 8; ++update) {
    const auto& batch = batches.next(p.model, update);
    right = right && batch.y.rows() == 3;
    seen.insert(seen.end(), batch.y.data(), batch.y.data() + batch.y.size());
  }
  for (std::size_t epoch = 0; right && epoch < 3; ++epoch) {
    const auto begin = seen.begin() + 8 * static_cast<std::ptrdiff_t>(epoch);
    right = std::set<double>(begin, begin + 8).size() == 8;
  }
  return right;
}

}  // namespace

TEST_CASE("a batch may reach into the next epoch; RO7, which takes too much of it, is rejected") {
  CHECK(epochs_are_whole<Batches>());
  CHECK_FALSE(epochs_are_whole<planted::RO7::Batches>());
}

TEST_CASE("planted P3: the order of the data forgotten gives other batches") {
  CHECK(order_goes_on<Batches>());
  CHECK_FALSE(order_goes_on<planted::P3::Batches>());
}

TEST_CASE("noise on the data is normal, new in each update, and belongs to the row") {
  const Problem p = numbered_rows(50);
  const Eigen::VectorXd noise = noise_of<Batches>(p, 0.25, 200) / 0.25;
  const auto n = static_cast<double>(noise.size());
  // mean of 1e4 normals: SE 0.01; of squares: SE sqrt(2) / 100; 5 of each is one in 1.7e6
  CHECK(std::abs(noise.mean()) < 5 / std::sqrt(n));
  CHECK(std::abs(noise.squaredNorm() / n - 1) < 5 * std::sqrt(2 / n));
  CHECK(std::set<double>(noise.begin(), noise.end()).size() == 10000);

  // a row has its number whatever rows stand beside it in the batch: rows are 2 / 49 apart
  Batches all(p, 50, 7, 1e-3), some(p, 9, 7, 1e-3);
  const Eigen::MatrixXd noised = all.next(p.model, 3).y;
  for (const double y : some.next(p.model, 3).y.col(0)) {
    CHECK(noised(std::lround((y + 1) * 49 / 2), 0) == y);
  }
  CHECK_FALSE(Batches(p, 50, 7, 0.25).is_always_the_same());
  CHECK(Batches(p, 50, 7).is_always_the_same());
  CHECK_FALSE(Batches(p, 49, 7).is_always_the_same());
}

TEST_CASE("planted TR1: noise that is the same in every update") {
  const Problem p = numbered_rows(50);
  const auto wrong = noise_of<planted::TR1::Batches>(p, 0.25, 2);
  CHECK((wrong.head(50) - wrong.tail(50)).cwiseAbs().maxCoeff() < 1e-15);
  const auto right = noise_of<Batches>(p, 0.25, 2);
  CHECK((right.head(50) - right.tail(50)).cwiseAbs().minCoeff() > 1e-12);
}

TEST_CASE("noise needs a real column of y") {
  const Problem p = testing::rbm_problem("rbm_3x2");
  CHECK_THROWS_WITH_AS(Batches(p, 2, 1, 0.5),
                       "data_noise: y has no real column that it could be added to", ConfigError);
}
