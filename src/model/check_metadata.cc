#include "model/check_metadata.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "graph/import.h"
#include "model/program.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

using Severity = Problem::Severity;

// A tensor that the metadata names, as far as it is known without running anything.
struct Found {
  Output tensor;
  DType dtype = DType::kInvalid;
  Shape row_shape = Shape::UnknownRank();  // Of one instance.
  bool is_request = false;                 // An input of the explained signature.
};

std::string Spec(const Found& found) {
  return DTypeName(found.dtype) +
         (found.row_shape.has_rank() ? " " + found.row_shape.ToString() : std::string());
}

bool HasText(DType dtype) {
  return IsNumeric(dtype) || dtype == DType::kBool || dtype == DType::kString;
}

// The number of elements, or nullopt if the shape does not say.
std::optional<std::int64_t> Elements(const Shape& shape) {
  if (!shape.IsKnown()) return std::nullopt;
  return shape.elements();
}

std::string Count(std::int64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The shape of nested lists of names; nullopt if their lengths differ.
std::optional<std::vector<std::int64_t>> ShapeOfNames(const Json& names) {
  if (!names.is_array()) return std::vector<std::int64_t>();
  std::optional<std::vector<std::int64_t>> inner;
  for (const Json& name : names.array()) {
    std::optional<std::vector<std::int64_t>> of_one = ShapeOfNames(name);
    if (!of_one || (inner && *inner != *of_one)) return std::nullopt;
    inner = std::move(of_one);
  }
  std::vector<std::int64_t> shape = {std::ssize(names.array())};
  if (inner) shape.insert(shape.end(), inner->begin(), inner->end());
  return shape;
}

class Checker {
 public:
  Checker(const Model& model, const ExplanationMetadata& metadata, CheckReport& report)
      : model_(model), metadata_(metadata), report_(report) {}

  void Run() {
    choice_ = ChooseSignature(model_.meta(), {.signature = report_.signature});
    if (choice_.signature == nullptr) return;
    Result<Program> program =
        BuildProgram(model_, {.signature = choice_.signature, .preprocess = choice_.preprocess});
    if (!program.ok()) return;  // CheckModel has said it.
    program_ = *std::move(program);
    if (model_.meta().is_tf2()) {
      graph_ = &program_.graph;  // Where calls are inlined.
    } else {
      // As it was written: with its hints of shapes, and loops not yet turned into functions.
      Result<Graph> whole = ImportGraph(model_.meta().graph_def, model_.registry());
      if (!whole.ok()) return;
      whole_.emplace(*std::move(whole));
      graph_ = &*whole_;
    }
    std::vector<Output> outputs;
    for (const auto& [key, info] : choice_.signature->outputs) {
      if (const Result<Output> output = FindIn(info.tensor, key); output.ok()) {
        outputs.push_back(*output);
      }
    }
    CheckFramework();
    for (const OutputMetadata& output : metadata_.outputs) {
      if (const std::optional<Output> tensor = CheckOutput(output)) outputs.push_back(*tensor);
    }
    needed_ = graph_->Ancestors(outputs);
    for (const InputMetadata& input : metadata_.inputs) CheckInput(input);
    NoteHeld();
  }

 private:
  void Add(Severity severity, std::string rule, std::string place, std::string message,
           std::string fix = "") {
    report_.problems.push_back(
        {severity, std::move(rule), std::move(place), std::move(message), std::move(fix)});
  }
  void Error(std::string rule, std::string place, std::string message, std::string fix = "") {
    Add(Severity::kError, std::move(rule), std::move(place), std::move(message), std::move(fix));
  }
  std::string Key(std::string_view legacy) const { return MetadataKey(metadata_.form, legacy); }
  std::string Signature() const { return "signature '" + choice_.signature->key + "'"; }
  static std::string PlaceOf(const char* list, const std::string& name) {
    return std::string(list) + "." + Printable(name, 120);
  }

  // The program's own output, or in TF1's graph the tensor.
  Result<Output> FindIn(const std::string& tensor, const std::string& key) const {
    if (graph_ == &program_.graph) {
      const auto port = std::ranges::find(program_.outputs, key, &Port::name);
      if (port != program_.outputs.end()) return port->tensor;
    }
    return graph_->FindOutput(tensor);
  }

  // Without the axis of rows; unknown where it is not certain that there is one.
  Shape RowShape(const Shape& shape) const {
    if (program_.layout.kind == RowLayout::Kind::kNone || !shape.has_rank()) return shape;
    if (shape.rank() == 0) return Shape::UnknownRank();
    const bool batched = program_.layout.kind == RowLayout::Kind::kBatched;
    const bool is_rows = batched ? shape.dim(0) < 0 : shape.dim(0) == program_.layout.size;
    return is_rows ? shape.WithoutFirst() : Shape::UnknownRank();
  }

  // An input of the signature, by its key or its tensor, or a tensor of the graph.
  Result<Found> Find(const std::string& name) const {
    std::vector<std::string> keys;
    for (const auto& [key, info] : choice_.signature->inputs) {
      keys.push_back(key);
      if (key != name && info.tensor != name && info.tensor != name + ":0") continue;
      const auto port = std::ranges::find(
          program_.inputs, key, [](const ProgramInput& input) { return input.port.name; });
      Output tensor = port != program_.inputs.end() ? port->port.tensor : Output();
      if (graph_ != &program_.graph) {
        WHYLIGHT_ASSIGN_OR_RETURN(tensor, graph_->FindOutput(info.tensor));
      }
      return Found{.tensor = tensor,
                   .dtype = info.dtype,
                   .row_shape = RowShape(info.shape),
                   .is_request = true};
    }
    const Result<Output> tensor = graph_->FindOutput(name);
    if (!tensor.ok()) {
      const bool is_key = model_.meta().is_tf2() && name.find(':') == std::string::npos;
      return NotFound(is_key ? Signature() + " has no input '" + Printable(name) + "'" +
                                   DidYouMean(name, keys) + "; it has " + Join(keys, ", ")
                             : tensor.status().message());
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const DType dtype, graph_->OutputType(*tensor));
    Found found{.tensor = *tensor, .dtype = dtype};
    const auto* hints = tensor->node->Attr<std::vector<Shape>>("_output_shapes");
    if (hints != nullptr && static_cast<std::size_t>(tensor->index) < hints->size()) {
      found.row_shape = RowShape((*hints)[static_cast<std::size_t>(tensor->index)]);
    }
    return found;
  }

  // A named tensor that some output depends on, or problems.
  std::optional<Found> FindNeeded(const std::string& place, const std::string& name) {
    Result<Found> found = Find(name);
    if (!found.ok()) {
      Error("metadata-name", place, found.status().message(),
            model_.meta().is_tf2() ? "whylight inspect MODEL lists the signature's keys"
                                   : "name the signature's key, or a tensor of the graph as op:0");
      return std::nullopt;
    }
    if (found->tensor.node != nullptr && !needed_.contains(found->tensor.node)) {
      Error("metadata-name", place,
            "no output of " + Signature() + " depends on '" + Printable(name) + "'",
            "name a tensor between the request and the output, or drop the entry");
      return std::nullopt;
    }
    return *std::move(found);
  }

  void CheckFramework() {
    const std::string& framework = metadata_.framework;
    if (framework.empty()) return;
    const std::string own = model_.meta().is_tf2() ? "tensorflow2" : "tensorflow";
    if (framework == own) return;
    Add(Severity::kWarning, "metadata-framework", "framework",
        "the model was written by " + own + ", the file says " + framework,
        "write \"framework\": \"" + own + "\"");
  }

  std::optional<Output> CheckOutput(const OutputMetadata& output) {
    const std::string place = PlaceOf("outputs", output.name);
    const bool is_named = !output.output_tensor_name.empty();
    const std::string& name = is_named ? output.output_tensor_name : output.name;
    const std::string at = is_named ? place + "." + Key("output_tensor_name") : place;
    std::vector<std::string> keys;
    std::optional<Found> found;
    for (const auto& [key, info] : choice_.signature->outputs) {
      keys.push_back(key);
      if (found || (key != name && info.tensor != name)) continue;
      const Result<Output> tensor = FindIn(info.tensor, key);
      if (!tensor.ok()) return std::nullopt;
      found = {.tensor = *tensor, .dtype = info.dtype, .row_shape = RowShape(info.shape)};
    }
    if (!found && !model_.meta().is_tf2()) {
      if (Result<Found> inside = Find(name); inside.ok()) found = *std::move(inside);
    }
    if (!found) {
      Error("metadata-name", at,
            Signature() + " has no output '" + Printable(name) + "'" + DidYouMean(name, keys) +
                "; it has " + Join(keys, ", "),
            "write one of them");
      return std::nullopt;
    }
    if (!IsFloating(found->dtype)) {
      Error("metadata-dtype", at,
            "expected a floating-point output, such as probabilities or logits; '" +
                Printable(name) + "' is " + DTypeName(found->dtype),
            "name the scores behind the label or class id");
    }
    CheckLabels(place, output, *found);
    return found->tensor;
  }

  void CheckLabels(const std::string& place, const OutputMetadata& output, const Found& scores) {
    if (output.index_name_mapping.is_array()) {
      const std::string at = place + "." + Key("index_name_mapping");
      const auto shape = ShapeOfNames(output.index_name_mapping);
      const std::optional<std::int64_t> elements = Elements(scores.row_shape);
      if (!shape) {
        Error("metadata-shape", at, "the lists of names have different lengths",
              "nest them as the output is: a name for each element");
      } else if (elements) {
        std::int64_t names = 1;
        for (const std::int64_t size : *shape) names *= size;
        const bool is_nested = shape->size() > 1 && Shape(*shape) != scores.row_shape;
        if (names != *elements || is_nested) {
          Error("metadata-shape", at,
                "expected " + Count(*elements, "name") +
                    ", in the shape of one instance's output " + scores.row_shape.ToString() +
                    "; got " + Count(names, "name") + " as " + Shape(*shape).ToString(),
                "write a name for each element, in order of their indices");
        }
      }
    }
    const std::string& key = output.index_name_mapping_key;
    if (key.empty()) return;
    const std::string at = place + "." + Key("index_name_mapping_key");
    const auto names = choice_.signature->outputs.find(key);
    if (names == choice_.signature->outputs.end()) {
      std::vector<std::string> keys;
      for (const auto& [other, info] : choice_.signature->outputs) keys.push_back(other);
      Error("metadata-name", at,
            Signature() + " has no output '" + Printable(key) + "'" + DidYouMean(key, keys) +
                "; it has " + Join(keys, ", "),
            "name the output that holds the names");
    } else if (names->second.dtype != DType::kString) {
      Error("metadata-dtype", at,
            "expected an output of strings, '" + Printable(key) + "' is " +
                DTypeName(names->second.dtype),
            "name the output that holds the names");
    }
  }

  void CheckInput(const InputMetadata& input) {
    const std::string place = PlaceOf("inputs", input.name);
    const bool is_named = !input.input_tensor_name.empty();
    const std::string at = is_named ? place + "." + Key("input_tensor_name") : place;
    const bool is_sparse = !input.indices_tensor_name.empty();
    std::optional<Found> found = FindNeeded(at, is_named ? input.input_tensor_name : input.name);
    if (found && is_sparse) found->row_shape = Shape::UnknownRank();  // An entry for each value.
    if (found && !HasText(found->dtype)) {
      Error("metadata-dtype", at, "a tensor of " + DTypeName(found->dtype) + " cannot be explained",
            "name a tensor of numbers or strings");
      found.reset();
    }
    if (found) CheckTakenOnce(at, input.name, *found);
    for (const auto& [key, name] :
         {std::pair{"indices_tensor_name", &input.indices_tensor_name},
          std::pair{"dense_shape_tensor_name", &input.dense_shape_tensor_name},
          std::pair{"weight_indices_name", &input.weight_indices_name},
          std::pair{"weight_dense_shape_name", &input.weight_dense_shape_name}}) {
      CheckPart(place + "." + Key(key), *name, "int64", [](DType d) { return d == DType::kInt64; });
    }
    CheckPart(place + ".weight_values_name", input.weight_values_name, "floating-point",
              IsFloating);
    std::optional<Found> encoded;
    if (!input.encoded_tensor_name.empty()) {
      const std::string encoded_at = place + "." + Key("encoded_tensor_name");
      encoded = FindNeeded(encoded_at, input.encoded_tensor_name);
      if (encoded && !IsFloating(encoded->dtype)) {
        Error("metadata-dtype", encoded_at,
              "gradients are taken at this tensor, so it must be floating-point; it is " +
                  DTypeName(encoded->dtype),
              "name the tensor behind the look-up, such as the embedding's rows");
        encoded.reset();
      }
    } else if (!input.encoded_baselines.empty()) {
      Error("metadata-encoding", place + "." + Key("encoded_baselines"),
            "there is no " + Key("encoded_tensor_name") + " that they could be baselines of",
            "name the tensor, or write " + Key("input_baselines"));
    }
    CheckBaselines(place + "." + Key("input_baselines"), input.input_baselines, found);
    CheckBaselines(place + "." + Key("encoded_baselines"), input.encoded_baselines, encoded);
    CheckEncoding(place, input, found, encoded);
  }

  void CheckTakenOnce(const std::string& at, const std::string& name, const Found& found) {
    const auto [taken, is_new] = taken_.try_emplace(found.tensor, name);
    if (is_new || found.tensor.node == nullptr) return;
    Error("metadata-name", at,
          "'" + Printable(taken->second) + "' names the same tensor: its score would count twice",
          "name each tensor once");
  }

  template <typename Predicate>
  void CheckPart(const std::string& at, const std::string& name, const std::string& expected,
                 Predicate fits) {
    if (name.empty()) return;
    const Result<Found> found = Find(name);
    if (!found.ok()) {
      Error("metadata-name", at, found.status().message(),
            "name the parts of one sparse tensor, such as the three outputs of a parsing op");
    } else if (!fits(found->dtype)) {
      Error("metadata-dtype", at,
            "expected a tensor of " + expected + ", it is " + DTypeName(found->dtype),
            "name the parts of one sparse tensor in their order: indices, values, shape");
    }
  }

  void CheckBaselines(const std::string& place, const std::vector<Json>& baselines,
                      const std::optional<Found>& of) {
    if (!of) return;
    for (std::size_t i = 0; i < baselines.size(); ++i) {
      const bool is_one = !baselines[i].is_array();
      const bool is_known = of->row_shape.IsKnown();
      const Shape shape = is_one && !is_known ? Shape{} : of->row_shape;
      const std::string at = place + "[" + std::to_string(i) + "]";
      const Status status = BaselineFromJson(baselines[i], of->dtype, shape, at).status();
      if (status.ok()) continue;
      // The message begins with the place, or with one within it: "...[0][2]: expected a number".
      const std::string& message = status.message();
      const std::size_t colon = message.find(": ", at.size());
      const bool has_place = message.starts_with(at) && colon != std::string::npos;
      Error("metadata-shape", has_place ? message.substr(0, colon) : at,
            has_place ? message.substr(colon + 2) : message,
            "a number for all elements, or a value of the shape of one instance: " + Spec(*of));
    }
  }

  void CheckEncoding(const std::string& place, const InputMetadata& input,
                     const std::optional<Found>& found, const std::optional<Found>& encoded) {
    const std::string at = place + "." + Key("encoding");
    const std::string encoding(EncodingName(input.encoding));
    const std::optional<Found>& at_tensor = encoded ? encoded : found;
    if (at_tensor && !input.index_feature_mapping.empty()) {
      const std::optional<std::int64_t> elements = Elements(at_tensor->row_shape);
      const auto names = std::ssize(input.index_feature_mapping);
      if (elements && *elements != names) {
        Error("metadata-shape", place + "." + Key("index_feature_mapping"),
              "expected " + Count(*elements, "name") + ", one for each element of " +
                  Spec(*at_tensor) + "; got " + std::to_string(names),
              "write a name for each index");
      }
    }
    switch (input.encoding) {
      case Encoding::kIdentity:
        break;
      case Encoding::kBagOfFeatures:
      case Encoding::kBagOfFeaturesSparse:
      case Encoding::kIndicator:
        if (at_tensor && at_tensor->row_shape.has_rank() && at_tensor->row_shape.rank() != 1) {
          Error(
              "metadata-encoding", at,
              "encoding " + encoding + " needs a vector for each instance, got " + Spec(*at_tensor),
              "use identity, or name a tensor that is a vector");
        }
        if (at_tensor && at_tensor->dtype == DType::kString) {
          Error("metadata-encoding", at, "encoding " + encoding + " needs numbers, got string",
                "name the vector in " + Key("encoded_tensor_name"));
        }
        break;
      case Encoding::kCombinedEmbedding:
        break;
      case Encoding::kConcatEmbedding:
        CheckConcat(at, found, encoded);
        break;
    }
    const bool is_image = input.modality == Modality::kImage;
    if (is_image && found && found->row_shape.has_rank() &&
        (found->row_shape.rank() != 3 || found->dtype == DType::kString)) {
      Error("metadata-shape", place + "." + Key("modality"),
            "an image is height, width and channels of numbers, got " + Spec(*found),
            "name the decoded picture, or drop the modality");
    }
    if (found && !IsFloating(found->dtype) && input.encoded_tensor_name.empty()) {
      Add(Severity::kNote, "metadata-encoding", place,
          "no gradient reaches a " + DTypeName(found->dtype) +
              " tensor: Integrated Gradients holds it at the instance's value",
          "add " + Key("encoded_tensor_name") + ", or use --method sampled-shapley");
    }
  }

  // A row of the encoded tensor for each id: [k] ids and [k, d] or [k * d].
  void CheckConcat(const std::string& at, const std::optional<Found>& ids,
                   const std::optional<Found>& encoded) {
    if (!ids || !encoded) return;
    const std::optional<std::int64_t> count = Elements(ids->row_shape);
    const Shape& shape = encoded->row_shape;
    if (!count || !shape.has_rank() || shape.rank() == 0 || shape.dim(0) < 0 || *count == 0) return;
    const bool fits = shape.rank() == 1
                          ? shape.dim(0) % *count == 0
                          : shape.dim(0) == ids->row_shape.dim(0) || shape.dim(0) == *count;
    if (fits) return;
    Error("metadata-encoding", at,
          "encoding concat_embedding needs a row for each of " + Count(*count, "id") +
              ", the encoded tensor is " + Spec(*encoded),
          "use combined_embedding, or name the tensor that holds a row for each id");
  }

  void NoteHeld() {
    if (metadata_.inputs.empty()) return;
    for (const auto& [key, info] : choice_.signature->inputs) {
      const std::string name = key, tensor = info.tensor;
      const bool is_listed = std::ranges::any_of(metadata_.inputs, [&](const InputMetadata& input) {
        const std::string& named =
            input.input_tensor_name.empty() ? input.name : input.input_tensor_name;
        if (named == name || named == tensor || named + ":0" == tensor) return true;
        const Result<Found> found = Find(named);
        return found.ok() && !found->is_request;  // It may stand for the input.
      });
      if (is_listed) continue;
      Add(Severity::kNote, "metadata-held", "inputs",
          "input '" + Printable(name) + "' is not listed: it is held at the instance's value");
    }
  }

  const Model& model_;
  const ExplanationMetadata& metadata_;
  CheckReport& report_;
  Choice choice_;
  Program program_;
  std::optional<Graph> whole_;
  const Graph* graph_ = nullptr;
  std::set<const Node*> needed_;
  std::map<Output, std::string> taken_;
};

}  // namespace

void CheckMetadata(const Model& model, const ParsedMetadata& parsed, CheckReport& report) {
  const std::size_t first = report.problems.size();
  for (const MetadataProblem& problem : parsed.problems) {
    report.problems.push_back({problem.is_error ? Severity::kError : Severity::kWarning,
                               "metadata-form", problem.place.empty() ? "metadata" : problem.place,
                               problem.message,
                               problem.is_error ? "docs/formats/metadata.md has every key" : ""});
  }
  if (report.verdict != CheckReport::Verdict::kLoadError) {
    Checker(model, parsed.metadata, report).Run();
  }
  const bool has_error = std::any_of(
      report.problems.begin() + static_cast<std::ptrdiff_t>(first), report.problems.end(),
      [](const Problem& problem) { return problem.severity == Severity::kError; });
  if (!has_error || report.verdict != CheckReport::Verdict::kExplain) return;
  report.verdict = CheckReport::Verdict::kRefuse;
  report.methods.clear();
}

}  // namespace whylight
