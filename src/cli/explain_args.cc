#include "cli/explain_args.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "attribution/list.h"
#include "attribution/neighbors.h"
#include "batch/examples.h"
#include "batch/requests.h"
#include "explain/baselines.h"
#include "explain/metadata_file.h"
#include "explain/service_spec.h"
#include "io/files.h"
#include "io/json.h"
#include "util/strings.h"

namespace whylight {
namespace {

// False for what is no integer of the type, or more than one.
template <typename T>
bool ReadInteger(std::string_view text, T* value) {
  const std::from_chars_result end =
      std::from_chars(text.data(), text.data() + text.size(), *value);
  return end.ec == std::errc() && end.ptr == text.data() + text.size();
}

// "3,7" and "0,1;2,3" as tuples; what a tuple means depends on the output's rank.
Result<std::vector<std::vector<std::int64_t>>> ParseIndices(const std::string& text) {
  std::vector<std::vector<std::int64_t>> tuples;
  for (const std::string_view tuple : Split(text, ';')) {
    if (Trim(tuple).empty()) continue;
    tuples.emplace_back();
    for (const std::string_view piece : Split(tuple, ',')) {
      const std::string number(Trim(piece));
      if (!ReadInteger(number, &tuples.back().emplace_back())) {
        return InvalidArgument("--output-indices: expected an integer, got \"" + number + "\"");
      }
    }
  }
  return tuples;
}

// "25" of an option that also takes `words`.
Result<int> CountFrom(const std::string& flag, const std::string& text, const std::string& words) {
  int count = 0;
  if (!ReadInteger(text, &count)) {
    return InvalidArgument(flag + ": expected a number" + words + ", got \"" + text + "\"");
  }
  return count;
}

// "15,15": height and width.
Status ReadWindow(const std::string& text, ExplainOptions& options) {
  int sides[2] = {};
  const std::vector<std::string_view> pieces = Split(text, ',');
  bool good = pieces.size() == 2;
  for (std::size_t i = 0; good && i < 2; ++i) {
    good = ReadInteger(Trim(pieces[i]), &sides[i]);
  }
  if (!good) return InvalidArgument("--window: expected HEIGHT,WIDTH, got \"" + text + "\"");
  options.window_height = sides[0];
  options.window_width = sides[1];
  return OkStatus();
}

Status NoJsonOf(const std::string& name, const Status& why) {
  return why.In("--baseline " + name + " (a string needs its quotes: " + name +
                "='\"text\"'; without them one of " + BaselineKindNames() + ")");
}

Status ReadBaselines(const ExplainArgs& args, ExplainOptions& options) {
  if (!args.baselines.empty()) options.baselines.clear();  // Those of --parameters.
  for (const std::string& given : args.baselines) {
    const std::size_t sign = given.find('=');
    if (sign == std::string::npos) {
      const std::optional<BaselineKind> kind = FindBaselineKind(given);
      if (!kind) {
        return InvalidArgument("--baseline: expected NAME=JSON, NAME=KIND or KIND, one of " +
                               BaselineKindNames() + ", got \"" + given + "\"");
      }
      options.baselines[""].push_back(*kind);
      continue;
    }
    const std::string name = given.substr(0, sign), text = given.substr(sign + 1);
    if (name.empty()) {
      return InvalidArgument("--baseline: expected NAME=JSON or NAME=KIND, got \"" + given + "\"");
    }
    if (const std::optional<BaselineKind> kind = FindBaselineKind(text)) {
      options.baselines[name].push_back(*kind);
      continue;
    }
    Result<Json> json = ParseJson(text);
    if (!json.ok()) return NoJsonOf(name, json.status());
    options.baselines[name].push_back(*std::move(json));
  }
  return OkStatus();
}

// "class=cat,!dog"
Restriction RestrictionFrom(const std::string& text) {
  const std::size_t sign = std::min(text.find('='), text.size());
  return RestrictionOf(text.substr(0, sign),
                       SplitList(text.substr(std::min(sign + 1, text.size()))));
}

void ReadExampleOptions(const ExplainArgs& args, std::vector<std::string> files,
                        ExplainOptions& options) {
  for (const DistanceName& one : kDistanceNames) {
    if (args.distance == one.name) options.distance = one.distance;
  }
  for (const std::string& text : args.restrictions) {
    options.restrictions.push_back(RestrictionFrom(text));
  }
  if (files.empty()) return;
  RequestArgs request = args.request;
  request.inputs = std::move(files);
  request.heeds_override = false;
  options.examples = {
      .source = "--examples " + Join(request.inputs, ", "),
      .read = [request, id_key = args.id_key, read = ReaderOptionsFor(options)](
                  const std::vector<RequestField>& fields,
                  const std::function<Status(std::vector<Example>)>& take) -> Status {
        const std::string key = IdKeyFor(id_key, fields);
        InstanceReaderOptions with_ids = read;
        with_ids.other_members = ExampleMembers(key);
        WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<InstanceReader> reader,
                                  request.Open(fields, with_ids));
        return ReadExamples(*reader, key, take);
      }};
}

ServiceLimits LimitsOf(const ExplainArgs& args) {
  return args.beyond_service_limits ? ServiceLimits::kNoted : ServiceLimits::kKept;
}

// Those of --parameters, else of --spec; none without either. `source` is who has them.
Result<ExplanationParameters> ParametersFrom(const ExplainArgs& args,
                                             const std::optional<ExplanationSpec>& spec,
                                             std::string* source) {
  Json json;
  if (!args.parameters.empty()) {
    *source = args.parameters;
    WHYLIGHT_ASSIGN_OR_RETURN(const std::string text, ReadFile(args.parameters));
    Result<Json> parsed = ParseJson(text);
    if (!parsed.ok()) return parsed.status().In(*source);
    json = *std::move(parsed);
  } else if (spec && !spec->parameters.is_null()) {
    *source = spec->parameters_source;
    json = spec->parameters;
  } else {
    return ExplanationParameters();
  }
  Result<ExplanationParameters> parameters = ParseExplanationParameters(json, LimitsOf(args));
  if (!parameters.ok()) return parameters.status().In(*source);
  return parameters;
}

Status ReadOverride(const ExplainArgs& args, const IsGiven& given, ExplainOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RequestHead head, PeekRequest(args.request.inputs));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> notes,
                            ApplyOverride(head.spec_override, LimitsOf(args), given, options));
  PrintNotes(notes);
  return OkStatus();
}

