// whylight explain: explains a model's predictions.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "attribution/list.h"
#include "batch/run.h"
#include "cli/commands.h"
#include "cli/explain_table.h"
#include "cli/metadata_file.h"
#include "cli/output.h"
#include "cli/request_args.h"
#include "explain/explanation_json.h"
#include "explain/summary.h"
#include "image/codec.h"
#include "image/image_tensor.h"
#include "image/resize.h"
#include "io/json.h"
#include "render/heat_map.h"
#include "util/strings.h"
#include "whylight/metadata.h"

namespace whylight {
namespace {

struct ExplainArgs {
  MachineArgs machine;
  RequestArgs request;
  ExplainOptions options;
  std::vector<std::string> baselines;
  std::string metadata;
  std::string parameters;
  std::string output_indices;
  std::string labels;
  std::string feature_names;
  std::string players;
  std::string pieces;
  std::string steps;
  bool no_hoist = false;
  std::string region_ranking;
  std::string format;
  std::string color = "auto";
  std::string heat_maps;
  std::string summary;  // "-": standard output.
};

// "3,7" and "0,1;2,3" as tuples; what a tuple means depends on the output's rank.
Result<std::vector<std::vector<std::int64_t>>> ParseIndices(const std::string& text) {
  std::vector<std::vector<std::int64_t>> tuples;
  for (const std::string_view tuple : Split(text, ';')) {
    if (Trim(tuple).empty()) continue;
    tuples.emplace_back();
    for (const std::string_view piece : Split(tuple, ',')) {
      const std::string number(Trim(piece));
      char* end = nullptr;
      const long long value = std::strtoll(number.c_str(), &end, 10);
      if (number.empty() || *end != '\0') {
        return InvalidArgument("--output-indices: expected an integer, got \"" + number + "\"");
      }
      tuples.back().push_back(value);
    }
  }
  return tuples;
}

// "25" of an option that also takes words.
Result<int> CountFrom(const std::string& flag, const std::string& text) {
  int count = 0;
  const std::from_chars_result end = std::from_chars(text.data(), text.data() + text.size(), count);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) {
    return InvalidArgument(flag + ": expected a number or auto, got \"" + text + "\"");
  }
  return count;
}

Status ReadBaselines(const ExplainArgs& args, ExplainOptions& options) {
  for (const std::string& given : args.baselines) {
    const std::size_t sign = given.find('=');
    if (sign == std::string::npos || sign == 0) {
      return InvalidArgument("--baseline: expected NAME=JSON, got \"" + given + "\"");
    }
    const std::string name = given.substr(0, sign);
    Result<Json> json = ParseJson(given.substr(sign + 1));
    if (!json.ok()) {
      return json.status().In("--baseline " + name + " (a string needs its quotes: " + name +
                              "='\"text\"')");
    }
    options.baselines[name].push_back(*std::move(json));
  }
  return OkStatus();
}

Status ReadMetadata(const ExplainArgs& args, const Model& model, ExplainOptions& options) {
  const std::string path = MetadataPathFor(model, args.metadata);
  if (path.empty()) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(ParsedMetadata parsed, ReadMetadataFile(path));
  WHYLIGHT_RETURN_IF_ERROR(parsed.status().In(path));
  for (const MetadataProblem& problem : parsed.problems) {
    std::fprintf(stderr, "whylight: %s: %s: %s\n", path.c_str(), problem.place.c_str(),
                 problem.message.c_str());
  }
  options.metadata = std::move(parsed.metadata);
  options.metadata_source = args.metadata.empty() ? "explanation_metadata.json" : path;
  return OkStatus();
}

// The file's values, except where an option of the command line was given.
Status ReadParameters(const ExplainArgs& args, const Args& given, ExplainOptions& options) {
  if (args.parameters.empty()) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string text, ReadFile(args.parameters));
  const Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(args.parameters);
  Result<ExplanationParameters> parameters = ParseExplanationParameters(*json);
  if (!parameters.ok()) return parameters.status().In(args.parameters);
  if (parameters->method && !given.Given("--method")) {
    switch (*parameters->method) {
      case MethodName::kIntegratedGradients:
        options.method = "integrated-gradients";
        break;
      case MethodName::kSampledShapley:
        options.method = "sampled-shapley";
        break;
      case MethodName::kXrai:
        options.method = "xrai";
        break;
    }
  }
  if (parameters->smooth_grad || parameters->max_blur_sigma) {
    return Unimplemented(args.parameters +
                         ": smoothGradConfig and blurBaselineConfig are not there yet");
  }
  if (parameters->step_count && !given.Given("--steps")) options.steps = *parameters->step_count;
  if (parameters->path_count && !given.Given("--paths")) options.paths = *parameters->path_count;
  if (parameters->top_k && !given.Given("--top-k")) options.top_k = *parameters->top_k;
  if (!given.Given("--output-indices") && !parameters->output_indices.empty()) {
    options.output_indices = {parameters->output_indices};
  }
  return OkStatus();
}

