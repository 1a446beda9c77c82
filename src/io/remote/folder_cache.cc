#include "io/remote/folder_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "io/files.h"
#include "io/json.h"
#include "util/crc32c.h"
#include "util/sha256.h"
#include "util/strings.h"

namespace whylight {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFiles = "/files";
constexpr const char* kManifest = "/manifest.json";
constexpr const char* kLock = ".lock";
constexpr const char* kPart = ".part";
constexpr std::chrono::milliseconds kBetweenTries{50};
constexpr int kAttempts = 5;
constexpr std::size_t kKeyDigits = 16;
constexpr std::size_t kNameBytes = 40;

Status Stopped() { return Status(StatusCode::kCancelled, "stopped on request"); }

Status FileError(const std::string& path, int error) {
  return Status(error == ENOSPC ? StatusCode::kResourceExhausted : StatusCode::kUnknown,
                "cache " + Printable(path, 300) + ": " + std::strerror(error) +
                    "; --cache-dir or WHYLIGHT_CACHE_DIR names another directory");
}

// An flock on a file that may be removed by who holds it exclusively.
class FileLock {
 public:
  explicit FileLock(int fd) : fd_(fd) {}
  ~FileLock() { close(fd_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

  // nullptr: somebody else has it. `operation`: LOCK_SH or LOCK_EX.
  static Result<std::shared_ptr<FileLock>> Try(const std::string& path, int operation) {
    while (true) {
      const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      if (fd < 0) return FileError(path, errno);
      auto lock = std::make_shared<FileLock>(fd);
      if (flock(fd, operation | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return std::shared_ptr<FileLock>();
        if (errno != EINTR) return FileError(path, errno);
        continue;
      }
      struct stat held, named;
      const bool is_named = stat(path.c_str(), &named) == 0 && fstat(fd, &held) == 0 &&
                            held.st_ino == named.st_ino && held.st_dev == named.st_dev;
      if (is_named) return lock;  // Else it was removed meanwhile: of the name there is a new one.
    }
  }

 private:
  int fd_;
};
using LockPtr = std::shared_ptr<FileLock>;

// As Try, but waits. `on_wait` is called once, if it takes long.
Result<LockPtr> Wait(const std::string& path, int operation, const std::function<void()>& on_wait) {
  for (int tries = 0;; ++tries) {
    WHYLIGHT_ASSIGN_OR_RETURN(LockPtr lock, FileLock::Try(path, operation));
    if (lock != nullptr) return lock;
    if (ReadsCancelled()) return Stopped();
    if (tries == 4) on_wait();
    std::this_thread::sleep_for(kBetweenTries);
  }
}

struct ManifestFile {
  std::string name;
  std::uint64_t size = 0;
  std::uint32_t crc32c = 0;
};
struct Manifest {
  std::string uri;
  std::vector<ManifestFile> files;
  std::int64_t bytes() const {
    std::int64_t sum = 0;
    for (const ManifestFile& file : files) sum += static_cast<std::int64_t>(file.size);
    return sum;
  }
};

std::string ManifestText(const Manifest& manifest) {
  std::string text;
  JsonWriter w(&text, {.indent = 1});
  w.BeginObject();
  w.String("uri", manifest.uri);
  w.BeginArray("files");
  for (const ManifestFile& file : manifest.files) {
    w.BeginObject();
    w.String("name", file.name);
    w.UInt("size", file.size);
    w.UInt("crc32c", file.crc32c);
    w.EndObject();
  }
  w.EndArray();
  w.EndObject();
  return text + "\n";
}

std::optional<Manifest> ReadManifest(const std::string& entry) {
  const Result<std::string> text = ReadFile(entry + kManifest);
  const Result<Json> json = text.ok() ? ParseJson(*text) : text.status();
  const Json* uri = json.ok() ? json->Find("uri") : nullptr;
  const Json* files = json.ok() ? json->Find("files") : nullptr;
  if (uri == nullptr || !uri->is_string() || files == nullptr || !files->is_array()) return {};
  const auto is_count = [](const Json* value) {
    return value != nullptr && value->is_integer() &&
           (value->kind() == Json::Kind::kUInt || value->int64() >= 0);
  };
  Manifest manifest{.uri = uri->string(), .files = {}};
  for (const Json& file : files->array()) {
    const Json *name = file.Find("name"), *size = file.Find("size"), *crc = file.Find("crc32c");
    if (name == nullptr || !name->is_string() || !is_count(size) || !is_count(crc)) return {};
    manifest.files.push_back({.name = name->string(),
                              .size = size->uint64(),
                              .crc32c = static_cast<std::uint32_t>(crc->uint64())});
  }
  return manifest;
}

// Reads a local file once, with memory for a block.
Result<ManifestFile> Digest(const std::string& path, const std::string& name) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> bytes, LineReader::Open(path));
  ManifestFile file{.name = name};
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view block, bytes->Take(std::size_t{1} << 20));
    if (block.empty()) return file;
    file.size += block.size();
    file.crc32c = Crc32c(block, file.crc32c);
  }
}

