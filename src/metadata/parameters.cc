// ExplanationParameters and the legacy explanationConfig.
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <utility>

#include "io/json.h"
#include "metadata/json_members.h"
#include "whylight/metadata.h"

namespace whylight {
namespace {

constexpr int kServiceSteps = 100, kServicePaths = 50, kServiceSamples = 50;

class Reader {
 public:
  explicit Reader(ServiceLimits limits) : problems_(limits) {}

  Result<ExplanationParameters> Read(const Json& json) {
    ReadParameters("", json);
    return Finish();
  }

  Result<ExplanationSpecOverride> ReadOverride(const Json& json) {
    ExplanationSpecOverride spec;
    bool has_parameters = false;
    ReadMembers(
        "", json, KeyStyle::kCamelOrSnake,
        {{"parameters",
          [&](const auto& at, const Json& v) {
            has_parameters = true;
            ReadParameters(at, v);
          }},
         {"metadata",
          Members({{"inputs", [&](const auto& at, const Json& v) { ReadInputs(at, v, spec); }}})},
         {"examples_override",
          [&](const auto& at, const Json& v) { ReadExamplesOverride(at, v, spec.examples); }}},
        problems_);
    WHYLIGHT_ASSIGN_OR_RETURN(ExplanationParameters parameters, Finish());
    if (gives_embeddings_) {
      return Unimplemented(
          "examplesOverride.dataFormat: EMBEDDINGS, which skip the model, are not available; "
          "expected INSTANCES");
    }
    spec.warnings = parameters.warnings;
    if (has_parameters) spec.parameters = std::move(parameters);
    return spec;
  }

 private:
  void ReadParameters(const std::string& place, const Json& json) {
    const auto method = [this](MethodName name) -> MemberHandler {
      return [this, name](const auto& at, const Json& v) { ReadMethod(at, v, name); };
    };
    ReadMembers(place, json, KeyStyle::kCamelOrSnake,
                {{"integrated_gradients_attribution", method(MethodName::kIntegratedGradients)},
                 {"sampled_shapley_attribution", method(MethodName::kSampledShapley)},
                 {"xrai_attribution", method(MethodName::kXrai)},
                 {"examples", [this](const auto& at, const Json& v) { ReadExamples(at, v); }},
                 {"top_k", [this](const auto& at, const Json& v) { ReadTopK(at, v); }},
                 {"output_indices", [this](const auto& at, const Json& v) { ReadIndices(at, v); }}},
                problems_);
  }

  Result<ExplanationParameters> Finish() {
    const Status status = ToStatus(problems_.problems());
    WHYLIGHT_RETURN_IF_ERROR(status);
    parameters_.warnings = problems_.problems();
    return parameters_;
  }

  void ReadInputs(const std::string& place, const Json& json, ExplanationSpecOverride& spec) {
    if (!json.is_object()) return problems_.WrongType(place, "an object", json);
    for (const auto& [name, input] : json.object()) {
      const std::string at = place + "." + name;
      std::vector<Json> baselines;
      Members({{"input_baselines", [&](const auto& list_at, const Json& list) {
                  problems_.ReadArray(list_at, list, &baselines);
                }}})(at, input);
      problems_.CheckBaselines(at + ".inputBaselines", baselines.size());
      if (!baselines.empty()) spec.baselines.emplace_back(name, std::move(baselines));
    }
  }

  struct Range {
    std::int64_t least = 1;
    std::int64_t service_limit = std::numeric_limits<int>::max();
  };

  bool ReadInt(const std::string& place, const Json& json, const Range& range, int* value) {
    // Numbers that travelled as a protobuf Struct are doubles.
    const double number = json.is_number() ? json.number() : 0.5;
    if (!std::isfinite(number) || std::trunc(number) != number) {
      problems_.Error(place, "expected an integer, got " +
                                 (json.is_number() ? WriteJson(json) : Describe(json)));
      return false;
    }
    if (number < static_cast<double>(range.least) || number > std::numeric_limits<int>::max()) {
      problems_.Error(place, "expected an integer of at least " + std::to_string(range.least) +
                                 " that fits in 32 bits, got " + WriteJson(json));
      return false;
    }
    *value = static_cast<int>(json.number());
    if (*value > range.service_limit) {
      problems_.BeyondService(
          place, std::to_string(*value),
          std::to_string(range.least) + " to " + std::to_string(range.service_limit));
    }
    return true;
  }

  void SetMethod(const std::string& place, MethodName name) {
    if (parameters_.method) problems_.Error(place, "a second method: expected one");
    parameters_.method = name;
  }

