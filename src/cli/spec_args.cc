#include "cli/spec_args.h"

#include <cstdio>

namespace whylight {

void SpecArgs::Declare(Args& args) {
  args.Text("--spec", path,
            "FILE: An ExplanationSpec, or what gcloud ai models|endpoints describe --format=json "
            "prints: the model's place, metadata and parameters; MODEL, --metadata, --parameters "
            "and options win over it");
  args.Text("--deployed-model", deployed_model,
            "ID: Of an endpoint's models in --spec (default: the only one with a specification)");
}

Result<std::optional<ExplanationSpec>> SpecArgs::Read() const {
  if (path.empty()) {
    if (deployed_model.empty()) return std::optional<ExplanationSpec>();
    return InvalidArgument("--deployed-model goes with --spec");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(ExplanationSpec spec, ReadExplanationSpec(path, deployed_model));
  return std::optional(std::move(spec));
}

Result<std::string> ModelPathOf(const std::string& given,
                                const std::optional<ExplanationSpec>& spec) {
  if (!given.empty()) return given;
  if (!spec) return InvalidArgument("MODEL is required: a SavedModel directory or export base");
  if (!spec->model.empty()) return spec->model;
  return InvalidArgument("MODEL is required: " + spec->source +
                         " does not say where the model is (artifactUri)");
}

void PrintNotes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) std::fprintf(stderr, "whylight: %s\n", note.c_str());
}

}  // namespace whylight
