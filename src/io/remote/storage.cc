#include "io/remote/storage.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "io/arrow_library.h"
#include "io/remote/call.h"
#include "io/remote/error.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr double kRetrySeconds = 60;
// A silent service is waited for so many times the limit of retries: a call that began within the
// limit may end after it.
constexpr double kPatienceFactor = 3;
constexpr double kHintSeconds = 5;  // For what only makes a message better.
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kWriteBytes = std::size_t{4} << 20;
constexpr std::size_t kNamesShown = 5;

// A connection to one bucket, with what was learnt about it.
struct Bucket {
  const WhylightStorage* storage = nullptr;
  WhylightBucket* handle = nullptr;
  double retry_seconds = kRetrySeconds;
  bool is_anonymous = false;
  std::atomic<bool> may_be_written = false;

  double patience() const { return kPatienceFactor * retry_seconds; }
  Bucket() = default;
  ~Bucket() {
    if (storage != nullptr) storage->disconnect(handle);
  }
  Bucket(const Bucket&) = delete;
  Bucket& operator=(const Bucket&) = delete;
};
using BucketPtr = std::shared_ptr<Bucket>;

// The message of a function of the module, for RemoteError; OK for nullptr.
Status Said(char* message) {
  if (message == nullptr) return OkStatus();
  Status said(StatusCode::kUnknown, message);
  std::free(message);
  return said;
}

// What `seen` of a watched call means for a person.
Status Explain(const Status& seen, std::string_view action, RemoteUri uri, const Bucket& bucket) {
  if (seen.ok()) return seen;
  uri.is_anonymous = bucket.is_anonymous;
  if (seen.code() != StatusCode::kUnknown) {
    return RemoteTimeout(action, uri, seen, bucket.patience());
  }
  return RemoteError(action, uri, seen.message(), bucket.retry_seconds);
}

Result<double> RetrySeconds(const RemoteUri& uri) {
  std::string text = uri.Option("retry_limit_seconds");
  const char* const variable = std::getenv("WHYLIGHT_RETRY_SECONDS");
  if (text.empty() && variable != nullptr) text = variable;
  if (text.empty()) return kRetrySeconds;
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (*end == '\0' && std::isfinite(seconds) && seconds > 0) return seconds;
  return InvalidArgument("WHYLIGHT_RETRY_SECONDS: expected a number of seconds above 0, found '" +
                         Printable(text) + "'");
}

// The emulator that Google's own libraries would go to, as options of Arrow: a URL, or host:port.
std::string EmulatorOptions() {
  const char* const variable = std::getenv("STORAGE_EMULATOR_HOST");
  if (variable == nullptr || *variable == '\0') return "";
  std::string_view host = variable;
  std::string scheme = "http";
  if (const std::size_t mark = host.find("://"); mark != std::string_view::npos) {
    scheme = host.substr(0, mark);
    host.remove_prefix(mark + 3);
  }
  return "endpoint_override=" + std::string(host.substr(0, host.find('/'))) + "&scheme=" + scheme;
}

// `uri` with what the environment adds to it.
RemoteUri WithEnvironment(RemoteUri uri) {
  if (uri.scheme != "gs" || !uri.Option("endpoint_override").empty()) return uri;
  const std::string emulator = EmulatorOptions();
  if (emulator.empty()) return uri;
  uri.query += (uri.query.empty() ? "" : "&") + emulator;
  const char* const file = std::getenv("GOOGLE_APPLICATION_CREDENTIALS");
  uri.is_anonymous = uri.is_anonymous || file == nullptr || *file == '\0';
  return uri;
}

