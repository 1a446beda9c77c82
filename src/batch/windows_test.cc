#include "batch/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/test_reader.h"

namespace whylight {
namespace {

using testing::ElementsAre;

class WindowReaderTest : public testing::Test {
 protected:
  void AddRows(int rows) {
    for (int i = 0; i < rows; ++i) reader_.Add(Tensor::Scalar(1.0f));
  }

  std::size_t RowsOfNext() {
    const Result<std::vector<Instance>> window = windows_.Next();
    EXPECT_TRUE(window.ok()) << window.status().message();
    return window.ok() ? window->size() : 0;
  }

  // Sizes of as many windows, each of which took that long.
  std::vector<std::size_t> Sizes(const std::vector<double>& seconds) {
    std::vector<std::size_t> sizes;
    for (const double took : seconds) {
      sizes.push_back(RowsOfNext());
      windows_.Took(took);
    }
    return sizes;
  }

  TestReader reader_;
  WindowReader windows_{reader_};
};

TEST_F(WindowReaderTest, GivesAllInOrderGoodAndBad) {
  reader_.Add(Tensor::Scalar(1.0f));
  reader_.AddBad(InvalidArgument("line 2: no number"));
  reader_.Add(Tensor::Scalar(3.0f));
  const Result<std::vector<Instance>> window = windows_.Next();
  ASSERT_TRUE(window.ok());
  ASSERT_EQ(window->size(), 3u);
  EXPECT_EQ((*window)[0].place, "line 1");
  EXPECT_EQ((*window)[1].status, InvalidArgument("line 2: no number"));
  EXPECT_EQ((*window)[2].values, std::vector<Tensor>{Tensor::Scalar(3.0f)});
  EXPECT_EQ(RowsOfNext(), 0u);
}

TEST_F(WindowReaderTest, DoublesWhileWindowsAreQuick) {
  AddRows(16 + 32 + 64 + 5);
  EXPECT_THAT(Sizes({0.3, 1.9, 0, 0}), ElementsAre(16, 32, 64, 5));
}

TEST_F(WindowReaderTest, LeapsWhileTheyTakeNoTime) {
  AddRows(16 + 128 + 256 + 5);
  EXPECT_THAT(Sizes({0.2, 0.3, 0, 0}), ElementsAre(16, 128, 256, 5));
}

TEST_F(WindowReaderTest, StaysBetweenTwoAndEightSeconds) {
  AddRows(100);
  EXPECT_THAT(Sizes({2, 5, 8}), ElementsAre(16, 16, 16));
}

TEST_F(WindowReaderTest, HalvesWhereRowsAreSlowButKeepsOne) {
  AddRows(100);
  EXPECT_THAT(Sizes({9, 60, 60, 60, 60, 60}), ElementsAre(16, 8, 4, 2, 1, 1));
}

TEST_F(WindowReaderTest, GrowsNoFurtherThan2048Rows) {
  AddRows(16 + 128 + 1024 + 2048 + 2048);
  EXPECT_THAT(Sizes(std::vector<double>(5, 0.0)), ElementsAre(16, 128, 1024, 2048, 2048));
}

TEST_F(WindowReaderTest, EndsAWindowAt64Megabytes) {
  // The values and the text they were read from count: 10 MB an instance, so 7 pass the bound.
  for (int i = 0; i < 10; ++i) {
    reader_.Add(Tensor(DType::kUInt8, Shape{5 << 20}), std::string(5 << 20, ' '));
  }
  EXPECT_EQ(RowsOfNext(), 7u);
  EXPECT_EQ(RowsOfNext(), 3u);
}

TEST_F(WindowReaderTest, CountsTheBytesOfStrings) {
  for (int i = 0; i < 3; ++i) reader_.Add(Tensor::ScalarString(std::string(40 << 20, 'a')));
  EXPECT_EQ(RowsOfNext(), 2u);
  EXPECT_EQ(RowsOfNext(), 1u);
}

TEST_F(WindowReaderTest, AnInstanceBeyondTheBoundIsAWindowByItself) {
  for (int i = 0; i < 2; ++i) reader_.Add(Tensor(DType::kUInt8, Shape{65 << 20}));
  EXPECT_EQ(RowsOfNext(), 1u);
  EXPECT_EQ(RowsOfNext(), 1u);
}

TEST_F(WindowReaderTest, AReaderThatFailsFailsTheWindow) {
  AddRows(3);
  reader_.EndWith(DataLoss("a.jsonl: cannot be read"));
  EXPECT_EQ(windows_.Next().status(), DataLoss("a.jsonl: cannot be read"));
}

}  // namespace
}  // namespace whylight
