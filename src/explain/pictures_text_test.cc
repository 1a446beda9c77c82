#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "explain/explanation_json.h"
#include "explain/picture_inputs.h"
#include "explain/pictures.h"
#include "explain/sums.h"
#include "image/codec.h"
#include "util/base64.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

FeatureAttribution Photo() {
  return {.name = "photo",
          .values = Tensor::Of<double>({1, 2, 1}, {0, 5}),
          .input = Tensor::Of<float>({1, 2, 1}, {0, 1})};
}

PictureDrawer DrawerOf(const std::string& method, const std::string& metadata = "") {
  PictureDrawer::Options options{.method = method};
  if (!metadata.empty()) {
    const Result<ParsedMetadata> parsed = ParseExplanationMetadataText(metadata);
    EXPECT_TRUE(parsed.ok() && parsed->status().ok()) << metadata;
    options.metadata = parsed->metadata;
  }
  return PictureDrawer(std::move(options));
}

TEST(PicturesTest, AMethodHasItsDefaults) {
  const VisualizationOptions gradients = *DrawerOf("integrated-gradients").Visualization("photo");
  EXPECT_EQ(gradients.type, DrawingType::kOutlines);
  EXPECT_EQ(gradients.color_map, ColorMap::kPinkGreen);
  EXPECT_EQ(gradients.overlay, OverlayType::kNone);
  EXPECT_EQ(gradients.clip_below, 62);
  EXPECT_EQ(gradients.clip_above, 99.9);
  EXPECT_EQ(gradients.format, PictureFormat::kJpeg);
  const VisualizationOptions regions = *DrawerOf("xrai").Visualization("photo");
  EXPECT_EQ(regions.type, DrawingType::kPixels);
  EXPECT_EQ(regions.color_map, ColorMap::kViridis);
  EXPECT_EQ(regions.resampling, Resampling::kBilinear);
}

TEST(PicturesTest, MetadataSaysMoreInBothForms) {
  const std::string legacy = R"({"inputs": {"photo": {"input_tensor_name": "photo",
      "modality": "image", "visualization": {"polarity": "both", "color_map": "red_green",
      "overlay_type": "mask", "overlay_multiplier": 0.5, "output_format": "png",
      "resized_shape": [10, 20], "translate": [1, 2], "clip_below_percentile": 10}}},
      "outputs": {"y": {"output_tensor_name": "y"}}, "framework": "tensorflow2"})";
  const VisualizationOptions options =
      *DrawerOf("integrated-gradients", legacy).Visualization("photo");
  EXPECT_EQ(options.type, DrawingType::kPixels);  // What a legacy file without a type means.
  EXPECT_EQ(options.polarity, Polarity::kBoth);
  EXPECT_EQ(options.color_map, ColorMap::kRedGreen);
  EXPECT_EQ(options.overlay, OverlayType::kMaskBlack);
  EXPECT_EQ(options.multiplier, 0.5);
  EXPECT_EQ(options.format, PictureFormat::kPng);
  EXPECT_EQ(options.resized->width, 20);
  EXPECT_EQ(options.resized->height, 10);
  EXPECT_EQ(options.translate_x, 1);
  EXPECT_EQ(options.translate_y, 2);
  EXPECT_EQ(options.clip_below, 10);
  const std::string vertex = R"({"inputs": {"photo": {"inputTensorName": "photo",
      "modality": "image", "visualization": {"polarity": "NEGATIVE"}}},
      "outputs": {"y": {"outputTensorName": "y"}}})";
  const VisualizationOptions of_vertex =
      *DrawerOf("integrated-gradients", vertex).Visualization("photo");
  EXPECT_EQ(of_vertex.type, DrawingType::kOutlines);
  EXPECT_EQ(of_vertex.polarity, Polarity::kNegative);
  EXPECT_TRUE(DrawerOf("xrai", vertex).IsImageModality("photo"));
  EXPECT_FALSE(DrawerOf("xrai", vertex).IsImageModality("other"));
}

TEST(PicturesTest, ThePictureIsShownAsItsDomainSays) {
  const std::string metadata = R"({"inputs": {"photo": {"input_tensor_name": "photo",
      "modality": "image", "domain": {"min": -1, "max": 3}}},
      "outputs": {"y": {"output_tensor_name": "y"}}, "framework": "tensorflow2"})";
  const ShownPicture of_domain = *DrawerOf("xrai", metadata).Shown(Photo());
  EXPECT_THAT(of_domain.image.pixels, ElementsAre(64, 128));
  EXPECT_EQ(of_domain.range, "-1.0..3.0 (the metadata's domain)");
  const ShownPicture of_data = *DrawerOf("xrai").Shown(Photo());
  EXPECT_THAT(of_data.image.pixels, ElementsAre(0, 255));
  EXPECT_EQ(of_data.range, "0..1 (from the data)");
}

