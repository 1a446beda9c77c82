// Options of the subcommands that read instances and write answers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/cache_args.h"
#include "cli/common.h"
#include "cli/output.h"
#include "io/instances.h"
#include "model/model.h"
#include "whylight/explainer.h"

namespace whylight {

// MODEL, -i, --input-format, -o, --signature, --tags, --batch-size, --image-range.
struct RequestArgs {
  std::string model;
  std::vector<std::string> inputs;
  std::string input_format;
  std::string output;
  std::string signature;
  std::string tags;
  std::string image_range;
  int batch_size = 0;
  bool allow_non_finite = false;
  CacheArgs cache;
  bool needs_model = true;      // Else another option may say where it is.
  bool heeds_override = false;  // Of a request document; else its user is told that it is ignored.

  void Declare(Args& args);
  void DeclareInput(Args& args);  // All but -o.
  std::vector<std::string> Tags() const;
  Result<std::unique_ptr<Model>> OpenModel() const;
  // Says the reader's notes on standard error. Errors: as OpenInstances.
  Result<std::unique_ptr<InstanceReader>> Open(const std::vector<RequestField>& fields,
                                               InstanceReaderOptions options = {}) const;
};

// One valid request for the signature, as a line of JSON: {"inputs": {...}} where the inputs share
// no axis of rows. Returns the exit code.
int PrintExample(const Model& model, const std::string& signature);

// Makes the output appear, reports failed rows; the exit code: 0, 1 if rows failed, or the error's.
int Finish(const Result<BatchCounts>& counts, AnswerWriter& out, FailureLog& failures);

}  // namespace whylight
