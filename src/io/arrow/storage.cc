// Objects of gs:// and s3://, through Arrow's file systems.
#include "io/arrow/storage.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/filesystem/gcsfs.h>
#include <arrow/filesystem/s3fs.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/key_value_metadata.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "io/arrow/try.h"

struct WhylightBucket {
  std::shared_ptr<arrow::fs::FileSystem> files;
};

struct WhylightDownload {
  std::shared_ptr<arrow::io::InputStream> stream;
};

struct WhylightUpload {
  std::shared_ptr<arrow::io::OutputStream> stream;
  bool is_s3 = false;
};

namespace whylight::arrow_module {
namespace {

constexpr int kS3Attempts = 4;
constexpr const char* kS3 = "s3";

arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> ConnectGcs(
    const WhylightBucketOptions& options) {
  std::string path;
  ARROW_ASSIGN_OR_RAISE(auto gcs, arrow::fs::GcsOptions::FromUri(options.uri, &path));
  if (options.is_anonymous) gcs.credentials = arrow::fs::GcsOptions::Anonymous().credentials;
  if (!gcs.retry_limit_seconds) gcs.retry_limit_seconds = options.retry_seconds;
  return arrow::fs::GcsFileSystem::Make(gcs);
}

arrow::Result<std::shared_ptr<arrow::fs::FileSystem>> ConnectS3(
    const WhylightBucketOptions& options) {
  ARROW_RETURN_NOT_OK(arrow::fs::EnsureS3Initialized());
  static const int finalized_at_exit =
      std::atexit([] { static_cast<void>(arrow::fs::EnsureS3Finalized()); });
  static_cast<void>(finalized_at_exit);
  std::string path;
  ARROW_ASSIGN_OR_RAISE(auto s3, arrow::fs::S3Options::FromUri(options.uri, &path));
  if (options.is_anonymous) s3.ConfigureAnonymousCredentials();
  s3.connect_timeout = s3.request_timeout = options.retry_seconds / kS3Attempts;
  s3.retry_strategy = arrow::fs::S3RetryStrategy::GetAwsStandardRetryStrategy(kS3Attempts);
  return arrow::fs::S3FileSystem::Make(s3);
}

char* Connect(const WhylightBucketOptions* options, WhylightBucket** bucket) {
  return Try([&]() -> arrow::Status {
    const bool is_s3 = std::string(options->uri).rfind("s3://", 0) == 0;
    auto connected = std::make_unique<WhylightBucket>();
    ARROW_ASSIGN_OR_RAISE(connected->files, is_s3 ? ConnectS3(*options) : ConnectGcs(*options));
    *bucket = connected.release();
    return arrow::Status::OK();
  });
}

void Disconnect(WhylightBucket* bucket) { delete bucket; }

void Tell(const arrow::fs::FileInfo& info, WhylightTakeObject take, void* context) {
  const std::string path = info.path();
  const bool has_time = info.mtime() != arrow::fs::kNoTime;
  const WhylightObject object = {
      .path = path.c_str(),
      .is_folder = info.type() == arrow::fs::FileType::Directory,
      .is_object = info.type() == arrow::fs::FileType::File,
      .size = info.size(),
      .modified_ns = has_time ? info.mtime().time_since_epoch().count() : 0,
  };
  take(context, &object);
}

char* Stat(WhylightBucket* bucket, const char* path, WhylightTakeObject take, void* context) {
  return Try([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const arrow::fs::FileInfo info, bucket->files->GetFileInfo(path));
    Tell(info, take, context);
    return arrow::Status::OK();
  });
}

char* List(WhylightBucket* bucket, const char* path, bool is_deep, WhylightTakeObject take,
           void* context) {
  return Try([&]() -> arrow::Status {
    arrow::fs::FileSelector selector;
    selector.base_dir = path;
    selector.recursive = is_deep;
    selector.allow_not_found = true;
    ARROW_ASSIGN_OR_RAISE(const auto found, bucket->files->GetFileInfo(selector));
    for (const arrow::fs::FileInfo& info : found) Tell(info, take, context);
    return arrow::Status::OK();
  });
}

char* Open(WhylightBucket* bucket, const char* path, WhylightDownload** download) {
  return Try([&]() -> arrow::Status {
    auto opened = std::make_unique<WhylightDownload>();
    ARROW_ASSIGN_OR_RAISE(opened->stream, bucket->files->OpenInputStream(path));
    *download = opened.release();
    return arrow::Status::OK();
  });
}

char* Read(WhylightDownload* download, void* to, std::size_t size, std::size_t* count) {
  return Try([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t got,
                          download->stream->Read(static_cast<std::int64_t>(size), to));
    *count = static_cast<std::size_t>(got);
    return arrow::Status::OK();
  });
}

char* Encoding(WhylightDownload* download, char** encoding) {
  return Try([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const auto metadata, download->stream->ReadMetadata());
    const bool is_told = metadata != nullptr && metadata->Contains("Content-Encoding");
    *encoding = Copy(is_told ? *metadata->Get("Content-Encoding") : "");
    return arrow::Status::OK();
  });
}

void Close(WhylightDownload* download) { delete download; }

char* Create(WhylightBucket* bucket, const char* path, WhylightUpload** upload) {
  return Try([&]() -> arrow::Status {
    auto created = std::make_unique<WhylightUpload>();
    created->is_s3 = bucket->files->type_name() == kS3;
    ARROW_ASSIGN_OR_RAISE(created->stream, bucket->files->OpenOutputStream(path, nullptr));
    *upload = created.release();
    return arrow::Status::OK();
  });
}

char* Write(WhylightUpload* upload, const void* bytes, std::size_t size) {
  return Try([&] { return upload->stream->Write(bytes, static_cast<std::int64_t>(size)); });
}

char* Finish(WhylightUpload* upload) {
  return Try([&] { return upload->stream->Close(); });
}

// A stream to Google finishes its object when it is destroyed, and has no other end: it is left
// alive, and the service forgets what it holds of it.
void Discard(WhylightUpload* upload) {
  if (upload == nullptr) return;
  if (upload->is_s3 || upload->stream->closed()) {
    if (!upload->stream->closed()) static_cast<void>(upload->stream->Abort());
    delete upload;
    return;
  }
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::shared_ptr<arrow::io::OutputStream>>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(upload->stream));
  delete upload;
}

}  // namespace

const WhylightStorage kStorage = {
    .connect = Connect,
    .disconnect = Disconnect,
    .stat = Stat,
    .list = List,
    .open = Open,
    .read = Read,
    .encoding = Encoding,
    .close = Close,
    .create = Create,
    .write = Write,
    .finish = Finish,
    .discard = Discard,
};

}  // namespace whylight::arrow_module
