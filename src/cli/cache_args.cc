#include "cli/cache_args.h"

#include <cstdio>
#include <cstdlib>

#include "cli/common.h"
#include "savedmodel/remote_model.h"

namespace whylight {

void CacheArgs::Declare(Args& args) {
  args.Group("Machine");
  args.Text("--cache-dir", directory,
            "DIR: Where copies of models in buckets are kept (default: WHYLIGHT_CACHE_DIR, else "
            "~/.cache/whylight/models)");
  args.Text("--cache-size", size,
            "SIZE: Above it the copies not used for longest go (default: WHYLIGHT_CACHE_SIZE, else "
            "10G)");
  args.Group("Options");
}

Status CacheArgs::Apply() const {
  ModelCacheOptions options{.directory = directory};
  options.note = [](const std::string& text) {
    std::fprintf(stderr, "whylight: %s\n", text.c_str());
  };
  const char* const variable = std::getenv("WHYLIGHT_CACHE_SIZE");
  const std::string bytes = size.empty() && variable != nullptr ? variable : size;
  if (!bytes.empty()) {
    const Result<std::int64_t> parsed = ParseBytes(bytes);
    if (!parsed.ok()) {
      return parsed.status().In(size.empty() ? "WHYLIGHT_CACHE_SIZE" : "--cache-size");
    }
    options.max_bytes = *parsed;
  }
  SetModelCache(options);
  return OkStatus();
}

Result<std::unique_ptr<Model>> OpenModel(const std::string& path,
                                         const std::vector<std::string>& tags,
                                         const CacheArgs& cache) {
  WHYLIGHT_RETURN_IF_ERROR(cache.Apply());
  return Model::Open(path, tags);
}

}  // namespace whylight
