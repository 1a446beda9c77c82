#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <random>

#include "image/codec.h"
#include "image/image_tensor.h"
#include "image/resize.h"
#include "image/webp.h"
#include "util/base64.h"

namespace whylight {
namespace {

// A smooth picture: JPEG keeps it nearly as it is.
Image Gradient(int width, int height, int channels) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
        image.at(x, y)[c] = static_cast<std::uint8_t>(x * 3 + y * 2 + static_cast<int>(c) * 20);
      }
    }
  }
  return image;
}

TEST(CodecTest, PngKeepsEveryPixel) {
  for (const int channels : {1, 3}) {
    for (const auto& [width, height] : {std::pair(1, 1), std::pair(37, 21)}) {
      const Image image = Gradient(width, height, channels);
      const Result<Image> decoded = DecodeImage(EncodePng(image));
      ASSERT_TRUE(decoded.ok()) << decoded.status().message();
      EXPECT_EQ(*decoded, image);
    }
  }
}

TEST(CodecTest, JpegKeepsASmoothPicture) {
  for (const int channels : {1, 3}) {
    const Image image = Gradient(37, 21, channels);
    const Result<Image> decoded = DecodeImage(EncodeJpeg(image));
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    ASSERT_EQ(decoded->pixels.size(), image.pixels.size());
    double difference = 0;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) {
      difference += std::abs(decoded->pixels[i] - image.pixels[i]);
    }
    // Quality 95 rounds each coefficient by a few units.
    EXPECT_LT(difference / static_cast<double>(image.pixels.size()), 2);
  }
}

// Written by hand from the PNG specification, zlib and struct.
struct PngCase {
  const char* name;
  const char* base64;
  int channels;
  std::vector<std::uint8_t> pixels;
};
void PrintTo(const PngCase& c, std::ostream* os) { *os << c.name; }
class PngFormTest : public testing::TestWithParam<PngCase> {};
TEST_P(PngFormTest, BecomesEightBitsOnWhite) {
  const Result<Image> image = DecodeImage(*Base64Decode(GetParam().base64));
  ASSERT_TRUE(image.ok()) << image.status().message();
  EXPECT_EQ(image->channels, GetParam().channels);
  EXPECT_EQ(image->pixels, GetParam().pixels);
}
INSTANTIATE_TEST_SUITE_P(
    , PngFormTest,
    testing::Values(
        PngCase{"one_bit_grey",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABAQAAAADcWUInAAAACklEQVR4nGNwAAAAQgBBKTf07wAAAABJRU"
                "5ErkJggg==",
                1,
                {0, 255}},
        PngCase{"four_bit_grey",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABBAAAAAAUuc1XAAAACklEQVR4nGPgBwAAEQAQqWxD4AAAAABJRU"
                "5ErkJggg==",
                1,
                {0, 255}},
        PngCase{"sixteen_bit_grey",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABEAAAAACB2fwVAAAADUlEQVR4nGNoYPj/HwAFAgJ/"
                "Fl7EZQAAAABJRU5ErkJggg==",
                1,
                {128, 255}},
        PngCase{"sixteen_bit_rgb",
                "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABEAIAAADA54+dAAAAD0lEQVR4nGNgYGBk/"
                "P8fAAMLAgGwexA4AAAAAElFTkSuQmCC",
                3,
                {0, 1, 255}},
        PngCase{"grey_alpha",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAQAAABeK7cBAAAADUlEQVR4nGNgYEj5DwABzAFkBmLTpQAAAA"
                "BJRU5ErkJggg==",
                1,
                {255, 100}},
        PngCase{"rgb_alpha",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAYAAAD0In+"
                "KAAAAEUlEQVR4nGPgEpH7z5ByogEACdAC6OGcz2gAAAAASUVORK5CYII=",
                3,
                {10, 20, 30, 127, 177, 227}},
        PngCase{"palette",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAMAAADD/"
                "I+4AAAABlBMVEUBAgMEBQaVU29IAAAAC0lEQVR4nGNgZAAAAAUAAtFmM3gAAAAASUVORK5CYII=",
                3,
                {4, 5, 6, 1, 2, 3}},
        PngCase{"palette_with_alpha",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAMAAADD/"
                "I+"
                "4AAAABlBMVEUBAgMEBQaVU29IAAAAAXRSTlMAQObYZgAAAAtJREFUeJxjYGQAAAAFAALRZjN4AAAAAElFT"
                "kSuQmCC",
                3,
                {4, 5, 6, 255, 255, 255}},
        PngCase{"transparent_grey",
                "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAAnRSTlMAB+"
                "j3WJsAAAALSURBVHicY2DnBAAAGgARYM0kkgAAAABJRU5ErkJggg==",
                1,
                {255, 9}}),
    [](const auto& row) { return row.param.name; });

