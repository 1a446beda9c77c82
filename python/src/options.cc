#include "python/src/options.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "attribution/list.h"
#include "attribution/neighbors.h"
#include "batch/examples.h"
#include "batch/requests.h"
#include "explain/baselines.h"
#include "explain/metadata_file.h"
#include "explain/options.h"
#include "explain/service_spec.h"
#include "io/instances.h"
#include "util/edit_distance.h"

namespace whylight::python {
namespace {

using Set = std::function<Status(const Json&, ExplainOptions&)>;

Status Wrong(const Json& value, const std::string& expected) {
  return InvalidArgument("expected " + expected + ", got " +
                         (value.is_string() ? "\"" + value.string() + "\"" : Describe(value)));
}

// What fits T; whether it makes sense is the engine's to say.
template <typename T = int>
Result<T> IntegerOf(const Json& value, const std::string& expected = "an integer") {
  if (value.kind() == Json::Kind::kInt && std::in_range<T>(value.int64())) {
    return static_cast<T>(value.int64());
  }
  if (!value.is_integer()) return Wrong(value, expected);
  return InvalidArgument("expected an integer of at least " +
                         std::to_string(std::numeric_limits<T>::min()) + " and at most " +
                         std::to_string(std::numeric_limits<T>::max()));
}

template <typename T>
Set Integer(T ExplainOptions::* member) {
  return [member](const Json& value, ExplainOptions& options) -> Status {
    WHYLIGHT_ASSIGN_OR_RETURN(options.*member, IntegerOf<T>(value));
    return OkStatus();
  };
}

template <typename T>
Set Number(T ExplainOptions::* member) {
  return [member](const Json& value, ExplainOptions& options) {
    if (!value.is_number()) return Wrong(value, "a number");
    options.*member = value.number();
    return OkStatus();
  };
}

Set Flag(bool ExplainOptions::* member) {
  return [member](const Json& value, ExplainOptions& options) {
    if (!value.is_bool()) return Wrong(value, "True or False");
    options.*member = value.boolean();
    return OkStatus();
  };
}

Set Text(std::string ExplainOptions::* member) {
  return [member](const Json& value, ExplainOptions& options) {
    if (!value.is_string()) return Wrong(value, "a string");
    options.*member = value.string();
    return OkStatus();
  };
}

Result<std::vector<std::string>> TextsOf(const Json& value) {
  if (!value.is_array()) return Wrong(value, "a list of strings");
  std::vector<std::string> texts;
  for (const Json& one : value.array()) {
    if (!one.is_string()) return Wrong(one, "a list of strings");
    texts.push_back(one.string());
  }
  return texts;
}

Set Texts(std::vector<std::string> ExplainOptions::* member) {
  return [member](const Json& value, ExplainOptions& options) -> Status {
    WHYLIGHT_ASSIGN_OR_RETURN(options.*member, TextsOf(value));
    return OkStatus();
  };
}

// One of a few words.
template <typename T>
Set Choice(T ExplainOptions::* member, std::vector<std::pair<std::string, T>> words) {
  return [member, words](const Json& value, ExplainOptions& options) {
    std::string names;
    for (const auto& [word, meaning] : words) {
      if (value.is_string() && value.string() == word) {
        options.*member = meaning;
        return OkStatus();
      }
      names += (names.empty() ? "\"" : ", \"") + word + "\"";
    }
    return Wrong(value, "one of " + names);
  };
}

Status SetSteps(const Json& value, ExplainOptions& options) {
  if (value == Json("auto")) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(options.steps, IntegerOf(value, "an integer or \"auto\""));
  return OkStatus();
}

Status SetPaths(const Json& value, ExplainOptions& options) {
  if (value == Json("exact")) {
    options.path_rule = PathRule::kExact;
  } else if (value == Json("auto")) {
    options.path_rule = PathRule::kTolerance;
  } else {
    WHYLIGHT_ASSIGN_OR_RETURN(options.paths, IntegerOf(value, "an integer, \"exact\" or \"auto\""));
  }
  return OkStatus();
}

Status SetSamplesOfNoise(const Json& value, ExplainOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(options.noisy_samples, IntegerOf(value));
  return OkStatus();
}

Status SetWindow(const Json& value, ExplainOptions& options) {
  const std::string expected = "two integers, height and width";
  if (!value.is_array() || value.array().size() != 2) return Wrong(value, expected);
  WHYLIGHT_ASSIGN_OR_RETURN(options.window_height, IntegerOf(value.array()[0], expected));
  WHYLIGHT_ASSIGN_OR_RETURN(options.window_width, IntegerOf(value.array()[1], expected));
  return OkStatus();
}

// [3, 7], or tuples [[0, 1], [2, 3]].
Status SetIndices(const Json& value, ExplainOptions& options) {
  const std::string expected = "a list of integers, or of lists of integers";
  if (!value.is_array()) return Wrong(value, expected);
  const bool tuples = !value.array().empty() && value.array()[0].is_array();
  options.output_indices.clear();
  for (const Json& tuple : tuples ? value.array() : Json::Array{value}) {
    if (!tuple.is_array()) return Wrong(tuple, expected);
    options.output_indices.emplace_back();
    for (const Json& index : tuple.array()) {
      if (index.kind() != Json::Kind::kInt) return Wrong(index, expected);
      options.output_indices.back().push_back(index.int64());
    }
  }
  return OkStatus();
}

Status SetClass(const Json& value, ExplainOptions& options) {
  if (!value.is_string() && !value.is_integer()) return Wrong(value, "a label or an index");
  options.class_name = value.is_string() ? value.string() : std::to_string(value.int64());
  return OkStatus();
}

// {"class": ["cat", "!dog"]}
Status SetRestrictions(const Json& value, ExplainOptions& options) {
  if (!value.is_object()) return Wrong(value, "an object of lists of tokens");
  for (const auto& [name_space, tokens] : value.object()) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> all, TextsOf(tokens));
    options.restrictions.push_back(RestrictionOf(name_space, all));
  }
  return OkStatus();
}

