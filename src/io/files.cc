#include "io/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "io/inflater.h"
#include "io/remote/storage.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 16;
constexpr std::size_t kWriteBufferBytes = std::size_t{1} << 18;

StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return StatusCode::kResourceExhausted;
    case EINTR:
      return StatusCode::kCancelled;
    case EPIPE:
      return StatusCode::kUnavailable;
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return StatusCode::kInvalidArgument;
    default:
      return StatusCode::kUnknown;
  }
}

// "cannot read a.json: No such file or directory"
Status SystemError(std::string_view action, std::string_view path, int error) {
  return Status(CodeOf(error), "cannot " + std::string(action) + " " + Printable(path, 300) + ": " +
                                   std::strerror(error));
}

bool (*reads_cancelled)() = nullptr;

int OpenRetrying(const std::string& path, int flags, mode_t mode = 0) {
  int fd = -1;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR && !ReadsCancelled());
  return fd;
}

Result<int> OpenForReading(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    return InvalidArgument("cannot read " + Printable(path) + ": a NUL byte in the path");
  }
  if (path == "-") return STDIN_FILENO;
  const int fd = OpenRetrying(path, O_RDONLY);
  if (fd < 0) return SystemError("read", path, errno);
  struct stat info;
  if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    close(fd);
    return SystemError("read", path, EISDIR);
  }
  return fd;
}

Status WriteAll(int fd, std::string_view path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return OkStatus();
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The target of a chain of symbolic links, so that replacing a file keeps the link.
std::string ResolveLinks(const std::string& path) {
  char* const resolved = realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return path;
  std::string target = resolved;
  std::free(resolved);
  return target;
}

std::string ReadName(const std::string& path) { return path == "-" ? "standard input" : path; }

}  // namespace

// Where bytes come from.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Appends some bytes; 0 at the end.
  virtual Result<std::size_t> Read(std::string* to) = 0;
};

namespace {

class FileSource : public ByteSource {
 public:
  FileSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~FileSource() override {
    if (fd_ > STDERR_FILENO) close(fd_);
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;

  Result<std::size_t> Read(std::string* to) override {
    const std::size_t size = to->size();
    to->resize(size + kBlockBytes);
    ssize_t count = -1;
    do {
      if (ReadsCancelled()) {
        to->resize(size);
        return SystemError("read", name_, EINTR);
      }
      count = read(fd_, to->data() + size, kBlockBytes);
    } while (count < 0 && errno == EINTR);
    const int error = errno;
    to->resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0) return SystemError("read", name_, error);
    return static_cast<std::size_t>(count);
  }

 private:
  int fd_;
  std::string name_;
};

class RemoteSource : public ByteSource {
 public:
  explicit RemoteSource(std::unique_ptr<RemoteReader> reader) : reader_(std::move(reader)) {}
  Result<std::size_t> Read(std::string* to) override { return reader_->Read(to); }

 private:
  std::unique_ptr<RemoteReader> reader_;
};

Result<std::unique_ptr<ByteSource>> OpenSource(const std::string& path) {
  if (IsRemote(path)) {
    WHYLIGHT_ASSIGN_OR_RETURN(const RemoteUri uri, RemoteUri::Parse(path));
    WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<RemoteReader> reader, RemoteReader::Open(uri));
    return std::unique_ptr<ByteSource>(new RemoteSource(std::move(reader)));
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const int fd, OpenForReading(path));
  return std::unique_ptr<ByteSource>(new FileSource(fd, ReadName(path)));
}

Status CheckSize(std::size_t bytes, std::string_view name, std::size_t max_bytes) {
  if (bytes <= max_bytes) return OkStatus();
  return ResourceExhausted("cannot read " + Printable(name, 300) + ": more than " +
                           std::to_string(max_bytes) + " bytes");
}

Result<std::string> ReadToEnd(ByteSource& source, const std::string& name, std::string text,
                              std::size_t max_bytes) {
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::size_t count, source.Read(&text));
    WHYLIGHT_RETURN_IF_ERROR(CheckSize(text.size(), name, max_bytes));
    if (count == 0) return text;
  }
}

PathKind LocalKindOf(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return PathKind::kNothing;
  if (S_ISDIR(info.st_mode)) return PathKind::kDirectory;
  return S_ISREG(info.st_mode) ? PathKind::kFile : PathKind::kOther;
}

