// Libraries that are found in TensorFlow's place and are not what they seem; one for each macro.
#include <cstdio>
#include <cstdlib>

#define EXPORT extern "C" __attribute__((visibility("default")))

#if defined(OLD_VERSION)
EXPORT const char* TF_Version() { return "1.15.5"; }
#elif defined(SECOND_HALF)
EXPORT const char* VersionOfTheSecondHalf() { return "1.2.3"; }
#elif defined(TWO_HALVES)
extern "C" const char* VersionOfTheSecondHalf();
EXPORT const char* TF_Version() { return VersionOfTheSecondHalf(); }
#elif defined(FEW_FUNCTIONS)
EXPORT const char* TF_Version() { return "2.1.0"; }
EXPORT void* TF_NewStatus() { return nullptr; }
#elif defined(ABORTS)
// As TensorFlow does on a processor without AVX.
__attribute__((constructor)) static void Refuse() {
  std::fprintf(stderr, "F0000 this processor cannot run the library\n");
  std::abort();
}
#elif defined(CHATTERS)
__attribute__((constructor)) static void Chat() { std::fprintf(stderr, "chatter\n"); }
#endif
