// Pictures compared pixel by pixel with testdata/*.png: contact sheets, a cell for each case. To
// write them anew, then look at them:
//   WHYLIGHT_WRITE_PICTURES=1 build/bin/render_golden_test
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "image/codec.h"
#include "image/resize.h"
#include "render/overlay.h"
#include "render/regions.h"
#include "testing/npz.h"

namespace whylight {
namespace {

const Tensor& Golden(const std::string& name) {
  static const Result<NpzArrays> arrays = ReadNpz(WHYLIGHT_SOURCE_DIR "/tests/golden/xrai.npz");
  WHYLIGHT_CHECK(arrays.ok() && arrays->contains(name));
  return arrays->at(name);
}

// scikit-image's cat (tests/golden/README.md).
Image Cat() {
  const Tensor& pixels = Golden("chelsea/image");
  Image cat(static_cast<int>(pixels.shape().dim(1)), static_cast<int>(pixels.shape().dim(0)), 3);
  for (std::size_t i = 0; i < cat.pixels.size(); ++i) {
    cat.pixels[i] = static_cast<std::uint8_t>(pixels.Number(i));
  }
  return cat;
}

// As a network's gradients look: noise along edges, positive around the left eye, negative around
// the right ear. Integers, and one division: the same everywhere.
Tensor CatAttribution(const Image& cat) {
  Tensor attribution(DType::kFloat64, {cat.height, cat.width, 3});
  const auto bump = [](int dx, int dy) { return 400.0 / (400 + dx * dx + dy * dy); };
  std::size_t i = 0;
  for (int y = 0; y < cat.height; ++y) {
    for (int x = 0; x < cat.width; ++x) {
      const double weight =
          bump(3 * (x - 58), 3 * (y - 36)) - bump(4 * (x - 118), 4 * (y - 22)) / 2;
      const auto here = cat.at(x, y), left = cat.at(std::max(0, x - 1), y);
      for (std::size_t c = 0; c < 3; ++c) {
        const int edge = std::abs(here[c] - left[c]) + 4 - (x * 31 + y * 17) % 13;
        attribution.SetNumber(i++, weight * edge);
      }
    }
  }
  return attribution;
}

RankedRegions CatRegions() {
  const Tensor& ranks = Golden("chelsea/full/ranks");
  const Tensor& values = Golden("chelsea/full/values");
  RankedRegions regions{.width = static_cast<int>(ranks.shape().dim(1)),
                        .height = static_cast<int>(ranks.shape().dim(0)),
                        .regions = std::vector<RankedRegion>(values.elements())};
  for (std::size_t i = 0; i < values.elements(); ++i) {
    regions.regions[i].attribution = values.Number(i);
  }
  for (std::size_t i = 0; i < ranks.elements(); ++i) {
    regions.regions[static_cast<std::size_t>(ranks.Number(i)) - 1].pixels.push_back(
        {.first = static_cast<std::int64_t>(i), .length = 1});
  }
  return regions;
}

// XRAI's attribution: each pixel has its region's.
Tensor CatRegionAttribution() {
  const Tensor& ranks = Golden("chelsea/full/ranks");
  Tensor attribution(DType::kFloat64, ranks.shape());
  for (std::size_t i = 0; i < ranks.elements(); ++i) {
    const auto rank = static_cast<std::size_t>(ranks.Number(i)) - 1;
    attribution.SetNumber(i, Golden("chelsea/full/values").Number(rank));
  }
  return attribution;
}

// Cells of one size in rows of `columns`.
Image Sheet(const std::vector<Image>& cells, int columns) {
  const int width = cells[0].width, height = cells[0].height;
  const int rows = (static_cast<int>(cells.size()) + columns - 1) / columns;
  Image sheet(columns * width, rows * height, 3);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const int left = static_cast<int>(i) % columns * width;
    const int top = static_cast<int>(i) / columns * height;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        std::ranges::copy(cells[i].at(x, y), sheet.at(left + x, top + y).begin());
      }
    }
  }
  return sheet;
}