Result<BucketPtr> Connect(const RemoteUri& given) {
  const RemoteUri uri = WithEnvironment(given);
  RemoteUri whole = uri;
  whole.object.clear();
  static std::mutex mutex;
  // Never destroyed: a call that was left alone may still use one when the program ends.
  static auto& buckets = *new std::map<std::string, BucketPtr>;
  const std::lock_guard lock(mutex);
  BucketPtr& known = buckets[whole.ToString()];
  if (known != nullptr) return known;
  WHYLIGHT_ASSIGN_OR_RETURN(const double seconds, RetrySeconds(uri));
  WHYLIGHT_ASSIGN_OR_RETURN(const WhylightArrow* const arrow, LoadArrowForBuckets());
  const auto bucket = std::make_shared<Bucket>();
  bucket->retry_seconds = seconds;
  bucket->is_anonymous = uri.is_anonymous;
  whole.is_anonymous = false;  // Said apart: Arrow takes it for the name of a key of S3.
  const Status connected = RunWatched(bucket->patience(), [bucket, arrow, text = whole.ToString()] {
    const WhylightBucketOptions options = {.uri = text.c_str(),
                                           .is_anonymous = bucket->is_anonymous,
                                           .retry_seconds = bucket->retry_seconds};
    const Status said = Said(arrow->storage.connect(&options, &bucket->handle));
    if (said.ok()) bucket->storage = &arrow->storage;
    return said;
  });
  WHYLIGHT_RETURN_IF_ERROR(Explain(connected, "reach", uri, *bucket));
  known = bucket;
  return bucket;
}

using Listing = std::vector<RemoteObject>;

// WhylightTakeObject; `context` is a Listing.
void Take(void* context, const WhylightObject* object) {
  using Kind = RemoteObject::Kind;
  static_cast<Listing*>(context)->push_back(
      {.kind = object->is_object   ? Kind::kObject
               : object->is_folder ? Kind::kFolder
                                   : Kind::kNothing,
       .name = object->path,
       .size = static_cast<std::uint64_t>(std::max<std::int64_t>(object->size, 0)),
       .modified_ns = object->modified_ns});
}

Result<Listing> List(const BucketPtr& bucket, const RemoteUri& folder, bool is_deep,
                     double seconds) {
  return Watched<Listing>(seconds, [bucket, path = folder.Path(), is_deep](Listing& found) {
    return Said(bucket->storage->list(bucket->handle, path.c_str(), is_deep, Take, &found));
  });
}

Result<RemoteObject> Stat(const BucketPtr& bucket, const RemoteUri& uri) {
  WHYLIGHT_ASSIGN_OR_RETURN(
      Listing found,
      Watched<Listing>(bucket->patience(), [bucket, path = uri.Path()](Listing& one) {
        return Said(bucket->storage->stat(bucket->handle, path.c_str(), Take, &one));
      }));
  return found.empty() ? RemoteObject() : std::move(found.front());
}

// Names beside an object that is not there: " (did you mean ...?)", or some of them.
std::string NamesBeside(const BucketPtr& bucket, const RemoteUri& uri) {
  const RemoteUri parent = uri.Parent();
  const Result<Listing> below = List(bucket, parent, true, kHintSeconds);
  if (!below.ok()) return "";
  std::set<std::string> beside;
  for (const RemoteObject& object : *below) {
    const std::string name = object.name.substr(parent.Path().size() + 1);
    beside.insert(name.substr(0, name.find('/')));
  }
  std::vector<std::string> names(beside.begin(), beside.end());
  const std::string near = DidYouMean(uri.Name(), names);
  if (!near.empty() || names.empty()) return near;
  const bool is_cut = names.size() > kNamesShown;
  names.resize(std::min(names.size(), kNamesShown));
  return "; beside it: " + Printable(Join(names, ", "), 200) + (is_cut ? ", ..." : "");
}

Status NoSuchBucket(std::string_view action, RemoteUri uri, const Bucket& bucket) {
  uri.is_anonymous = bucket.is_anonymous;
  return NotFound(Cannot(action, uri) + ": there is no bucket '" + uri.bucket + "' (asked with " +
                  CredentialsFor(uri) + ")");
}

}  // namespace

Result<RemoteObject> StatRemote(const RemoteUri& uri) {
  WHYLIGHT_ASSIGN_OR_RETURN(const BucketPtr bucket, Connect(uri));
  Result<RemoteObject> object = Stat(bucket, uri);
  return object.ok() ? object : Explain(object.status(), "read", uri, *bucket);
}

