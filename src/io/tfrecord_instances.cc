// Records of a TFRecord file as instances.
#include <algorithm>
#include <optional>
#include <utility>

#include "io/flat_value.h"
#include "io/instance_readers.h"
#include "io/json.h"
#include "io/tf_example.h"
#include "io/tfrecord.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

std::vector<std::string> Names(const std::vector<ExampleFeature>& features) {
  std::vector<std::string> names;
  names.reserve(features.size());
  for (const ExampleFeature& feature : features) names.push_back(feature.name);
  std::ranges::sort(names);  // Writers leave them in any order.
  return names;
}

class TfRecordInstanceReader : public InstanceReader {
 public:
  TfRecordInstanceReader(const ReaderContext& context, std::unique_ptr<LineReader> bytes)
      : parser_(context.parser), options_(context.options), records_(std::move(bytes)) {}

  // Notes and names of the first record are known before it is asked for.
  Status ReadFirst() {
    TfRecordReader::Record record;
    WHYLIGHT_ASSIGN_OR_RETURN(const bool has_record, records_.Next(&record));
    if (!has_record) {
      at_end_ = true;
      return OkStatus();
    }
    first_ = Convert(record);
    return OkStatus();
  }

  Result<std::optional<Instance>> Next() override {
    if (first_) return std::exchange(first_, std::nullopt);
    if (at_end_) return std::optional<Instance>();
    TfRecordReader::Record record;
    WHYLIGHT_ASSIGN_OR_RETURN(const bool has_record, records_.Next(&record));
    if (!has_record) return std::optional<Instance>();
    return std::optional<Instance>(Convert(record));
  }

 private:
  enum class Use {
    kBytes,     // The one input takes the serialized Example.
    kFeatures,  // An input takes the feature of its name,
    kElements,  // or an element of the one input does.
  };

  // By the field's name or its alias; nullptr if there is none.
  static const ExampleFeature* Find(const std::vector<ExampleFeature>& features,
                                    const FieldSpec& field) {
    auto found = std::ranges::find(features, field.name, &ExampleFeature::name);
    if (found == features.end() && !field.alias.empty()) {
      found = std::ranges::find(features, field.alias, &ExampleFeature::name);
    }
    return found == features.end() ? nullptr : &*found;
  }

  // The first good record tells what the records are.
  void ChooseUse(const std::vector<ExampleFeature>& features) {
    const bool is_named = std::ranges::any_of(
        parser_.fields(), [&](const FieldSpec& field) { return Find(features, field) != nullptr; });
    if (!is_named && parser_.TakesOneString()) {
      use_ = Use::kBytes;
      return;
    }
    const bool has_elements = parser_.fields().size() == 1 && !options_.element_names.empty();
    use_ = !is_named && has_elements ? Use::kElements : Use::kFeatures;
    if (use_ == Use::kElements) feature_names_ = options_.element_names;
    NoteUnused(features);
  }

  bool Uses(const std::string& name) const {
    return use_ == Use::kElements ? std::ranges::count(options_.element_names, name) > 0
                                  : parser_.Find(name) != nullptr;
  }

  void NoteUnused(const std::vector<ExampleFeature>& features) {
    std::vector<std::string> unused;
    for (const std::string& name : Names(features)) {
      if (!Uses(name)) unused.push_back("feature '" + Printable(name) + "'");
    }
    if (unused.empty()) return;
    notes_.push_back(IgnoredNote(unused));
  }

  Instance Convert(const TfRecordReader::Record& record) {
    Instance instance;
    instance.place = "record " + std::to_string(count_++);
    instance.status = record.status.In(instance.place);
    if (!instance.status.ok()) return instance;
    if (use_ == Use::kBytes) return TakeWhole(record.data, std::move(instance));
    const Result<std::vector<ExampleFeature>> features = ParseExample(record.data);
    if (!use_) ChooseUse(features.ok() ? *features : std::vector<ExampleFeature>());
    if (use_ == Use::kBytes) return TakeWhole(record.data, std::move(instance));
    if (!features.ok()) {
      instance.status = features.status().In(instance.place);
      return instance;
    }
    Result<std::vector<Tensor>> values = ReadFeatures(*features, Place{.text = instance.place});
    if (values.ok()) {
      instance.values = *std::move(values);
    } else {
      instance.status = values.status();
    }
    instance.source_json = Echo(*features, instance.values);
    return instance;
  }

