// Objects of buckets: listed, read, written.
//
// Each call goes to the network, is tried again after errors that pass by for so many seconds as
// the option retry_limit_seconds or WHYLIGHT_RETRY_SECONDS says (60), and ends early when reads are
// cancelled (io/files.h). Credentials are Google's usual: GOOGLE_APPLICATION_CREDENTIALS, gcloud's
// file, the metadata server; or Amazon's. STORAGE_EMULATOR_HOST is honoured.
//
// Errors  Messages name the object. kInvalidArgument: no such path. kNotFound: with what is absent,
//         bucket or object, and names like it. kPermissionDenied, kUnauthenticated: with the
//         credentials that were used. kUnavailable: no good answer for so long, or no Arrow.
//         kDataLoss: damaged or cut off. kCancelled.
// Threads Functions are safe; an object belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "io/remote/uri.h"
#include "whylight/status.h"

namespace whylight {

struct RemoteObject {
  enum class Kind { kNothing, kObject, kFolder };
  Kind kind = Kind::kNothing;
  std::string name;              // Below the folder that was listed: "variables/variables.index".
  std::uint64_t size = 0;        // Of an object, in bytes.
  std::int64_t modified_ns = 0;  // Since 1970.
};

// What is there; nothing is no error.
Result<RemoteObject> StatRemote(const RemoteUri& uri);

// The objects in a folder, or below it at any depth, sorted by name; no folders, which not every
// service lists. Nothing is no error.
Result<std::vector<RemoteObject>> ListRemote(const RemoteUri& folder, bool is_deep);

// kNotFound for what is not there: whether the bucket or the object is absent, with names like it.
Status NoSuchObject(std::string_view action, const RemoteUri& uri);

// The bytes of an object, in their order.
class RemoteReader {
 public:
  // `size`: as a listing told it, else it is asked for.
  static Result<std::unique_ptr<RemoteReader>> Open(const RemoteUri& uri);
  static Result<std::unique_ptr<RemoteReader>> Open(const RemoteUri& uri, std::uint64_t size);
  ~RemoteReader();

  // Appends some bytes; 0 at the end, when all of the object's bytes came.
  Result<std::size_t> Read(std::string* to);

 private:
  struct Download;
  RemoteReader() = default;
  Status CheckSize();

  RemoteUri uri_;
  std::uint64_t size_ = 0, count_ = 0;
  std::shared_ptr<Download> download_;
};

// Whether an object may be written there, as far as can be told without writing: the bucket is
// there, the credentials are accepted.
Status CheckWritable(const RemoteUri& uri);

// Writes what `fd` holds, from its start. The object appears, or is replaced, when all of it has
// arrived; after an error, and after a cancellation, it is as it was.
Status UploadFile(int fd, const RemoteUri& uri);

// Every file below `folder`, at its place below the remote folder `uri`. saved_model.pb is last, so
// that a model is there only as a whole; what else lies there is left alone.
Status UploadFolder(const std::string& folder, const std::string& uri);

}  // namespace whylight