Result<std::vector<RemoteObject>> ListRemote(const RemoteUri& folder, bool is_deep) {
  WHYLIGHT_ASSIGN_OR_RETURN(const BucketPtr bucket, Connect(folder));
  Result<Listing> listed = List(bucket, folder, is_deep, bucket->patience());
  if (!listed.ok()) {
    const Status why = Explain(listed.status(), "list", folder, *bucket);
    return why.code() == StatusCode::kNotFound ? NoSuchBucket("list", folder, *bucket) : why;
  }
  const std::size_t prefix = folder.Path().size() + 1;
  std::erase_if(*listed, [&](const RemoteObject& object) {
    return object.kind != RemoteObject::Kind::kObject || object.name.size() <= prefix;
  });
  for (RemoteObject& object : *listed) object.name.erase(0, prefix);
  std::ranges::sort(*listed, {}, &RemoteObject::name);
  return listed;
}

Status NoSuchObject(std::string_view action, const RemoteUri& uri) {
  WHYLIGHT_ASSIGN_OR_RETURN(const BucketPtr bucket, Connect(uri));
  RemoteUri whole = uri;
  whole.object.clear();
  // Whoever may read objects may not always ask for the bucket.
  const Result<RemoteObject> there = Stat(bucket, whole);
  if (there.ok() && there->kind == RemoteObject::Kind::kNothing)
    return NoSuchBucket(action, uri, *bucket);
  return NotFound(Cannot(action, uri) + ": there is no such object in the bucket '" + uri.bucket +
                  "'" + NamesBeside(bucket, uri));
}

struct RemoteReader::Download {
  BucketPtr bucket;
  WhylightDownload* handle = nullptr;

  ~Download() {
    if (handle != nullptr) bucket->storage->close(handle);
  }
};

RemoteReader::~RemoteReader() = default;

Result<std::unique_ptr<RemoteReader>> RemoteReader::Open(const RemoteUri& uri) {
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteObject object, StatRemote(uri));
  if (object.kind == RemoteObject::Kind::kNothing) return NoSuchObject("read", uri);
  if (object.kind == RemoteObject::Kind::kFolder) {
    return InvalidArgument("cannot read " + uri.Shown() + ": it is a folder, expected an object");
  }
  return Open(uri, object.size);
}

Result<std::unique_ptr<RemoteReader>> RemoteReader::Open(const RemoteUri& uri, std::uint64_t size) {
  std::unique_ptr<RemoteReader> reader(new RemoteReader);
  reader->uri_ = uri;
  reader->size_ = size;
  reader->download_ = std::make_shared<Download>();
  WHYLIGHT_ASSIGN_OR_RETURN(reader->download_->bucket, Connect(uri));
  const Bucket& bucket = *reader->download_->bucket;
  const Status opened =
      RunWatched(bucket.patience(), [download = reader->download_, path = uri.Path()] {
        const Bucket& of = *download->bucket;
        return Said(of.storage->open(of.handle, path.c_str(), &download->handle));
      });
  WHYLIGHT_RETURN_IF_ERROR(Explain(opened, "read", uri, bucket));
  return reader;
}

Result<std::size_t> RemoteReader::Read(std::string* to) {
  const Bucket& bucket = *download_->bucket;
  const Result<std::string> block =
      Watched<std::string>(bucket.patience(), [download = download_](std::string& bytes) {
        bytes.resize(kReadBytes);
        std::size_t count = 0;
        const Status said = Said(
            download->bucket->storage->read(download->handle, bytes.data(), bytes.size(), &count));
        bytes.resize(count);
        return said;
      });
  if (!block.ok()) return Explain(block.status(), "read", uri_, bucket);
  count_ += block->size();
  if (block->empty()) WHYLIGHT_RETURN_IF_ERROR(CheckSize());
  to->append(*block);
  return block->size();
}

// The library checks the bytes against their checksum, but not every answer carries one.
Status RemoteReader::CheckSize() {
  if (count_ == size_) return OkStatus();
  const Bucket& bucket = *download_->bucket;
  const Result<std::string> encoding =
      Watched<std::string>(bucket.patience(), [download = download_](std::string& name) {
        char* text = nullptr;
        const Status said = Said(download->bucket->storage->encoding(download->handle, &text));
        if (text != nullptr) name = text;
        std::free(text);
        return said;
      });
  if (encoding.ok() && *encoding == "gzip") return OkStatus();  // Unpacked by the service.
  return DataLoss("cannot read " + uri_.Shown() + ": expected " + std::to_string(size_) +
                  " bytes, found " + std::to_string(count_) +
                  ": it was cut off, or replaced while it was read. Try again");
}

