// whylight metadata: writes explanation metadata from a model and its data, and turns each of the
// two forms into the other.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/request_args.h"
#include "explain/engine.h"
#include "explain/infer_metadata.h"
#include "explain/metadata_file.h"
#include "explain/request_fields.h"
#include "io/json.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct MetadataArgs {
  MachineArgs machine;
  RequestArgs request;
  std::string action;
  std::string path;
  std::string output;
  std::string to;
  std::string output_name;
  bool strict = false;
};

int WriteOut(const std::string& path, const Json& json) {
  const std::string text = WriteJson(json, {.indent = 2}) + "\n";
  if (path.empty() || path == "-") {
    std::fputs(text.c_str(), stdout);
    return 0;
  }
  const Status written = WriteFile(path, text);
  return written.ok() ? 0 : Fail(written);
}

int Convert(const MetadataArgs& args) {
  const Result<ParsedMetadata> parsed = ReadMetadataFile(args.path, ServiceLimits::kNoted);
  if (!parsed.ok()) return Fail(parsed.status());
  if (!parsed->status().ok()) return Fail(parsed->status().In(args.path));
  for (const MetadataProblem& problem : parsed->problems) {
    std::fprintf(stderr, "whylight: %s: %s: %s\n", args.path.c_str(), problem.place.c_str(),
                 problem.message.c_str());
  }
  const bool was_legacy = parsed->metadata.form == MetadataForm::kLegacy;
  const bool legacy = args.to.empty() ? !was_legacy : args.to == "legacy";
  std::vector<std::string> foreign;
  const Json json = ExplanationMetadataToJson(
      parsed->metadata, legacy ? MetadataForm::kLegacy : MetadataForm::kVertex,
      {.keep = !args.strict, .foreign = &foreign});
  for (const std::string& place : foreign) {
    std::fprintf(stderr, "whylight: %s: the %s form has no field for it; %s\n", place.c_str(),
                 legacy ? "legacy" : "Vertex",
                 args.strict ? "left out" : "kept under \"whylight\"");
  }
  if (!foreign.empty() && !args.strict) {
    std::fprintf(stderr,
                 "whylight: the services refuse the key \"whylight\"; --strict leaves it out\n");
  }
  return WriteOut(args.output, json);
}

// The data's rows as the program's inputs: what lies before those is run for it.
Result<std::vector<Row>> RowsOf(const MetadataArgs& args, const Model& model,
                                const OpenRuntime& open, InstanceReader& reader,
                                const Program& program, std::size_t* bad) {
  std::vector<Row> requests;
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Instance> instances, ReadAll(reader));
  std::string first_error;
  for (Instance& instance : instances) {
    if (instance.status.ok()) {
      requests.push_back(std::move(instance.values));
    } else if ((*bad)++ == 0) {
      first_error = instance.status.message();
    }
  }
  if (requests.empty()) {
    return InvalidArgument("--data: no good row" +
                           (first_error.empty() ? "" : "; the first: " + first_error));
  }
  const bool is_plain = std::ranges::none_of(
      program.inputs, [](const ProgramInput& input) { return input.source.has_value(); });
  std::vector<Row> rows;
  if (is_plain) {
    for (const Row& request : requests) {
      Row& row = rows.emplace_back();
      for (const ProgramInput& input : program.inputs) {
        const auto port = std::ranges::find(program.request, input.port.tensor,
                                            [](const Port& p) { return p.tensor; });
        row.push_back(request[static_cast<std::size_t>(port - program.request.begin())]);
      }
    }
    return rows;
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Runtime> runtime, open(args.machine.runtime));
  EngineOptions options;
  WHYLIGHT_ASSIGN_OR_RETURN(options.session, args.machine.Session());
  WHYLIGHT_ASSIGN_OR_RETURN(options.memory_limit, args.machine.MemoryLimit());
  options.cancelled = Interrupted;
  // The engine takes a program of its own; the draft's stays as it is.
  WHYLIGHT_ASSIGN_OR_RETURN(
      MetadataDraft again,
      DraftMetadata(model, {.signature = args.request.signature, .output_name = args.output_name}));
  WHYLIGHT_ASSIGN_OR_RETURN(
      const std::unique_ptr<Engine> engine,
      Engine::Load(model, std::move(again.program), {}, *runtime, std::move(options)));
  for (Result<Row>& row : engine->Prepare(requests)) {
    if (row.ok()) {
      rows.push_back(*std::move(row));
    } else if ((*bad)++ == 0 && rows.empty()) {
      first_error = row.status().message();
    }
  }
  if (rows.empty()) return InvalidArgument("--data: no row can be prepared: " + first_error);
  return rows;
}

