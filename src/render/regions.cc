#include "render/regions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "render/color_map.h"
#include "render/digits.h"
#include "render/plane.h"

namespace whylight {
namespace {

constexpr std::size_t kMostLabels = 10;

std::int64_t PixelsOf(const RankedRegion& region) {
  std::int64_t pixels = 0;
  for (const PixelRun& run : region.pixels) pixels += run.length;
  return pixels;
}

// A region's box and centre of mass.
struct Extent {
  int left = 0, top = 0, right = -1, bottom = -1;  // Inclusive.
  double sum_x = 0, sum_y = 0, pixels = 0;

  void Add(int x, int y) {
    left = pixels == 0 ? x : std::min(left, x);
    top = pixels == 0 ? y : std::min(top, y);
    right = std::max(right, x);
    bottom = std::max(bottom, y);
    sum_x += x;
    sum_y += y;
    ++pixels;
  }
};

std::vector<Extent> ExtentsOf(const RankMap& ranks, std::size_t count) {
  std::vector<Extent> extents(count);
  for (std::size_t i = 0; i < ranks.ranks.size(); ++i) {
    const auto rank = static_cast<std::size_t>(ranks.ranks[i]);
    if (rank >= count) continue;
    const auto width = static_cast<std::size_t>(ranks.width);
    extents[rank].Add(static_cast<int>(i % width), static_cast<int>(i / width));
  }
  return extents;
}

Result<RankMap> Resized(RankMap ranks, const Image& picture) {
  if (picture.pixels.empty()) return InvalidArgument("the picture has no pixels");
  WHYLIGHT_ASSIGN_OR_RETURN(
      ranks.ranks, ResizedNearest(ranks.ranks, {.width = ranks.width, .height = ranks.height},
                                  {.width = picture.width, .height = picture.height}));
  ranks.width = picture.width;
  ranks.height = picture.height;
  return ranks;
}

double LumaAt(const Image& picture, int x, int y) {
  const auto pixel = picture.at(x, y);
  return picture.channels == 1 ? pixel[0] : Luma(pixel[0], pixel[1], pixel[2]);
}

// Whether the region of the pixel ends to its right or below.
bool IsBorder(const RankMap& ranks, int x, int y) {
  const auto at = [&](int column, int row) {
    return ranks.ranks[static_cast<std::size_t>(row) * static_cast<std::size_t>(ranks.width) +
                       static_cast<std::size_t>(column)];
  };
  return (x + 1 < ranks.width && at(x, y) != at(x + 1, y)) ||
         (y + 1 < ranks.height && at(x, y) != at(x, y + 1));
}

Image Outlined(const RankMap& ranks, const Image& picture) {
  const Rgb outline = ColorAt(ColorMap::kViridis, Sign::kPositive, 1);
  Image image(picture.width, picture.height, 3);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const auto shade = static_cast<std::uint8_t>(std::lround(LumaAt(picture, x, y)));
      std::ranges::fill(image.at(x, y), shade);
      if (IsBorder(ranks, x, y)) std::ranges::copy(outline, image.at(x, y).begin());
    }
  }
  return image;
}

// At the centre of mass. False, and nothing is drawn, if the region's box is too small for it.
bool DrawnLabel(Image& image, std::string_view text, const Extent& extent) {
  const int scale = std::max(1, std::min(image.width, image.height) / 300);
  const ImageSize size = LabelSize(text, scale);
  if (extent.right - extent.left + 1 < size.width || extent.bottom - extent.top + 1 < size.height) {
    return false;
  }
  const auto corner = [&](double sum, int label, int side) {
    const int centred = static_cast<int>(std::lround(sum / extent.pixels)) - label / 2;
    return std::clamp(centred, 0, std::max(0, side - label));
  };
  DrawLabel(image, text,
            {.left = corner(extent.sum_x, size.width, image.width),
             .top = corner(extent.sum_y, size.height, image.height),
             .scale = scale});
  return true;
}

}  // namespace

