// Opening what is not TensorFlow. Nothing real is loaded into this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/tensorflow/stderr_guard.h"
#include "runtime/tensorflow/tensorflow.h"

namespace whylight::tf {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

const fs::path kBroken = WHYLIGHT_BROKEN_LIBRARIES;

class OpenTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("WHYLIGHT_TENSORFLOW");
    std::string pattern = testing::TempDir() + "open.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  static std::string MessageFor(const fs::path& directory) {
    const Status status = OpenTensorFlow({.directory = directory.string()}).status();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.message();
    EXPECT_THAT(status.message(), HasSubstr("pip install tensorflow-cpu"));
    return status.message();
  }
  fs::path Write(const std::string& text) {
    const fs::path file = root_ / "libtensorflow_cc.so.2";
    std::ofstream(file) << text;
    return file;
  }

  fs::path root_;
};

TEST_F(OpenTest, SaysWhereItLookedAndWhatToInstall) {
  EXPECT_THAT(MessageFor("/nowhere"), AllOf(HasSubstr("\n  --tensorflow: /nowhere: no such file"),
                                            HasSubstr("Looked at:")));
  EXPECT_THAT(MessageFor(root_), HasSubstr(root_.string() + ": holds no libtensorflow_cc.so.2"));
  setenv("WHYLIGHT_TENSORFLOW", "/named/by/the/user", 1);
  EXPECT_THAT(MessageFor(""), HasSubstr("\n  WHYLIGHT_TENSORFLOW: /named/by/the/user: no such"));
}

TEST_F(OpenTest, SaysWhyAFileCannotBeLoaded) {
  EXPECT_THAT(MessageFor(Write("not a library").parent_path()), HasSubstr("cannot be loaded: "));
  EXPECT_THAT(MessageFor(Write("")), HasSubstr("cannot be loaded: file too short"));
  EXPECT_THAT(MessageFor(Write(std::string(5000, 'x'))), HasSubstr("invalid ELF header"));
  fs::remove(root_ / "libtensorflow_cc.so.2");
  fs::create_directory(root_ / "libtensorflow_cc.so.2");
  EXPECT_THAT(MessageFor(root_), HasSubstr("cannot be loaded: "));
}

TEST_F(OpenTest, RefusesALibraryThatIsCutOff) {
  const fs::path whole = kBroken / "old_version/libtensorflow_cc.so.2";
  const fs::path part = root_ / "libtensorflow_cc.so.2";
  // Inside the header, inside the program headers, inside each page that would be mapped.
  for (const std::uintmax_t size : {16u, 64u, 100u, 1000u, 4096u, 5000u, 8192u}) {
    fs::copy_file(whole, part, fs::copy_options::overwrite_existing);
    ASSERT_GT(fs::file_size(part), size);
    fs::resize_file(part, size);
    EXPECT_THAT(MessageFor(root_), HasSubstr("cannot be loaded: ")) << size;
  }
  EXPECT_THAT(MessageFor(root_), HasSubstr("libtensorflow_cc.so.2 is cut off: it has 8192 bytes"));

  // The second half of TensorFlow, which the loader would map by itself.
  fs::copy_file(whole, part, fs::copy_options::overwrite_existing);
  fs::copy_file(whole, root_ / "libtensorflow_framework.so.2");
  fs::resize_file(root_ / "libtensorflow_framework.so.2", 1000);
  EXPECT_THAT(MessageFor(root_), HasSubstr("libtensorflow_framework.so.2 is cut off"));
}

TEST_F(OpenTest, FollowsALinkToTheLibraryAlone) {
  // No other test may open this library: a file that is loaded already is found at once.
  fs::create_symlink(kBroken / "two_halves/libtensorflow_cc.so.2", root_ / "libtensorflow.so.2");
  EXPECT_THAT(MessageFor(root_), HasSubstr("is TensorFlow 1.2.3; expected 2.x"));
}

TEST_F(OpenTest, RefusesOtherLibraries) {
  EXPECT_THAT(MessageFor(kBroken / "old_version"), HasSubstr("is TensorFlow 1.15.5; expected 2.x"));
  EXPECT_THAT(MessageFor(kBroken / "few_functions"),
              HasSubstr("has no function TF_DeleteStatus; TensorFlow 2.1.0 is too old"));
  testing::internal::CaptureStderr();
  EXPECT_THAT(MessageFor(kBroken / "chatters"),
              HasSubstr("has no function TF_Version; it is not TensorFlow's C library"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// The reason of a death must not go where the chatter goes.
TEST_F(OpenTest, AFatalMessageOfTheLibraryIsPrinted) {
  EXPECT_EXIT((void)OpenTensorFlow({.directory = kBroken / "aborts"}),
              testing::KilledBySignal(SIGABRT), "this processor cannot run the library");
}

TEST(StderrGuardTest, HoldsMessagesBackAndPutsStandardErrorBack) {
  testing::internal::CaptureStderr();
  std::fputs("before ", stderr);
  {
    const StderrGuard guard;
    std::fputs("during ", stderr);
  }
  {
    const StderrGuard again;
    std::fputs("during ", stderr);
  }
  std::fputs("after", stderr);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "before after");
}

}  // namespace
}  // namespace whylight::tf
