#include "runtime/tensorflow/locate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

namespace whylight::tf {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCc = "libtensorflow_cc.so.2";

class LocateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "locate.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    around_.prefixes = {};
    around_.build_venv = root_ / "none";
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path Touch(const fs::path& file) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << "x";
    return root_ / file;
  }
  void Script(const fs::path& file, const std::string& text) {
    std::ofstream(Touch(file)) << "#!/bin/sh\n" << text << "\n";
    fs::permissions(root_ / file, fs::perms::owner_all);
  }
  // The first place with a library.
  Place First(const std::string& given = "") const {
    for (const Place& place : PlacesToLook(given, around_)) {
      if (!place.library.empty()) return place;
    }
    return {};
  }

  fs::path root_;
  Surroundings around_;
};

TEST_F(LocateTest, FindsTheLibraryInEveryFormOfFolder) {
  const std::string site = "lib/python3.11/site-packages";
  const fs::path wheel = Touch("venv/" + site + "/tensorflow/" + kCc);
  const fs::path tarball = Touch("c/lib/libtensorflow.so.2");
  const fs::path debian = Touch("usr/lib/python3/dist-packages/tensorflow/" + std::string(kCc));
  EXPECT_EQ(LookInto("", wheel).library, wheel);
  EXPECT_EQ(LookInto("", wheel.parent_path()).library, wheel);
  EXPECT_EQ(LookInto("", wheel.parent_path().parent_path()).library, wheel);
  EXPECT_EQ(LookInto("", root_ / "venv").library, wheel);
  EXPECT_EQ(LookInto("", root_ / "c").library, tarball);
  EXPECT_EQ(LookInto("", root_ / "c/lib").library, tarball);
  EXPECT_EQ(LookInto("", root_ / "usr").library, debian);
}

TEST_F(LocateTest, TakesTheNewestPythonThatHasIt) {
  const auto library = [](const std::string& python) {
    return "lib/" + python + "/site-packages/tensorflow/" + kCc;
  };
  Touch(library("python3.9"));
  Touch(library("python2.7"));
  Touch(library("python3.x"));
  const fs::path newest = Touch(library("python3.11"));
  fs::create_directories(root_ / "lib/python3.12/site-packages");
  EXPECT_EQ(LookInto("", root_).library, newest);
}

TEST_F(LocateTest, SaysWhatIsWrongWithAPlace) {
  EXPECT_EQ(LookInto("", root_ / "nowhere").problem, "no such file or folder");
  EXPECT_EQ(LookInto("", root_).problem,
            "holds no libtensorflow_cc.so.2 and no libtensorflow.so.2");
  EXPECT_EQ(LookInto("", std::string(5000, 'x')).problem, "no such file or folder");
}

TEST_F(LocateTest, ANamedPlaceIsTheOnlyOne) {
  around_.build_venv = Touch(std::string("build/") + kCc).parent_path();
  Touch(std::string("given/") + kCc);
  Touch(std::string("env/") + kCc);
  around_.environment["WHYLIGHT_TENSORFLOW"] = root_ / "env";
  EXPECT_EQ(First(root_ / "given").found_by, "--tensorflow");
  EXPECT_EQ(First().found_by, "WHYLIGHT_TENSORFLOW");
  EXPECT_EQ(PlacesToLook(root_ / "nowhere", around_).size(), 1u);
  around_.environment["WHYLIGHT_TENSORFLOW"] = root_ / "nowhere";
  EXPECT_TRUE(First().library.empty());
  around_.environment["WHYLIGHT_TENSORFLOW"] = "";
  EXPECT_EQ(First().found_by, "the build's environment");
}

TEST_F(LocateTest, LooksInOrder) {
  const std::string package = std::string("/lib/python3.11/site-packages/tensorflow/") + kCc;
  struct Row {
    const char* folder;
    const char* found_by;
  };
  // From the last place to the first: each that is added is found before those after it.
  around_.environment = {
      {"VIRTUAL_ENV", root_ / "virtual"},
      {"CONDA_PREFIX", root_ / "conda"},
      {"PATH", "relative:" + (root_ / "empty").string() + ":" + (root_ / "python/bin").string()},
      {"HOME", root_ / "home"}};
  around_.prefixes = {root_ / "usr"};
  around_.build_venv = root_ / "source/.venv";
  around_.executable = root_ / "tree/build/bin/whylight";
  Script("python/bin/python3", "exit 1");
  EXPECT_TRUE(First().library.empty());
  for (const Row& row :
       {Row{"usr", "the system's libraries"}, Row{"home/.local", "the user's packages"},
        Row{"python", "python3 on PATH"}, Row{"conda", "CONDA_PREFIX"},
        Row{"virtual", "VIRTUAL_ENV"}, Row{"tree/.venv", "the build's environment"},
        Row{"source/.venv", "the build's environment"}}) {
    const fs::path library = Touch(row.folder + package);
    EXPECT_EQ(First().library, library);
    EXPECT_EQ(First().found_by, row.found_by);
  }
}

TEST_F(LocateTest, FollowsThePythonOfAVirtualEnvironment) {
  Script("real/bin/python3", "exit 1");
  fs::create_directories(root_ / "venv/bin");
  fs::create_symlink(root_ / "real/bin/python3", root_ / "venv/bin/python3");
  around_.environment["PATH"] = root_ / "venv/bin";
  const fs::path library =
      Touch(std::string("real/lib/python3.11/site-packages/tensorflow/") + kCc);
  EXPECT_EQ(First().library, library);
}

TEST_F(LocateTest, AsksPythonLast) {
  EXPECT_EQ(AskPython(around_).problem, "not on PATH");
  around_.environment["PATH"] = root_ / "bin";

  const fs::path library = Touch(std::string("odd place/tensorflow/") + kCc);
  Script("bin/python3", "printf %s '" + library.parent_path().string() + "'");
  EXPECT_EQ(AskPython(around_).library, library);
  EXPECT_EQ(AskPython(around_).found_by, "asking python3");

  Script("bin/python3", "exit 0");
  EXPECT_EQ(AskPython(around_).problem, "it has no package tensorflow");
  Script("bin/python3", "echo /nowhere; exit 1");
  EXPECT_EQ(AskPython(around_).problem, "it did not answer");
  Script("bin/python3", "kill -SEGV $$");
  EXPECT_EQ(AskPython(around_).problem, "it did not answer");
}

TEST_F(LocateTest, WaitsForPythonOnlySoLong) {
  around_.environment["PATH"] = root_ / "bin";
  around_.python_timeout_ms = 100;
  Script("bin/python3", "exec sleep 30");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(AskPython(around_).problem, "it did not answer");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

// The script itself, on the real Python of this machine, with a package that must not be run.
TEST_F(LocateTest, PythonIsAskedWithoutRunningThePackage) {
  const char* path = getenv("PATH");
  ASSERT_NE(path, nullptr);
  around_.environment["PATH"] = path;
  if (AskPython(around_).path == "python3") GTEST_SKIP() << "no python3 on PATH";
  std::ofstream(Touch("packages/tensorflow/__init__.py")) << "raise SystemExit(1)\n";
  const fs::path library = Touch(std::string("packages/tensorflow/") + kCc);
  setenv("PYTHONPATH", (root_ / "packages").c_str(), 1);
  EXPECT_EQ(AskPython(around_).library, library);
  unsetenv("PYTHONPATH");

  // A package in the working directory is not what the user installed.
  const fs::path before = fs::current_path();
  fs::current_path(root_ / "packages");
  EXPECT_NE(AskPython(around_).library, library);
  fs::current_path(before);
}

}  // namespace
}  // namespace whylight::tf
