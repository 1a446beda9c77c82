#include "explain/infer_metadata.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "explain/warnings.h"
#include "io/json.h"
#include "model/choose.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

// Above this a median for each element is no baseline that anybody would read.
constexpr std::size_t kMaxBaselineElements = 4096;
constexpr std::int64_t kSmallestPicture = 8;

Shape RowShape(const Program& program, const Shape& shape) {
  const bool has_rows = program.layout.kind != RowLayout::Kind::kNone;
  return has_rows && shape.has_rank() && shape.rank() > 0 ? shape.WithoutFirst() : shape;
}

bool IsPicture(const Shape& row, DType dtype) {
  if (!row.has_rank() || row.rank() != 3 || !IsNumeric(dtype)) return false;
  const std::int64_t channels = row.dim(2);
  const auto is_side = [](std::int64_t size) { return size < 0 || size >= kSmallestPicture; };
  return is_side(row.dim(0)) && is_side(row.dim(1)) &&
         (channels == 1 || channels == 3 || channels == 4);
}

// Nested lists of `shape` from values in its order, taken from `next` on.
Json Nested(const Shape& shape, int axis, std::vector<Json>::const_iterator& next) {
  if (axis == shape.rank()) return *next++;
  Json::Array list;
  for (std::int64_t i = 0; i < shape.dim(axis); ++i) list.push_back(Nested(shape, axis + 1, next));
  return list;
}

std::string Short(const Json& value) { return Printable(WriteJson(value), 50); }

class Drafter {
 public:
  Drafter(const Model& model, const InferOptions& options) : model_(model), options_(options) {}

  Result<MetadataDraft> Draft() {
    const Choice choice = ChooseSignature(model_.meta(), {.signature = options_.signature});
    if (choice.signature == nullptr) {
      for (const Problem& problem : choice.problems) {
        if (problem.severity != Problem::Severity::kError) continue;
        return FailedPrecondition(problem.place + ": " + problem.message + " [" + problem.rule +
                                  "]");
      }
      return FailedPrecondition("no function can be chosen to explain");
    }
    const bool tf2 = model_.meta().is_tf2();
    Result<Program> program = BuildProgram(model_, {.signature = choice.signature,
                                                    .preprocess = choice.preprocess,
                                                    .search_float_features = !tf2});
    if (!program.ok()) return program.status();
    draft_.program = *std::move(program);
    draft_.metadata.form = options_.form;
    draft_.metadata.framework = tf2 ? "tensorflow2" : "tensorflow";
    Say("framework", draft_.metadata.framework,
        tf2 ? "the model has an object graph, as TensorFlow 2 writes it"
            : "the model has no object graph");
    const std::string from = "signature '" + choice.signature->key + "', " + choice.reason;
    // Features found inside the graph stand for the request's inputs, and come first.
    const bool inside = std::ranges::any_of(
        draft_.program.inputs, [](const ProgramInput& input) { return !input.tensor.empty(); });
    for (const ProgramInput& input : draft_.program.inputs) {
      if (!inside || !input.tensor.empty()) AddInput(input, *choice.signature, from);
    }
    WHYLIGHT_RETURN_IF_ERROR(AddOutputs(*choice.signature));
    return std::move(draft_);
  }

 private:
  void Say(std::string place, std::string value, std::string reason) {
    draft_.reasons.push_back({std::move(place), std::move(value), std::move(reason)});
  }

  void AddInput(const ProgramInput& of, const SignatureDef& signature, const std::string& from) {
    const bool tf2 = model_.meta().is_tf2();
    const Port& port = of.port;
    InputMetadata& input = draft_.metadata.inputs.emplace_back();
    input.name = port.name;
    const std::string place = "inputs." + input.name + ".";
    const auto say = [&](std::string_view key, const std::string& value, std::string reason) {
      Say(place + MetadataKey(options_.form, key), value, std::move(reason));
    };
    const auto key = signature.inputs.find(port.name);
    const bool is_key = key != signature.inputs.end();
    DType dtype = port.dtype;
    if (!of.source || tf2) {
      input.input_tensor_name = tf2 || !is_key ? port.name : key->second.tensor;
      say("input_tensor_name", input.input_tensor_name, "an input of " + from);
    } else if (const auto sparse = FindParsedColumn(draft_.program.graph, port.name)) {
      dtype = sparse->dtype;
      input.input_tensor_name = sparse->values.name();
      input.indices_tensor_name = sparse->indices.name();
      input.dense_shape_tensor_name = sparse->dense_shape.name();
      say("input_tensor_name", input.input_tensor_name,
          "the values of the sparse column '" + port.name + "' of the parsed tf.Example");
      say("indices_tensor_name", input.indices_tensor_name, "its positions");
      say("dense_shape_tensor_name", input.dense_shape_tensor_name, "its shape");
    } else if (is_key) {
      dtype = key->second.dtype;
      input.input_tensor_name = key->second.tensor;
      say("input_tensor_name", input.input_tensor_name, "an input of " + from);
    } else {
      input.input_tensor_name = of.tensor;
      say("input_tensor_name", input.input_tensor_name,
          "the first floating-point tensor behind the request");
    }
    if (of.source && of.tensor != input.input_tensor_name && !tf2) {
      input.encoded_tensor_name = of.tensor;
      input.encoding = Encoding::kCombinedEmbedding;
      say("encoded_tensor_name", input.encoded_tensor_name,
          "the first floating-point tensor behind it: gradients are taken there");
      say("encoding", "combined_embedding", "one attribution for the column, whatever its width");
    }
    const Shape row = RowShape(draft_.program, port.shape);
    if (input.encoded_tensor_name.empty() && IsPicture(row, dtype)) {
      AddPicture(input, dtype, row, say);
    } else if (IsFloating(dtype)) {
      input.modality = Modality::kNumeric;
      say("modality", "numeric", "its dtype is " + DTypeName(dtype));
    } else {
      input.modality = Modality::kCategorical;
      say("modality", "categorical", "its dtype is " + DTypeName(dtype));
    }
  }