Status SetDistance(const Json& value, ExplainOptions& options) {
  std::string names;
  for (const DistanceName& row : kDistanceNames) {
    if (value == Json(std::string(row.name))) {
      options.distance = row.distance;
      return OkStatus();
    }
    names += (names.empty() ? "\"" : ", \"") + std::string(row.name) + "\"";
  }
  return Wrong(value, "one of " + names);
}

Result<Baseline> BaselineOf(const Json& value) {
  const Json* const kind = value.Find("kind");
  if (kind != nullptr && kind->is_string()) {
    const std::optional<BaselineKind> found = FindBaselineKind(kind->string());
    if (!found) return Wrong(*kind, "one of " + BaselineKindNames());
    return Baseline(*found);
  }
  const Json* const given = value.Find("value");
  if (given == nullptr) return Wrong(value, "a kind or a value");
  return Baseline(*given);
}

Status SetBaselines(const Json& value, ExplainOptions& options) {
  if (!value.is_object()) return Wrong(value, "an object by input");
  options.baselines.clear();  // Those of parameters.
  for (const auto& [input, given] : value.object()) {
    if (!given.is_array()) return Wrong(given, "a list of baselines").In(input);
    for (const Json& one : given.array()) {
      Result<Baseline> baseline = BaselineOf(one);
      if (!baseline.ok()) return baseline.status().In(input);
      baseline->origin = "baselines";
      options.baselines[input].push_back(*std::move(baseline));
    }
  }
  return OkStatus();
}

