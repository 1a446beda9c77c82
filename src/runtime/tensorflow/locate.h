// Where TensorFlow's library is: what a person installed, found without running Python.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace whylight::tf {

// What the search looks at, apart from the file system.
struct Surroundings {
  // WHYLIGHT_TENSORFLOW, VIRTUAL_ENV, CONDA_PREFIX, PATH, HOME; a missing one is as an empty one.
  std::map<std::string, std::string, std::less<>> environment;
  std::filesystem::path executable;  // This program; may be empty.
  std::filesystem::path build_venv;  // The environment of the source tree it was built from.
  std::vector<std::filesystem::path> prefixes = {"/usr/local", "/usr"};
  int python_timeout_ms = 10'000;

  static Surroundings OfThisProcess();
};

// One place that was looked at.
struct Place {
  std::string found_by;           // "--tensorflow", "VIRTUAL_ENV", ...; for RuntimeInfo.
  std::filesystem::path path;     // What was looked at.
  std::filesystem::path library;  // The library in it; empty: none, `problem` says why.
  std::string problem;
};

// `path` may be the library itself; the `tensorflow` folder of a wheel or the site-packages around
// it; an environment (lib/python3.*/{site,dist}-packages); or a prefix of the C library
// (lib/libtensorflow.so.2). Of several Pythons in one prefix the newest that has TensorFlow.
Place LookInto(const std::string& found_by, const std::filesystem::path& path);

// All places in order, the first with a library is to be taken:
//   1. `given` (--tensorflow), or else WHYLIGHT_TENSORFLOW. A place that was named is the only one:
//      taking another silently would hide a typing error.
//   2. The environment of the build: `build_venv`, and .venv two folders above the executable's.
//   3. VIRTUAL_ENV, CONDA_PREFIX, the prefix of `python3` on PATH, ~/.local, `prefixes`.
std::vector<Place> PlacesToLook(const std::string& given, const Surroundings& around);

// The last resort: asks the `python3` on PATH where it would import `tensorflow` from, without
// importing it and without looking into the working directory.
Place AskPython(const Surroundings& around);

}  // namespace whylight::tf
