// whylight explain: explains a model's predictions.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "attribution/list.h"
#include "batch/run.h"
#include "cli/commands.h"
#include "cli/explain_args.h"
#include "cli/explain_table.h"
#include "cli/output.h"
#include "explain/answer_rows.h"
#include "explain/explanation_json.h"
#include "explain/options.h"
#include "explain/pictures.h"
#include "explain/summary.h"

namespace whylight {
namespace {

// How this run draws pictures. `args` and `given` outlive it.
Result<PictureDrawer> DrawerFor(const ExplainArgs& args, const Args& given,
                                const ExplainOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(args.pictures.Check(given, options.method));
  PictureDrawer::Options drawing{.method = options.method, .metadata = options.metadata};
  if (!args.request.image_range.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(drawing.range, ImageRangeFromName(args.request.image_range));
  }
  const auto is_image = [](const InputMetadata& input) {
    return input.modality_or_default() == Modality::kImage;
  };
  if (args.pictures.embed == "service" &&
      !(options.metadata && std::ranges::any_of(options.metadata->inputs, is_image))) {
    return InvalidArgument(
        "--embed-images=service: no input has the modality image in the metadata; give "
        "--metadata FILE (`whylight metadata infer` writes one), or --embed-images alone");
  }
  drawing.adjust = [&args, &given](const VisualizationOptions& settings) {
    return args.pictures.Adjusted(settings, given);
  };
  return PictureDrawer(std::move(drawing));
}

// What of --embed-images goes into the answer.
Result<EmbeddedPictures> PicturesFor(const ExplainArgs& args, const PictureDrawer& drawer,
                                     const Instance& instance, const Explanation& explanation,
                                     const ExplainPlan& plan) {
  if (args.pictures.embed.empty()) return EmbeddedPictures();
  const bool as_services = args.pictures.embed == "service";
  return EmbeddedPicturesOf(explanation, drawer,
                            {.embedding = as_services ? Embedding::kInPlaceOf : Embedding::kBeside,
                             .has_preprocess = !plan.preprocess.empty(),
                             .instance_json = instance.source_json});
}

Status WriteRows(const Instance& instance, const Explanation& explanation, const ExplainPlan& plan,
                 AnswerWriter& out) {
  const AnsweredInstance answered{.number = static_cast<std::int64_t>(instance.number),
                                  .json = instance.source_json};
  const auto rows_of = out.form() == AnswerForm::kCells ? ExplanationCells : ExplanationRows;
  for (const std::vector<RowValue>& row : rows_of(answered, explanation, plan.warnings)) {
    WHYLIGHT_RETURN_IF_ERROR(out.Row(row).In(instance.place));
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
  if (FindMethod(options->method) != nullptr) {  // Else it is said below, with those that exist.
    const Status heeded = CheckOptionsAreHeeded(given, *options, {&options->method, 1});
    if (!heeded.ok()) return Fail(heeded);
    if (FindsExamples(*options) && !(args.summary.empty() && args.pictures.directory.empty())) {
      return Fail(
          InvalidArgument("--summary and --images show attributions, and examples gives none"));
    }
  }
  if (args.request.inputs.empty()) {
    return Fail(
        InvalidArgument("no instances; give -i FILE (- for standard input); "
                        "`whylight predict MODEL --example` prints a request"));
  }
  const Result<std::unique_ptr<Runtime>> runtime = open(args.machine.runtime);
  if (!runtime.ok()) return Fail(runtime.status());
  const Result<PictureDrawer> drawer = DrawerFor(args, given, *options);
  if (!drawer.ok()) return Fail(drawer.status());
  Provenance provenance;
  InstanceReaderOptions read = ReaderOptionsFor(*options);
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
  std::optional<PictureFiles> picture_files;
  if (!args.pictures.directory.empty()) {
    Result<PictureFiles> opened = PictureFiles::Open(args.pictures);
    if (!opened.ok()) return Fail(opened.status());
    picture_files = *std::move(opened);
  }
  const bool terminal = IsTerminal(StandardStream::kOutput);
  const bool table =
      args.format == "table" || (args.format.empty() && terminal && args.request.output.empty());
  provenance.plan = (*explainer)->plan();
  provenance.rendered = RenderProvenance(provenance);
  Result<std::unique_ptr<AnswerWriter>> out =
      AnswerWriter::Open({.path = args.request.output,
                          .format = args.format,
                          .description = "{" + provenance.rendered + "}"});
  if (!out.ok()) return Fail(out.status());
  if ((*out)->form() != AnswerForm::kLines && FindMethod(provenance.plan.method)->gives_neighbors) {
    return Fail(
        InvalidArgument("tables hold attributions, and examples gives none; write JSON Lines"));
  }
  if (!args.pictures.embed.empty() && ((*out)->form() != AnswerForm::kLines || table)) {
    return Fail(InvalidArgument("--embed-images is for JSON Lines; give --format jsonl"));
  }
  if (!args.summary.empty() && args.summary == args.request.output) {
    return Fail(InvalidArgument("--summary and --output are the same file"));
  }
  // Opened before the work, which a folder that is not there would waste.
  Result<std::unique_ptr<LineWriter>> summary_out =
      LineWriter::Open(args.summary == "-" ? "" : args.summary);
  if (!summary_out.ok()) return Fail(summary_out.status());
  const TableStyle style = StyleFor(args.color);
  const auto write_plan = [&] {
    std::string text = PlanText(provenance, style);
    text.pop_back();
    return (*out)->Line(text);
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
        provenance.plan.warnings = (*explainer)->warnings();
        if (picture_files) {
          WHYLIGHT_RETURN_IF_ERROR(
              picture_files
                  ->Write({.number = static_cast<std::int64_t>(instance.number),
                           .method = provenance.plan.method,
                           .attributions = explanation->attributions},
                          *drawer)
                  .status());
        }
        if (!args.summary.empty()) summary.Add(*explanation);
        if (summary_alone) return OkStatus();
        if ((*out)->form() != AnswerForm::kLines) {
          return WriteRows(instance, *explanation, provenance.plan, **out);
        }
        if (!table) {
          WHYLIGHT_ASSIGN_OR_RETURN(
              const EmbeddedPictures pictures,
              PicturesFor(args, *drawer, instance, *explanation, provenance.plan));
          return (*out)->Line(
              ExplanationLine(instance.source_json, *explanation, provenance, pictures));
        }
        if (!plan_written) WHYLIGHT_RETURN_IF_ERROR(write_plan());
        plan_written = true;
        std::string text =
            ExplanationText(instance, *explanation, style,
                            args.chart == "waterfall" ? TableChart::kWaterfall : TableChart::kBars);
        text.pop_back();
        return (*out)->Line(text);
      },
      [&](const BatchCounts& so_far) { progress.Show(so_far); });
  progress.Clear();
  if (!table) {
    for (const Warning& warning : (*explainer)->warnings()) {
      std::fprintf(stderr, "whylight: %s [%s]\n", warning.message.c_str(), warning.rule.c_str());
    }
  }
  const int exit_code = Finish(counts, **out, failures);
  if (args.summary.empty() || exit_code > 1) return exit_code;
  provenance.plan.warnings = (*explainer)->warnings();
  const Status written =
      WriteSummary(args, summary, counts->failed, provenance.plan, **summary_out);
  return written.ok() ? exit_code : Fail(written);
}

}  // namespace

std::function<int()> DeclareExplain(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<ExplainArgs>();
  options->request.Declare(args);
  options->request.heeds_override = true;
  args.Group("Method");
  args.Text("--method", options->options.method,
            "NAME: " + MethodNames() + " (default " + options->options.method + ")");
  DeclareMethodOptions(args, *options);
  args.Choice("--pieces", options->pieces, {"lines", "words"},
              "Shapley methods, Occlusion: over the lines or words of a text input");
  DeclareExampleOptions(args, *options);
  DeclareTargetOptions(args, *options);
  args.Group("Output");
  args.Choice("--format", options->format, {"jsonl", "table", "tfrecord", "parquet", "csv"},
              "Default: what the extension of -o says, table on a terminal, else jsonl");
  args.Choice("--chart", options->chart, {"bars", "waterfall"},
              "Of a table's features: each from 0 (default), or from F(baseline) to F(x)");
  args.Choice("--color", options->color, {"auto", "always", "never"}, "Colours in tables");
  args.Text("--summary", options->summary,
            "FILE: Where means over all rows go, as JSON; - for standard output, instead of the "
            "rows there (a table on a terminal)");
  args.Flag("--no-hoist", options->no_hoist,
            "Evaluate a model's affine first layers at every point, not at the path's ends alone");
  args.Flag("--no-gather", options->no_gather,
            "Make the rows of coalitions one by one, and evaluate all of the model for each");
  args.List("--disable-pass", options->options.disable_passes, "PASS: Leave a graph pass out");
  args.List("--dump-pass", options->options.dump_passes,
            "PASS: Print the graph before and after a pass to standard error");
  options->pictures.Declare(args, "--picture-format");
  options->pictures.DeclareEmbedding(args);
  options->machine.Declare(args);
  args.Examples(
      "  whylight explain model -i instances.jsonl                  # a table on a terminal\n"
      "  whylight explain model -i instances.jsonl -o explained.jsonl --steps 100\n"
      "  whylight explain model -i table.csv --baseline 'x=[5.8, 3.0, 4.3, 1.3]' --labels a,b,c\n"
      "  whylight explain model -i table.csv --baseline median --baseline-data train.csv\n"
      "  whylight explain model -i table.csv --summary -            # what counts over all rows\n"
      "  whylight explain model -i main.py --method sampled-shapley --pieces lines\n"
      "  whylight explain model -i cat.jpg --image-range 0..1 --images out/\n"
      "  whylight explain model -i cat.jpg --image-range 0..1 --method xrai\n"
      "  whylight explain model -i rows.csv --method examples --examples train.csv --id-key name");
  return [options, open, &args] { return Run(*options, args, open); };
}

}  // namespace whylight
