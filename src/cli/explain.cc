// whylight explain: explains a model's predictions.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "attribution/list.h"
#include "batch/requests.h"
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

// One call of the program, from its options to its exit code.
class ExplainJob {
 public:
  // Both outlive it.
  ExplainJob(const ExplainArgs& args, const Args& given) : args_(args), given_(given) {}

  // All that can be refused before the work, which it would waste.
  Status Open(const OpenRuntime& open);
  int Run();

 private:
  Status CheckRequest(const ExplainOptions& options) const;
  Status OpenPictures(const ExplainOptions& options);
  Status OpenExplainer(ExplainOptions options);
  Status OpenOutputs();
  Status Take(const Instance& instance, const Result<Explanation>& explanation);
  Status Write(const Instance& instance, const Explanation& explanation);
  Status WriteRows(const Instance& instance, const Explanation& explanation);
  Status WriteTable(const Instance& instance, const Explanation& explanation);
  Result<EmbeddedPictures> PicturesFor(const Instance& instance,
                                       const Explanation& explanation) const;
  Status WriteSummary(std::size_t failed);

  const ExplainArgs& args_;
  const Args& given_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Runtime> runtime_;
  std::optional<PictureDrawer> drawer_;
  std::optional<PictureFiles> picture_files_;
  std::unique_ptr<Explainer> explainer_;
  std::unique_ptr<InstanceReader> reader_;
  Provenance provenance_;
  std::unique_ptr<AnswerWriter> out_;
  std::unique_ptr<LineWriter> summary_out_;
  std::optional<Summary> summary_;
  std::optional<FailureLog> failures_;
  std::optional<Progress> progress_;
  bool is_table_ = false;  // For a person.
  TableStyle style_;
  bool plan_written_ = false, any_explained_ = false;
};

Status ExplainJob::Open(const OpenRuntime& open) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::optional<ExplanationSpec> spec, args_.spec.Read());
  if (spec) PrintNotes(NotesOf(*spec, GivenIn(given_)));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string path, ModelPathOf(args_.request.model, spec));
  WHYLIGHT_ASSIGN_OR_RETURN(model_, OpenModel(path, args_.request.Tags(), args_.request.cache));
  WHYLIGHT_ASSIGN_OR_RETURN(ExplainOptions options, OptionsFrom(args_, given_, *model_, spec));
  WHYLIGHT_RETURN_IF_ERROR(CheckRequest(options));
  WHYLIGHT_ASSIGN_OR_RETURN(runtime_, open(args_.machine.runtime));
  WHYLIGHT_RETURN_IF_ERROR(OpenPictures(options));
  WHYLIGHT_RETURN_IF_ERROR(OpenExplainer(std::move(options)));
  return OpenOutputs();
}

Status ExplainJob::CheckRequest(const ExplainOptions& options) const {
  if (FindMethod(options.method) !=
      nullptr) {  // Else the explainer says it, with those that exist.
    WHYLIGHT_RETURN_IF_ERROR(CheckOptionsAreHeeded(GivenIn(given_), options, {&options.method, 1}));
    if (FindsExamples(options) && !(args_.summary.empty() && args_.pictures.directory.empty())) {
      return InvalidArgument("--summary and --images show attributions, and examples gives none");
    }
  }
  if (!args_.request.inputs.empty()) return OkStatus();
  return InvalidArgument(
      "no instances; give -i FILE (- for standard input); `whylight predict MODEL --example` "
      "prints a request");
}

Status ExplainJob::OpenPictures(const ExplainOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(args_.pictures.Check(given_, options.method));
  PictureDrawer::Options drawing{.method = options.method, .metadata = options.metadata};
  if (!args_.request.image_range.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(drawing.range, ImageRangeFromName(args_.request.image_range));
  }
  const auto is_image = [](const InputMetadata& input) {
    return input.modality_or_default() == Modality::kImage;
  };
  if (args_.pictures.embed == "service" &&
      !(options.metadata && std::ranges::any_of(options.metadata->inputs, is_image))) {
    return InvalidArgument(
        "--embed-images=service: no input has the modality image in the metadata; give "
        "--metadata FILE (`whylight metadata infer` writes one), or --embed-images alone");
  }
  drawing.adjust = [this](const VisualizationOptions& settings) {
    return args_.pictures.Adjusted(settings, given_);
  };
  drawer_.emplace(std::move(drawing));
  return OkStatus();
}

