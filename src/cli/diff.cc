// whylight diff: two files of explanations of the same instances, compared.
#include "explain/diff.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/table.h"
#include "explain/warnings.h"

namespace whylight {
namespace {

constexpr std::size_t kShown = 20;  // Of features, rows and problems; --json has them all.

struct DiffArgs {
  DiffOptions options;
  bool json = false;
};

std::string Percent(double share) { return FormatNumber(share * 100) + " %"; }

std::string MeanAndMax(const Spread& spread) {
  return "mean " + FormatNumber(spread.mean()) + ", max " + FormatNumber(spread.max());
}

void PrintTotals(const DiffOptions& options, const ExplanationDiff& diff) {
  std::printf("compared     %zu rows, %zu attributions\n", diff.rows, diff.relative.count());
  std::printf("difference   mean %s, max %s; tolerance %s\n", Percent(diff.relative.mean()).c_str(),
              Percent(diff.relative.max()).c_str(), Percent(options.tolerance).c_str());
  if (diff.top_overlap.count() > 0) {
    std::printf("top %-8d mean %s in both, min %s\n", options.top_k,
                Percent(diff.top_overlap.mean()).c_str(), Percent(diff.top_overlap.min()).c_str());
  }
  if (diff.rank_correlation.count() > 0) {
    std::printf("ranks        correlation mean %s, min %s\n",
                FormatNumber(diff.rank_correlation.mean()).c_str(),
                FormatNumber(diff.rank_correlation.min()).c_str());
  }
  std::printf("F(x)         differs by %s\n", MeanAndMax(diff.instance_outputs).c_str());
  std::printf("F(baseline)  differs by %s\n", MeanAndMax(diff.baseline_outputs).c_str());
  std::printf("errors       ours mean %s, max %s; theirs mean %s, max %s\n",
              Percent(diff.our_errors.mean()).c_str(), Percent(diff.our_errors.max()).c_str(),
              Percent(diff.their_errors.mean()).c_str(), Percent(diff.their_errors.max()).c_str());
}

void PrintFeatures(const ExplanationDiff& diff) {
  const std::size_t shown = std::min(kShown, diff.features.size());
  std::size_t width = 0;
  for (std::size_t i = 0; i < shown; ++i) {
    width = std::max(width, Columns(diff.features[i].name));
  }
  const auto line = [&](const std::string& name, const std::string& mean, const std::string& max,
                        const std::string& mean_share, const std::string& max_share,
                        const std::string& flips) {
    std::printf("  %s  %s  %s  %s  %s  %s\n", Padded(name, width).c_str(), Padded(mean, 10).c_str(),
                Padded(max, 10).c_str(), Padded(mean_share, 10).c_str(),
                Padded(max_share, 10).c_str(), flips.c_str());
  };
  std::printf("\n");
  line("", "mean |d|", "max |d|", "mean", "max", "sign flips");
  for (std::size_t i = 0; i < shown; ++i) {
    const FeatureDiff& one = diff.features[i];
    line(one.name, FormatNumber(one.absolute.mean()), FormatNumber(one.absolute.max()),
         Percent(one.relative.mean()), Percent(one.relative.max()), std::to_string(one.sign_flips));
  }
  if (shown < diff.features.size()) {
    std::printf("  and %zu more features\n", diff.features.size() - shown);
  }
}

void PrintOutliers(const ExplanationDiff& diff) {
  if (diff.outliers.empty()) return;
  std::printf("\nabove the tolerance, worst first: %zu\n", diff.outliers.size());
  for (std::size_t i = 0; i < std::min(kShown, diff.outliers.size()); ++i) {
    const DiffOutlier& one = diff.outliers[i];
    std::printf("  ours %s, theirs %s   %s   %s%s\n", one.ours.c_str(), one.theirs.c_str(),
                one.label.c_str(), Percent(one.relative).c_str(),
                one.is_within_errors ? "   no more than both errors allow" : "");
  }
}

void PrintText(const DiffOptions& options, const ExplanationDiff& diff) {
  PrintTotals(options, diff);
  PrintFeatures(diff);
  PrintOutliers(diff);
  if (diff.problem_count > 0) std::printf("\nnot compared: %zu\n", diff.problem_count);
  for (std::size_t i = 0; i < std::min(kShown, diff.problems.size()); ++i) {
    std::printf("  %s: %s\n", diff.problems[i].place.c_str(), diff.problems[i].message.c_str());
  }
  if (!diff.notes.empty()) std::printf("\n");
  for (const std::string& note : diff.notes) std::printf("! %s\n", note.c_str());
}

int Run(const DiffArgs& args) {
  const Result<ExplanationDiff> diff = DiffExplanations(args.options);
  if (!diff.ok()) return Fail(diff.status());
  if (args.json) {
    std::printf("%s\n", DiffJson(args.options, *diff).c_str());
  } else {
    PrintText(args.options, *diff);
  }
  return diff->agrees() ? 0 : 1;
}

}  // namespace

std::function<int()> DeclareDiff(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<DiffArgs>();
  args.Text("OURS", options->options.ours, "A file that explain wrote, or any that THEIRS may be");
  args.Text("THEIRS", options->options.theirs,
            "The file, or folder of files, of a Vertex batch explanation; the response of an "
            ":explain call of Vertex or AI Platform; or a file that explain wrote");
  args.Require("OURS");
  args.Require("THEIRS");
  args.Text("--key", options->options.key,
            "NAME: Pair rows by this member of the instance, or a batch file's key (default: by "
            "their order)");
  args.Number("--tolerance", options->options.tolerance,
              "Difference of an attribution that is small enough, relative to its size (default "
              "0.05)");
  args.Count("--top-k", options->options.top_k,
             "So many of the largest elements are looked for in both (default 5)");
  args.Flag("--json", options->json, "Print JSON");
  args.Examples(
      "  whylight diff explanations.jsonl explanation.results-00000-of-00001\n"
      "  whylight diff explanations.jsonl batch/ --key id      # shards, in any order\n"
      "  whylight diff explanations.jsonl response.json --tolerance 0.01 --json\n"
      "Exit codes: 0 all is within the tolerance; 1 something is not, or could not be compared;\n"
      "2 nothing could be compared");
  return [options] { return Run(*options); };
}

}  // namespace whylight
