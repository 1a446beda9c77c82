// Options of the subcommands that explain: which method how, which class, from where.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/common.h"
#include "cli/picture_args.h"
#include "cli/request_args.h"
#include "cli/table.h"
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

// Reads the files that options name. Errors: kInvalidArgument, kNotFound; each names its option.
Result<ExplainOptions> OptionsFrom(const ExplainArgs& args, const Args& given, const Model& model);

// An option that none of these methods has is a misunderstanding, and an error (kInvalidArgument)
// that names the methods which do. The methods are known ones.
Status CheckOptionsAreHeeded(const Args& given, const ExplainOptions& options,
                             std::span<const std::string> methods);

// How requests for these options are read.
InstanceReaderOptions ReaderOptionsFor(const ExplainOptions& options);

TableStyle StyleFor(const std::string& color);

// serving_default's keys, for the error about a key that nobody has: requests are written in them
// as well as in those of the preprocessing function.
std::string KeysOfServing(const Model& model, const Explainer& explainer);

// A request may say which signature it is for. What production sends is written for
// serving_default, and explained by what stands for it under the rules of saving.
Status CheckRequestedSignature(const std::string& name, const ExplainPlan& plan);

}  // namespace whylight
