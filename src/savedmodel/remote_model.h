// SavedModels in buckets: found by their listing, copied into a cache on the disk.
//
// Threads SetModelCache before the first FetchModel; otherwise safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "io/remote/folder_cache.h"
#include "whylight/status.h"

namespace whylight {

struct ModelCacheOptions {
  std::string directory;       // Empty: WHYLIGHT_CACHE_DIR, else ~/.cache/whylight/models.
  std::int64_t max_bytes = 0;  // 0: 10 GiB.
  std::function<void(const std::string&)> note;  // What takes long, in words.
};
// For all models that are fetched from now on.
void SetModelCache(const ModelCacheOptions& options);

// The cache as it was set. Errors: kInvalidArgument: no directory is set and there is no HOME.
Result<FolderCache> ModelCache();

struct FetchedModel {
  std::string directory;              // Of saved_model.pb, on the disk.
  std::string origin;                 // "gs://bucket/model/3"
  std::string chosen_from;            // The export base, if the model is its newest version.
  std::shared_ptr<const void> lease;  // The copy stays while somebody has it.
};

// The model that a remote path names, as ReadSavedModel takes local ones: a folder, its
// saved_model.pb, or an export base whose newest version is taken.
// Errors  of io/remote/storage.h and FolderCache; kNotFound: no model there, with what is.
Result<FetchedModel> FetchModel(const std::string& path);

}  // namespace whylight