void ExpectSheet(const std::string& name, const std::vector<Image>& cells, int columns,
                 const std::vector<std::string>& names) {
  ASSERT_EQ(cells.size(), names.size());
  const std::string path = WHYLIGHT_SOURCE_DIR "/src/render/testdata/" + name;
  const Image sheet = Sheet(cells, columns);
  if (std::getenv("WHYLIGHT_WRITE_PICTURES") != nullptr) {
    std::ofstream(path, std::ios::binary) << EncodePng(sheet);
  }
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const Result<Image> golden = DecodeImage(bytes);
  ASSERT_TRUE(golden.ok()) << path << ": " << golden.status().message();
  ASSERT_EQ(golden->width, sheet.width);
  ASSERT_EQ(golden->height, sheet.height);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    int different = 0;
    const int left = static_cast<int>(i) % columns * cells[i].width;
    const int top = static_cast<int>(i) / columns * cells[i].height;
    for (int y = 0; y < cells[i].height; ++y) {
      for (int x = 0; x < cells[i].width; ++x) {
        if (!std::ranges::equal(cells[i].at(x, y), golden->at(left + x, top + y))) ++different;
      }
    }
    EXPECT_EQ(different, 0) << name << ": pixels of " << names[i];
  }
}

// Cells and their names, in the order of rows.
struct Cells {
  std::vector<Image> images;
  std::vector<std::string> names;

  void Add(const Tensor& attribution, const Image& picture, const VisualizationOptions& options) {
    const Result<Overlay> drawn = DrawOverlay(attribution, picture, options);
    ASSERT_TRUE(drawn.ok()) << drawn.status().message();
    images.push_back(drawn->image);
    names.push_back(std::string(NameOf(options.overlay)) + " " + std::string(NameOf(options.type)) +
                    " " + std::string(NameOf(options.polarity)) + " " +
                    std::string(NameOf(options.color_map)));
  }
};

TEST(GoldenPictureTest, OverlaysTypesAndPolarities) {
  const Image cat = Cat();
  const Tensor attribution = CatAttribution(cat);
  Cells cells;
  for (const auto& overlay : NamesOf(OverlayType())) {
    for (const auto& type : NamesOf(DrawingType())) {
      for (const auto& polarity : NamesOf(Polarity())) {
        cells.Add(attribution, cat,
                  {.type = type.value,
                   .polarity = polarity.value,
                   .overlay = overlay.value,
                   .clip_below = 80});
      }
    }
  }
  ExpectSheet("overlays.png", cells.images, 6, cells.names);
}

TEST(GoldenPictureTest, ColorMaps) {
  const Image cat = Cat();
  const Tensor attribution = CatAttribution(cat);
  Cells cells;
  for (const OverlayType overlay : {OverlayType::kNone, OverlayType::kGrayscale}) {
    for (const auto& map : NamesOf(ColorMap())) {
      cells.Add(attribution, cat,
                {.polarity = Polarity::kBoth,
                 .color_map = map.value,
                 .overlay = overlay,
                 .multiplier = 0.3,
                 .blur_sigma = 1});
    }
  }
  ExpectSheet("color_maps.png", cells.images, 6, cells.names);
}

TEST(GoldenPictureTest, Regions) {
  const Image cat = *ResizeBilinearRounded(Cat(), {.width = 300, .height = 200});
  const RankedRegions regions = CatRegions();
  Cells cells;
  cells.Add(CatRegionAttribution(), cat,
            {.color_map = ColorMap::kViridis, .resampling = Resampling::kBilinear});
  for (const double percent : {5, 20}) {
    cells.images.push_back(*DrawTopArea(regions, cat, percent));
    cells.names.push_back("top " + std::to_string(percent));
  }
  cells.images.push_back(*DrawRankedRegions(regions, cat));
  cells.names.emplace_back("ranked");
  ExpectSheet("regions.png", cells.images, 2, cells.names);
}

}  // namespace
}  // namespace whylight