  template <typename Note>
  static void AddPicture(InputMetadata& input, DType dtype, const Shape& row, const Note& say) {
    input.modality = Modality::kImage;
    say("modality", "image", "height, width and channels: " + row.ToString());
    input.visualization = Json::Object();
    input.visualization.Set("type", "pixels");
    input.visualization.Set("polarity", "positive");
    input.visualization.Set("color_map", "pink_green");
    input.visualization.Set("overlay_type", "grayscale");
    say("visualization", "pixels", "positive pixels over the picture in grey");
    if (dtype != DType::kUInt8) return;
    input.domain = {.min = 0, .max = 255};
    say("domain", "0 to 255", "its dtype is uint8");
  }

  Status AddOutputs(const SignatureDef& signature) {
    std::vector<std::string> floats, keys;
    for (const auto& [key, info] : signature.outputs) {
      keys.push_back(key);
      if (IsFloating(info.dtype)) floats.push_back(key);
    }
    std::string chosen = options_.output_name, why = "--output-name";
    if (chosen.empty()) {
      if (floats.empty()) {
        return FailedPrecondition("no output holds floating-point numbers; the signature has " +
                                  Join(keys, ", "));
      }
      chosen = floats[0];
      why = floats.size() == 1 ? "the only floating-point output"
                               : "the first of " + Join(floats, ", ") + "; --output-name chooses";
      for (const char* usual : {"predictions", "logits"}) {
        if (floats.size() == 1 || std::ranges::find(floats, usual) == floats.end()) continue;
        chosen = usual;
        why = "of " + Join(floats, ", ") + " the one that Google's builders take";
      }
    }
    const auto output = signature.outputs.find(chosen);
    if (output == signature.outputs.end()) {
      return NotFound("no output '" + chosen + "'" + DidYouMean(chosen, keys) +
                      "; the signature has " + Join(keys, ", "));
    }
    const std::string tensor = model_.meta().is_tf2() ? chosen : output->second.tensor;
    draft_.metadata.outputs.push_back({.name = chosen, .output_tensor_name = tensor});
    Say("outputs." + chosen + "." + MetadataKey(options_.form, "output_tensor_name"), tensor, why);
    return OkStatus();
  }

  const Model& model_;
  const InferOptions& options_;
  MetadataDraft draft_;
};

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

// As JSON, and in a form that compares.
std::pair<std::string, Json> ElementOf(const Tensor& tensor, std::size_t i) {
  if (tensor.is_string()) {
    const std::string& text = tensor.strings()[i];
    if (IsValidUtf8(text)) return {text, Json(text)};
    std::string base64;
    JsonWriter(&base64).Base64(text);
    return {text, *ParseJson(base64)};
  }
  const double number = tensor.Number(i);
  if (tensor.dtype() == DType::kBool) return {number != 0 ? "1" : "0", Json(number != 0)};
  return {std::to_string(number), Json(static_cast<std::int64_t>(number))};
}

// One input's values in all rows.
class Column {
 public:
  Column(std::span<const Row> rows, std::size_t input) : rows_(rows), input_(input) {}