struct Row {
  std::string name;
  Set set;
};

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {"method", Text(&ExplainOptions::method)},
      {"steps", SetSteps},
      {"rule", Choice(&ExplainOptions::point_rule, {{"gauss-legendre", PointRule::kGaussLegendre},
                                                    {"midpoint", PointRule::kMidpoint}})},
      {"tolerance", Number(&ExplainOptions::tolerance)},
      {"max_steps", Integer(&ExplainOptions::max_steps)},
      {"xrai_algorithm", Choice(&ExplainOptions::region_ranking,
                                {{"full", RegionRanking::kFull}, {"fast", RegionRanking::kFast}})},
      {"max_sigma", Number(&ExplainOptions::max_sigma)},
      {"fraction", Number(&ExplainOptions::fraction)},
      {"max_dist", Number(&ExplainOptions::max_dist)},
      {"noise_sigma", Number(&ExplainOptions::noise_sigma)},
      {"noisy_samples", SetSamplesOfNoise},
      {"window", SetWindow},
      {"stride", Integer(&ExplainOptions::stride)},
      {"layer", Text(&ExplainOptions::layer)},
      {"paths", SetPaths},
      {"samples", Integer(&ExplainOptions::samples)},
      {"seed", Integer(&ExplainOptions::seed)},
      {"players", Choice(&ExplainOptions::players, {{"elements", Players::kElements},
                                                    {"inputs", Players::kInputs},
                                                    {"lines", Players::kLines},
                                                    {"words", Players::kWords}})},
      {"baselines", SetBaselines},
      {"neighbors", Integer(&ExplainOptions::neighbors)},
      {"distance", SetDistance},
      {"normalize", Flag(&ExplainOptions::normalize)},
      {"crowding_count", Integer(&ExplainOptions::crowding_count)},
      {"restrict", SetRestrictions},
      {"return_embeddings", Flag(&ExplainOptions::return_embeddings)},
      {"signature", Text(&ExplainOptions::signature)},
      {"output_name", Text(&ExplainOptions::output_name)},
      {"top_k", Integer(&ExplainOptions::top_k)},
      {"output_indices", SetIndices},
      {"class", SetClass},
      {"logits", Flag(&ExplainOptions::logits)},
      {"labels", Texts(&ExplainOptions::labels)},
      {"feature_names", Texts(&ExplainOptions::feature_names)},
      {"hoist", Flag(&ExplainOptions::hoist)},
      {"gather", Flag(&ExplainOptions::gather)},
      {"batch_size", Integer(&ExplainOptions::batch_size)},
      {"memory_limit", Integer(&ExplainOptions::memory_limit)},
  };
  return rows;
}

// Members that are not in the table, since they need more than the options.
constexpr std::string_view kOthers[] = {
    "metadata",      "metadata_source", "parameters", "parameters_source", "beyond_service_limits",
    "baseline_data", "examples",        "id_key",     "image_range",       "device",
    "threads"};

std::string TextOr(const Json& given, std::string_view key, std::string otherwise) {
  const Json* const value = given.Find(key);
  return value != nullptr && value->is_string() ? value->string() : std::move(otherwise);
}

Status SetAll(const Json& given, ExplainOptions& options) {
  std::vector<std::string> names(std::begin(kOthers), std::end(kOthers));
  for (const Row& row : Rows()) names.push_back(row.name);
  for (const auto& [name, value] : given.object()) {
    const auto row = std::ranges::find(Rows(), name, &Row::name);
    if (row != Rows().end()) {
      WHYLIGHT_RETURN_IF_ERROR(row->set(value, options).In(name));
    } else if (std::ranges::count(names, name) == 0) {
      return InvalidArgument(name + ": no such option" + DidYouMean(name, names));
    }
  }
  return OkStatus();
}

ServiceLimits LimitsOf(const Json& given) {
  const Json* const beyond = given.Find("beyond_service_limits");
  return beyond != nullptr && *beyond == Json(true) ? ServiceLimits::kNoted : ServiceLimits::kKept;
}

IsGiven GivenIn(const Json& given) {
  return [&given](std::string_view name) {
    std::string key(name == "baseline" ? "baselines" : name);
    std::ranges::replace(key, '-', '_');
    return given.Find(key) != nullptr;
  };
}

Status ReadParameters(const Json& given, ReadOptions& to) {
  const Json* const json = given.Find("parameters");
  if (json == nullptr) return OkStatus();
  const std::string source = TextOr(given, "parameters_source", "parameters");
  const Result<ExplanationParameters> parameters =
      ParseExplanationParameters(*json, LimitsOf(given));
  if (!parameters.ok()) return parameters.status().In(source);
  to.notes = NotesOf(source, parameters->warnings);
  ApplyParameters(*parameters, source, GivenIn(given), to.options);
  return OkStatus();
}