void PrintReasons(const std::vector<FieldReason>& reasons) {
  std::size_t place = 0, value = 0;
  for (const FieldReason& one : reasons) {
    place = std::max(place, one.place.size());
    value = std::max(value, std::min<std::size_t>(one.value.size(), 30));
  }
  for (const FieldReason& one : reasons) {
    std::fprintf(stderr, "%-*s  %-*s  %s\n", static_cast<int>(place), one.place.c_str(),
                 static_cast<int>(value), one.value.c_str(), one.reason.c_str());
  }
}

int Infer(const MetadataArgs& args, const OpenRuntime& open) {
  const Result<std::unique_ptr<Model>> model = Model::Open(args.path, args.request.Tags());
  if (!model.ok()) return Fail(model.status());
  const InferOptions options{
      .signature = args.request.signature,
      .output_name = args.output_name,
      .form = args.to == "vertex" ? MetadataForm::kVertex : MetadataForm::kLegacy};
  Result<MetadataDraft> draft = DraftMetadata(**model, options);
  if (!draft.ok()) return Fail(draft.status());
  std::size_t bad = 0;
  if (!args.request.inputs.empty()) {
    const Result<std::unique_ptr<InstanceReader>> reader =
        args.request.Open(RequestFieldsOf(draft->program));
    if (!reader.ok()) return Fail(reader.status());
    const Result<std::vector<Row>> rows =
        RowsOf(args, **model, open, **reader, draft->program, &bad);
    if (!rows.ok()) return Fail(rows.status());
    AddData({.rows = *rows,
             .element_names = (*reader)->feature_names(),
             .source = Join(args.request.inputs, ", ")},
            options, *draft);
  }
  PrintReasons(draft->reasons);
  if (bad > 0)
    std::fprintf(stderr, "whylight: %zu rows could not be read and were left out\n", bad);
  return WriteOut(args.output, ExplanationMetadataToJson(draft->metadata, options.form));
}

int Run(const MetadataArgs& args, const OpenRuntime& open) {
  return args.action == "convert" ? Convert(args) : Infer(args, open);
}

}  // namespace

std::function<int()> DeclareMetadata(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<MetadataArgs>();
  args.Choice("ACTION", options->action, {"infer", "convert"}, "infer or convert");
  args.Text("PATH", options->path,
            "The SavedModel or export base to infer from, or the metadata file to convert");
  args.Require("ACTION");
  args.Require("PATH");
  args.Text("-o,--output", options->output,
            "FILE: Where the metadata goes (default: standard output)");
  args.Choice("--to", options->to, {"legacy", "vertex"},
              "The form to write (default: infer legacy, convert the other one)");
  args.Group("infer");
  args.List(
      "--data", options->request.inputs,
      "FILE: Rows of training data, in the form of requests: baselines, domains and names come "
      "from them; may be given again");
  args.Text("--output-name", options->output_name, "NAME: The output to explain (default: chosen)");
  args.Text("--signature", options->request.signature,
            "KEY: Signature (default: by the rules of saving)");
  args.Text("--tags", options->request.tags, "A,B: Tag set, separated by commas (default serve)");
  args.Text("--image-range", options->request.image_range,
            "RANGE: What black and white are for image files: 0..1, 0..255 or -1..1");
  args.Group("convert");
  args.Flag("--strict", options->strict,
            "Leave out what the form has no field for, instead of keeping it under \"whylight\"");
  options->machine.Declare(args);
  args.Examples(
      "  whylight metadata infer model -o model/explanation_metadata.json\n"
      "  whylight metadata infer model --data train.csv --to vertex\n"
      "  whylight metadata convert explanation_metadata.json --to vertex --strict -o spec.json\n"
      "Why each field is as it is stands on standard error.");
  return [options, open] { return Run(*options, open); };
}

}  // namespace whylight