bool IsWhole(const std::string& entry, const std::optional<Manifest>& manifest) {
  return manifest && std::ranges::all_of(manifest->files, [&](const ManifestFile& file) {
           const Result<ManifestFile> found = Digest(entry + kFiles + "/" + file.name, file.name);
           return found.ok() && found->size == file.size && found->crc32c == file.crc32c;
         });
}

// Whether a name stays below the folder that it is joined to.
bool StaysInside(const std::string& name) {
  for (const std::string_view part : Split(name, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return name.find('\0') == std::string::npos;
}

std::string EntryName(const std::string& uri, const std::vector<RemoteObject>& files) {
  std::string key = uri + "\n";
  for (const RemoteObject& file : files) {
    key += file.name + '\0' + std::to_string(file.size) + ' ' + std::to_string(file.modified_ns) +
           "\n";
  }
  std::string name = std::string(WithoutOptions(uri));
  name = name.substr(name.rfind('/') + 1).substr(0, kNameBytes);
  for (char& c : name) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (!is_plain) c = '-';
  }
  return name + "-" + Sha256Hex(key).substr(0, kKeyDigits);
}

void Remove(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

// A copy, or what is left of one that was being made. False: somebody uses it.
Result<bool> RemoveUnused(const std::string& entry) {
  WHYLIGHT_ASSIGN_OR_RETURN(const LockPtr lock, FileLock::Try(entry + kLock, LOCK_EX));
  if (lock == nullptr) return false;
  for (const char* const end : {"", kPart, kLock}) Remove(entry + end);
  return true;
}

std::string FolderOf(const FolderCache::Entry& entry) {
  return fs::path(entry.directory).parent_path().string();
}

std::string Megabytes(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

std::int64_t BytesOf(const std::vector<RemoteObject>& files) {
  std::int64_t sum = 0;
  for (const RemoteObject& file : files) sum += static_cast<std::int64_t>(file.size);
  return sum;
}

}  // namespace

Result<FolderCache::Copy> FolderCache::Get(const std::string& uri,
                                           const std::vector<RemoteObject>& files,
                                           const Download& download) const {
  for (const RemoteObject& file : files) {
    if (StaysInside(file.name)) continue;
    return InvalidArgument(Printable(uri, 300) + ": the object '" + Printable(file.name, 120) +
                           "' cannot be kept as a file: its name leads out of the folder");
  }
  std::error_code error;
  const bool is_new = fs::create_directories(options_.directory, error);
  if (is_new) fs::permissions(options_.directory, fs::perms::owner_all, error);
  if (error) return FileError(options_.directory, error.value());
  const std::string entry = options_.directory + "/" + EntryName(uri, files);
  const auto on_wait = [&] { Note("waiting for another process that is copying " + uri); };
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    WHYLIGHT_ASSIGN_OR_RETURN(LockPtr lock, Wait(entry + kLock, LOCK_SH, on_wait));
    const std::optional<Manifest> manifest = ReadManifest(entry);
    if (IsWhole(entry, manifest)) {
      utimensat(AT_FDCWD, (entry + kManifest).c_str(), nullptr, 0);
      return Copy{.directory = entry + kFiles, .lease = std::move(lock)};
    }
    // Of reads that were cancelled nothing follows.
    if (ReadsCancelled()) return Stopped();
    if (manifest) Note("the copy of " + uri + " is damaged and is made again");
    lock.reset();
    WHYLIGHT_ASSIGN_OR_RETURN(lock, Wait(entry + kLock, LOCK_EX, on_wait));
    // Another process may have made it in between, which the next round finds.
    if (IsWhole(entry, ReadManifest(entry))) continue;
    if (ReadsCancelled()) return Stopped();
    WHYLIGHT_RETURN_IF_ERROR(MakeCopy(entry, uri, files, download));
  }
  return Status(StatusCode::kUnknown, "cache " + entry + ": it is removed as often as it is made");
}

Status FolderCache::MakeCopy(const std::string& entry, const std::string& uri,
                             const std::vector<RemoteObject>& files,
                             const Download& download) const {
  const std::string part = entry + kPart;
  Remove(part);
  Remove(entry);
  const std::int64_t bytes = BytesOf(files);
  WHYLIGHT_RETURN_IF_ERROR(MakeRoom(bytes));
  Note("copying " + uri + ", " + Megabytes(bytes) + ", into " + options_.directory);
  Manifest manifest{.uri = uri, .files = {}};
  const auto make = [&]() -> Status {
    for (const RemoteObject& file : files) {
      const std::string path = part + kFiles + "/" + file.name;
      std::error_code error;
      fs::create_directories(fs::path(path).parent_path(), error);
      if (error) return FileError(path, error.value());
      WHYLIGHT_RETURN_IF_ERROR(download(file, path));
      WHYLIGHT_ASSIGN_OR_RETURN(ManifestFile digest, Digest(path, file.name));
      manifest.files.push_back(std::move(digest));
    }
    WHYLIGHT_RETURN_IF_ERROR(WriteFile(part + kManifest, ManifestText(manifest)));
    if (rename(part.c_str(), entry.c_str()) != 0) return FileError(entry, errno);
    return OkStatus();
  };
  const Status made = make();
  if (!made.ok()) Remove(part);
  return made;
}

Status FolderCache::MakeRoom(std::int64_t bytes) const {
  WHYLIGHT_ASSIGN_OR_RETURN(std::vector<Entry> entries, Entries());
  std::int64_t sum = bytes;
  for (const Entry& entry : entries) sum += entry.bytes;
  for (; !entries.empty() && sum > options_.max_bytes; entries.pop_back()) {
    const std::string folder = FolderOf(entries.back());
    WHYLIGHT_ASSIGN_OR_RETURN(const bool removed, RemoveUnused(folder));
    if (removed) sum -= entries.back().bytes;
  }
  struct statvfs disk;
  if (statvfs(options_.directory.c_str(), &disk) != 0) return OkStatus();
  const auto free = static_cast<std::int64_t>(disk.f_bavail * disk.f_frsize);
  if (bytes <= free) return OkStatus();
  return ResourceExhausted("cache " + Printable(options_.directory, 300) + ": expected " +
                           Megabytes(bytes) + " free, found " + Megabytes(free) +
                           "; --cache-dir or WHYLIGHT_CACHE_DIR names another directory");
}

Result<std::vector<std::string>> FolderCache::Folders() const {
  std::vector<std::string> folders;
  std::error_code error;
  for (fs::directory_iterator it(options_.directory, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored)) folders.push_back(it->path().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return FileError(options_.directory, error.value());
  }
  return folders;
}

Result<std::vector<FolderCache::Entry>> FolderCache::Entries() const {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> folders, Folders());
  std::vector<Entry> entries;
  for (const std::string& folder : folders) {
    if (folder.ends_with(kPart)) continue;
    const std::optional<Manifest> manifest = ReadManifest(folder);
    struct stat info;
    if (!manifest || stat((folder + kManifest).c_str(), &info) != 0) continue;
    WHYLIGHT_ASSIGN_OR_RETURN(const LockPtr lock, FileLock::Try(folder + kLock, LOCK_EX));
    entries.push_back(
        {.uri = manifest->uri,
         .directory = folder + kFiles,
         .bytes = manifest->bytes(),
         .used_ns = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec,
         .is_in_use = lock == nullptr});
  }
  std::ranges::sort(entries, std::ranges::greater(), &Entry::used_ns);
  return entries;
}

Result<std::int64_t> FolderCache::Clear() const {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Entry> entries, Entries());
  std::int64_t bytes = 0;
  for (const Entry& entry : entries) {
    WHYLIGHT_ASSIGN_OR_RETURN(const bool removed, RemoveUnused(FolderOf(entry)));
    if (removed) bytes += entry.bytes;
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> others, Folders());
  for (const std::string& folder : others) {
    if (!folder.ends_with(kPart)) continue;
    WHYLIGHT_RETURN_IF_ERROR(
        RemoveUnused(folder.substr(0, folder.size() - std::string_view(kPart).size())).status());
  }
  return bytes;
}

void FolderCache::Note(const std::string& text) const {
  if (options_.note) options_.note(text);
}

}  // namespace whylight