Result<PathKind> RemoteKindOf(const std::string& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteUri uri, RemoteUri::Parse(path));
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteObject object, StatRemote(uri));
  switch (object.kind) {
    case RemoteObject::Kind::kObject:
      return PathKind::kFile;
    case RemoteObject::Kind::kFolder:
      return PathKind::kDirectory;
    default:
      return PathKind::kNothing;
  }
}

Result<std::vector<std::string>> ListRemoteFiles(const std::string& directory) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteUri uri, RemoteUri::Parse(directory));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<RemoteObject> objects, ListRemote(uri, false));
  std::vector<std::string> paths;
  for (const RemoteObject& object : objects) {
    if (object.kind != RemoteObject::Kind::kObject || object.name.starts_with('.')) continue;
    paths.push_back(uri.Below(object.name).ToString());
  }
  return paths;
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, const ReadFileOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, OpenSource(path));
  return ReadToEnd(*source, ReadName(path), "", options.max_bytes);
}

Result<PathKind> KindOf(const std::string& path) {
  return IsRemote(path) ? RemoteKindOf(path) : LocalKindOf(path);
}

bool IsDirectory(const std::string& path) {
  const Result<PathKind> kind = KindOf(path);
  return kind.ok() && *kind == PathKind::kDirectory;
}

bool IsRegularFile(const std::string& path) {
  const Result<PathKind> kind = KindOf(path);
  return kind.ok() && *kind == PathKind::kFile;
}

bool FileExists(const std::string& path) {
  const Result<PathKind> kind = KindOf(path);
  return kind.ok() && *kind != PathKind::kNothing;
}

Result<std::vector<std::string>> ListFiles(const std::string& directory) {
  if (IsRemote(directory)) return ListRemoteFiles(directory);
  DIR* const dir = opendir(directory.c_str());
  if (dir == nullptr) return SystemError("read", directory, errno);
  std::vector<std::string> paths;
  const std::string prefix = directory.ends_with('/') ? directory : directory + "/";
  errno = 0;
  while (const dirent* entry = readdir(dir)) {
    struct stat info;
    const std::string path = prefix + entry->d_name;
    if (entry->d_name[0] != '.' && stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      paths.push_back(path);
    }
    errno = 0;
  }
  const int error = errno;
  closedir(dir);
  if (error != 0) return SystemError("read", directory, error);
  std::ranges::sort(paths);
  return paths;
}

std::string Extension(std::string_view path) {
  path = WithoutOptions(path);
  const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0.
  const std::size_t point = name.rfind('.');
  if (point == std::string_view::npos || point == 0) return {};
  return AsciiLower(name.substr(point));
}

Result<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, OpenSource(path));
  return std::unique_ptr<LineReader>(new LineReader(std::move(source), ReadName(path)));
}

std::unique_ptr<LineReader> LineReader::OfText(std::string text) {
  std::unique_ptr<LineReader> reader(new LineReader(nullptr, "text"));
  reader->buffer_ = std::move(text);
  reader->at_end_ = true;
  return reader;
}

LineReader::LineReader(std::unique_ptr<ByteSource> source, std::string name)
    : source_(std::move(source)), name_(std::move(name)) {}

LineReader::~LineReader() = default;

Status LineReader::Fill() {
  if (at_end_) return OkStatus();
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
  }
  if (inflater_ != nullptr) return FillInflated();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::size_t count, source_->Read(&buffer_));
  at_end_ = count == 0;
  return OkStatus();
}

Status LineReader::FillInflated() {
  if (inflated_ == compressed_.size()) {
    compressed_.clear();
    inflated_ = 0;
    if (source_ != nullptr) WHYLIGHT_RETURN_IF_ERROR(source_->Read(&compressed_).status());
    at_end_ = compressed_.empty();
    if (at_end_) return inflater_->Finish();
  }
  WHYLIGHT_ASSIGN_OR_RETURN(
      const std::size_t count,
      inflater_->Inflate(std::string_view(compressed_).substr(inflated_), &buffer_));
  inflated_ += count;
  return OkStatus();
}

void LineReader::Decompress() {
  compressed_ = buffer_.substr(begin_);
  buffer_.clear();
  begin_ = scanned_ = 0;
  at_end_ = false;
  inflater_ = std::make_unique<Inflater>();
}