Result<ExplainOptions> OptionsFrom(const ExplainArgs& args, const Args& given, const Model& model) {
  ExplainOptions options = args.options;
  WHYLIGHT_RETURN_IF_ERROR(ReadParameters(args, given, options));
  WHYLIGHT_RETURN_IF_ERROR(ReadMetadata(args, model, options));
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
    WHYLIGHT_ASSIGN_OR_RETURN(options.steps, CountFrom("--steps", args.steps));
  }
  if (args.region_ranking == "fast") options.region_ranking = RegionRanking::kFast;
  if (args.players == "inputs") options.players = Players::kInputs;
  if (args.pieces == "lines") options.players = Players::kLines;
  if (args.pieces == "words") options.players = Players::kWords;
  options.hoist = !args.no_hoist;
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

// serving_default's keys, for the error about a key that nobody has: requests are written in them
// as well as in those of the preprocessing function.
std::string KeysOfServing(const Model& model, const Explainer& explainer) {
  const std::vector<RequestField>& fields = explainer.request_fields();
  const auto serving = model.meta().signatures.find("serving_default");
  const bool aliased =
      std::ranges::any_of(fields, [](const RequestField& field) { return !field.alias.empty(); });
  if (explainer.plan().preprocess.empty() || aliased || serving == model.meta().signatures.end()) {
    return "";  // An alias is shown beside its field.
  }
  std::vector<std::string> keys;
  for (const auto& [key, info] : serving->second.inputs) keys.push_back(key);
  const bool same = keys.size() == fields.size() && std::ranges::all_of(keys, [&](const auto& key) {
                      return std::ranges::count(fields, key, &RequestField::name) == 1;
                    });
  if (same) return "so does serving_default";
  return "serving_default takes " + Join(keys, ", ") + ", which do not match one to one";
}

// A request may say which signature it is for. What production sends is written for
// serving_default, and explained by what stands for it under the rules of saving.
Status CheckRequestedSignature(const std::string& name, const ExplainPlan& plan) {
  if (name.empty() || name == plan.signature || name == plan.preprocess ||
      name == "serving_default") {
    return OkStatus();
  }
  return InvalidArgument("signature_name: the request is for '" + name + "', explained is '" +
                         plan.signature + "' (" + plan.reason + "); give --signature " + name +
                         " to explain that, or leave signature_name out");
}

// The picture beside its regions' heat map, as a PNG for each picture feature of an instance.
Status WriteHeatMaps(const std::string& directory, const Instance& instance,
                     const Explanation& explanation) {
  for (std::size_t a = 0; a < explanation.attributions.size(); ++a) {
    for (const FeatureAttribution& feature : explanation.attributions[a].features) {
      const Shape& shape = feature.values.shape();
      if (shape.rank() != 3 || (shape.dim(2) != 1 && shape.dim(2) != 3)) continue;
      const int scale =
          std::max(1, static_cast<int>(384 / std::max<std::int64_t>(1, shape.dim(0))));
      HeatMapOptions drawing{.scale = scale};
      if (!feature.regions.empty()) drawing.block_px = 1;  // They are what blocks stand for.
      WHYLIGHT_ASSIGN_OR_RETURN(const Image picture, TensorToImage(feature.input));
      WHYLIGHT_ASSIGN_OR_RETURN(const HeatMap map, DrawHeatMap(feature.values, drawing));
      WHYLIGHT_ASSIGN_OR_RETURN(const HeatMap overlay,
                                DrawOverlay(feature.values, picture, drawing));
      WHYLIGHT_ASSIGN_OR_RETURN(
          const Image large,
          ResizeNearest(picture, {.width = overlay.image.width, .height = overlay.image.height}));
      WHYLIGHT_ASSIGN_OR_RETURN(const Image all, SideBySide({large, map.image, overlay.image}));
      const std::string path = directory + "/" + std::to_string(instance.number) + "." +
                               feature.name + (a > 0 ? "." + std::to_string(a) : "") + ".png";
      WHYLIGHT_RETURN_IF_ERROR(WriteFile(path, EncodePng(all)));
    }
  }
  return OkStatus();
}

// The plan is the explainer's last word: warnings may have come up on the way.
Status WriteSummary(const ExplainArgs& args, const Summary& summary, std::size_t failed,
                    const ExplainPlan& plan, LineWriter& out) {
  const bool terminal = args.summary == "-" && IsTerminal(StandardStream::kOutput);
  const bool table =
      args.summary == "-" && (args.format == "table" || (args.format.empty() && terminal));
  const TableStyle style = StyleFor(args.color);
  std::string text = SummaryJson(summary, failed, {.plan = plan});
  if (table) {
    text = PlanText({.plan = plan}, style) + SummaryText(summary, style);
    text.pop_back();
  }
  WHYLIGHT_RETURN_IF_ERROR(out.Write(text));
  return out.Close();
}