// That of --metadata, else of --spec, else the file beside the model.
Status ReadMetadata(const ExplainArgs& args, const Model& model,
                    const std::optional<ExplanationSpec>& spec, ExplainOptions& options) {
  const bool in_spec = args.metadata.empty() && spec && !spec->metadata.is_null();
  const std::string path = in_spec ? spec->metadata_source : MetadataPathFor(model, args.metadata);
  if (path.empty()) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(
      ParsedMetadata parsed,
      in_spec ? ParseExplanationMetadata(spec->metadata, MetadataForm::kVertex, LimitsOf(args))
              : ReadMetadataFile(path, LimitsOf(args)));
  WHYLIGHT_RETURN_IF_ERROR(parsed.status().In(path));
  PrintNotes(NotesOf(path, parsed.problems));
  options.metadata = std::move(parsed.metadata);
  const bool is_beside = args.metadata.empty() && !in_spec;
  options.metadata_source = is_beside ? "explanation_metadata.json" : path;
  return OkStatus();
}

}  // namespace

void DeclareMethodOptions(Args& args, ExplainArgs& to) {
  args.Text("--steps,--num-integral-steps", to.steps,
            "N|auto: Points on the path (default auto: as the tolerance needs; xrai 50, blur-ig "
            "100, guided-ig 200)");
  args.Choice("--rule", to.rule, {"gauss-legendre", "midpoint"},
              "Integrated Gradients: where N points lie (default gauss-legendre)");
  args.Number("--tolerance", to.options.tolerance,
              "Relative error of the attributions that is good enough (default 0.01)");
  args.Count("--max-steps", to.options.max_steps,
             "Points that --steps auto spends at most (default 255)");
  args.Choice("--xrai-algorithm", to.region_ranking, {"full", "fast"},
              "XRAI: rank each region by what it adds (full, default), or all at once");
  args.Number("--max-sigma", to.options.max_sigma,
              "Blur IG and blurred baselines: the strongest blur, in pixels (default 50)");
  args.Number("--fraction", to.options.fraction,
              "Guided IG: share of the elements that move at once (default 0.25)");
  args.Number("--max-dist", to.options.max_dist,
              "Guided IG: how far off the straight path, 0 to 1 (default 0.02)");
  args.Number("--noise-sigma", to.noise_sigma,
              "Integrated Gradients, XRAI, SmoothGrad: standard deviation of noise (default none; "
              "smoothgrad 0.15 of an input's range)");
  args.Count("--noisy-samples", to.noisy_samples,
             "Noisy copies to average over (default 3, smoothgrad 25)");
  args.Text("--window", to.window,
            "H,W: Occlusion: the window over a picture, in pixels (default 15,15)");
  args.Count("--stride", to.options.stride,
             "Occlusion: from one window to the next, in pixels (default 8)");
  args.Text("--layer", to.options.layer,
            "NAME: Grad-CAM, examples: the tensor inside the model, by its name, the end of it, or "
            "a Keras layer's (default: the last with height and width; the output called "
            "embedding, or the last vector)");
  args.Text("--paths,--num-paths", to.paths,
            "N|exact|auto: Sampled Shapley: random orders, all coalitions, or as the tolerance "
            "needs (default 25)");
  args.Count("--samples", to.options.samples,
             "KernelSHAP: coalitions (default: 2 * features + 2048); Expected Gradients: rows that "
             "are drawn from --baseline-data (default 200)");
  args.Seed("--seed", to.options.seed, "Seed of everything random (default 0)");
  args.Choice("--players", to.players, {"elements", "inputs"},
              "Shapley methods, Occlusion: who shares the score (default elements)");
  args.List("--baseline", to.baselines,
            "NAME=JSON: Where attributions start; several of one name are averaged. NAME=KIND, or "
            "KIND for all inputs: zeros, mean, median, min, max, random, blurred or black,white");
  args.Text("--baseline-data", to.baseline_data,
            "FILE: Rows like those of the training: what mean, median, min, max and random are "
            "taken of, and expected-gradients compare with");
  args.Text("--metadata", to.metadata,
            "FILE: Explanation metadata (default: explanation_metadata.json beside the model)");
  args.Text("--parameters", to.parameters, "FILE: Explanation parameters, as services take them");
  args.Flag("--beyond-service-limits", to.beyond_service_limits,
            "Take what parameters, metadata and requests ask for beyond the services' ranges (100 "
            "steps, 50 paths, 50 noisy samples, 10 baselines); options are not limited anyway");
}