TEST(PicturesTest, TargetsAndFilesHaveNames) {
  EXPECT_EQ(FileNamePart("a/b:c.d-é"), "a_b_c_d-__");
  EXPECT_THAT(TargetNames({{.output_name = "y", .output_index = {0, 2}}, {.output_name = "y"}}),
              ElementsAre("0-2", "y"));
  EXPECT_THAT(TargetNames({{.output_name = "y", .output_index = {1}},
                           {.output_name = "z", .output_index = {1}}}),
              ElementsAre("y-1", "z-1"));
}

Explanation One() {
  Explanation explanation;
  explanation.prediction.push_back({"y", Tensor::Of<float>(Shape{1}, {1})});
  OutputAttribution attribution{
      .output_name = "y", .output_index = {0}, .instance_output = 7, .baseline_output = 1};
  attribution.features.push_back(Photo());
  attribution.features.push_back(
      {.name = "age", .values = Tensor::Scalar(0.5), .input = Tensor::Scalar(3.0)});
  explanation.attributions.push_back(std::move(attribution));
  return explanation;
}

TEST(EmbeddedPicturesTest, StandBesideTheNumbersOrInTheirPlace) {
  const std::string metadata = R"({"inputs": {"photo": {"input_tensor_name": "photo",
      "modality": "image", "visualization": {"type": "pixels", "output_format": "png"}}},
      "outputs": {"y": {"output_tensor_name": "y"}}, "framework": "tensorflow2"})";
  const PictureDrawer drawer = DrawerOf("integrated-gradients", metadata);
  const EmbeddedPictures beside = *EmbeddedPicturesOf(One(), drawer, {});
  Json line = *ParseJson(ExplanationLine("[]", One(), {}, beside));
  const auto values = [](const Json& of) -> const Json& {
    return *of.Find("explanation")->Find("attributions")->array()[0].Find("featureAttributions");
  };
  EXPECT_EQ(WriteJson(*values(line).Find("photo")), "[[[0.0],[5.0]]]");
  const Json* picture = line.Find("whylight")->Find("pictures")->array()[0].Find("photo");
  ASSERT_NE(picture, nullptr);
  EXPECT_EQ(picture->Find("sum")->number(), 5);
  const Image decoded = *DecodeImage(*Base64Decode(picture->Find("b64_png")->string()));
  EXPECT_THAT(decoded.pixels, ElementsAre(0, 0, 0, 0, 255, 0));

  // Over the file that was preprocessed, too: twice as large.
  const std::string instance =
      R"({"bytes": {"b64": ")" + Base64Encode(EncodePng(Image(4, 2, 3))) + R"("}})";
  const EmbeddedPictures services = *EmbeddedPicturesOf(
      One(), drawer,
      {.embedding = Embedding::kInPlaceOf, .has_preprocess = true, .instance_json = instance});
  line = *ParseJson(ExplanationLine(instance, One(), {}, services));
  EXPECT_EQ(line.Find("whylight")->Find("pictures"), nullptr);
  EXPECT_EQ(WriteJson(*values(line).Find("age")), "0.5");
  picture = values(line).Find("photo");
  ASSERT_EQ(picture->object().size(), 2U);
  EXPECT_EQ(*DecodeImage(*Base64Decode(picture->Find("b64_png")->string())), decoded);
  EXPECT_EQ(DecodeImage(*Base64Decode(picture->Find("transformed_b64_png")->string()))->width, 4);
  // Without the modality image numbers stay numbers.
  const EmbeddedPictures none =
      *EmbeddedPicturesOf(One(), DrawerOf("xrai"), {.embedding = Embedding::kInPlaceOf});
  EXPECT_TRUE(none.of_attributions[0].empty());
}

// With the pictures that it needs.
Result<AnsweredRow> ReadBack(const std::string& line) {
  WHYLIGHT_ASSIGN_OR_RETURN(AnsweredRow row, ReadExplanation(line));
  WHYLIGHT_RETURN_IF_ERROR(FindPictures(row));
  return row;
}

