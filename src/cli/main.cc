// whylight: explains the predictions of TensorFlow SavedModels.
#include <unistd.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "io/files.h"
#include "io/remote/call.h"
#include "runtime/tensorflow/tensorflow.h"
#include "whylight/version.h"

namespace whylight {
namespace {

Result<std::unique_ptr<Runtime>> Open(const RuntimeRequest& request) {
  return OpenTensorFlow({.directory = request.directory, .verbose = request.verbose});
}

std::string VersionText() {
  std::string text = std::string("whylight ") + kVersion + "\n";
  const Result<std::unique_ptr<Runtime>> runtime = Open({});
  if (!runtime.ok()) return text + "TensorFlow: not found (whylight doctor says where it looked)";
  const RuntimeInfo& info = (*runtime)->info();
  return text + info.name + " " + info.version + " (" + info.library + ")";
}

int Main(int argc, const char* const* argv) {
  IgnoreBrokenPipes();
  CatchInterrupts();
  CommandLine line("whylight",
                   "Why a TensorFlow model said what it said, on your own machine.\n"
                   "MODEL is a SavedModel directory, or an export base whose newest version is "
                   "taken. It and every file may be gs:// or s3://.");
  const auto with = [](std::function<int()> (*declare)(Args&, const OpenRuntime&)) {
    return [declare](Args& args) { return declare(args, Open); };
  };
  line.Add("inspect", "Show what is in a model, which function would be explained, and why",
           with(DeclareInspect), {"show"});
  line.Add("check", "Check every rule of saving for explanations; each failure says its fix",
           with(DeclareCheck));
  line.Add("predict", "Run a model on instances", with(DeclarePredict));
  line.Add("explain", "Explain a model's predictions", with(DeclareExplain));
  line.Add("compare", "Measure several methods on the same rows, and say which to prefer",
           with(DeclareCompare));
  line.Add("diff", "Compare explanations with those of a service, or with earlier ones",
           with(DeclareDiff));
  line.Add("report", "Show explanations in one HTML page that opens anywhere", with(DeclareReport));
  line.Add("render", "Draw pictures of written explanations; needs no model", with(DeclareRender));
  line.Add("signature", "Add, rename or drop signatures of a model, without the code that made it",
           with(DeclareSignature));
  line.Add("metadata", "Write explanation metadata from a model, or turn one form into the other",
           with(DeclareMetadata));
  line.Add("cache", "Show or remove the copies of models that lie in buckets", with(DeclareCache));
  line.Add("doctor", "Show what was found: TensorFlow, cores, memory, GPU", with(DeclareDoctor));
  line.Add("completion", "Print a completion script for a shell",
           [&](Args& args) { return DeclareCompletion(args, line); });
  line.Add("help", "Show the help of a command",
           [&](Args& args) { return DeclareHelp(args, line); });
  line.Version(VersionText);
  const Invocation invocation = line.Parse(argc, argv);
  const int exit_code =
      FinishStandardOutput(invocation.run ? invocation.run() : invocation.exit_code);
  if (IsCallRunning()) _exit(exit_code);  // It uses what an orderly end would take away.
  return exit_code;
}

}  // namespace
}  // namespace whylight

int main(int argc, char** argv) { return whylight::Main(argc, argv); }