void DeclareExampleOptions(Args& args, ExplainArgs& to) {
  args.Group("Examples");
  args.List("--examples", to.examples,
            "FILE: Rows to search for neighbours, in the forms of -i; may be given again");
  args.Text("--id-key", to.id_key,
            "NAME: Member or column of the examples that is their id (default: the model's own "
            "input id, else the row's place)");
  args.Count("--neighbors", to.options.neighbors, "Neighbours of each instance (default 10)");
  std::vector<std::string> distances;
  distances.reserve(std::size(kDistanceNames));
  for (const DistanceName& one : kDistanceNames) distances.emplace_back(one.name);
  args.Choice("--distance", to.distance, distances, "How far vectors are (default squared-l2)");
  args.Flag("--normalize", to.options.normalize, "Give vectors the length 1 first");
  args.Count("--crowding-count", to.options.crowding_count,
             "Neighbours with the same crowding_tag at most");
  args.List("--restrict", to.restrictions,
            "NAMESPACE=A,!B: Only examples that have the token A there and not B; given again, "
            "all must hold");
  args.Flag("--return-embeddings", to.options.return_embeddings,
            "The instances' vectors instead of neighbours");
}

void DeclareTargetOptions(Args& args, ExplainArgs& to) {
  args.Group("What is explained");
  args.Text("--output-name", to.options.output_name,
            "NAME: Output, if there are several; A,B explains both at once");
  args.Integer("--top-k", to.options.top_k, "The K highest classes (default 1; -1: all)", -1);
  args.Text("--output-indices", to.output_indices,
            "I,J: Classes 3,7; for outputs of higher rank index tuples i,j;k,l");
  args.Text("--class", to.options.class_name, "CLASS: One class, by name or index");
  args.Flag("--logits", to.options.logits, "Explain in front of a final Softmax or Sigmoid");
  args.Text("--labels", to.labels, "NAMES: Names of classes: a file, or a,b,c");
  args.Text("--feature-names", to.feature_names,
            "NAMES: Names of the elements of the input: a file, or a,b,c");
}