Status ExplainJob::OpenExplainer(ExplainOptions options) {
  InstanceReaderOptions read = ReaderOptionsFor(options);
  WHYLIGHT_ASSIGN_OR_RETURN(explainer_, Explainer::Open(*model_, *runtime_, std::move(options)));
  read.other_keys = KeysOfServing(*model_, *explainer_);
  WHYLIGHT_ASSIGN_OR_RETURN(reader_, args_.request.Open(explainer_->request_fields(), read));
  WHYLIGHT_RETURN_IF_ERROR(CheckRequestedSignature(reader_->signature_name(), explainer_->plan()));
  explainer_->NameFeatures(reader_->feature_names());
  provenance_.plan = explainer_->plan();
  provenance_.rendered = RenderProvenance(provenance_);
  return OkStatus();
}

Status ExplainJob::OpenOutputs() {
  if (!args_.pictures.directory.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(picture_files_, PictureFiles::Open(args_.pictures));
  }
  WHYLIGHT_ASSIGN_OR_RETURN(out_,
                            AnswerWriter::Open({.path = args_.request.output,
                                                .format = args_.format,
                                                .description = "{" + provenance_.rendered + "}"}));
  const bool terminal = IsTerminal(StandardStream::kOutput) && args_.request.output.empty();
  is_table_ = args_.format == "table" || (args_.format.empty() && terminal);
  style_ = StyleFor(args_.color);
  const bool takes_lines = out_->form() == AnswerForm::kLines;
  if (!takes_lines && FindMethod(provenance_.plan.method)->gives_neighbors) {
    return InvalidArgument("tables hold attributions, and examples gives none; write JSON Lines");
  }
  if (!args_.pictures.embed.empty() && (!takes_lines || is_table_)) {
    return InvalidArgument("--embed-images is for JSON Lines; give --format jsonl");
  }
  if (!args_.summary.empty()) {
    if (args_.summary == args_.request.output) {
      return InvalidArgument("--summary and --output are the same file");
    }
    WHYLIGHT_ASSIGN_OR_RETURN(summary_out_,
                              LineWriter::Open(args_.summary == "-" ? "" : args_.summary));
    summary_.emplace(SummaryOptions{.pieces = !args_.pieces.empty()});
  }
  failures_.emplace(ErrorPathFor(args_.request.output));
  return OkStatus();
}

int ExplainJob::Run() {
  progress_.emplace(CountInstances(args_.request.inputs));
  const Result<BatchCounts> counts = ExplainAll(
      *reader_, *explainer_,
      [this](const Instance& instance, const Result<Explanation>& explanation) {
        return Take(instance, explanation);
      },
      [this](const BatchCounts& so_far) { progress_->Show(so_far); });
  progress_->Clear();
  provenance_.plan.warnings = explainer_->warnings();
  if (!is_table_) {
    for (const Warning& warning : provenance_.plan.warnings) {
      std::fprintf(stderr, "whylight: %s [%s]\n", warning.message.c_str(), warning.rule.c_str());
    }
  }
  const int exit_code = Finish(counts, *out_, *failures_);
  if (!summary_ || exit_code > 1) return exit_code;
  const Status written = WriteSummary(counts->failed);
  return written.ok() ? exit_code : Fail(written);
}

