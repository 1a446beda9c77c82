// whylight cache: the copies of models in buckets.
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include "cli/cache_args.h"
#include "cli/commands.h"
#include "io/json.h"
#include "savedmodel/remote_model.h"

namespace whylight {
namespace {

struct CacheCommandArgs {
  std::string action;
  CacheArgs cache;
  bool json = false;
};

std::string UtcTime(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

void PrintJson(const std::vector<FolderCache::Entry>& entries) {
  std::string text;
  JsonWriter w(&text, {.indent = 2});
  w.BeginArray();
  for (const FolderCache::Entry& entry : entries) {
    w.BeginObject();
    w.String("uri", entry.uri);
    w.String("directory", entry.directory);
    w.Int("bytes", entry.bytes);
    w.String("lastUsed", UtcTime(entry.used_ns));
    w.Bool("inUse", entry.is_in_use);
    w.EndObject();
  }
  w.EndArray();
  std::printf("%s\n", text.c_str());
}

void PrintText(const std::vector<FolderCache::Entry>& entries) {
  for (const FolderCache::Entry& entry : entries) {
    std::printf("%s\n  %.1f MB, last used %s%s\n  %s\n", entry.uri.c_str(),
                static_cast<double>(entry.bytes) / 1e6, UtcTime(entry.used_ns).c_str(),
                entry.is_in_use ? ", in use" : "", entry.directory.c_str());
  }
}

Status List(const FolderCache& cache, bool as_json) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<FolderCache::Entry> entries, cache.Entries());
  (as_json ? PrintJson : PrintText)(entries);
  return OkStatus();
}

Status Clear(const FolderCache& cache) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::int64_t bytes, cache.Clear());
  std::printf("removed %.1f MB\n", static_cast<double>(bytes) / 1e6);
  return OkStatus();
}

Status Do(const CacheCommandArgs& args) {
  WHYLIGHT_RETURN_IF_ERROR(args.cache.Apply());
  WHYLIGHT_ASSIGN_OR_RETURN(const FolderCache cache, ModelCache());
  return args.action == "list" ? List(cache, args.json) : Clear(cache);
}

int Run(const CacheCommandArgs& args) {
  const Status done = Do(args);
  return done.ok() ? 0 : Fail(done);
}

}  // namespace

std::function<int()> DeclareCache(Args& args, const OpenRuntime&) {
  auto options = std::make_shared<CacheCommandArgs>();
  args.Choice("ACTION", options->action, {"list", "clear"},
              "list, or clear: removes all that no program is using");
  args.Require("ACTION");
  args.Flag("--json", options->json, "Print JSON (list)");
  options->cache.Declare(args);
  args.Examples(
      "  whylight cache list\n"
      "  whylight cache clear");
  return [options] { return Run(*options); };
}

}  // namespace whylight