IsGiven GivenIn(const Args& given) {
  return [&given](std::string_view name) {
    return given.Given("--" + std::string(name)) || given.Given(std::string(name));
  };
}

Result<ExplainOptions> OptionsFrom(const ExplainArgs& args, const Args& given, const Model& model,
                                   const std::optional<ExplanationSpec>& spec) {
  ExplainOptions options = args.options;
  if (given.Given("--noise-sigma")) options.noise_sigma = args.noise_sigma;
  if (!args.window.empty()) WHYLIGHT_RETURN_IF_ERROR(ReadWindow(args.window, options));
  if (given.Given("--noisy-samples")) options.noisy_samples = args.noisy_samples;
  std::string source;
  WHYLIGHT_ASSIGN_OR_RETURN(const ExplanationParameters parameters,
                            ParametersFrom(args, spec, &source));
  PrintNotes(NotesOf(source, parameters.warnings));
  ApplyParameters(parameters, source, GivenIn(given), options);
  WHYLIGHT_RETURN_IF_ERROR(ReadOverride(args, GivenIn(given), options));
  WHYLIGHT_RETURN_IF_ERROR(ReadMetadata(args, model, spec, options));
  WHYLIGHT_RETURN_IF_ERROR(ReadBaselines(args, options));
  if (!args.output_indices.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(options.output_indices, ParseIndices(args.output_indices));
  }
  if (!args.labels.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(options.labels, NamesFrom(args.labels));
  }
  if (!args.feature_names.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(options.feature_names, NamesFrom(args.feature_names));
  }
  if (!args.steps.empty() && args.steps != "auto") {
    WHYLIGHT_ASSIGN_OR_RETURN(options.steps, CountFrom("--steps", args.steps, " or auto"));
  }
  if (args.paths == "exact") {
    options.path_rule = PathRule::kExact;
  } else if (args.paths == "auto") {
    options.path_rule = PathRule::kTolerance;
  } else if (!args.paths.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(options.paths, CountFrom("--paths", args.paths, ", exact or auto"));
  }
  ReadExampleOptions(args, given.Given("--examples") ? args.examples : parameters.examples.uris,
                     options);
  if (args.rule == "midpoint") options.point_rule = PointRule::kMidpoint;
  if (args.region_ranking == "fast") options.region_ranking = RegionRanking::kFast;
  if (args.players == "inputs") options.players = Players::kInputs;
  if (args.pieces == "lines") options.players = Players::kLines;
  if (args.pieces == "words") options.players = Players::kWords;
  if (!args.baseline_data.empty()) {
    options.baseline_data = {
        .source = "--baseline-data " + args.baseline_data,
        .read = [request = args.request, path = args.baseline_data,
                 read = ReaderOptionsFor(options)](
                    const std::vector<RequestField>& fields) mutable -> Result<std::vector<Row>> {
          request.inputs = {path};
          request.input_format.clear();
          WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<InstanceReader> reader,
                                    request.Open(fields, read));
          return ReadRows(*reader);
        }};
  }
  options.hoist = !args.no_hoist;
  options.gather = !args.no_gather;
  options.signature = args.request.signature;
  options.batch_size = args.request.batch_size;
  WHYLIGHT_ASSIGN_OR_RETURN(options.memory_limit, args.machine.MemoryLimit());
  WHYLIGHT_ASSIGN_OR_RETURN(options.session, args.machine.Session());
  options.cancelled = Interrupted;
  return options;
}

TableStyle StyleFor(const std::string& color) {
  TableStyle style;
  if (color == "always") {
    style.colors = ColorDepthFromEnvironment();
    if (style.colors == ColorDepth::kNone) {
      const char* depth = std::getenv("COLORTERM");
      const bool full = depth != nullptr && (std::string_view(depth) == "truecolor" ||
                                             std::string_view(depth) == "24bit");
      style.colors = full ? ColorDepth::kTrueColor : ColorDepth::k256;
    }
  } else if (color == "auto") {
    style.colors = ColorDepthFromEnvironment();
  }
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    style.columns = std::clamp<int>(size.ws_col, 40, 160);
  }
  return style;
}

}  // namespace whylight