Result<bool> LineReader::Next(std::string_view* line) {
  // What the last line left to skip: a byte order mark needs 3 bytes, the LF behind a CR one.
  const std::size_t needed = at_start_ ? 3 : after_cr_ ? 1 : 0;
  while (!at_end_ && buffer_.size() - begin_ < needed) WHYLIGHT_RETURN_IF_ERROR(Fill());
  const std::string_view ahead = std::string_view(buffer_).substr(begin_);
  if (at_start_ && ahead.starts_with("\xef\xbb\xbf")) begin_ += 3;
  if (after_cr_ && ahead.starts_with('\n')) begin_ += 1;
  at_start_ = after_cr_ = false;
  scanned_ = std::max(scanned_, begin_);

  while (true) {
    const std::size_t end = buffer_.find_first_of("\r\n", scanned_);
    if (end != std::string::npos) {
      *line = std::string_view(buffer_).substr(begin_, end - begin_);
      after_cr_ = buffer_[end] == '\r';
      begin_ = scanned_ = end + 1;
      ++number_;
      return true;
    }
    scanned_ = buffer_.size();
    if (at_end_) {
      *line = std::string_view(buffer_).substr(begin_);
      begin_ = buffer_.size();
      if (line->empty()) return false;
      ++number_;
      return true;
    }
    if (buffer_.size() - begin_ > kMaxLineBytes) {
      return ResourceExhausted(Printable(name_, 300) + ": line " + std::to_string(number_ + 1) +
                               " is longer than " + std::to_string(kMaxLineBytes) + " bytes");
    }
    WHYLIGHT_RETURN_IF_ERROR(Fill());
  }
}

Result<std::string_view> LineReader::Peek(std::size_t bytes) {
  while (!at_end_ && buffer_.size() - begin_ < bytes) WHYLIGHT_RETURN_IF_ERROR(Fill());
  return std::string_view(buffer_).substr(begin_);
}

Result<std::string_view> LineReader::Take(std::size_t bytes) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view ahead, Peek(bytes));
  const std::string_view taken = ahead.substr(0, bytes);
  begin_ += taken.size();
  scanned_ = std::max(scanned_, begin_);
  return taken;
}

Result<std::string> LineReader::Rest(const ReadFileOptions& options) {
  while (inflater_ != nullptr && !at_end_) {
    WHYLIGHT_RETURN_IF_ERROR(Fill());
    WHYLIGHT_RETURN_IF_ERROR(CheckSize(buffer_.size() - begin_, name_, options.max_bytes));
  }
  std::string text = buffer_.substr(begin_);
  buffer_.clear();
  begin_ = scanned_ = 0;
  if (at_end_) return text;
  at_end_ = true;
  return ReadToEnd(*source_, name_, std::move(text), options.max_bytes);
}

Result<std::string> LineReader::CopyRest() {
  WHYLIGHT_ASSIGN_OR_RETURN(const TemporaryFile file, CreateTemporaryFile());
  Status status;
  while (status.ok()) {
    const Result<std::string_view> block = Take(kWriteBufferBytes);
    status = block.ok() ? WriteAll(file.fd, file.path, *block) : block.status();
    if (block.ok() && block->empty()) break;
  }
  close(file.fd);
  if (status.ok()) return file.path;
  unlink(file.path.c_str());
  return status;
}

Result<std::unique_ptr<AtomicFile>> AtomicFile::Create(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return InvalidArgument("cannot write '" + Printable(path) + "': not a path");
  }
  if (IsRemote(path)) return CreateRemote(path);
  struct stat info;
  const bool exists = stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) return SystemError("write", path, EISDIR);
  if (exists && !S_ISREG(info.st_mode)) {
    const int fd = OpenRetrying(path, O_WRONLY);
    if (fd < 0) return SystemError("write", path, errno);
    return std::unique_ptr<AtomicFile>(new AtomicFile(path, "", fd));
  }
  if (exists && access(path.c_str(), W_OK) != 0) return SystemError("write", path, errno);
  const std::string target = exists ? ResolveLinks(path) : path;
  // The name holds the process's number, so that two programs do not share a file; the counter
  // tells two files of one program apart.
  for (int attempt = 0; attempt < 100; ++attempt) {
    const std::string temporary =
        target + ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(attempt);
    const mode_t mode = exists ? info.st_mode & 07777 : 0666;
    const int fd = OpenRetrying(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (fd >= 0) return std::unique_ptr<AtomicFile>(new AtomicFile(target, temporary, fd));
    if (errno != EEXIST) return SystemError("write", path, errno);
  }
  return SystemError("write", path, EEXIST);
}