Status ExplainJob::Take(const Instance& instance, const Result<Explanation>& explanation) {
  progress_->Clear();
  if (!explanation.ok()) {
    // A class or index that the first row does not have, no row has.
    const bool for_all = !any_explained_ && explanation.status().code() == StatusCode::kOutOfRange;
    return for_all ? explanation.status() : failures_->Add(instance, explanation.status());
  }
  any_explained_ = true;
  // A warning may have come up on the way; all else is as it was.
  provenance_.plan.warnings = explainer_->warnings();
  if (picture_files_) {
    const Result<int> drawn =
        picture_files_->Write({.number = static_cast<std::int64_t>(instance.number),
                               .method = provenance_.plan.method,
                               .attributions = explanation->attributions},
                              *drawer_);
    WHYLIGHT_RETURN_IF_ERROR(drawn.status());
  }
  if (summary_) summary_->Add(*explanation);
  const bool summary_alone = args_.summary == "-" && args_.request.output.empty();
  return summary_alone ? OkStatus() : Write(instance, *explanation);
}

Status ExplainJob::Write(const Instance& instance, const Explanation& explanation) {
  if (out_->form() != AnswerForm::kLines) return WriteRows(instance, explanation);
  if (is_table_) return WriteTable(instance, explanation);
  WHYLIGHT_ASSIGN_OR_RETURN(const EmbeddedPictures pictures, PicturesFor(instance, explanation));
  return out_->Line(ExplanationLine(instance.source_json, explanation, provenance_, pictures));
}

Status ExplainJob::WriteRows(const Instance& instance, const Explanation& explanation) {
  const AnsweredInstance answered{.number = static_cast<std::int64_t>(instance.number),
                                  .json = instance.source_json};
  const auto rows_of = out_->form() == AnswerForm::kCells ? ExplanationCells : ExplanationRows;
  for (const std::vector<RowValue>& row :
       rows_of(answered, explanation, provenance_.plan.warnings)) {
    WHYLIGHT_RETURN_IF_ERROR(out_->Row(row).In(instance.place));
  }
  return OkStatus();
}

Status ExplainJob::WriteTable(const Instance& instance, const Explanation& explanation) {
  std::string text = plan_written_ ? "" : PlanText(provenance_, style_);
  plan_written_ = true;
  text += ExplanationText(instance, explanation, style_,
                          args_.chart == "waterfall" ? TableChart::kWaterfall : TableChart::kBars);
  text.pop_back();
  return out_->Line(text);
}

// What of --embed-images goes into the answer.
Result<EmbeddedPictures> ExplainJob::PicturesFor(const Instance& instance,
                                                 const Explanation& explanation) const {
  if (args_.pictures.embed.empty()) return EmbeddedPictures();
  const bool as_services = args_.pictures.embed == "service";
  return EmbeddedPicturesOf(explanation, *drawer_,
                            {.embedding = as_services ? Embedding::kInPlaceOf : Embedding::kBeside,
                             .has_preprocess = !provenance_.plan.preprocess.empty(),
                             .instance_json = instance.source_json});
}

Status ExplainJob::WriteSummary(std::size_t failed) {
  const bool terminal = args_.summary == "-" && IsTerminal(StandardStream::kOutput);
  const bool table =
      args_.summary == "-" && (args_.format == "table" || (args_.format.empty() && terminal));
  std::string text = SummaryJson(*summary_, failed, {.plan = provenance_.plan});
  if (table) {
    text = PlanText({.plan = provenance_.plan}, style_) + SummaryText(*summary_, style_);
    text.pop_back();
  }
  WHYLIGHT_RETURN_IF_ERROR(summary_out_->Write(text));
  return summary_out_->Close();
}

int Run(const ExplainArgs& args, const Args& given, const OpenRuntime& open) {
  ExplainJob job(args, given);
  const Status opened = job.Open(open);
  return opened.ok() ? job.Run() : Fail(opened);
}

}  // namespace

std::function<int()> DeclareExplain(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<ExplainArgs>();
  options->request.needs_model = false;
  options->request.heeds_override = true;
  options->request.Declare(args);
  options->spec.Declare(args);
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
      "  whylight explain -i instances.jsonl --spec described.json  # as a service was told to\n"
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
