// A symbol that TensorFlow's library also uses, visible to it when the program is linked with
// -rdynamic: what tools/check_bindings has to find.
#include <cstdlib>
#include <new>

__attribute__((visibility("default"))) void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
__attribute__((visibility("default"))) void operator delete(void* memory) noexcept {
  std::free(memory);
}
__attribute__((visibility("default"))) void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
