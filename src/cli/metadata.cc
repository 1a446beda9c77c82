// whylight metadata: writes explanation metadata from a model and its data, and turns each of the
// two forms into the other.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/request_args.h"
#include "cli/spec_args.h"
#include "explain/engine.h"
#include "explain/infer_metadata.h"
#include "explain/metadata_file.h"
#include "explain/request_fields.h"
#include "explain/service_spec.h"
#include "io/files.h"
#include "io/json.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct MetadataArgs {
  MachineArgs machine;
  RequestArgs request;
  std::string action;
  std::string path;
  SpecArgs spec;
  std::string parameters;
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

using MaybeSpec = std::optional<ExplanationSpec>;

bool WritesSpec(const MetadataArgs& args) { return args.to == "spec"; }

// What becomes of a part of the specification; `why` it is dropped, or null.
void SayUse(const std::string& source, const char* why) {
  if (source.empty()) return;
  PrintNotes({source + (why == nullptr ? ": used" : std::string(": dropped: ") + why)});
}

// For --to spec: those of --parameters, else of --spec, or null.
Result<Json> ParametersFor(const MetadataArgs& args, const MaybeSpec& spec) {
  const char* const why = !WritesSpec(args) ? "metadata has no place for them; --to spec keeps them"
                          : !args.parameters.empty() ? "--parameters is given"
                                                     : nullptr;
  if (spec) SayUse(spec->parameters_source, why);
  if (args.parameters.empty()) return spec && WritesSpec(args) ? spec->parameters : Json();
  if (!WritesSpec(args)) return InvalidArgument("--parameters goes with --to spec");
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string text, ReadFile(args.parameters));
  Result<Json> json = ParseJson(text);
  if (!json.ok()) return json.status().In(args.parameters);
  const Result<ExplanationParameters> read =
      ParseExplanationParameters(*json, ServiceLimits::kNoted);
  if (!read.ok()) return read.status().In(args.parameters);
  PrintNotes(NotesOf(args.parameters, read->warnings));
  return json;
}

// Of PATH, else of --spec.
Result<ExplanationMetadata> MetadataFor(const MetadataArgs& args, const MaybeSpec& spec) {
  if (args.path.empty() && !spec) {
    return InvalidArgument("PATH is required: the metadata file to convert, or --spec FILE");
  }
  if (args.path.empty() && spec->metadata.is_null()) {
    return InvalidArgument(
        spec->source + ": it has no metadata; `whylight metadata infer` writes it from a model");
  }
  if (spec) SayUse(spec->metadata_source, args.path.empty() ? nullptr : "PATH is given");
  const std::string source = args.path.empty() ? spec->metadata_source : args.path;
  WHYLIGHT_ASSIGN_OR_RETURN(
      ParsedMetadata parsed,
      args.path.empty()
          ? ParseExplanationMetadata(spec->metadata, MetadataForm::kVertex, ServiceLimits::kNoted)
          : ReadMetadataFile(args.path, ServiceLimits::kNoted));
  WHYLIGHT_RETURN_IF_ERROR(parsed.status().In(source));
  PrintNotes(NotesOf(source, parsed.problems));
  return std::move(parsed.metadata);
}

int Convert(const MetadataArgs& args, const MaybeSpec& spec) {
  const Result<ExplanationMetadata> metadata = MetadataFor(args, spec);
  if (!metadata.ok()) return Fail(metadata.status());
  const Result<Json> parameters = ParametersFor(args, spec);
  if (!parameters.ok()) return Fail(parameters.status());
  const bool was_legacy = metadata->form == MetadataForm::kLegacy;
  const bool legacy = args.to.empty() ? !was_legacy : args.to == "legacy";
  const bool keep =
      !args.strict && !WritesSpec(args);  // Nobody reads a specification but services.
  std::vector<std::string> foreign;
  const Json json = WritesSpec(args)
                        ? ExplanationSpecToJson(*metadata, *parameters, &foreign)
                        : ExplanationMetadataToJson(
                              *metadata, legacy ? MetadataForm::kLegacy : MetadataForm::kVertex,
                              {.keep = keep, .foreign = &foreign});
  for (const std::string& place : foreign) {
    std::fprintf(stderr, "whylight: %s: the %s form has no field for it; %s\n", place.c_str(),
                 legacy ? "legacy" : "Vertex", keep ? "kept under \"whylight\"" : "left out");
  }
  if (!foreign.empty() && keep) {
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

int Infer(const MetadataArgs& args, const MaybeSpec& spec, const OpenRuntime& open) {
  const Result<std::string> path = ModelPathOf(args.path, spec);
  if (!path.ok()) return Fail(path.status());
  const Result<std::unique_ptr<Model>> model =
      OpenModel(*path, args.request.Tags(), args.request.cache);
  if (!model.ok()) return Fail(model.status());
  if (spec) SayUse(spec->metadata_source, "it is written anew from the model; convert keeps it");
  const Result<Json> parameters = ParametersFor(args, spec);
  if (!parameters.ok()) return Fail(parameters.status());
  const InferOptions options{.signature = args.request.signature,
                             .output_name = args.output_name,
                             .form = args.to.empty() || args.to == "legacy"
                                         ? MetadataForm::kLegacy
                                         : MetadataForm::kVertex};
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
  return WriteOut(args.output, WritesSpec(args)
                                   ? ExplanationSpecToJson(draft->metadata, *parameters)
                                   : ExplanationMetadataToJson(draft->metadata, options.form));
}

int Run(const MetadataArgs& args, const OpenRuntime& open) {
  const Result<MaybeSpec> spec = args.spec.Read();
  if (!spec.ok()) return Fail(spec.status());
  return args.action == "convert" ? Convert(args, *spec) : Infer(args, *spec, open);
}

}  // namespace

std::function<int()> DeclareMetadata(Args& args, const OpenRuntime& open) {
  auto options = std::make_shared<MetadataArgs>();
  args.Choice("ACTION", options->action, {"infer", "convert"}, "infer or convert");
  args.Text("PATH", options->path,
            "The SavedModel or export base to infer from, or the metadata file to convert");
  args.Require("ACTION");
  args.Text("-o,--output", options->output,
            "FILE: Where the metadata goes (default: standard output)");
  args.Choice("--to", options->to, {"legacy", "vertex", "spec"},
              "The form to write (default: infer legacy, convert the other one); spec is an "
              "ExplanationSpec, of metadata in the Vertex form and parameters");
  options->spec.Declare(args);
  args.Text("--parameters", options->parameters,
            "FILE: Explanation parameters for --to spec (default: those of --spec)");
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
  options->request.cache.Declare(args);
  args.Group("convert");
  args.Flag("--strict", options->strict,
            "Leave out what the form has no field for, instead of keeping it under \"whylight\"");
  options->machine.Declare(args);
  args.Examples(
      "  whylight metadata infer model -o model/explanation_metadata.json\n"
      "  whylight metadata infer model --data train.csv --to vertex\n"
      "  whylight metadata convert explanation_metadata.json --to vertex --strict -o spec.json\n"
      "  whylight metadata convert --spec described.json -o model/explanation_metadata.json\n"
      "Why each field is as it is stands on standard error.");
  return [options, open] { return Run(*options, open); };
}

}  // namespace whylight