Result<std::unique_ptr<AtomicFile>> AtomicFile::CreateRemote(const std::string& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteUri uri, RemoteUri::Parse(path));
  WHYLIGHT_RETURN_IF_ERROR(CheckWritable(uri));
  WHYLIGHT_ASSIGN_OR_RETURN(TemporaryFile file, CreateTemporaryFile());
  return std::unique_ptr<AtomicFile>(new AtomicFile(path, std::move(file.path), file.fd));
}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status AtomicFile::Write(std::string_view bytes) {
  WHYLIGHT_CHECK(fd_ >= 0);
  buffer_ += bytes;
  return buffer_.size() < kWriteBufferBytes ? OkStatus() : Flush();
}

Status AtomicFile::Flush() {
  WHYLIGHT_CHECK(fd_ >= 0);
  Status status = WriteAll(fd_, path_, buffer_);
  buffer_.clear();
  return status;
}

// What was written may be the work of hours: it outlives a network that does not.
Status AtomicFile::Send() {
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteUri uri, RemoteUri::Parse(path_));
  const Status sent = UploadFile(fd_, uri);
  close(std::exchange(fd_, -1));
  if (!sent.ok()) {
    return Status(sent.code(),
                  sent.message() + ". What was to be written is kept in " + temporary_);
  }
  unlink(temporary_.c_str());
  return OkStatus();
}

Status AtomicFile::Commit() {
  WHYLIGHT_RETURN_IF_ERROR(Flush());
  if (IsRemote(path_)) return Send();
  if (temporary_.empty()) {
    const bool is_closed = close(std::exchange(fd_, -1)) == 0;
    return is_closed ? OkStatus() : SystemError("write", path_, errno);
  }
  if (fsync(fd_) != 0) return SystemError("write", path_, errno);
  if (close(std::exchange(fd_, -1)) != 0 || rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    unlink(temporary_.c_str());
    return SystemError("write", path_, error);
  }
  // The new name is safe only once the directory is on the disk too. Not every file system can.
  const int directory = OpenRetrying(DirectoryOf(path_), O_RDONLY | O_DIRECTORY);
  if (directory >= 0) {
    fsync(directory);
    close(directory);
  }
  return OkStatus();
}

Status WriteFile(const std::string& path, std::string_view bytes) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<AtomicFile> file, AtomicFile::Create(path));
  WHYLIGHT_RETURN_IF_ERROR(file->Write(bytes));
  return file->Commit();
}

Result<TemporaryFile> CreateTemporaryFile() {
  const char* const folder = std::getenv("TMPDIR");
  TemporaryFile file;
  file.path = folder == nullptr || *folder == '\0' ? "/tmp" : folder;
  file.path += "/whylight-XXXXXX";
  file.fd = mkostemp(file.path.data(), O_CLOEXEC);
  if (file.fd < 0) return SystemError("write", file.path, errno);
  return file;
}

Result<std::unique_ptr<LineWriter>> LineWriter::Open(const std::string& path) {
  std::unique_ptr<LineWriter> writer(new LineWriter);
  if (path.empty() || path == "-") {
    writer->flush_each_line_ = IsTerminal(StandardStream::kOutput);
  } else {
    WHYLIGHT_ASSIGN_OR_RETURN(writer->file_, AtomicFile::Create(path));
  }
  return writer;
}

// Lines on standard output that nobody closed are still wanted: they were done.
LineWriter::~LineWriter() {
  if (file_ == nullptr) static_cast<void>(Flush());
}

Status LineWriter::Write(std::string_view line) {
  buffer_ += line;
  return WriteBytes("\n");
}

Status LineWriter::WriteBytes(std::string_view bytes) {
  buffer_ += bytes;
  return flush_each_line_ || buffer_.size() >= kBlockBytes ? Flush() : OkStatus();
}

Status LineWriter::Flush() {
  Status status = file_ == nullptr ? WriteAll(STDOUT_FILENO, "standard output", buffer_)
                                   : file_->Write(buffer_);
  buffer_.clear();
  return status;
}

Status LineWriter::Close() {
  WHYLIGHT_RETURN_IF_ERROR(Flush());
  return file_ == nullptr ? OkStatus() : file_->Commit();
}

bool IsTerminal(StandardStream stream) { return isatty(static_cast<int>(stream)) == 1; }

void IgnoreBrokenPipes() { std::signal(SIGPIPE, SIG_IGN); }

void CancelReadsWhen(bool (*cancelled)()) { reads_cancelled = cancelled; }

bool ReadsCancelled() { return reads_cancelled != nullptr && reads_cancelled(); }

}  // namespace whylight
