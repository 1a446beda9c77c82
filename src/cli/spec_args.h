// --spec and --deployed-model: what a service holds of a model, in place of several options.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/args.h"
#include "metadata/explanation_spec.h"

namespace whylight {

struct SpecArgs {
  std::string path;
  std::string deployed_model;

  void Declare(Args& args);
  // nullopt without --spec. Errors: as ReadExplanationSpec; kInvalidArgument for --deployed-model
  // alone.
  Result<std::optional<ExplanationSpec>> Read() const;
};

// MODEL as it was given, else where the specification has it. Errors: kInvalidArgument for neither.
Result<std::string> ModelPathOf(const std::string& given,
                                const std::optional<ExplanationSpec>& spec);

// "whylight: note", each on a line of standard error.
void PrintNotes(const std::vector<std::string>& notes);

}  // namespace whylight
