#include "explain/reduce.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace whylight {
namespace {

struct Case {
  const char* name;
  Encoding encoding;
  std::vector<std::int64_t> shape;
  std::vector<float> input;
  std::vector<double> shares;
  std::int64_t ids;
  Shape want_shape;
  std::vector<double> want;
  std::vector<std::string> want_names;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }
class ReduceTest : public testing::TestWithParam<Case> {};

TEST_P(ReduceTest, GivesTheSharesOfTheEncodingsFeatures) {
  const Case& c = GetParam();
  const Shape shape(c.shape);
  FeatureAttribution feature{.name = "f",
                             .values = Tensor::Of<double>(shape, c.shares),
                             .input = Tensor::Of<float>(shape, c.input),
                             .element_names = {"a", "b", "c", "d"}};
  feature.element_names.resize(c.shares.size());
  std::vector<double> errors;
  for (const double share : c.shares) errors.push_back(std::abs(share));
  feature.standard_errors = Tensor::Of<double>(shape, errors);
  ReduceByEncoding(c.encoding, c.ids, feature);
  EXPECT_EQ(feature.values.shape(), c.want_shape);
  const auto got = feature.values.data<double>();
  EXPECT_EQ(std::vector<double>(got.begin(), got.end()), c.want);
  EXPECT_EQ(feature.element_names, c.want_names);
  // Whatever is reduced, the shares' sum stays: completeness is that of the method.
  EXPECT_EQ(std::accumulate(c.want.begin(), c.want.end(), 0.0),
            std::accumulate(c.shares.begin(), c.shares.end(), 0.0));
  // Errors go where their shares go.
  EXPECT_EQ(feature.standard_errors.shape(), c.want_shape);
  const auto reduced = feature.standard_errors.data<double>();
  EXPECT_EQ(std::accumulate(reduced.begin(), reduced.end(), 0.0),
            std::accumulate(errors.begin(), errors.end(), 0.0));
  for (std::size_t i = 0; i < c.want.size(); ++i) EXPECT_GE(reduced[i], std::abs(got[i])) << i;
}

using Names = std::vector<std::string>;
INSTANTIATE_TEST_SUITE_P(, ReduceTest,
                         testing::Values(Case{"identity",
                                              Encoding::kIdentity,
                                              {3},
                                              {1, 0, 2},
                                              {1, 2, 4},
                                              0,
                                              {3},
                                              {1, 2, 4},
                                              Names{"a", "b", "c"}},
                                         Case{"bag_names_all",
                                              Encoding::kBagOfFeatures,
                                              {3},
                                              {1, 0, 2},
                                              {1, 0, 4},
                                              0,
                                              {3},
                                              {1, 0, 4},
                                              Names{"a", "b", "c"}},
                                         Case{"sparse_zero_is_absent",
                                              Encoding::kBagOfFeaturesSparse,
                                              {4},
                                              {0, 3, 0, 1},
                                              {0, 2, 0, 0},
                                              0,
                                              {2},
                                              {2, 0},
                                              Names{"b", "d"}},
                                         Case{"sparse_zero_that_was_missed",
                                              Encoding::kBagOfFeaturesSparse,
                                              {3},
                                              {0, 3, 0},
                                              {-1, 2, 0},
                                              0,
                                              {2},
                                              {-1, 2},
                                              Names{"a", "b"}},
                                         Case{"sparse_nothing_present",
                                              Encoding::kBagOfFeaturesSparse,
                                              {2},
                                              {0, 0},
                                              {0, 0},
                                              0,
                                              {0},
                                              {},
                                              Names{}},
                                         Case{"one_hot_gets_all",
                                              Encoding::kIndicator,
                                              {3},
                                              {0, 1, 0},
                                              {-1, 4, 0},
                                              0,
                                              {1},
                                              {3},
                                              Names{"b"}},
                                         Case{"multi_hot",
                                              Encoding::kIndicator,
                                              {4},
                                              {1, 0, 1, 0},
                                              {2, -1, 4, 0},
                                              0,
                                              {3},
                                              {2, -1, 4},
                                              Names{"a", "b", "c"}},
                                         Case{"no_category",
                                              Encoding::kIndicator,
                                              {3},
                                              {0, 0, 0},
                                              {0, 2, 0},
                                              0,
                                              {1},
                                              {2},
                                              Names{"b"}},
                                         Case{"combined",
                                              Encoding::kCombinedEmbedding,
                                              {4},
                                              {1, 2, 3, 4},
                                              {1, 2, -4, 8},
                                              0,
                                              {},
                                              {7},
                                              Names{}},
                                         Case{"concat_rows",
                                              Encoding::kConcatEmbedding,
                                              {2, 2},
                                              {1, 2, 3, 4},
                                              {1, 2, -4, 8},
                                              0,
                                              {2},
                                              {3, 4},
                                              Names{}},
                                         Case{"concat_laid_end_to_end",
                                              Encoding::kConcatEmbedding,
                                              {4},
                                              {1, 2, 3, 4},
                                              {1, 2, -4, 8},
                                              2,
                                              {2},
                                              {3, 4},
                                              Names{}},
                                         Case{"concat_of_ids_themselves",
                                              Encoding::kConcatEmbedding,
                                              {3},
                                              {5, 6, 7},
                                              {1, 2, 4},
                                              3,
                                              {3},
                                              {1, 2, 4},
                                              Names{"a", "b", "c"}}),
                         [](const auto& row) { return row.param.name; });

TEST(ReduceWholeInputsTest, SharesOfPlayersStay) {
  FeatureAttribution feature{
      .name = "f", .values = Tensor::Of<double>({}, {3}), .input = Tensor::Of<float>({2}, {1, 2})};
  ReduceByEncoding(Encoding::kIndicator, 0, feature);
  EXPECT_EQ(feature.values.shape(), Shape{});
}

}  // namespace
}  // namespace whylight