Status CheckWritable(const RemoteUri& uri) {
  if (uri.object.empty()) {
    return InvalidArgument("cannot write " + uri.Shown() + ": expected an object, found a bucket");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const BucketPtr bucket, Connect(uri));
  if (bucket->may_be_written) return OkStatus();
  RemoteUri whole = uri;
  whole.object.clear();
  const Result<RemoteObject> there = Stat(bucket, whole);
  if (there.ok() && there->kind == RemoteObject::Kind::kNothing)
    return NoSuchBucket("write", uri, *bucket);
  const Status why = Explain(there.status(), "write", uri, *bucket);
  // Whoever may write objects may not always ask for the bucket.
  if (!why.ok() && why.code() != StatusCode::kPermissionDenied) return why;
  bucket->may_be_written = true;
  return OkStatus();
}

namespace {

struct Upload {
  BucketPtr bucket;
  WhylightUpload* handle = nullptr;

  ~Upload() {
    if (handle != nullptr) bucket->storage->discard(handle);
  }
};

// The next bytes of a local file; fewer at its end.
Result<std::string> BytesAt(int fd, off_t offset) {
  std::string bytes(kWriteBytes, '\0');
  ssize_t count = -1;
  do {
    count = pread(fd, bytes.data(), bytes.size(), offset);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return Status(StatusCode::kUnknown, std::strerror(errno));
  bytes.resize(static_cast<std::size_t>(count));
  return bytes;
}

}  // namespace

Status UploadFile(int fd, const RemoteUri& uri) {
  const auto upload = std::make_shared<Upload>();
  WHYLIGHT_ASSIGN_OR_RETURN(upload->bucket, Connect(uri));
  const Bucket& bucket = *upload->bucket;
  const auto run = [&](std::function<Status()> call) {
    return Explain(RunWatched(bucket.patience(), std::move(call)), "write", uri, bucket);
  };
  const Status created = run([upload, path = uri.Path()] {
    const Bucket& of = *upload->bucket;
    return Said(of.storage->create(of.handle, path.c_str(), &upload->handle));
  });
  if (created.code() == StatusCode::kNotFound) return NoSuchBucket("write", uri, bucket);
  WHYLIGHT_RETURN_IF_ERROR(created);
  off_t offset = 0;
  while (true) {
    Result<std::string> bytes = BytesAt(fd, offset);
    if (!bytes.ok()) return bytes.status().In(Cannot("write", uri));
    if (bytes->empty()) break;
    offset += static_cast<off_t>(bytes->size());
    WHYLIGHT_RETURN_IF_ERROR(run([upload, block = *std::move(bytes)] {
      return Said(upload->bucket->storage->write(upload->handle, block.data(), block.size()));
    }));
  }
  return run([upload] { return Said(upload->bucket->storage->finish(upload->handle)); });
}

Status UploadFolder(const std::string& folder, const std::string& uri) {
  namespace fs = std::filesystem;
  WHYLIGHT_ASSIGN_OR_RETURN(const RemoteUri to, RemoteUri::Parse(uri));
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) {
      names.push_back(it->path().lexically_relative(folder).generic_string());
    }
  }
  if (error) return NotFound("cannot read " + Printable(folder, 300) + ": " + error.message());
  std::ranges::sort(names, {}, [](const std::string& name) {
    return std::pair(name.starts_with("saved_model."), name);
  });
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      return Status(StatusCode::kUnknown,
                    "cannot read " + Printable(path, 300) + ": " + std::strerror(errno));
    }
    const Status uploaded = UploadFile(fd, to.Below(name));
    close(fd);
    WHYLIGHT_RETURN_IF_ERROR(uploaded);
  }
  return OkStatus();
}

}  // namespace whylight
