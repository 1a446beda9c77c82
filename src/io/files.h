// Files: whole, line by line, and written so that a reader never sees half of one. A path may lie
// in a bucket (gs://, s3://: io/remote/storage.h, with its errors).
//
// Errors  Every message gives the path and the system's reason: kNotFound, kPermissionDenied,
//         kResourceExhausted (disk full, quota, too large), kUnavailable (broken pipe: the reader
//         went away), kUnknown for the rest.
// Threads An object belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/status.h"

namespace whylight {

class ByteSource;
class Inflater;

struct ReadFileOptions {
  std::size_t max_bytes = std::size_t{2} << 30;  // More is kResourceExhausted.
};
// All bytes of a file; "-" is standard input.
Result<std::string> ReadFile(const std::string& path, const ReadFileOptions& options = {});

enum class PathKind {
  kNothing,
  kFile,       // Not a pipe or a device: it may be read twice. Objects are files.
  kDirectory,  // Also what objects' names begin with.
  kOther,
};
// What a path names, links followed. An error is a bucket's, which cannot be asked.
Result<PathKind> KindOf(const std::string& path);
// As KindOf; of what cannot be asked, false.
bool IsDirectory(const std::string& path);
bool IsRegularFile(const std::string& path);
bool FileExists(const std::string& path);
// Paths of the regular files in `directory`, sorted by name; hidden ones are left out.
Result<std::vector<std::string>> ListFiles(const std::string& directory);
// ".jsonl": from the last point of the file's name on, lower case; empty without one.
std::string Extension(std::string_view path);

// What begins a file that gzip compressed.
inline constexpr std::string_view kGzipSignature = "\x1f\x8b\x08";

// Reads lines, or bytes, with memory for one line. LF, CR LF and CR alone end a line; the end is
// not part of it. A byte order mark at the start is skipped.
class LineReader {
 public:
  static constexpr std::size_t kMaxLineBytes = std::size_t{1} << 30;

  static Result<std::unique_ptr<LineReader>> Open(const std::string& path);  // "-": stdin.
  static std::unique_ptr<LineReader> OfText(std::string text);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // False at the end. `line` stays valid until the next call.
  Result<bool> Next(std::string_view* line);
  std::size_t number() const { return number_; }  // Of the last line, from 1.

  // At least `bytes` of what comes next (fewer at the end), left unread. For telling formats apart.
  Result<std::string_view> Peek(std::size_t bytes);
  // The next `bytes` (fewer at the end), whatever they are. Valid until the next call.
  Result<std::string_view> Take(std::size_t bytes);
  // What comes next is compressed by gzip or zlib: it is read as what it was before.
  // Errors  of the reads behind it: kDataLoss for what is damaged or cut off.
  void Decompress();
  // Everything that is left.
  Result<std::string> Rest(const ReadFileOptions& options = {});
  // The path of a file of TMPDIR with everything that is left, for the caller to remove.
  Result<std::string> CopyRest();

 private:
  LineReader(std::unique_ptr<ByteSource> source, std::string name);
  Status Fill();
  Status FillInflated();

  std::unique_ptr<ByteSource> source_;  // nullptr: all is in buffer_ already.
  std::string name_;
  std::unique_ptr<Inflater> inflater_;  // nullptr: nothing is compressed.
  std::string compressed_;
  std::size_t inflated_ = 0;  // So much of compressed_ is in buffer_ already.
  std::string buffer_;
  std::size_t begin_ = 0;    // Of what is unread in buffer_.
  std::size_t scanned_ = 0;  // No line ends in [begin_, scanned_).
  bool at_end_ = false;
  bool after_cr_ = false;  // The last line ended in CR: an LF that follows belongs to it.
  bool at_start_ = true;
  std::size_t number_ = 0;
};

// A file that appears under its name only when it is complete: written beside it under a temporary
// name, synced and renamed by Commit; removed by the destructor without one. Special files
// (/dev/null, pipes) are written in place. An object is written into a file of TMPDIR and sent by
// Commit; if that fails, the file is kept, and the message says where.
class AtomicFile {
 public:
  static Result<std::unique_ptr<AtomicFile>> Create(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  Status Write(std::string_view bytes);  // Buffered: an error may show at a later call.
  Status Flush();
  Status Commit();  // Once; nothing can be written after it.
  const std::string& path() const { return path_; }

 private:
  AtomicFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}
  static Result<std::unique_ptr<AtomicFile>> CreateRemote(const std::string& path);
  Status Send();

  std::string path_;
  std::string temporary_;  // Empty: written in place.
  int fd_ = -1;
  std::string buffer_;
};

Status WriteFile(const std::string& path, std::string_view bytes);  // AtomicFile in one call.

// A new empty file of TMPDIR, for this user alone; the caller closes and removes it.
struct TemporaryFile {
  std::string path;
  int fd = -1;
};
Result<TemporaryFile> CreateTemporaryFile();

// Lines, or bytes, into a file (AtomicFile) or, for "" and "-", to standard output. On standard
// output lines appear one by one if it is a terminal, else in blocks.
class LineWriter {
 public:
  static Result<std::unique_ptr<LineWriter>> Open(const std::string& path);
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  Status Write(std::string_view line);        // `line` without its end.
  Status WriteBytes(std::string_view bytes);  // As they are.
  Status Flush();
  Status Close();  // Flushes, and makes a file appear. Without it a file is discarded.

 private:
  LineWriter() = default;

  std::unique_ptr<AtomicFile> file_;  // nullptr: standard output.
  std::string buffer_;
  bool flush_each_line_ = false;
};

enum class StandardStream { kInput = 0, kOutput = 1, kError = 2 };
bool IsTerminal(StandardStream stream);

// A write to a pipe whose reader is gone returns an error instead of ending the process. Called
// once by main.
void IgnoreBrokenPipes();

// A read or an open that waits (for a terminal, a pipe) and is interrupted by a signal ends with
// kCancelled if `cancelled` says so, and goes on otherwise. Called once by main.
void CancelReadsWhen(bool (*cancelled)());
bool ReadsCancelled();

}  // namespace whylight
