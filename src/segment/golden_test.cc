// Labels and regions against scikit-image's and saliency's own: tests/golden/make_xrai_golden.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "segment/regions.h"
#include "testing/npz.h"

namespace whylight {
namespace {

constexpr std::size_t kScaleCount = 6;

class GoldenTest : public testing::TestWithParam<const char*> {
 protected:
  static const NpzArrays& Arrays() {
    static const Result<NpzArrays> arrays = ReadNpz(WHYLIGHT_SOURCE_DIR "/tests/golden/xrai.npz");
    WHYLIGHT_CHECK(arrays.ok());
    return *arrays;
  }
  static const Tensor& Array(const std::string& name) {
    const auto found = Arrays().find(std::string(GetParam()) + "/" + name);
    WHYLIGHT_CHECK(found != Arrays().end());
    return found->second;
  }
  static RealImage Picture() {
    const Tensor& image = Array("image");
    RealImage picture{.width = static_cast<int>(image.shape().dim(1)),
                      .height = static_cast<int>(image.shape().dim(0)),
                      .channels = static_cast<int>(image.shape().dim(2)),
                      .pixels = {}};
    for (std::size_t i = 0; i < image.elements(); ++i) picture.pixels.push_back(image.Number(i));
    return picture;
  }
};

TEST_P(GoldenTest, LabelsAreThoseOfScikitImage) {
  const std::vector<LabelMap> maps = XraiSegmentations(Picture());
  const Tensor& want = Array("labels");
  ASSERT_EQ(maps.size(), kScaleCount);
  std::size_t next = 0;
  for (std::size_t scale = 0; scale < kScaleCount; ++scale) {
    std::size_t different = 0;
    for (const std::int32_t label : maps[scale].labels) different += label != want.Number(next++);
    EXPECT_EQ(different, 0u) << "scale " << scale;
  }
  EXPECT_EQ(next, want.elements());
}

TEST_P(GoldenTest, RegionsHaveTheAreasOfSaliency) {
  const std::vector<Mask> regions = XraiRegions(XraiSegmentations(Picture()));
  const Tensor& want = Array("areas");
  std::vector<double> areas;
  for (std::size_t i = 0; i < want.elements(); ++i) {
    if (want.Number(i) > 0) areas.push_back(want.Number(i));
  }
  ASSERT_EQ(regions.size(), areas.size());
  for (std::size_t i = 0; i < areas.size(); ++i) EXPECT_EQ(regions[i].Count(), areas[i]) << i;
}

INSTANTIATE_TEST_SUITE_P(, GoldenTest,
                         testing::Values("astronaut", "chelsea", "coffee", "camera", "rings"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace whylight