  Instance TakeWhole(std::string_view data, Instance instance) const {
    instance.source_json.clear();
    JsonWriter(&instance.source_json).Base64(data);
    instance.values.push_back(StringTensor(parser_.fields()[0], std::string(data)));
    return instance;
  }

  Result<std::vector<Tensor>> ReadFeatures(const std::vector<ExampleFeature>& features,
                                           const Place& place) const {
    std::vector<Tensor> values;
    if (use_ == Use::kElements) {
      const auto find = [&](std::string_view name) -> const FlatValue* {
        const auto found = std::ranges::find(features, name, &ExampleFeature::name);
        return found == features.end() ? nullptr : &found->value;
      };
      const auto place_of = [&](std::string_view name) { return place.Member(name); };
      WHYLIGHT_ASSIGN_OR_RETURN(
          Tensor value, FlatElementsToTensor(parser_.fields()[0], find, place_of, options_));
      values.push_back(std::move(value));
      return values;
    }
    for (const FieldSpec& field : parser_.fields()) {
      const ExampleFeature* const feature = Find(features, field);
      if (feature == nullptr) return Missing(features, field, place);
      WHYLIGHT_ASSIGN_OR_RETURN(
          Tensor value, FlatToTensor(feature->value, field, place.Member(feature->name), options_));
      values.push_back(std::move(value));
    }
    return values;
  }

  Status Missing(const std::vector<ExampleFeature>& features, const FieldSpec& field,
                 const Place& place) const {
    const std::vector<std::string> names = Names(features);
    const std::string hint = DidYouMean(field.name, names);
    const std::string all =
        " (the signature takes " + Printable(parser_.FieldNames(), 200) + "; the record has " +
        (names.empty() ? "no features" : Printable(Join(names, ", "), 200)) + ")";
    return InvalidArgument(place.Member(field.name) + ": missing" + (hint.empty() ? all : hint));
  }

  // The Example as a request for the same value is written.
  std::string Echo(const std::vector<ExampleFeature>& features,
                   const std::vector<Tensor>& values) const {
    std::string json;
    JsonWriter w(&json, EchoOptions(options_));
    w.BeginObject();
    for (const ExampleFeature& feature : features) {
      const FieldSpec* const field = parser_.Find(feature.name);
      const bool has_shape = field != nullptr && !values.empty() && use_ == Use::kFeatures;
      const auto index = has_shape ? static_cast<std::size_t>(field - parser_.fields().data()) : 0;
      // A picture's pixels are not what was given.
      const bool is_same = has_shape && values[index].elements() == feature.value.size();
      w.Key(feature.name);
      WriteFlat(w, feature.value, is_same ? &values[index].shape() : nullptr);
    }
    w.EndObject();
    return json;
  }

  const InstanceParser& parser_;
  const InstanceReaderOptions& options_;
  TfRecordReader records_;
  std::optional<Use> use_;
  std::optional<Instance> first_;
  bool at_end_ = false;
  std::size_t count_ = 0;
};

}  // namespace

Result<std::unique_ptr<InstanceReader>> MakeTfRecordReader(const ReaderContext& context,
                                                           std::unique_ptr<LineReader> bytes) {
  auto reader = std::make_unique<TfRecordInstanceReader>(context, std::move(bytes));
  WHYLIGHT_RETURN_IF_ERROR(reader->ReadFirst());
  return std::unique_ptr<InstanceReader>(std::move(reader));
}

}  // namespace whylight