TEST(PictureInputsTest, AreThoseThatWereExplained) {
  Explanation explanation = One();
  FeatureAttribution& photo = explanation.attributions[0].features[0];
  photo.regions = {{.rank = 2, .area = 0.5, .attribution = 0, .pixels = {{0, 1}}},
                   {.rank = 1, .area = 0.5, .attribution = 5, .pixels = {{1, 1}}}};
  Provenance provenance;
  provenance.plan.method = "xrai";
  const std::string line =
      ExplanationLine(R"({"photo": [[[0.0], [1.0]]], "age": 3})", explanation, provenance);
  const Result<AnsweredRow> answer = ReadBack(line);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->method(), "xrai");
  const OutputAttribution& attribution = answer->explanation.attributions[0];
  EXPECT_EQ(attribution.output_index, (std::vector<std::int64_t>{0}));
  EXPECT_EQ(GapOf(attribution), 0.5);
  EXPECT_EQ(attribution.features[0].values, photo.values);
  EXPECT_EQ(DrawerOf("xrai").Shown(attribution.features[0])->image,
            DrawerOf("xrai").Shown(photo)->image);
  const RankedRegions regions = RankedRegionsOf(attribution.features[0]);
  EXPECT_EQ(regions.width, 2);
  EXPECT_EQ(regions.regions[0].attribution, 5);  // In order of rank.
}

TEST(PictureInputsTest, AGroupsFeatureIsNoPicture) {
  Explanation explanation = One();
  FeatureAttribution& age = explanation.attributions[0].features[1];
  age.regions = {{.rank = 1, .area = 1, .attribution = 5, .pixels = {{0, 2}}}};
  EXPECT_FALSE(DrawerOf("xrai").IsPicture(age));
  EXPECT_TRUE(RankedRegionsOf(age).regions.empty());
  const std::string line = ExplanationLine(R"({"photo": [[[0.0], [1.0]]]})", explanation, {});
  EXPECT_TRUE(ReadBack(line).ok());
}

std::string AnswerWith(const std::string& instance, const std::string& photo,
                       const std::string& whylight = "{}") {
  return R"({"instance":)" + instance + R"(,"explanation":{"attributions":[)" +
         R"({"featureAttributions":{"photo":)" + photo + R"(}}]},"whylight":)" + whylight + "}";
}

TEST(PictureInputsTest, AFileUnderAnotherNameIsFoundIfItIsTheOnlyOne) {
  const std::string file = R"({"b64": ")" + Base64Encode(EncodePng(Image(4, 2, 3))) + R"("})";
  const auto shape = [&](const std::string& instance) {
    const Result<AnsweredRow> row = ReadBack(AnswerWith(instance, "[[[1.0]]]"));
    return row.ok() ? row->explanation.attributions[0].features[0].input.shape() : Shape();
  };
  EXPECT_EQ(shape(R"({"image_bytes": )" + file + R"(, "id": 7})"), (Shape{2, 4, 3}));
  EXPECT_EQ(shape(file), (Shape{2, 4, 3}));
  EXPECT_EQ(shape(R"({"left": )" + file + R"(, "right": )" + file + "}"), Shape());
}

struct WrongAnswer {
  const char* name;
  std::string line;
  std::string message;
};
void PrintTo(const WrongAnswer& c, std::ostream* os) { *os << c.name; }

class WrongAnswerTest : public testing::TestWithParam<WrongAnswer> {};

TEST_P(WrongAnswerTest, SaysWhatIsWrong) {
  const Result<AnsweredRow> answer = ReadBack(GetParam().line);
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.status().message(), HasSubstr(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(
    , WrongAnswerTest,
    testing::Values(
        WrongAnswer{"a_picture_already", AnswerWith("[]", R"({"b64_jpeg":"x"})"),
                    "--embed-images=service"},
        WrongAnswer{"ragged", AnswerWith("[]", "[[[1],[2]],[[3]]]"), "featureAttributions.photo"},
        WrongAnswer{"no_picture", AnswerWith(R"({"a":1,"b":2})", "[[[1.0]]]"),
                    "expected the picture of 'photo'"},
        WrongAnswer{"no_image_file", AnswerWith(R"({"b64":"AAAA"})", "[[[1.0]]]"),
                    "expected the picture of 'photo'"},
        WrongAnswer{"odd_mask",
                    AnswerWith("[[[1.0]]]", "[[[1.0]]]",
                               R"({"regions":[{"photo":[{"rank":1,"mask":[0]}]}]})"),
                    "whylight.regions[0].photo[0].mask: expected pairs"},
        WrongAnswer{"mask_of_text",
                    AnswerWith("[[[1.0]]]", "[[[1.0]]]",
                               R"({"regions":[{"photo":[{"rank":1,"mask":["a",1]}]}]})"),
                    "mask: expected pairs"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
