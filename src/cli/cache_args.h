// Where copies of models in buckets are kept: options of every command that opens a model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/args.h"
#include "model/model.h"

namespace whylight {

// What MODEL is.
inline constexpr char kModelHelp[] = "SavedModel directory or export base; also gs:// and s3://";

// --cache-dir, --cache-size.
struct CacheArgs {
  std::string directory;
  std::string size;

  void Declare(Args& args);
  // Errors: kInvalidArgument for a size that cannot be read.
  Status Apply() const;
};

// Model::Open, with a bucket's model in that cache.
Result<std::unique_ptr<Model>> OpenModel(const std::string& path,
                                         const std::vector<std::string>& tags,
                                         const CacheArgs& cache);

}  // namespace whylight
