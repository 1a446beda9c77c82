#include "attribution/neighbors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <tuple>

#include "attribution/random.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Found = std::vector<FoundNeighbor>;

double NaiveDistance(const Tensor& examples, std::size_t e, const Tensor& queries, std::size_t q,
                     Distance distance) {
  const auto size = static_cast<std::size_t>(examples.shape().dim(1));
  double square = 0, absolute = 0, dot = 0, of_x = 0, of_y = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const double x = queries.Number(q * size + i), y = examples.Number(e * size + i);
    square += std::pow(x - y, 2);
    absolute += std::abs(x - y);
    dot += x * y;
    of_x += x * x;
    of_y += y * y;
  }
  if (distance == Distance::kSquaredL2) return square;
  if (distance == Distance::kL1) return absolute;
  if (distance == Distance::kDotProduct) return -dot;
  return of_x * of_y > 0 ? 1 - dot / std::sqrt(of_x * of_y) : 1;
}

// Sorts everything, then takes what may be taken.
Found NaiveNeighbors(const Tensor& examples, const Tensor& queries, std::size_t q,
                     const NeighborOptions& options) {
  Found all;
  for (std::size_t e = 0; e < static_cast<std::size_t>(examples.shape().dim(0)); ++e) {
    const auto& of = options.candidates;
    if (of != nullptr && std::ranges::find(*of, e) == of->end()) continue;
    all.push_back({e, NaiveDistance(examples, e, queries, q, options.distance)});
  }
  std::ranges::stable_sort(all, {}, &FoundNeighbor::distance);
  Found taken;
  std::map<std::int64_t, int> crowds;
  for (const FoundNeighbor& one : all) {
    if (std::ssize(taken) == options.count) break;
    const std::int64_t tag = options.tags.empty() ? -1 : options.tags[one.example];
    if (options.crowding_count > 0 && tag >= 0 && crowds[tag]++ >= options.crowding_count) continue;
    taken.push_back(one);
  }
  return taken;
}

// Small integers: sums are exact in any order, and many distances are equal.
Tensor Vectors(SplitMix64& random, DType dtype, std::int64_t rows, std::int64_t size) {
  Tensor vectors(dtype, {rows, size});
  for (std::size_t i = 0; i < vectors.elements(); ++i) {
    vectors.SetNumber(i, static_cast<double>(random.Below(7)) - 3);
  }
  return vectors;
}

using SearchCase = std::tuple<DType, Distance>;
class NeighborSearchTest : public testing::TestWithParam<SearchCase> {};

TEST_P(NeighborSearchTest, IsThatOfSortingEverything) {
  const auto [dtype, distance] = GetParam();
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SplitMix64 random(seed);
    const std::int64_t rows = 1 + random.Below(60), size = 1 + random.Below(9);
    const Tensor examples = Vectors(random, dtype, rows, size);
    const Tensor queries = Vectors(random, dtype, 1 + random.Below(40), size);
    std::vector<std::int64_t> tags;
    std::vector<std::size_t> candidates;
    for (std::int64_t row = 0; row < rows; ++row) {
      tags.push_back(static_cast<std::int64_t>(random.Below(5)) - 1);
      if (random.Below(3) > 0) candidates.push_back(static_cast<std::size_t>(row));
    }
    NeighborOptions options{.count = 1 + static_cast<int>(random.Below(12)), .distance = distance};
    if (seed % 2 == 1) {
      options.crowding_count = 1 + static_cast<int>(random.Below(3));
      options.tags = tags;
    }
    if (seed % 3 == 1) options.candidates = &candidates;
    const auto found = FindNeighbors(examples, queries, options);
    ASSERT_TRUE(found.ok()) << found.status().message();
    ASSERT_THAT(*found, SizeIs(queries.shape().dim(0)));
    for (std::size_t q = 0; q < found->size(); ++q) {
      const Found want = NaiveNeighbors(examples, queries, q, options);
      ASSERT_THAT((*found)[q], SizeIs(want.size()));
      for (std::size_t i = 0; i < want.size(); ++i) {
        // A root and a division round: rows at the same angle may differ in the last digit.
        EXPECT_NEAR((*found)[q][i].distance, want[i].distance, 1e-14);
        if (distance != Distance::kCosine) {
          EXPECT_EQ((*found)[q][i].example, want[i].example);
        }
      }
    }
  }
}

std::string NameOf(const testing::TestParamInfo<SearchCase>& row) {
  static const char* const kNames[] = {"SquaredL2", "L1", "Cosine", "DotProduct"};
  return kNames[static_cast<int>(std::get<1>(row.param))] + DTypeName(std::get<0>(row.param));
}
INSTANTIATE_TEST_SUITE_P(, NeighborSearchTest,
                         testing::Combine(testing::Values(DType::kFloat32, DType::kFloat64),
                                          testing::Values(Distance::kSquaredL2, Distance::kL1,
                                                          Distance::kCosine,
                                                          Distance::kDotProduct)),
                         NameOf);

const Tensor kPoints = Tensor::Of<float>({4, 2}, {0, 0, 3, 4, 0, 1, 3, 4});

TEST(NeighborsTest, FindsAnExampleItself) {
  const Tensor query = Tensor::Of<float>({1, 2}, {3, 4});
  EXPECT_THAT((*FindNeighbors(kPoints, query, {.count = 3}))[0],
              ElementsAre(FoundNeighbor{1, 0}, FoundNeighbor{3, 0}, FoundNeighbor{2, 18}));
}

