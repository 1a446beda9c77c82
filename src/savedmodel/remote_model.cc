#include "savedmodel/remote_model.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "io/files.h"
#include "io/remote/storage.h"
#include "savedmodel/versions.h"
#include "util/quote.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kNamesShown = 8;

std::mutex options_mutex;
ModelCacheOptions& Options() {
  static ModelCacheOptions options;
  return options;
}

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::string> DefaultDirectory() {
  if (std::string set = Variable("WHYLIGHT_CACHE_DIR"); !set.empty()) return set;
  const std::string cache = Variable("XDG_CACHE_HOME"), home = Variable("HOME");
  if (!cache.empty()) return cache + "/whylight/models";
  if (!home.empty()) return home + "/.cache/whylight/models";
  return InvalidArgument(
      "no place to keep a copy of the model: HOME is not set; give --cache-dir DIR, or set "
      "WHYLIGHT_CACHE_DIR");
}

using Listing = std::vector<RemoteObject>;

// What of a listing lies below one of its folders; all of it below "".
Listing Below(const Listing& listing, const std::string& folder) {
  if (folder.empty()) return listing;
  Listing below;
  for (const RemoteObject& object : listing) {
    if (!object.name.starts_with(folder + "/")) continue;
    below.push_back(object);
    below.back().name.erase(0, folder.size() + 1);
  }
  return below;
}

bool HoldsModel(const Listing& listing) {
  return std::ranges::any_of(listing, [](const RemoteObject& object) {
    return std::ranges::count(kModelFiles, object.name) > 0;
  });
}

// The folders in the folder that was listed, or all that lies in it.
std::vector<std::string> Names(const Listing& listing, bool folders_alone) {
  std::set<std::string> names;
  for (const RemoteObject& object : listing) {
    const std::size_t slash = object.name.find('/');
    if (!folders_alone || slash != std::string::npos) names.insert(object.name.substr(0, slash));
  }
  return {names.begin(), names.end()};
}

Status NoModel(const RemoteUri& uri, const Listing& listing) {
  std::vector<std::string> names = Names(listing, false);
  const bool is_cut = names.size() > kNamesShown;
  names.resize(std::min(names.size(), kNamesShown));
  return NotFound(Quote(uri.Shown()) + ": expected a SavedModel (" + kBinaryName +
                  ", or folders named by numbers that hold one), found " +
                  Printable(Join(names, ", "), 300) + (is_cut ? ", ..." : ""));
}

// What an empty listing means.
Status Nothing(const RemoteUri& uri) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteObject object, StatRemote(uri));
  if (object.kind != RemoteObject::Kind::kObject) return NoSuchObject("read", uri);
  return NotFound(Quote(uri.Shown()) +
                  ": expected the folder of a SavedModel, found an object of " +
                  std::to_string(object.size) + " bytes");
}

// Which folder of `listing`, that of `uri`, holds the model: "" is `uri` itself, else its newest
// version.
Result<std::string> FindModel(const RemoteUri& uri, const Listing& listing) {
  if (listing.empty()) return Nothing(uri);
  if (HoldsModel(listing)) return std::string();
  const std::vector<std::string> versions = VersionsAmong(Names(listing, true));
  if (versions.empty()) return NoModel(uri, listing);
  if (HoldsModel(Below(listing, versions.back()))) return versions.back();
  return NewestIsNoModel(uri.Shown(), versions, [&](const std::string& version) {
    return HoldsModel(Below(listing, version)) ? uri.Below(version).ToString() : "";
  });
}

Status DownloadFile(const RemoteUri& uri, std::uint64_t size, const std::string& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<RemoteReader> reader,
                            RemoteReader::Open(uri, size));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<AtomicFile> file, AtomicFile::Create(path));
  std::string block;
  while (true) {
    block.clear();
    WHYLIGHT_ASSIGN_OR_RETURN(const std::size_t count, reader->Read(&block));
    if (count == 0) return file->Commit();
    WHYLIGHT_RETURN_IF_ERROR(file->Write(block));
  }
}

}  // namespace

void SetModelCache(const ModelCacheOptions& options) {
  const std::lock_guard lock(options_mutex);
  Options() = options;
}

Result<FolderCache> ModelCache() {
  const std::lock_guard lock(options_mutex);
  FolderCache::Options options{.directory = Options().directory, .note = Options().note};
  if (options.directory.empty()) {
    WHYLIGHT_ASSIGN_OR_RETURN(options.directory, DefaultDirectory());
  }
  if (Options().max_bytes > 0) options.max_bytes = Options().max_bytes;
  return FolderCache(std::move(options));
}

Result<FetchedModel> FetchModel(const std::string& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(RemoteUri uri, RemoteUri::Parse(path));
  if (std::ranges::count(kModelFiles, uri.Name()) > 0) uri = uri.Parent();
  WHYLIGHT_ASSIGN_OR_RETURN(const Listing listing, ListRemote(uri, true));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string version, FindModel(uri, listing));
  const RemoteUri model = version.empty() ? uri : uri.Below(version);
  WHYLIGHT_ASSIGN_OR_RETURN(const FolderCache cache, ModelCache());
  WHYLIGHT_ASSIGN_OR_RETURN(FolderCache::Copy copy,
                            cache.Get(model.Shown(), Below(listing, version),
                                      [&](const RemoteObject& file, const std::string& to) {
                                        return DownloadFile(model.Below(file.name), file.size, to);
                                      }));
  return FetchedModel{.directory = std::move(copy.directory),
                      .origin = model.Shown(),
                      .chosen_from = version.empty() ? "" : uri.Shown(),
                      .lease = std::move(copy.lease)};
}

}  // namespace whylight