TEST(CodecTest, TruncatedImagesAreRefused) {
  for (const std::string& bytes :
       {EncodePng(Gradient(32, 32, 3)), EncodeJpeg(Gradient(32, 32, 3))}) {
    for (std::size_t size = 0; size + 2 < bytes.size(); size += 7) {
      const Result<Image> image = DecodeImage(std::string_view(bytes).substr(0, size));
      EXPECT_FALSE(image.ok()) << size << " of " << bytes.size();
      EXPECT_EQ(image.status().code(), StatusCode::kInvalidArgument);
    }
  }
}

TEST(CodecTest, OtherBytesAreRefused) {
  EXPECT_NE(DecodeImage("").status().message().find("got 0 bytes"), std::string::npos);
  EXPECT_NE(DecodeImage("GIF89a").status().message().find("expected a JPEG or PNG"),
            std::string::npos);
}

// The header alone promises 60000 x 60000 pixels: refused before anything is allocated.
TEST(CodecTest, ABombIsRefusedByItsHeader) {
  const std::string bytes = *Base64Decode(
      "iVBORw0KGgoAAAANSUhEUgAA6mAAAOpgCAIAAAAPsOIVAAAAeElEQVR42u3BMQEAAADCoPVPbQ0PoAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
      "AAAAAAAAAAAAAAAAAAAAAIBXA4avAAEakw3bAAAAAElFTkSuQmCC");
  EXPECT_EQ(DecodeImage(bytes).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(DecodeImage(EncodePng(Gradient(20, 20, 1)), {.max_pixels = 399}).status().message(),
            "image: expected at most 399 pixels, got 20 x 20");
  EXPECT_EQ(DecodeImage(EncodeJpeg(Gradient(20, 20, 3)), {.max_pixels = 399}).status().code(),
            StatusCode::kResourceExhausted);
}

TEST(CodecTest, MutatedBytesNeverCrash) {
  constexpr unsigned kSeed = 9;
  std::mt19937 random(kSeed);
  const std::string kSeeds[] = {EncodePng(Gradient(16, 16, 3)), EncodePng(Gradient(16, 16, 1)),
                                EncodeJpeg(Gradient(16, 16, 3)), EncodeJpeg(Gradient(16, 16, 1))};
  for (int i = 0; i < 4000; ++i) {
    std::string bytes = kSeeds[random() % std::size(kSeeds)];
    for (unsigned k = 0; k <= random() % 6; ++k) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const Result<Image> image = DecodeImage(bytes, {.max_pixels = 1 << 16});
    if (!image.ok()) continue;
    EXPECT_EQ(image->pixels.size(),
              static_cast<std::size_t>(image->width * image->height * image->channels));
  }
}

// tf.image.resize(method="bilinear") of [[0, 10], [20, 30]] to 4 x 4 is,
// row by row, 0, 2.5, 7.5, 10 and so on: old = (new + 0.5) / 2 - 0.5, clamped.
TEST(ResizeTest, HasHalfPixelCentres) {
  Image image(2, 2, 1);
  image.pixels = {0, 10, 20, 30};
  const Result<FloatImage> resized = ResizeBilinear(image, {.width = 4, .height = 4});
  ASSERT_TRUE(resized.ok());
  const float kRow[] = {0, 2.5f, 7.5f, 10}, kColumn[] = {0, 5, 15, 20};
  for (std::size_t y = 0; y < 4; ++y) {
    for (std::size_t x = 0; x < 4; ++x) {
      EXPECT_FLOAT_EQ(resized->pixels[4 * y + x], kRow[x] + kColumn[y]);
    }
  }
}

TEST(ResizeTest, TheSameSizeIsTheSamePicture) {
  const Image image = Gradient(7, 5, 3);
  EXPECT_EQ(*ResizeBilinearRounded(image, {.width = 7, .height = 5}), image);
  EXPECT_EQ(*ResizeNearest(image, {.width = 7, .height = 5}), image);
  EXPECT_FALSE(ResizeBilinear(image, {.width = 0, .height = 5}).ok());
  EXPECT_FALSE(ResizeBilinear(Image(), {.width = 1, .height = 1}).ok());
}

TEST(ResizeTest, NearestTakesTheOldPixelAtTheCentre) {
  Image image(4, 1, 1);
  image.pixels = {1, 2, 3, 4};
  EXPECT_EQ(ResizeNearest(image, {.width = 2, .height = 1})->pixels,
            (std::vector<std::uint8_t>{2, 4}));
  EXPECT_EQ(ResizeNearest(image, {.width = 8, .height = 1})->pixels,
            (std::vector<std::uint8_t>{1, 1, 2, 2, 3, 3, 4, 4}));
}

TEST(ImageTensorTest, ScalesIntoTheRange) {
  Image image(2, 1, 1);
  image.pixels = {0, 255};
  const auto read = [&](DType dtype, const Shape& shape, std::optional<ImageRange> range) {
    return ImageToTensor(image, dtype, shape, {.range = range});
  };
  EXPECT_EQ(*read(DType::kFloat32, {1, 2, 1}, ImageRange::kZeroToOne),
            Tensor::Of<float>({1, 2, 1}, {0, 1}));
  EXPECT_EQ(*read(DType::kFloat32, {1, 2}, ImageRange::kMinusOneToOne),
            Tensor::Of<float>({1, 2}, {-1, 1}));
  EXPECT_EQ(*read(DType::kFloat32, {Shape::kUnknown, Shape::kUnknown, 3}, ImageRange::kZeroTo255),
            Tensor::Of<float>({1, 2, 3}, {0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(*read(DType::kUInt8, {1, 2, 1}, std::nullopt),
            Tensor::Of<std::uint8_t>({1, 2, 1}, {0, 255}));
  EXPECT_NE(
      read(DType::kFloat32, {1, 2, 1}, std::nullopt).status().message().find("black and white"),
      std::string::npos);
  EXPECT_FALSE(read(DType::kUInt8, {1, 2, 1}, ImageRange::kZeroToOne).ok());
  EXPECT_FALSE(read(DType::kFloat32, {1, 2, 4}, ImageRange::kZeroToOne).ok());
  EXPECT_FALSE(read(DType::kFloat32, {2}, ImageRange::kZeroToOne).ok());
  EXPECT_FALSE(read(DType::kString, {1, 2, 1}, ImageRange::kZeroToOne).ok());
  EXPECT_FALSE(read(DType::kFloat32, {Shape::kUnknown, 2, 1}, ImageRange::kZeroToOne).ok());
}

TEST(ImageTensorTest, ColoursBecomeGrey) {
  Image image(1, 1, 3);
  image.pixels = {100, 0, 0};
  const Result<Tensor> grey =
      ImageToTensor(image, DType::kFloat32, {1, 1, 1}, {.range = ImageRange::kZeroTo255});
  ASSERT_TRUE(grey.ok());
  EXPECT_NEAR(grey->Number(0), 29.9, 1e-4);  // One float32 rounding.
}

TEST(ImageTensorTest, TensorsBecomePicturesByTheRangeThatHoldsThem) {
  const auto guess = [](const Tensor& tensor) {
    std::string range;
    return TensorToImage(tensor, std::nullopt, &range).ok() ? range : "none";
  };
  EXPECT_EQ(guess(Tensor::Of<float>({1, 2}, {0, 0.5f})), "0..1");
  EXPECT_EQ(guess(Tensor::Of<float>({1, 2}, {0, 200})), "0..255");
  EXPECT_EQ(guess(Tensor::Of<float>({1, 2}, {-0.5f, 1})), "-1..1");
  EXPECT_EQ(guess(Tensor::Of<float>({1, 2}, {-5, 1})), "[-5, 1]");
  EXPECT_EQ(guess(Tensor::Of<float>({1, 1}, {std::numeric_limits<float>::infinity()})), "none");
  EXPECT_EQ(guess(Tensor(DType::kFloat32, {2, 2, 4})), "none");
  EXPECT_EQ(
      TensorToImage(Tensor::Of<float>({1, 3}, {-9, 0, 9}), ImageRange::kMinusOneToOne)->pixels,
      (std::vector<std::uint8_t>{0, 128, 255}));
}

TEST(ImageRangeTest, NamesReadBack) {
  for (const char* name : {"0..1", "0..255", "-1..1"}) {
    EXPECT_EQ(ImageRangeName(*ImageRangeFromName(name)), name);
  }
  EXPECT_FALSE(ImageRangeFromName("1").ok());
}

TEST(LosslessBytesTest, GrowWithWhatAPictureHolds) {
  Image plain(32, 32, 3), grey(32, 32, 1), noise(32, 32, 3);
  std::uint32_t state = 1;
  for (std::uint8_t& value : noise.pixels) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<std::uint8_t>(state >> 24);
  }
  const Result<std::size_t> little = LosslessBytes(plain), much = LosslessBytes(noise);
  ASSERT_TRUE(little.ok() && much.ok());
  EXPECT_LT(*little, 100u);
  EXPECT_GT(*much, 3000u) << "3072 bytes of noise cannot be made less";
  EXPECT_EQ(*LosslessBytes(grey), *little);
  EXPECT_EQ(LosslessBytes(Image()).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace whylight
