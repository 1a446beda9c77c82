// Options of the subcommands that explain: which method how, which class, from where.
#pragma once

#include <string>
#include <vector>

#include "cli/common.h"
#include "cli/picture_args.h"
#include "cli/request_args.h"
#include "cli/spec_args.h"
#include "cli/table.h"
#include "explain/options.h"
#include "model/model.h"
#include "whylight/explainer.h"

namespace whylight {

struct ExplainArgs {
  MachineArgs machine;
  RequestArgs request;
  ExplainOptions options;
  std::vector<std::string> baselines;
  std::string baseline_data;
  std::vector<std::string> examples;
  std::string id_key;
  std::string distance;
  std::vector<std::string> restrictions;
  std::string window;
  double noise_sigma = 0;
  int noisy_samples = 0;
  std::string metadata;
  std::string parameters;
  SpecArgs spec;
  bool beyond_service_limits = false;
  std::string output_indices;
  std::string labels;
  std::string feature_names;
  std::string players;
  std::string pieces;
  std::string paths;
  std::string steps;
  bool no_hoist = false;
  bool no_gather = false;
  std::string rule;
  std::string region_ranking;
  std::string format;
  std::string color = "auto";
  std::string chart = "bars";
  PictureArgs pictures;
  std::string summary;  // "-": standard output.
};

// --steps to --parameters: all that says how a method works, but for its name and --pieces.
void DeclareMethodOptions(Args& args, ExplainArgs& to);
// --examples to --return-embeddings.
void DeclareExampleOptions(Args& args, ExplainArgs& to);
// --output-name to --feature-names.
void DeclareTargetOptions(Args& args, ExplainArgs& to);

// What `given` says of flags and arguments, of the options' names.
IsGiven GivenIn(const Args& given);

// Reads the files that options name; `spec` is what args.spec says. Errors: kInvalidArgument,
// kNotFound; each names its option.
Result<ExplainOptions> OptionsFrom(const ExplainArgs& args, const Args& given, const Model& model,
                                   const std::optional<ExplanationSpec>& spec);

TableStyle StyleFor(const std::string& color);

}  // namespace whylight
