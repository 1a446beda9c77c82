// whylight report: explanations as one HTML page.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/picture_args.h"
#include "io/files.h"
#include "report/gather.h"

namespace whylight {
namespace {

struct ReportArgs {
  std::vector<std::string> answers;
  std::string output;
  std::string title;
  PictureSourceArgs source;
  int max_rows = 10'000, max_pictures = 500;
  std::uint64_t seed = 0;
};

// "explanations.jsonl" -> "explanations.html"
std::string PageFor(const std::string& answers) {
  if (answers == "-") return "report.html";
  return AnswersPathWith(".html", answers);
}

int Run(const ReportArgs& args) {
  if (args.answers.empty()) {
    return Fail(
        InvalidArgument("no answers; give the file that `whylight explain -o FILE` wrote (- for "
                        "standard input)"));
  }
  GatherOptions options{.paths = args.answers,
                        .title = args.title,
                        .max_rows = args.max_rows,
                        .seed = args.seed,
                        .max_pictures = args.max_pictures,
                        .cancelled = Interrupted};
  const Status drawing = args.source.Read(options.drawing);
  if (!drawing.ok()) return Fail(drawing);
  const Result<GatheredReport> report = GatherReport(options);
  if (!report.ok()) return Fail(report.status());
  const std::string output = args.output.empty() ? PageFor(args.answers[0]) : args.output;
  Result<std::unique_ptr<LineWriter>> out = LineWriter::Open(output);
  if (!out.ok()) return Fail(out.status());
  Status written = (*out)->WriteBytes(report->page);
  if (written.ok()) written = (*out)->Close();
  if (!written.ok()) return Fail(written);
  std::fprintf(stderr, "whylight: %s: %lld of %lld rows, %.1f MB\n", output.c_str(),
               static_cast<long long>(report->rows), static_cast<long long>(report->total),
               static_cast<double>(report->page.size()) / 1e6);
  if (report->unread == 0) return 0;
  std::fprintf(stderr, "whylight: %lld %s; the first: %s\n", static_cast<long long>(report->unread),
               report->unread == 1 ? "line is no answer" : "lines are no answers",
               report->first_unread.message().c_str());
  return 1;
}

}  // namespace

std::function<int()> DeclareReport(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<ReportArgs>();
  args.List("ANSWERS", options->answers,
            "FILE: Explanations in JSON Lines, as explain writes them; - for standard input");
  args.Text("-o,--output", options->output,
            "FILE: Where the page goes (default: the answers' name with .html; - for standard "
            "output)");
  args.Text("--title", options->title, "TEXT: What the page is called (default: the files' names)");
  args.Count("--max-rows", options->max_rows,
             "Rows in the page; of more a sample is shown (default 10000)");
  args.Count("--max-pictures", options->max_pictures,
             "Pictures in the page; others are shown by their numbers (default 500)");
  options->source.Declare(args, ": the range of pictures' numbers, what is a picture");
  args.Seed("--seed", options->seed, "Seed of the sample (default 0)");
  args.Examples(
      "  whylight explain model -i rows.csv -o explanations.jsonl\n"
      "  whylight report explanations.jsonl             # explanations.html, which opens anywhere\n"
      "  whylight report monday.jsonl tuesday.jsonl -o week.html --title 'This week'");
  return [options] { return Run(*options); };
}

}  // namespace whylight
