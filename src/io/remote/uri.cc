#include "io/remote/uri.h"

#include <algorithm>
#include <array>

#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::array<std::string_view, 2> kSchemes = {"gs", "s3"};
constexpr std::string_view kMark = "://";
constexpr std::string_view kAnonymous = "anonymous";

// Where the ? of the options stands; npos without them.
std::size_t QueryMark(std::string_view uri) {
  const std::size_t mark = uri.rfind('?');
  const bool has_options =
      mark != std::string_view::npos && uri.find('=', mark) != std::string_view::npos;
  return has_options ? mark : std::string_view::npos;
}

std::string_view WithoutSlashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

Status Expected(const std::string& found) {
  return InvalidArgument("expected gs://BUCKET/OBJECT, found " + found);
}

}  // namespace

bool IsRemote(std::string_view path) {
  return std::ranges::any_of(kSchemes, [&](std::string_view scheme) {
    return path.starts_with(scheme) && path.substr(scheme.size()).starts_with(kMark);
  });
}

Result<RemoteUri> RemoteUri::Parse(const std::string& uri) {
  if (!IsRemote(uri)) return Expected("'" + Printable(uri, 300) + "'");
  RemoteUri parsed;
  std::string_view rest = WithoutOptions(uri);
  if (rest.size() < uri.size()) parsed.query = uri.substr(rest.size() + 1);
  parsed.scheme = rest.substr(0, rest.find(kMark));
  rest.remove_prefix(parsed.scheme.size() + kMark.size());
  std::string_view authority = rest.substr(0, rest.find('/'));
  rest.remove_prefix(authority.size());
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (authority.substr(0, at) != kAnonymous) {
      return Expected(
          "a user or keys in front of the @: keys in a path are shown to everybody. Credentials "
          "are "
          "taken from the environment (docs/cloud-storage.md); anonymous@ stands for none");
    }
    parsed.is_anonymous = true;
    authority.remove_prefix(at + 1);
  }
  parsed.bucket = authority;
  parsed.object = WithoutSlashes(rest);
  const bool is_name = !parsed.bucket.empty() && std::ranges::all_of(parsed.bucket, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  if (is_name) return parsed;
  return Expected(parsed.bucket.empty() ? "no bucket in '" + Printable(uri, 300) + "'"
                                        : "the bucket '" + Printable(parsed.bucket) +
                                              "'; its name has letters, digits, - _ and . alone");
}

std::string RemoteUri::Path() const { return object.empty() ? bucket : bucket + "/" + object; }

std::string RemoteUri::Shown() const { return scheme + "://" + Printable(Path(), 300); }

std::string RemoteUri::ToString() const {
  return scheme + "://" + (is_anonymous ? "anonymous@" : "") + Path() +
         (query.empty() ? "" : "?" + query);
}

RemoteUri RemoteUri::Below(std::string_view name) const {
  RemoteUri below = *this;
  below.object += (object.empty() ? "" : "/") + std::string(name);
  return below;
}

std::string RemoteUri::Name() const { return object.substr(object.rfind('/') + 1); }

RemoteUri RemoteUri::Parent() const {
  RemoteUri parent = *this;
  const std::size_t slash = object.rfind('/');
  parent.object.resize(slash == std::string::npos ? 0 : slash);
  return parent;
}

std::string RemoteUri::Option(std::string_view name) const {
  for (const std::string_view option : Split(query, '&')) {
    if (option.starts_with(name) && option.substr(name.size()).starts_with('=')) {
      return std::string(option.substr(name.size() + 1));
    }
  }
  return "";
}

std::string_view WithoutOptions(std::string_view path) {
  return IsRemote(path) ? path.substr(0, QueryMark(path)) : path;
}

std::string PathBelow(const std::string& folder, const std::string& name) {
  const std::string_view plain = WithoutOptions(folder);
  return std::string(plain) + (plain.ends_with('/') ? "" : "/") + name +
         folder.substr(plain.size());
}

std::string WithEnding(const std::string& path, std::string_view extension,
                       std::string_view ending) {
  std::string_view stem = WithoutOptions(path);
  const std::string options = path.substr(stem.size());
  if (stem.ends_with(extension)) stem.remove_suffix(extension.size());
  return std::string(stem) + std::string(ending) + options;
}

}  // namespace whylight
