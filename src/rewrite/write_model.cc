#include "rewrite/write_model.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "io/files.h"
#include "io/remote/storage.h"
#include "util/quote.h"

namespace whylight {
namespace {

namespace fs = std::filesystem;

constexpr char kBinaryName[] = "saved_model.pb";
constexpr char kTextName[] = "saved_model.pbtxt";
constexpr char kFingerprintName[] = "fingerprint.pb";

Status FileError(const fs::path& path, const std::error_code& error) {
  StatusCode code = StatusCode::kUnknown;
  if (error == std::errc::no_space_on_device) code = StatusCode::kResourceExhausted;
  if (error == std::errc::permission_denied) code = StatusCode::kPermissionDenied;
  if (error == std::errc::no_such_file_or_directory) code = StatusCode::kNotFound;
  return Status(code, "cannot write " + Quote(path.string()) + ": " + error.message());
}

// Removes what was begun, unless it was finished.
class Unfinished {
 public:
  explicit Unfinished(fs::path path) : path_(std::move(path)) {}
  ~Unfinished() {
    std::error_code ignored;
    if (!finished_) fs::remove_all(path_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  void Finish() { finished_ = true; }

 private:
  fs::path path_;
  bool finished_ = false;
};

bool IsInside(const fs::path& path, const fs::path& folder) {
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

Status CheckTarget(const SavedModel& model, const std::string& folder) {
  std::error_code error;
  if (fs::symlink_status(folder, error).type() != fs::file_type::not_found) {
    return Status(StatusCode::kAlreadyExists,
                  Quote(folder) +
                      " is there already: give a folder that is not, or --in-place to "
                      "change the model itself");
  }
  const fs::path target = fs::weakly_canonical(fs::absolute(folder, error), error);
  const fs::path source = fs::canonical(model.directory, error);
  if (!error && IsInside(target, source)) {
    return InvalidArgument(Quote(folder) + " lies inside the model's folder " +
                           Quote(model.directory) + ": give a folder outside of it");
  }
  return OkStatus();
}

Status PlaceFile(const fs::path& from, const fs::path& to, const WriteModelOptions& options) {
  std::error_code error;
  const fs::path file = fs::canonical(from, error);  // What a symbolic link stands for.
  if (error) return FileError(from, error);
  if (!options.copy_files) {
    fs::create_hard_link(file, to, error);
    if (!error) return OkStatus();
    error.clear();
  }
  fs::copy_file(file, to, error);
  return error ? FileError(to, error) : OkStatus();
}

bool IsReplaced(const fs::path& below) {
  return below == kBinaryName || below == kTextName || below == kFingerprintName;
}

Status PlaceFiles(const fs::path& from, const fs::path& to, const WriteModelOptions& options) {
  std::error_code error;
  const auto follow = fs::directory_options::follow_directory_symlink;
  for (fs::recursive_directory_iterator it(from, follow, error), end; !error && it != end;
       it.increment(error)) {
    const fs::path below = it->path().lexically_relative(from);
    std::error_code status_error;
    if (it->is_directory(status_error)) {
      fs::create_directory(to / below, status_error);
      if (status_error) return FileError(to / below, status_error);
    } else if (!IsReplaced(below)) {
      WHYLIGHT_RETURN_IF_ERROR(PlaceFile(it->path(), to / below, options));
    }
  }
  return error ? FileError(to, error) : OkStatus();
}

Result<std::string> MakeTemporaryFolder() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "whylight-XXXXXX").string();
  if (mkdtemp(name.data()) != nullptr) return name;
  return FileError(name, std::error_code(errno, std::generic_category()));
}

Status WriteRemoteModel(const SavedModel& model, std::string_view saved_model,
                        const std::string& folder) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteUri uri, RemoteUri::Parse(folder));
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteObject there, StatRemote(uri));
  if (there.kind != RemoteObject::Kind::kNothing) {
    return Status(StatusCode::kAlreadyExists,
                  Quote(folder) + " is there already: give a folder that is not");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string temporary, MakeTemporaryFolder());
  const Unfinished gone_at_the_end(temporary);
  const std::string local = temporary + "/model";
  WHYLIGHT_RETURN_IF_ERROR(WriteModel(model, saved_model, local));
  return UploadFolder(local, folder);
}

}  // namespace

Status WriteModel(const SavedModel& model, std::string_view saved_model, const std::string& folder,
                  const WriteModelOptions& options) {
  if (IsRemote(folder)) return WriteRemoteModel(model, saved_model, folder);
  fs::path target = fs::path(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // A slash at the end.
  WHYLIGHT_RETURN_IF_ERROR(CheckTarget(model, target.string()));
  std::error_code error;
  if (target.has_parent_path()) fs::create_directories(target.parent_path(), error);
  if (error) return FileError(target.parent_path(), error);
  const fs::path temporary = target.string() + ".tmp-" + std::to_string(getpid());
  fs::create_directory(temporary, error);
  if (error) return FileError(temporary, error);
  Unfinished unfinished(temporary);
  WHYLIGHT_RETURN_IF_ERROR(PlaceFiles(model.directory, temporary, options));
  WHYLIGHT_RETURN_IF_ERROR(WriteFile((temporary / kBinaryName).string(), saved_model));
  fs::rename(temporary, target, error);
  if (error) return FileError(target, error);
  unfinished.Finish();
  return OkStatus();
}

Status WriteModelInPlace(const SavedModel& model, std::string_view saved_model) {
  const fs::path folder = model.directory;
  std::error_code error;
  if (!fs::exists(folder / kBinaryName, error)) {
    return FailedPrecondition(Quote(model.directory) + " holds a " + kTextName +
                              ", which is not written: give -o OUT");
  }
  WHYLIGHT_RETURN_IF_ERROR(WriteFile((folder / kBinaryName).string(), saved_model));
  fs::remove(folder / kFingerprintName, error);
  return error ? FileError(folder / kFingerprintName, error) : OkStatus();
}

}  // namespace whylight