  void ReadMethod(const std::string& place, const Json& json, MethodName name) {
    SetMethod(place, name);
    const bool is_shapley = name == MethodName::kSampledShapley;
    const auto count = [this](std::optional<int>* to, std::int64_t limit) {
      return CountInto(to, {.service_limit = limit});
    };
    MemberTable table;
    if (is_shapley) {
      table.emplace_back("path_count", count(&parameters_.path_count, kServicePaths));
      table.emplace_back("num_paths", count(&parameters_.path_count, kServicePaths));
    } else {
      table.emplace_back("step_count", count(&parameters_.step_count, kServiceSteps));
      table.emplace_back("num_integral_steps", count(&parameters_.step_count, kServiceSteps));
      table.emplace_back("smooth_grad_config",
                         [this](const auto& at, const Json& v) { ReadSmoothGrad(at, v); });
      table.emplace_back("blur_baseline_config",
                         Members({{"max_blur_sigma", [this](const auto& at, const Json& v) {
                                     double value = 0;
                                     if (ReadSigma(at, v, &value))
                                       parameters_.max_blur_sigma = value;
                                   }}}));
    }
    ReadMembers(place, json, KeyStyle::kCamelOrSnake, table, problems_);
  }

  bool ReadSigma(const std::string& place, const Json& json, double* value) {
    if (!problems_.ReadNumber(place, json, value)) return false;
    // Written so that NaN fails too.
    if (*value >= 0 && *value <= std::numeric_limits<double>::max()) return true;
    problems_.Error(place, "expected a finite number of at least 0");
    return false;
  }

  void ReadSmoothGrad(const std::string& place, const Json& json) {
    SmoothGradParameters& smooth = parameters_.smooth_grad.emplace();
    bool has_sigma = false, has_features = false;
    ReadMembers(place, json, KeyStyle::kCamelOrSnake,
                {{"noise_sigma",
                  [&](const auto& at, const Json& v) {
                    has_sigma = true;
                    ReadSigma(at, v, &smooth.noise_sigma);
                  }},
                 {"feature_noise_sigma",
                  [&](const auto& at, const Json& v) {
                    has_features = true;
                    Members({{"noise_sigma", [&](const auto& list_at, const Json& list) {
                                ReadFeatureSigmas(list_at, list, smooth);
                              }}})(at, v);
                  }},
                 {"noisy_sample_count",
                  [&](const auto& at, const Json& v) {
                    ReadInt(at, v, {.service_limit = kServiceSamples}, &smooth.noisy_sample_count);
                  }}},
                problems_);
    if (has_sigma && has_features) {
      problems_.Error(place, "noiseSigma and featureNoiseSigma exclude each other");
    }
  }

  void ReadFeatureSigmas(const std::string& place, const Json& json, SmoothGradParameters& smooth) {
    if (!json.is_array()) return problems_.WrongType(place, "a list", json);
    for (std::size_t i = 0; i < json.array().size(); ++i) {
      auto& [name, sigma] = smooth.feature_noise_sigma.emplace_back("", 0.1);
      std::string* const to_name = &name;
      double* const to_sigma = &sigma;
      ReadMembers(
          place + "[" + std::to_string(i) + "]", json.array()[i], KeyStyle::kCamelOrSnake,
          {{"name", [this, to_name](const auto& at,
                                    const Json& v) { problems_.ReadString(at, v, to_name); }},
           {"sigma",
            [this, to_sigma](const auto& at, const Json& v) { ReadSigma(at, v, to_sigma); }}},
          problems_);
    }
  }

  // Some counts have two names.
  MemberHandler CountInto(std::optional<int>* to, const Range& range) {
    return [this, to, range](const auto& at, const Json& v) {
      int value = 0;
      if (to->has_value()) problems_.Error(at, "given twice, under two names");
      if (ReadInt(at, v, range, &value)) *to = value;
    };
  }

  template <typename T>
  using Names = std::vector<std::pair<std::string_view, T>>;

  // The value of one of some names; nullopt after a problem.
  template <typename T>
  std::optional<T> ReadName(const std::string& place, const Json& json, const Names<T>& names) {
    std::string expected;
    for (const auto& [name, value] : names) {
      if (json.is_string() && json.string() == name) return value;
      expected += (expected.empty() ? "" : ", ") + std::string(name);
    }
    problems_.Error(place, "expected one of " + expected + ", got " +
                               (json.is_string() ? WriteJson(json) : Describe(json)));
    return std::nullopt;
  }

  // Of what is checked and changes nothing.
  MemberHandler OneOf(std::initializer_list<std::string_view> names) {
    Names<bool> known;
    for (const std::string_view name : names) known.emplace_back(name, true);
    return [this, known](const auto& at, const Json& v) { ReadName(at, v, known); };
  }
  static MemberHandler Nothing() {
    return [](const auto&, const Json&) {};
  }

  MemberHandler Members(MemberTable table) {
    return [this, table = std::move(table)](const auto& at, const Json& v) {
      ReadMembers(at, v, KeyStyle::kCamelOrSnake, table, problems_);
    };
  }

  MemberHandler UrisOf(ExamplesParameters& examples) {
    return Members({{"uris", [this, &examples](const auto& at, const Json& v) {
                       problems_.ReadStrings(at, v, &examples.uris);
                     }}});
  }

