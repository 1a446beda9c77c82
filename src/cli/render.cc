// whylight render: pictures of explanations that were written before; no model is needed.
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/picture_args.h"
#include "explain/picture_inputs.h"
#include "io/files.h"

namespace whylight {
namespace {

struct RenderArgs {
  std::string answers;
  PictureSourceArgs source;
  PictureArgs pictures;
};

struct Counts {
  std::int64_t rows = 0, failed = 0, pictures = 0;
};

class Renderer {
 public:
  // Both outlive it.
  Renderer(const RenderArgs& args, const Args& given) : args_(args), given_(given) {}

  // Errors: what holds for all rows.
  Status Open() {
    WHYLIGHT_RETURN_IF_ERROR(args_.pictures.Check(given_, ""));
    PictureDrawer::Options drawing;
    WHYLIGHT_RETURN_IF_ERROR(args_.source.Read(drawing));
    drawing.adjust = [this](const VisualizationOptions& settings) {
      return args_.pictures.Adjusted(settings, given_);
    };
    drawer_.emplace(std::move(drawing));
    WHYLIGHT_ASSIGN_OR_RETURN(files_, PictureFiles::Open(args_.pictures));
    return OkStatus();
  }

  // The number of pictures.
  Result<int> Render(std::string_view line, std::int64_t number) {
    WHYLIGHT_ASSIGN_OR_RETURN(AnsweredRow row, ReadExplanation(line));
    WHYLIGHT_RETURN_IF_ERROR(FindPictures(row));
    const std::string method = row.method();
    WHYLIGHT_RETURN_IF_ERROR(args_.pictures.Check(given_, method));
    drawer_->SetMethod(method);
    return files_->Write(
        {.number = number, .method = method, .attributions = row.explanation.attributions},
        *drawer_);
  }

 private:
  const RenderArgs& args_;
  const Args& given_;
  std::optional<PictureDrawer> drawer_;
  std::optional<PictureFiles> files_;
};

Result<Counts> RenderAll(const RenderArgs& args, Renderer& renderer) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines,
                            LineReader::Open(args.answers));
  Counts counts;
  std::string_view line;
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(const bool more, lines->Next(&line));
    if (!more) return counts;
    if (line.empty()) continue;
    const Result<int> drawn = renderer.Render(line, counts.rows++);
    if (drawn.ok()) {
      counts.pictures += *drawn;
      continue;
    }
    ++counts.failed;
    std::fprintf(stderr, "whylight: %s: line %zu: %s\n", args.answers.c_str(), lines->number(),
                 drawn.status().message().c_str());
  }
}

int Run(const RenderArgs& args, const Args& given) {
  Renderer renderer(args, given);
  if (const Status opened = renderer.Open(); !opened.ok()) return Fail(opened);
  const Result<Counts> counts = RenderAll(args, renderer);
  if (!counts.ok()) return Fail(counts.status());
  if (counts->rows == 0) return Fail(InvalidArgument(args.answers + ": no answers"));
  if (counts->pictures == 0 && counts->failed == 0) {
    return Fail(InvalidArgument(args.answers +
                                ": no feature is a picture (numbers of [H,W,1] or [H,W,3])"));
  }
  std::printf("%lld pictures of %lld rows in %s\n", static_cast<long long>(counts->pictures),
              static_cast<long long>(counts->rows - counts->failed),
              args.pictures.directory.c_str());
  return counts->failed > 0 ? 1 : 0;
}

}  // namespace

std::function<int()> DeclareRender(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<RenderArgs>();
  args.Text("ANSWERS", options->answers,
            "Answers of `whylight explain` as JSON Lines; - for standard input");
  args.Require("ANSWERS");
  options->source.Declare(args, ", whose `visualization` says how inputs are drawn");
  options->pictures.Declare(args, "--picture-format,--format");
  args.Require("--images");
  args.Examples(
      "  whylight render explained.jsonl --images out/\n"
      "  whylight render explained.jsonl --images out/ --type pixels --polarity both --overlay "
      "grayscale\n"
      "  whylight render regions.jsonl --images out/ --area 5       # of --method xrai");
  return [options, &args] { return Run(*options, args); };
}

}  // namespace whylight
