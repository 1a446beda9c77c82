// Copies of remote folders on the disk, found again by what their listing says.
//
//   DIRECTORY/NAME-KEY/files/...       the copy
//   DIRECTORY/NAME-KEY/manifest.json   where it is from; each file's size and CRC-32C
//   DIRECTORY/NAME-KEY.lock            flock: shared by who uses the copy, exclusive to change it
//   DIRECTORY/NAME-KEY.part/           a copy that is being made
//
// KEY is a digest of the URI and of every file's name, size and time: a folder that changed is
// another one. A copy appears as a whole. It is checked against its manifest whenever it is got;
// a damaged one is made again. Above the limit the copies that were not used for longest go, never
// one in use.
// Threads Safe, with other processes too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/remote/storage.h"
#include "whylight/status.h"

namespace whylight {

class FolderCache {
 public:
  struct Options {
    std::string directory;
    std::int64_t max_bytes = std::int64_t{10} << 30;
    std::function<void(const std::string&)> note;  // What takes long, in words; may be empty.
  };
  // Makes the file `path`, which is not there, of the file `name` of the folder.
  using Download = std::function<Status(const RemoteObject& file, const std::string& path)>;
  struct Copy {
    std::string directory;
    std::shared_ptr<const void> lease;  // The copy stays while somebody has it.
  };
  struct Entry {
    std::string uri;
    std::string directory;
    std::int64_t bytes = 0;
    std::int64_t used_ns = 0;  // When it was last got, since 1970.
    bool is_in_use = false;
  };

  explicit FolderCache(Options options) : options_(std::move(options)) {}

  // The copy of `uri`, whose files are `files`, of which `download` makes what is not there.
  // Errors  of `download`; kResourceExhausted: the disk has no room; kInvalidArgument: a file whose
  //         name leads out of the folder; the file system's.
  Result<Copy> Get(const std::string& uri, const std::vector<RemoteObject>& files,
                   const Download& download) const;
  // The last used first. A directory that is not there has none.
  Result<std::vector<Entry>> Entries() const;
  // Removes what is not in use, and what a process that was ended left half-made; how many bytes
  // the copies had.
  Result<std::int64_t> Clear() const;

 private:
  Status MakeCopy(const std::string& entry, const std::string& uri,
                  const std::vector<RemoteObject>& files, const Download& download) const;
  Status MakeRoom(std::int64_t bytes) const;
  Result<std::vector<std::string>> Folders() const;
  void Note(const std::string& text) const;

  Options options_;
};

}  // namespace whylight