TEST(NeighborsTest, GivesAllWhereThereAreFewer) {
  const Tensor query = Tensor::Of<float>({1, 2}, {0, 0});
  EXPECT_THAT((*FindNeighbors(kPoints, query, {.count = 10}))[0], SizeIs(4));
  const std::vector<std::size_t> none;
  EXPECT_THAT((*FindNeighbors(kPoints, query, {.candidates = &none}))[0], IsEmpty());
  const Tensor nothing(DType::kFloat32, {0, 2});
  EXPECT_THAT((*FindNeighbors(nothing, query, {}))[0], IsEmpty());
  EXPECT_THAT(*FindNeighbors(kPoints, nothing, {}), IsEmpty());
}

TEST(NeighborsTest, AZeroVectorHasNoAngle) {
  const Tensor query = Tensor::Of<float>({1, 2}, {6, 8});
  EXPECT_THAT((*FindNeighbors(kPoints, query, {.distance = Distance::kCosine}))[0],
              ElementsAre(FoundNeighbor{1, 0}, FoundNeighbor{3, 0}, FoundNeighbor{2, 1 - 0.8},
                          FoundNeighbor{0, 1}));
}

TEST(NeighborsTest, NormalizesRows) {
  Tensor vectors = Tensor::Of<double>({3, 2}, {3, 4, 0, 0, -2, 0});
  NormalizeRows(vectors);
  EXPECT_EQ(vectors, Tensor::Of<double>({3, 2}, {0.6, 0.8, 0, 0, -1, 0}));
}

// Of unit vectors |x - y|^2 is 2 - 2 cos: both rank the same way.
TEST(NeighborsTest, SquaredL2OfUnitVectorsIsTwiceTheCosineDistance) {
  SplitMix64 random(1);
  Tensor examples = Vectors(random, DType::kFloat64, 30, 5);
  Tensor queries = Vectors(random, DType::kFloat64, 8, 5);
  const auto cosine = FindNeighbors(examples, queries, {.distance = Distance::kCosine});
  NormalizeRows(examples);
  NormalizeRows(queries);
  const auto l2 = FindNeighbors(examples, queries, {});
  ASSERT_TRUE(cosine.ok() && l2.ok());
  for (std::size_t q = 0; q < 8; ++q) {
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_NEAR((*l2)[q][i].distance, 2 * (*cosine)[q][i].distance, 1e-14);
    }
  }
}

TEST(NeighborsTest, RefusesWhatDoesNotFit) {
  const auto refusal = [](const Tensor& queries, const NeighborOptions& options) {
    const Status status = FindNeighbors(kPoints, queries, options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    return status.message();
  };
  EXPECT_THAT(refusal(Tensor(DType::kFloat32, {1, 3}), {}), HasSubstr("[4,2] and float32[1,3]"));
  EXPECT_THAT(refusal(Tensor(DType::kFloat64, {1, 2}), {}), HasSubstr("float64[1,2]"));
  EXPECT_THAT(refusal(Tensor(DType::kFloat32, {2}), {}), HasSubstr("float32[2]"));
  EXPECT_THAT(refusal(kPoints, {.count = 0}), HasSubstr("got 0 and 0"));
  EXPECT_THAT(refusal(kPoints, {.crowding_count = -1}), HasSubstr("got 10 and -1"));
}

struct RestrictionCase {
  const char* name;
  std::vector<Restriction> own, wanted;
  bool allowed;
};
void PrintTo(const RestrictionCase& c, std::ostream* os) { *os << c.name; }
class RestrictionTest : public testing::TestWithParam<RestrictionCase> {};

TEST_P(RestrictionTest, SaysWhatAQueryMayFind) {
  EXPECT_EQ(IsAllowed(GetParam().own, GetParam().wanted), GetParam().allowed);
}

const std::vector<Restriction> kCat = {{"class", {"cat", "pet"}, {}},
                                       {"size", {"small"}, {"huge"}}};
INSTANTIATE_TEST_SUITE_P(
    , RestrictionTest,
    testing::Values(
        RestrictionCase{"nothing_wanted", kCat, {}, true},
        RestrictionCase{"one_of_several", kCat, {{"class", {"dog", "pet"}, {}}}, true},
        RestrictionCase{"none_of_them", kCat, {{"class", {"dog"}, {}}}, false},
        RestrictionCase{
            "each_namespace", kCat, {{"class", {"cat"}, {}}, {"size", {"big"}, {}}}, false},
        RestrictionCase{"denied", kCat, {{"class", {}, {"pet"}}}, false},
        RestrictionCase{"allowed_and_denied", kCat, {{"class", {"cat"}, {"pet"}}}, false},
        RestrictionCase{"denies_another", kCat, {{"class", {}, {"dog"}}}, true},
        RestrictionCase{"denied_by_the_example", kCat, {{"size", {"small", "huge"}, {}}}, false},
        RestrictionCase{"without_the_namespace", {}, {{"class", {"cat"}, {}}}, false},
        RestrictionCase{"denial_of_what_is_not_there", {}, {{"class", {}, {"cat"}}}, true},
        RestrictionCase{"empty_namespace", kCat, {{"class", {}, {}}}, true}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