int Run(const ExplainArgs& args, const Args& given, const OpenRuntime& open) {
  const Result<std::unique_ptr<Model>> model = Model::Open(args.request.model, args.request.Tags());
  if (!model.ok()) return Fail(model.status());
  Result<ExplainOptions> options = OptionsFrom(args, given, **model);
  if (!options.ok()) return Fail(options.status());
  if (args.request.inputs.empty()) {
    return Fail(
        InvalidArgument("no instances; give -i FILE (- for standard input); "
                        "`whylight predict MODEL --example` prints a request"));
  }
  const Result<std::unique_ptr<Runtime>> runtime = open(args.machine.runtime);
  if (!runtime.ok()) return Fail(runtime.status());
  Provenance provenance;
  InstanceReaderOptions read;
  if (options->metadata && options->metadata->inputs.size() == 1) {
    read.element_names = options->metadata->inputs[0].index_feature_mapping;
  }
  const Result<std::unique_ptr<Explainer>> explainer =
      Explainer::Open(**model, **runtime, *std::move(options));
  if (!explainer.ok()) return Fail(explainer.status());
  read.other_keys = KeysOfServing(**model, **explainer);
  Result<std::unique_ptr<InstanceReader>> reader =
      args.request.Open((*explainer)->request_fields(), read);
  if (!reader.ok()) return Fail(reader.status());
  const Status requested =
      CheckRequestedSignature((*reader)->signature_name(), (*explainer)->plan());
  if (!requested.ok()) return Fail(requested);
  (*explainer)->NameFeatures((*reader)->feature_names());
  if (!args.heat_maps.empty()) {
    std::error_code error;
    std::filesystem::create_directories(args.heat_maps, error);
    if (error) {
      return Fail(InvalidArgument("--heat-maps " + args.heat_maps + ": " + error.message()));
    }
  }
  const bool terminal = IsTerminal(StandardStream::kOutput);
  const bool table =
      args.format == "table" || (args.format.empty() && terminal && args.request.output.empty());
  Result<std::unique_ptr<LineWriter>> out = LineWriter::Open(args.request.output);
  if (!out.ok()) return Fail(out.status());
  if (!args.summary.empty() && args.summary == args.request.output) {
    return Fail(InvalidArgument("--summary and --output are the same file"));
  }
  // Opened before the work, which a folder that is not there would waste.
  Result<std::unique_ptr<LineWriter>> summary_out =
      LineWriter::Open(args.summary == "-" ? "" : args.summary);
  if (!summary_out.ok()) return Fail(summary_out.status());
  const TableStyle style = StyleFor(args.color);
  provenance.plan = (*explainer)->plan();
  provenance.rendered = RenderProvenance(provenance);
  const auto write_plan = [&] {
    std::string text = PlanText(provenance, style);
    text.pop_back();
    return (*out)->Write(text);
  };
  FailureLog failures(ErrorPathFor(args.request.output));
  Summary summary({.pieces = !args.pieces.empty()});
  const bool summary_alone = args.summary == "-" && args.request.output.empty();
  Progress progress(CountInstances(args.request.inputs));
  bool plan_written = false, any_explained = false;
  const Result<BatchCounts> counts = ExplainAll(
      **reader, **explainer,
      [&](const Instance& instance, const Result<Explanation>& explanation) -> Status {
        progress.Clear();
        if (!explanation.ok()) {
          // A class or index that the first row does not have, no row has.
          const bool for_all =
              !any_explained && explanation.status().code() == StatusCode::kOutOfRange;
          return for_all ? explanation.status() : failures.Add(instance, explanation.status());
        }
        any_explained = true;
        // A warning may have come up on the way; all else is as it was.
        provenance.plan.warnings = (*explainer)->plan().warnings;
        if (!args.heat_maps.empty()) {
          WHYLIGHT_RETURN_IF_ERROR(WriteHeatMaps(args.heat_maps, instance, *explanation));
        }
        if (!args.summary.empty()) summary.Add(*explanation);
        if (summary_alone) return OkStatus();
        if (!table) {
          return (*out)->Write(ExplanationLine(instance.source_json, *explanation, provenance));
        }
        if (!plan_written) WHYLIGHT_RETURN_IF_ERROR(write_plan());
        plan_written = true;
        std::string text = ExplanationText(instance, *explanation, style);
        text.pop_back();
        return (*out)->Write(text);
      },
      [&](const BatchCounts& so_far) { progress.Show(so_far); });
  progress.Clear();
  if (!table) {
    for (const Warning& warning : (*explainer)->plan().warnings) {
      std::fprintf(stderr, "whylight: %s [%s]\n", warning.message.c_str(), warning.rule.c_str());
    }
  }
  const int exit_code = Finish(counts, **out, failures);
  if (args.summary.empty() || exit_code > 1) return exit_code;
  const Status written =
      WriteSummary(args, summary, counts->failed, (*explainer)->plan(), **summary_out);
  return written.ok() ? exit_code : Fail(written);
}

}  // namespace

