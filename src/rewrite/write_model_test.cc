#include "rewrite/write_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "io/files.h"
#include "savedmodel/test_files.h"

namespace whylight {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class WriteModelTest : public testing::Test {
 protected:
  WriteModelTest() {
    folder_.Write("model/saved_model.pb", "old");
    folder_.Write("model/fingerprint.pb", "f");
    folder_.Write("model/variables/variables.index", "v");
    folder_.Write("model/assets.extra/notes", "n");
    folder_.Write("model/explanation_metadata.json", "{}");
    model_.directory = folder_.path("model");
  }

  std::string Read(const std::string& name) const {
    const Result<std::string> bytes = ReadFile(folder_.path(name));
    return bytes.ok() ? *bytes : bytes.status().message();
  }

  TemporaryFolder folder_;
  SavedModel model_;
};

TEST_F(WriteModelTest, TakesEveryFileAlongButTheFingerprint) {
  ASSERT_TRUE(WriteModel(model_, "new", folder_.path("out/")).ok());
  EXPECT_EQ(Read("out/saved_model.pb"), "new");
  EXPECT_EQ(Read("out/variables/variables.index"), "v");
  EXPECT_EQ(Read("out/assets.extra/notes"), "n");
  EXPECT_EQ(Read("out/explanation_metadata.json"), "{}");
  EXPECT_FALSE(fs::exists(folder_.path("out/fingerprint.pb")));
  EXPECT_EQ(Read("model/saved_model.pb"), "old");
  EXPECT_TRUE(fs::exists(folder_.path("model/fingerprint.pb")));
}

TEST_F(WriteModelTest, LinksFilesUnlessCopiesAreAskedFor) {
  const std::string index = "/variables/variables.index";
  ASSERT_TRUE(WriteModel(model_, "new", folder_.path("linked")).ok());
  ASSERT_TRUE(WriteModel(model_, "new", folder_.path("copied"), {.copy_files = true}).ok());
  EXPECT_TRUE(fs::equivalent(folder_.path("linked") + index, model_.directory + index));
  EXPECT_FALSE(fs::equivalent(folder_.path("copied") + index, model_.directory + index));
}

TEST_F(WriteModelTest, AFileBehindASymbolicLinkComesAsAFile) {
  folder_.Write("elsewhere", "w");
  fs::create_symlink(folder_.path("elsewhere"), folder_.path("model/link"));
  ASSERT_TRUE(WriteModel(model_, "new", folder_.path("out")).ok());
  EXPECT_EQ(Read("out/link"), "w");
  EXPECT_FALSE(fs::is_symlink(folder_.path("out/link")));
}

TEST_F(WriteModelTest, RefusesAFolderThatIsThereOrLiesInside) {
  fs::create_directory(folder_.path("taken"));
  const Status taken = WriteModel(model_, "new", folder_.path("taken"));
  EXPECT_EQ(taken.code(), StatusCode::kAlreadyExists);
  EXPECT_THAT(taken.message(), HasSubstr("--in-place"));
  const Status inside = WriteModel(model_, "new", folder_.path("model/out"));
  EXPECT_EQ(inside.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(inside.message(), HasSubstr("lies inside"));
  EXPECT_TRUE(WriteModel(model_, "new", folder_.path("model_xai")).ok());  // Only begins so.
}

TEST_F(WriteModelTest, WhatFailsLeavesNothing) {
  fs::create_symlink(folder_.path("nowhere"), folder_.path("model/broken"));
  EXPECT_EQ(WriteModel(model_, "new", folder_.path("out")).code(), StatusCode::kNotFound);
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_EQ(entry.path().filename(), "model");
  }
}

TEST_F(WriteModelTest, InPlaceReplacesTheFileAlone) {
  ASSERT_TRUE(WriteModelInPlace(model_, "new").ok());
  EXPECT_EQ(Read("model/saved_model.pb"), "new");
  EXPECT_EQ(Read("model/variables/variables.index"), "v");
  EXPECT_FALSE(fs::exists(folder_.path("model/fingerprint.pb")));
}

TEST_F(WriteModelTest, ATextModelIsNotWrittenInPlace) {
  fs::rename(folder_.path("model/saved_model.pb"), folder_.path("model/saved_model.pbtxt"));
  EXPECT_EQ(WriteModelInPlace(model_, "new").code(), StatusCode::kFailedPrecondition);
  ASSERT_TRUE(WriteModel(model_, "new", folder_.path("out")).ok());
  EXPECT_FALSE(fs::exists(folder_.path("out/saved_model.pbtxt")));
}

}  // namespace
}  // namespace whylight