Status ReadMetadata(const Json& given, const Model& model, ReadOptions& to) {
  std::string source = TextOr(given, "metadata_source", "metadata");
  ParsedMetadata parsed;
  if (const Json* const json = given.Find("metadata")) {
    parsed = ParseExplanationMetadata(*json, LimitsOf(given));
  } else {
    const std::string path = MetadataPathFor(model, "");
    if (path.empty()) return OkStatus();
    WHYLIGHT_ASSIGN_OR_RETURN(parsed, ReadMetadataFile(path, LimitsOf(given)));
    source = "explanation_metadata.json";
  }
  WHYLIGHT_RETURN_IF_ERROR(parsed.status().In(source));
  std::ranges::copy(NotesOf(source, parsed.problems), std::back_inserter(to.notes));
  to.options.metadata = std::move(parsed.metadata);
  to.options.metadata_source = source;
  return OkStatus();
}

// A file, or lines of JSON.
class DataSource {
 public:
  static Result<DataSource> Of(const Json& given, std::optional<ImageRange> range,
                               const ExplainOptions& options) {
    DataSource source;
    source.path_ = TextOr(given, "path", "");
    source.text_ = TextOr(given, "text", "");
    source.read_ = ReaderOptionsFor(options);
    DecodeImagesInto(range, source.read_);
    if (source.path_.empty() && given.Find("text") == nullptr) {
      return Wrong(given, "a path or a text");
    }
    return source;
  }

  Result<std::unique_ptr<InstanceReader>> Open(const std::vector<RequestField>& fields,
                                               std::vector<std::string> other_members = {}) const {
    InstanceReaderOptions read = read_;
    read.other_members = std::move(other_members);
    if (!path_.empty()) return OpenInstances({path_}, FieldSpecsOf(fields), read);
    read.format = InstanceFormat::kJsonLines;
    return ReadInstances(text_, FieldSpecsOf(fields), read);
  }

 private:
  std::string path_, text_;
  InstanceReaderOptions read_;
};

Status ReadData(const Json& given, ReadOptions& to) {
  if (const Json* const json = given.Find("baseline_data")) {
    WHYLIGHT_ASSIGN_OR_RETURN(const DataSource source,
                              DataSource::Of(*json, to.image_range, to.options));
    to.options.baseline_data = {
        .source = "baseline_data",
        .read = [source](
                    const std::vector<RequestField>& fields) -> Result<std::vector<whylight::Row>> {
          WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<InstanceReader> reader,
                                    source.Open(fields));
          return ReadRows(*reader);
        }};
  }
  if (const Json* const json = given.Find("examples")) {
    WHYLIGHT_ASSIGN_OR_RETURN(const DataSource source,
                              DataSource::Of(*json, to.image_range, to.options));
    to.options.examples = {
        .source = "examples",
        .read = [source, id_key = TextOr(given, "id_key", "")](
                    const std::vector<RequestField>& fields,
                    const std::function<Status(std::vector<Example>)>& take) -> Status {
          const std::string key = IdKeyFor(id_key, fields);
          WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<InstanceReader> reader,
                                    source.Open(fields, ExampleMembers(key)));
          return ReadExamples(*reader, key, take);
        }};
  }
  return OkStatus();
}

}  // namespace

Result<ReadOptions> OptionsFrom(const Json& given, const Model& model) {
  if (!given.is_object()) return Wrong(given, "an object of options");
  ReadOptions read;
  if (const std::string range = TextOr(given, "image_range", ""); !range.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(read.image_range, ImageRangeFromName(range));
  }
  read.options.method = TextOr(given, "method", read.options.method);
  WHYLIGHT_RETURN_IF_ERROR(ReadParameters(given, read));
  WHYLIGHT_RETURN_IF_ERROR(ReadMetadata(given, model, read));
  WHYLIGHT_RETURN_IF_ERROR(SetAll(given, read.options));
  WHYLIGHT_RETURN_IF_ERROR(ReadData(given, read));
  read.options.session.device = TextOr(given, "device", read.options.session.device);
  if (const Json* const threads = given.Find("threads");
      threads != nullptr && threads->is_integer()) {
    read.options.session.threads = static_cast<int>(threads->number());
  }
  if (FindMethod(read.options.method) != nullptr) {
    WHYLIGHT_RETURN_IF_ERROR(
        CheckOptionsAreHeeded(GivenIn(given), read.options, {&read.options.method, 1}));
  }
  return read;
}

}  // namespace whylight::python
