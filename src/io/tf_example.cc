#include "io/tf_example.h"

#include <algorithm>
#include <protozero/pbf_writer.hpp>

#include "util/wire.h"

namespace whylight {
namespace {

// Field numbers of example.proto and feature.proto.
constexpr std::uint32_t kExampleFeatures = 1;
constexpr std::uint32_t kFeaturesFeature = 1;
constexpr std::uint32_t kFeatureBytesList = 1;
constexpr std::uint32_t kFeatureFloatList = 2;
constexpr std::uint32_t kFeatureInt64List = 3;
constexpr std::uint32_t kListValue = 1;
constexpr std::uint32_t kMapKey = 1;
constexpr std::uint32_t kMapValue = 2;

// The list of that kind, made new if the feature holds another: the last kind of a oneof counts.
template <typename T>
std::vector<T>& ListOf(FlatValue& value, const char* form) {
  if (!std::holds_alternative<std::vector<T>>(value.list)) value.list = std::vector<T>();
  value.form = form;
  return std::get<std::vector<T>>(value.list);
}

void ReadBytesList(std::string_view bytes, std::vector<std::string_view>& values) {
  protozero::pbf_reader reader = wire::Reader(bytes);
  while (wire::NextBytes(reader, kListValue)) values.push_back(wire::View(reader));
}

void ReadFloatList(std::string_view bytes, std::vector<float>& values) {
  protozero::pbf_reader reader = wire::Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case wire::Bytes(kListValue): {
        const auto packed = reader.get_packed_float();
        values.insert(values.end(), packed.begin(), packed.end());
        break;
      }
      case wire::Fixed32(kListValue):
        values.push_back(reader.get_float());
        break;
      default:
        reader.skip();
    }
  }
}

void ReadInt64List(std::string_view bytes, std::vector<std::int64_t>& values) {
  protozero::pbf_reader reader = wire::Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case wire::Bytes(kListValue): {
        const auto packed = reader.get_packed_int64();
        values.insert(values.end(), packed.begin(), packed.end());
        break;
      }
      case wire::Varint(kListValue):
        values.push_back(reader.get_int64());
        break;
      default:
        reader.skip();
    }
  }
}

FlatValue ReadFeature(std::string_view bytes) {
  FlatValue value{.list = {}, .shape = {}, .form = "the feature holds no list"};
  protozero::pbf_reader reader = wire::Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case wire::Bytes(kFeatureBytesList):
        ReadBytesList(wire::View(reader), ListOf<std::string_view>(value, "a bytes_list"));
        break;
      case wire::Bytes(kFeatureFloatList):
        ReadFloatList(wire::View(reader), ListOf<float>(value, "a float_list"));
        break;
      case wire::Bytes(kFeatureInt64List):
        ReadInt64List(wire::View(reader), ListOf<std::int64_t>(value, "an int64_list"));
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

void ReadFeatures(std::string_view bytes, std::vector<ExampleFeature>& features) {
  protozero::pbf_reader reader = wire::Reader(bytes);
  while (wire::NextBytes(reader, kFeaturesFeature)) {
    const auto [name, value] = wire::MapEntry(wire::View(reader));
    const auto same = std::ranges::find(features, name, &ExampleFeature::name);
    if (same == features.end()) {
      features.push_back({.name = name, .value = ReadFeature(value)});
    } else {
      same->value = ReadFeature(value);
    }
  }
}

std::int64_t IntegerAt(const Tensor& values, std::size_t index) {
  if (values.dtype() == DType::kInt64) return values.data<std::int64_t>()[index];
  if (values.dtype() == DType::kUInt64) {
    return static_cast<std::int64_t>(values.data<std::uint64_t>()[index]);
  }
  return static_cast<std::int64_t>(values.Number(index));
}

}  // namespace

Result<std::vector<ExampleFeature>> ParseExample(std::string_view bytes) {
  std::vector<ExampleFeature> features;
  const Status status = wire::CatchWire([&] {
    protozero::pbf_reader reader = wire::Reader(bytes);
    while (wire::NextBytes(reader, kExampleFeatures)) ReadFeatures(wire::View(reader), features);
  });
  if (!status.ok()) return status.In("not a tf.Example");
  return features;
}

void ExampleBuilder::Add(std::string_view name, std::uint32_t kind, const std::string& list) {
  std::string feature;
  protozero::pbf_writer(feature).add_message(kind, list);
  protozero::pbf_writer features(features_);
  protozero::pbf_writer entry(features, kFeaturesFeature);
  entry.add_string(kMapKey, name.data(), name.size());
  entry.add_message(kMapValue, feature);
}

void ExampleBuilder::Bytes(std::string_view name, std::span<const std::string> values) {
  std::string list;
  protozero::pbf_writer writer(list);
  for (const std::string& value : values) writer.add_bytes(kListValue, value);
  Add(name, kFeatureBytesList, list);
}

void ExampleBuilder::Floats(std::string_view name, std::span<const float> values) {
  std::string list;
  protozero::pbf_writer(list).add_packed_float(kListValue, values.begin(), values.end());
  Add(name, kFeatureFloatList, list);
}

void ExampleBuilder::Ints(std::string_view name, std::span<const std::int64_t> values) {
  std::string list;
  protozero::pbf_writer(list).add_packed_int64(kListValue, values.begin(), values.end());
  Add(name, kFeatureInt64List, list);
}

void ExampleBuilder::Values(std::string_view name, const Tensor& values) {
  if (values.is_string()) return Bytes(name, values.strings());
  WHYLIGHT_CHECK(IsNumeric(values.dtype()) || values.dtype() == DType::kBool);
  if (IsFloating(values.dtype())) {
    std::vector<float> floats(values.elements());
    for (std::size_t i = 0; i < floats.size(); ++i) {
      floats[i] = static_cast<float>(values.Number(i));
    }
    return Floats(name, floats);
  }
  std::vector<std::int64_t> ints(values.elements());
  for (std::size_t i = 0; i < ints.size(); ++i) ints[i] = IntegerAt(values, i);
  Ints(name, ints);
}

std::string ExampleBuilder::Serialize() const {
  std::string example;
  protozero::pbf_writer(example).add_message(kExampleFeatures, features_);
  return example;
}

}  // namespace whylight