  const Tensor& at(std::size_t row) const { return rows_[row][input_]; }
  bool HasOneShape() const {
    return std::ranges::all_of(
        rows_, [&](const Row& row) { return row[input_].shape() == at(0).shape(); });
  }
  std::pair<double, double> Range() const {
    double least = std::numeric_limits<double>::infinity(), greatest = -least;
    for (const Row& row : rows_) {
      for (std::size_t i = 0; i < row[input_].elements(); ++i) {
        const double value = row[input_].Number(i);
        if (!std::isfinite(value)) continue;
        least = std::min(least, value);
        greatest = std::max(greatest, value);
      }
    }
    return {least, greatest};
  }
  Json Medians() const {
    return ForEach([&](std::size_t i) -> Json {
      std::vector<double> values;
      for (const Row& row : rows_) {
        const double value = row[input_].Number(i);
        if (std::isfinite(value)) values.push_back(value);
      }
      return values.empty() ? Json(0.0) : Json(ShortestFor(Median(std::move(values))));
    });
  }
  // Ties: the value that comes first.
  Json MostFrequent() const {
    return ForEach([&](std::size_t i) -> Json {
      std::map<std::string, int> count;
      int most = 0;
      for (const Row& row : rows_) {
        most = std::max(most, ++count[ElementOf(row[input_], i).first]);
      }
      for (const Row& row : rows_) {
        auto [text, json] = ElementOf(row[input_], i);
        if (count[text] == most) return json;
      }
      return {};
    });
  }

 private:
  // 1.3 of a float32 is 1.2999999523...: written as it would have been given.
  double ShortestFor(double value) const {
    if (at(0).dtype() == DType::kFloat64) return value;
    std::string text;
    JsonWriter(&text).Float(static_cast<float>(value));
    return ParseJson(text)->number();
  }
  template <typename Value>
  Json ForEach(const Value& value) const {
    std::vector<Json> values;
    values.reserve(at(0).elements());
    for (std::size_t i = 0; i < at(0).elements(); ++i) values.push_back(value(i));
    auto next = values.cbegin();
    return Nested(at(0).shape(), 0, next);
  }

  std::span<const Row> rows_;
  std::size_t input_;
};

}  // namespace

Result<MetadataDraft> DraftMetadata(const Model& model, const InferOptions& options) {
  return Drafter(model, options).Draft();
}

void AddData(const DataForMetadata& data, const InferOptions& options, MetadataDraft& draft) {
  if (data.rows.empty()) return;
  const std::string rows = std::to_string(data.rows.size()) + " rows of " + data.source;
  std::vector<InputMetadata>& inputs = draft.metadata.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    InputMetadata& input = inputs[i];
    const auto say = [&](std::string_view key, const std::string& value, std::string reason) {
      draft.reasons.push_back({"inputs." + input.name + "." + MetadataKey(options.form, key), value,
                               std::move(reason)});
    };
    const Column column(data.rows, i);
    if (!input.encoded_tensor_name.empty() || !column.HasOneShape()) continue;
    const Tensor& first = column.at(0);
    const bool is_vector = first.shape().rank() == 1 && first.elements() > 1;
    if (inputs.size() == 1 && is_vector && data.element_names.size() == first.elements()) {
      input.index_feature_mapping = data.element_names;
      input.encoding = Encoding::kBagOfFeatures;
      say("index_feature_mapping",
          Short(Json::Array(data.element_names.begin(), data.element_names.end())),
          "the header of " + data.source);
      say("encoding", "bag_of_features", "each index has a name");
    }
    if (input.modality == Modality::kImage) {
      auto [least, greatest] = column.Range();
      std::string why = "the range of " + rows;
      constexpr std::pair<double, double> kUsual[] = {{0, 1}, {-1, 1}, {0, 255}};
      for (const auto& [low, high] : kUsual) {
        if (least < low || greatest > high) continue;
        why = "the usual range that holds the values of " + rows;
        std::tie(least, greatest) = std::pair(low, high);
        break;
      }
      input.domain = {.min = least, .max = greatest};
      say("domain", FormatNumber(least) + " to " + FormatNumber(greatest), why);
      input.input_baselines = {Json(least)};
      // All inputs have as many baselines.
      if (inputs.size() == 1) input.input_baselines.emplace_back(greatest);
      say("input_baselines", Short(input.input_baselines),
          inputs.size() == 1 ? "black and white" : "black");
      continue;
    }
    if (first.elements() > kMaxBaselineElements) continue;
    if (IsFloating(first.dtype())) {
      input.input_baselines = {column.Medians()};
      say("input_baselines", Short(input.input_baselines), "the median of " + rows);
      const auto [least, greatest] = column.Range();
      if (first.elements() == 1 && least <= greatest) {
        input.domain = {.min = least, .max = greatest};
        say("domain", FormatNumber(least) + " to " + FormatNumber(greatest),
            "the least and greatest of " + rows);
      }
    } else {
      input.input_baselines = {column.MostFrequent()};
      say("input_baselines", Short(input.input_baselines), "the most frequent value of " + rows);
    }
  }
}

}  // namespace whylight
