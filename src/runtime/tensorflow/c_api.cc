#include "runtime/tensorflow/c_api.h"

#include <dlfcn.h>
#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace whylight::tf {
namespace {

namespace fs = std::filesystem;

// The bytes that the loader will map, by the program headers; 0 for what is not an ELF file of 64
// bits, which the loader refuses by itself.
std::uint64_t MappedBytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header = {};
  if (!file.read(reinterpret_cast<char*>(&header), sizeof(header)) ||
      !std::equal(ELFMAG, ELFMAG + SELFMAG, header.e_ident) ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return 0;
  }
  std::uint64_t end = header.e_phoff + std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  for (int i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment = {};
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof(segment))) break;
    if (segment.p_type == PT_LOAD) end = std::max(end, segment.p_offset + segment.p_filesz);
  }
  return end;
}

// The loader maps a file that ends too early, as after an interrupted installation, and dies of
// SIGBUS when it reads the missing part.
Status CheckWhole(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return OkStatus();  // The loader says what is wrong.
  const std::uint64_t size = fs::file_size(path, error);
  const std::uint64_t needed = MappedBytes(path);
  if (error || size >= needed) return OkStatus();
  return Unavailable("cannot be loaded: " + path.filename().string() + " is cut off: it has " +
                     std::to_string(size) + " bytes of " + std::to_string(needed) + " or more");
}

// dlerror() begins with the file, which the caller's message names already.
std::string LoaderError(const std::string& library) {
  const char* error = dlerror();
  std::string_view message = error == nullptr ? "unknown reason" : error;
  const std::string prefix = library + ": ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  return std::string(message);
}

Result<void*> Open(const std::string& library) {
  constexpr int kMode = RTLD_NOW | RTLD_LOCAL;
  void* handle = dlopen(library.c_str(), kMode);
  if (handle != nullptr) return handle;
  const std::string error = LoaderError(library);
  // The library looks for its second half beside the name that was opened. Behind a link to the
  // library alone, that is beside the file itself.
  std::error_code unresolved;
  const fs::path file = fs::canonical(library, unresolved);
  if (!unresolved && file != library) handle = dlopen(file.c_str(), kMode);
  if (handle == nullptr) return Unavailable("cannot be loaded: " + error);
  return handle;
}

}  // namespace

Result<CApi> LoadCApi(const std::string& library) {
  WHYLIGHT_RETURN_IF_ERROR(CheckWhole(library));
  WHYLIGHT_RETURN_IF_ERROR(
      CheckWhole(fs::path(library).replace_filename("libtensorflow_framework.so.2")));
  WHYLIGHT_ASSIGN_OR_RETURN(void* const handle, Open(library));

  CApi api;
  const char* missing = nullptr;
  // dlsym on a handle also searches what the library needs: part of the C API lives in
  // libtensorflow_framework.so.2, another part in each version.
#define WHYLIGHT_TF_FILL(name, result, parameters)                               \
  api.name = reinterpret_cast<result(*) parameters>(dlsym(handle, "TF_" #name)); \
  if (api.name == nullptr && missing == nullptr) missing = "TF_" #name;
  WHYLIGHT_TF_C_API(WHYLIGHT_TF_FILL)
#undef WHYLIGHT_TF_FILL

  const std::string version = api.Version == nullptr ? "" : api.Version();
  if (!version.empty() && !version.starts_with("2.")) {
    return Unavailable("is TensorFlow " + version + "; expected 2.x");
  }
  if (missing != nullptr) {
    return Unavailable("has no function " + std::string(missing) +
                       (version.empty() ? "; it is not TensorFlow's C library"
                                        : "; TensorFlow " + version + " is too old"));
  }
  return api;
}

}  // namespace whylight::tf