  void ReadExamples(const std::string& place, const Json& json) {
    SetMethod(place, MethodName::kExamples);
    ExamplesParameters& examples = parameters_.examples;
    if (json.Find("presets") != nullptr &&
        (json.Find("nearestNeighborSearchConfig") != nullptr ||
         json.Find("nearest_neighbor_search_config") != nullptr)) {
      problems_.Error(place, "presets and nearestNeighborSearchConfig exclude each other");
    }
    const MemberHandler distance = [this, &examples](const auto& at, const Json& v) {
      examples.distance = ReadName<Distance>(at, v,
                                             {{"SQUARED_L2_DISTANCE", Distance::kSquaredL2},
                                              {"L1_DISTANCE", Distance::kL1},
                                              {"COSINE_DISTANCE", Distance::kCosine},
                                              {"DOT_PRODUCT_DISTANCE", Distance::kDotProduct}});
    };
    const MemberHandler norm = [this, &examples](const auto& at, const Json& v) {
      examples.normalize = ReadName<bool>(at, v, {{"UNIT_L2_NORM", true}, {"NONE", false}});
    };
    const MemberHandler config = Members({{"dimensions", CountInto(&examples.dimensions, {})},
                                          {"approximate_neighbors_count", Nothing()},
                                          {"distance_measure_type", distance},
                                          {"feature_norm_type", norm},
                                          {"shard_size", Nothing()},
                                          {"algorithm_config", Nothing()}});
    ReadMembers(place, json, KeyStyle::kCamelOrSnake,
                {{"example_gcs_source",
                  Members({{"data_format", OneOf({"JSONL"})}, {"gcs_source", UrisOf(examples)}})},
                 {"gcs_source", UrisOf(examples)},
                 {"neighbor_count", CountInto(&examples.neighbor_count, {})},
                 {"presets", Members({{"query", OneOf({"PRECISE", "FAST"})},
                                      {"modality", OneOf({"IMAGE", "TEXT", "TABULAR"})}})},
                 {"nearest_neighbor_search_config", Members({{"contents_delta_uri", Nothing()},
                                                             {"is_complete_overwrite", Nothing()},
                                                             {"config", config}})}},
                problems_);
  }

  void ReadExamplesOverride(const std::string& place, const Json& json,
                            ExamplesParameters& examples) {
    const MemberHandler embeddings = [this, &examples](const auto& at, const Json& v) {
      problems_.ReadBool(at, v, &examples.return_embeddings.emplace());
    };
    const MemberHandler format = [this](const auto& at, const Json& v) {
      gives_embeddings_ =
          ReadName<bool>(at, v, {{"INSTANCES", false}, {"EMBEDDINGS", true}}).value_or(false);
    };
    ReadMembers(place, json, KeyStyle::kCamelOrSnake,
                {{"neighbor_count", CountInto(&examples.neighbor_count, {})},
                 {"crowding_count", CountInto(&examples.crowding_count, {.least = 0})},
                 {"restrictions",
                  [&](const auto& at, const Json& v) { ReadRestrictions(at, v, examples); }},
                 {"return_embeddings", embeddings},
                 {"data_format", format}},
                problems_);
  }

  void ReadRestrictions(const std::string& place, const Json& json, ExamplesParameters& examples) {
    if (!json.is_array()) return problems_.WrongType(place, "a list", json);
    for (std::size_t i = 0; i < json.array().size(); ++i) {
      Restriction restriction;
      const auto tokens = [this](std::vector<std::string>* to) -> MemberHandler {
        return [this, to](const auto& at, const Json& v) { problems_.ReadStrings(at, v, to); };
      };
      ReadMembers(place + "[" + std::to_string(i) + "]", json.array()[i], KeyStyle::kCamelOrSnake,
                  {{"namespace_name",
                    [&](const auto& at, const Json& v) {
                      problems_.ReadString(at, v, &restriction.name_space);
                    }},
                   {"allow", tokens(&restriction.allow)},
                   {"deny", tokens(&restriction.deny)}},
                  problems_);
      examples.restrictions.push_back(std::move(restriction));
    }
  }

  void ReadTopK(const std::string& place, const Json& json) {
    int value = 0;
    if (!ReadInt(place, json, {.least = -1}, &value)) return;
    if (value == 0) return problems_.Error(place, "expected at least 1, or -1 for all, got 0");
    parameters_.top_k = value;
  }

  void ReadIndices(const std::string& place, const Json& json) {
    if (!json.is_array()) return problems_.WrongType(place, "a list of integers", json);
    for (std::size_t i = 0; i < json.array().size(); ++i) {
      int index = 0;
      if (ReadInt(place + "[" + std::to_string(i) + "]", json.array()[i], {.least = 0}, &index)) {
        parameters_.output_indices.push_back(index);
      }
    }
  }

  ExplanationParameters parameters_;
  ProblemList problems_;
  bool gives_embeddings_ = false;
};

}  // namespace

Result<ExplanationParameters> ParseExplanationParameters(const Json& json, ServiceLimits limits) {
  return Reader(limits).Read(json);
}

Result<ExplanationSpecOverride> ParseExplanationSpecOverride(const Json& json,
                                                             ServiceLimits limits) {
  return Reader(limits).ReadOverride(json);
}

}  // namespace whylight
