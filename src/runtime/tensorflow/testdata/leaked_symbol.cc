// A symbol that TensorFlow's library also uses, visible to it when the program is linked with
// -rdynamic: what tools/check_bindings has to find.
#include <cstring>

extern char** environ;

extern "C" __attribute__((visibility("default"))) char* getenv(const char* name) noexcept {
  const std::size_t length = std::strlen(name);
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, name, length) == 0 && (*entry)[length] == '=') {
      return *entry + length + 1;
    }
  }
  return nullptr;
}
