#include "io/arrow_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "io/files.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr const char* kModule = "libwhylight_arrow.so";

std::string ProgramFolder() {
  std::string path(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(static_cast<std::size_t>(size > 0 ? size : 0));
  return path.substr(0, path.rfind('/') + 1);
}

// Of the library that holds this code, the module of Python; of a program it may be relative.
std::string OwnFolder() {
  Dl_info info{};
  if (dladdr(kModule, &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string path = info.dli_fname;
  return path.substr(0, path.rfind('/') + 1);
}

std::vector<std::string> Places() {
  if (const char* const named = std::getenv("WHYLIGHT_ARROW"); named != nullptr && *named != '\0') {
    return {named};
  }
  const std::string folder = ProgramFolder(), own = OwnFolder();
  return {own + kModule, folder + kModule, folder + "../" + kModule,
          folder + "../lib/whylight/" + kModule};
}

Status Missing(const std::string& reason) {
  return Unavailable(
      "Arrow, of Python's pyarrow package: " + reason +
      ". Install it (pip install 'whylight[arrow]'; `./dev setup` of a source tree)");
}

Result<const WhylightArrow*> Load() {
  const std::vector<std::string> places = Places();
  for (const std::string& path : places) {
    if (!FileExists(path)) continue;
    void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return Missing(Printable(dlerror(), 400));
    const auto entry = reinterpret_cast<WhylightArrowEntry>(dlsym(handle, WHYLIGHT_ARROW_ENTRY));
    if (entry == nullptr) return Missing(path + " is of another version of this program");
    return entry();
  }
  return Missing("there is no " + Join(places, ", and no "));
}

Result<const WhylightArrow*> LoadArrowFor(const char* purpose, const char* otherwise) {
  Result<const WhylightArrow*> loaded = LoadArrow();
  if (loaded.ok()) return loaded;
  return Unavailable(purpose + loaded.status().message() + otherwise);
}

}  // namespace

Result<const WhylightArrow*> LoadArrow() {
  static const Result<const WhylightArrow*> loaded = Load();
  return loaded;
}

Result<const WhylightArrow*> LoadArrowForParquet() {
  return LoadArrowFor("Parquet needs ", ", or use TFRecord, CSV or JSON Lines");
}

Result<const WhylightArrow*> LoadArrowForBuckets() {
  return LoadArrowFor("gs:// and s3:// need ", ", or copy the files to this machine");
}

Status TakeArrowError(char* message) {
  if (message == nullptr) return OkStatus();
  const std::string text = Printable(message, 300);
  std::free(message);
  return DataLoss(text);
}

}  // namespace whylight
