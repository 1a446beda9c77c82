#include "savedmodel/saved_model.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "io/remote/uri.h"
#include "savedmodel/file.h"
#include "savedmodel/read_meta_graph.h"
#include "savedmodel/recognise.h"
#include "savedmodel/remote_model.h"
#include "savedmodel/schema.h"
#include "savedmodel/text_format.h"
#include "savedmodel/versions.h"
#include "util/quote.h"

namespace whylight {
namespace {

namespace fs = std::filesystem;

// A protocol buffer's length is a signed 32-bit number.
constexpr std::uint64_t kMaxFileBytes = std::numeric_limits<std::int32_t>::max();

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool HoldsModel(const fs::path& folder) {
  return std::ranges::any_of(kModelFiles, [&](const char* name) { return IsFile(folder / name); });
}

std::string Gigabytes(std::uint64_t bytes) {
  const std::uint64_t tenths = bytes / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

// No SavedModel at `path`: what is there, and what to do.
Status Instead(const std::string& path) {
  const Recognised found = Recognise(path);
  std::string message = Quote(path) + ": expected a SavedModel, found " + found.what;
  if (!found.fix.empty()) {
    message += ". To make a SavedModel:\n    ";
    for (const char c : found.fix) {
      message += c;
      if (c == '\n') message += "    ";
    }
  }
  return NotFound(std::move(message));
}

std::vector<std::string> Folders(const fs::path& base) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(base, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored)) names.push_back(it->path().filename().string());
  }
  return names;
}

Result<SavedModel> ReadModelFile(const fs::path& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::uint64_t size, FileSize(path.string()));
  const std::string place = Quote(path.string()) + " (" + std::to_string(size) + " bytes)";
  if (size > kMaxFileBytes) {
    return InvalidArgument(Quote(path.string()) + ": expected less than 2 GB, which is the limit " +
                           "of a protocol buffer, found " + Gigabytes(size));
  }
  if (size == 0) return DataLoss(place + ": the file is empty: there is no meta graph in it");
  WHYLIGHT_ASSIGN_OR_RETURN(std::string bytes, ReadFileAt(path.string(), 0, size));
  if (path.extension() == ".pbtxt") {
    Result<std::string> wire = TextToWire(*FindMessage("tensorflow.SavedModel"), bytes);
    if (!wire.ok()) return wire.status().In(place);
    bytes = *std::move(wire);
  }
  SavedModel model;
  model.directory = path.parent_path().string();
  if (model.directory.empty()) model.directory = ".";
  model.file = std::make_shared<const std::string>(std::move(bytes));
  Result<std::vector<MetaGraph>> graphs = ReadMetaGraphs(*model.file);
  if (!graphs.ok()) return graphs.status().In(place);
  model.meta_graphs = *std::move(graphs);
  return model;
}

Result<SavedModel> ReadFolder(const fs::path& folder) {
  if (IsFile(folder / kBinaryName)) return ReadModelFile(folder / kBinaryName);
  if (IsFile(folder / kTextName)) return ReadModelFile(folder / kTextName);
  return Unimplemented(Quote((folder / kChunkedName).string()) +
                       ": a SavedModel in chunks cannot be read. Save it without them: " +
                       "tf.saved_model.save(model, path, options=tf.saved_model.SaveOptions("
                       "experimental_image_format=False))");
}

Result<SavedModel> ReadRemote(const std::string& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(FetchedModel fetched, FetchModel(path));
  WHYLIGHT_ASSIGN_OR_RETURN(SavedModel model, ReadFolder(fetched.directory));
  model.origin = fetched.origin;
  model.chosen_from = fetched.chosen_from;
  model.lease = std::move(fetched.lease);
  return model;
}

std::string TagSet(const std::vector<std::string>& tags) {
  std::string text = "{";
  for (const std::string& tag : tags) {
    if (text.size() > 1) text += ", ";
    text += Quote(tag);
  }
  return text + "}";
}

}  // namespace

std::string SavedModel::variables_prefix() const { return directory + "/variables/variables"; }

std::string SavedModel::asset_path(const AssetFile& asset) const {
  return directory + "/assets/" + asset.filename;
}

Result<SavedModel> ReadSavedModel(const std::string& path) {
  if (path.empty()) return NotFound("expected a SavedModel, found an empty path");
  if (path.find('\0') != std::string::npos) {
    return NotFound(Quote(path) + ": a path cannot hold a zero byte");
  }
  if (IsRemote(path)) return ReadRemote(path);
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found || status.type() == fs::file_type::none) {
    if (path.find("://") != std::string::npos) {
      return NotFound(Quote(path) + ": expected a local path, gs:// or s3://, found another URL");
    }
    const bool hidden = error == std::errc::permission_denied;
    return Status(hidden ? StatusCode::kPermissionDenied : StatusCode::kNotFound,
                  Quote(path) + ": " + (error ? error.message() : "no such file or folder"));
  }
  if (status.type() != fs::file_type::directory) {
    const std::string name = fs::path(path).filename().string();
    if (name == kChunkedName) return ReadFolder(fs::path(path).parent_path());
    if (std::ranges::count(kModelFiles, name) > 0) return ReadModelFile(path);
    return Instead(path);
  }
  fs::path folder = fs::path(path).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // A slash at the end.
  if (folder.empty()) folder = ".";
  if (HoldsModel(folder)) return ReadFolder(folder);

  const std::vector<std::string> versions = VersionsAmong(Folders(folder));
  if (versions.empty()) return Instead(path);
  const fs::path newest = folder / versions.back();
  if (!HoldsModel(newest)) {
    return NewestIsNoModel(path, versions, [&](const std::string& version) {
      return HoldsModel(folder / version) ? (folder / version).string() : "";
    });
  }
  WHYLIGHT_ASSIGN_OR_RETURN(SavedModel model, ReadFolder(newest));
  model.chosen_from = path;
  return model;
}

Result<const MetaGraph*> FindMetaGraph(const SavedModel& model,
                                       const std::vector<std::string>& tags) {
  std::vector<std::string> wanted = tags;
  if (wanted.empty()) {
    if (model.meta_graphs.size() == 1) return &model.meta_graphs.front();
    wanted = {"serve"};
  }
  std::sort(wanted.begin(), wanted.end());
  std::string all;
  for (const MetaGraph& graph : model.meta_graphs) {
    if (graph.tags == wanted) return &graph;
    all += (all.empty() ? "" : ", ") + TagSet(graph.tags);
  }
  return NotFound(Quote(model.directory) + ": there is no meta graph with the tags " +
                  TagSet(wanted) + "; it has " + (all.empty() ? "none" : all));
}

}  // namespace whylight