Result<RankMap> RanksOf(const RankedRegions& regions) {
  const std::int64_t pixels = std::int64_t{regions.width} * regions.height;
  if (regions.width < 1 || regions.height < 1 || pixels > kMaxResizedPixels) {
    return InvalidArgument("regions: expected a picture of 1 to " +
                           std::to_string(kMaxResizedPixels) + " pixels, got " +
                           std::to_string(regions.width) + " x " + std::to_string(regions.height));
  }
  const auto none = static_cast<std::int32_t>(regions.regions.size());
  RankMap map{.width = regions.width,
              .height = regions.height,
              .ranks = std::vector<std::int32_t>(static_cast<std::size_t>(pixels), none)};
  for (std::size_t rank = 0; rank < regions.regions.size(); ++rank) {
    const auto wrong = [rank](const std::string& what) {
      return InvalidArgument("region " + std::to_string(rank + 1) + ": " + what);
    };
    if (!std::isfinite(regions.regions[rank].attribution)) {
      return wrong("the attribution is not finite");
    }
    for (const PixelRun& run : regions.regions[rank].pixels) {
      if (run.first < 0 || run.length < 0 || run.first > pixels ||
          run.length > pixels - run.first) {
        return wrong("pixels outside of the picture");
      }
      for (std::int64_t i = run.first; i < run.first + run.length; ++i) {
        std::int32_t& at = map.ranks[static_cast<std::size_t>(i)];
        if (at != none) return wrong("pixel " + std::to_string(i) + " is in another region too");
        at = static_cast<std::int32_t>(rank);
      }
    }
  }
  return map;
}

Image RankImage(const RankMap& ranks) {
  Image image(ranks.width, ranks.height, 3);
  for (std::size_t i = 0; i < ranks.ranks.size(); ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<std::uint8_t>(ranks.ranks[i] >> (8 * (2 - c)) & 0xff);
    }
  }
  return image;
}

Result<TopArea> TopAreaOf(const RankedRegions& regions, double percent) {
  if (!(percent > 0 && percent <= 100)) {
    return InvalidArgument("area: expected above 0 to 100 percent, got " + std::to_string(percent));
  }
  const double pixels = static_cast<double>(regions.width) * regions.height;
  TopArea top;
  double inside = 0;
  for (const RankedRegion& region : regions.regions) {
    if (inside >= percent / 100 * pixels) break;
    inside += static_cast<double>(PixelsOf(region));
    ++top.regions;
  }
  top.area = inside / pixels;
  return top;
}

Result<Image> DrawTopArea(const RankedRegions& regions, const Image& picture, double percent) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RankMap own, RanksOf(regions));
  WHYLIGHT_ASSIGN_OR_RETURN(const TopArea top, TopAreaOf(regions, percent));
  WHYLIGHT_ASSIGN_OR_RETURN(const RankMap ranks, Resized(own, picture));
  Image image = picture;
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    if (ranks.ranks[i / channels] < top.regions) continue;
    image.pixels[i] = static_cast<std::uint8_t>(std::lround(0.25 * image.pixels[i]));
  }
  return image;
}

std::vector<double> SharesOf(const RankedRegions& regions) {
  std::vector<double> shares;
  double all = 0;
  for (const RankedRegion& region : regions.regions) {
    shares.push_back(region.attribution * static_cast<double>(PixelsOf(region)));
    all += std::abs(shares.back());
  }
  for (double& share : shares) share = all > 0 ? share / all : 0;
  return shares;
}

Result<Image> DrawRankedRegions(const RankedRegions& regions, const Image& picture) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RankMap own, RanksOf(regions));
  WHYLIGHT_ASSIGN_OR_RETURN(const RankMap ranks, Resized(own, picture));
  Image image = Outlined(ranks, picture);
  const std::vector<double> shares = SharesOf(regions);
  const std::vector<Extent> extents = ExtentsOf(ranks, regions.regions.size());
  for (std::size_t i = 0; i < std::min(kMostLabels, extents.size()); ++i) {
    const std::string rank = std::to_string(i + 1);
    const std::string share = std::to_string(std::lround(100 * shares[i])) + "%";
    if (extents[i].pixels > 0 && !DrawnLabel(image, rank + " " + share, extents[i])) {
      DrawnLabel(image, rank, extents[i]);
    }
  }
  return image;
}

}  // namespace whylight
