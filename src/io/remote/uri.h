// Paths into buckets: gs://[anonymous@]BUCKET/OBJECT[?OPTION=VALUE[&...]], and s3:// likewise.
//
// OBJECT is written as it is called, in no way encoded. What stands behind the last ? and holds a =
// is options of Arrow: endpoint_override, scheme, retry_limit_seconds, region.
// Threads Values.
#pragma once

#include <string>
#include <string_view>

#include "whylight/status.h"

namespace whylight {

// Whether a path names a bucket's scheme. Nothing is asked.
bool IsRemote(std::string_view path);

struct RemoteUri {
  std::string scheme;         // "gs"
  bool is_anonymous = false;  // "anonymous@": no credentials are looked for.
  std::string bucket;
  std::string object;  // Without / at its ends; empty: the bucket itself.
  std::string query;   // Without the ?.

  // Errors  kInvalidArgument: no bucket; another user than "anonymous", since keys do not belong
  //         into a path.
  static Result<RemoteUri> Parse(const std::string& uri);

  std::string Path() const;   // "bucket/object", as the storage takes it.
  std::string Shown() const;  // "gs://bucket/object", for messages.
  std::string ToString() const;
  // `name` below the folder that this is.
  RemoteUri Below(std::string_view name) const;
  std::string Name() const;  // What stands behind the last /.
  RemoteUri Parent() const;
  // The value of an option; empty without it.
  std::string Option(std::string_view name) const;
};

// A path in front of its options: all of a local one.
std::string_view WithoutOptions(std::string_view path);

// `name` below a local or remote folder.
std::string PathBelow(const std::string& folder, const std::string& name);

// "a.jsonl" -> "a" + `ending`, if it ends in `extension`; else `ending` is appended. In front of
// the options of a remote path.
std::string WithEnding(const std::string& path, std::string_view extension,
                       std::string_view ending);

}  // namespace whylight