std::function<int()> DeclareExplain(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<ExplainArgs>();
  options->request.Declare(args);
  args.Group("Method");
  args.Text("--method", options->options.method,
            "NAME: integrated-gradients (default), sampled-shapley, xrai, blur-ig or guided-ig");
  args.Text("--steps,--num-integral-steps", options->steps,
            "N|auto: Points on the path (default auto: as the tolerance needs; xrai 50, blur-ig "
            "100, guided-ig 200)");
  args.Number("--tolerance", options->options.tolerance,
              "Relative error of the attributions that is good enough (default 0.01)");
  args.Integer("--max-steps", options->options.max_steps,
               "Points that --steps auto spends at most (default 255)");
  args.Choice("--xrai-algorithm", options->region_ranking, {"full", "fast"},
              "XRAI: rank each region by what it adds (full, default), or all at once");
  args.Number("--max-sigma", options->options.max_sigma,
              "Blur IG: the strongest blur, in pixels (default 50)");
  args.Number("--fraction", options->options.fraction,
              "Guided IG: share of the elements that move at once (default 0.25)");
  args.Number("--max-dist", options->options.max_dist,
              "Guided IG: how far off the straight path, 0 to 1 (default 0.02)");
  args.Integer("--paths,--num-paths", options->options.paths,
               "Sampled Shapley: random orders (default 25)");
  args.Seed("--seed", options->options.seed, "Seed of everything random (default 0)");
  args.Choice("--players", options->players, {"elements", "inputs"},
              "Sampled Shapley: who shares the score (default elements)");
  args.Choice("--pieces", options->pieces, {"lines", "words"},
              "Sampled Shapley over the lines or words of a text input");
  args.List("--baseline", options->baselines,
            "NAME=JSON: Where attributions start; several of one name are averaged");
  args.Text("--metadata", options->metadata,
            "FILE: Explanation metadata (default: explanation_metadata.json beside the model)");
  args.Text("--parameters", options->parameters,
            "FILE: Explanation parameters, as services take them");
  args.Group("What is explained");
  args.Text("--output-name", options->options.output_name,
            "NAME: Output, if there are several; A,B explains both at once");
  args.Integer("--top-k", options->options.top_k, "The K highest classes (default 1; -1: all)", -1);
  args.Text("--output-indices", options->output_indices,
            "I,J: Classes 3,7; for outputs of higher rank index tuples i,j;k,l");
  args.Text("--class", options->options.class_name, "CLASS: One class, by name or index");
  args.Flag("--logits", options->options.logits, "Explain in front of a final Softmax or Sigmoid");
  args.Text("--labels", options->labels, "NAMES: Names of classes: a file, or a,b,c");
  args.Text("--feature-names", options->feature_names,
            "NAMES: Names of the elements of the input: a file, or a,b,c");
  args.Group("Output");
  args.Choice("--format", options->format, {"jsonl", "table"},
              "Default: table on a terminal, else jsonl");
  args.Choice("--color", options->color, {"auto", "always", "never"}, "Colours in tables");
  args.Text("--heat-maps", options->heat_maps,
            "DIR: Directory for a PNG of each picture beside its regions' attributions");
  args.Text("--summary", options->summary,
            "FILE: Where means over all rows go, as JSON; - for standard output, instead of the "
            "rows there (a table on a terminal)");
  args.Flag("--no-hoist", options->no_hoist,
            "Evaluate a model's affine first layers at every point, not at the path's ends alone");
  args.List("--disable-pass", options->options.disable_passes, "PASS: Leave a graph pass out");
  args.List("--dump-pass", options->options.dump_passes,
            "PASS: Print the graph before and after a pass to standard error");
  options->machine.Declare(args);
  args.Examples(
      "  whylight explain model -i instances.jsonl                  # a table on a terminal\n"
      "  whylight explain model -i instances.jsonl -o explained.jsonl --steps 100\n"
      "  whylight explain model -i table.csv --baseline 'x=[5.8, 3.0, 4.3, 1.3]' --labels a,b,c\n"
      "  whylight explain model -i table.csv --summary -            # what counts over all rows\n"
      "  whylight explain model -i main.py --method sampled-shapley --pieces lines\n"
      "  whylight explain model -i cat.jpg --image-range 0..1 --heat-maps out/\n"
      "  whylight explain model -i cat.jpg --image-range 0..1 --method xrai");
  return [options, open, &args] { return Run(*options, args, open); };
}

}  // namespace whylight
