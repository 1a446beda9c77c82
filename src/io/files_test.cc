#include "io/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace whylight {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "files_test.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern + "/";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::size_t EntryCount() const {
    const std::filesystem::directory_iterator entries(directory_);
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  std::string directory_;
};

TEST_F(FilesTest, WritesAndReadsBytes) {
  const std::string bytes("a\0b\xff\n", 5);
  ASSERT_TRUE(WriteFile(directory_ + "a", bytes).ok());
  const Result<std::string> read = ReadFile(directory_ + "a");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(*read, bytes);
  EXPECT_EQ(EntryCount(), 1u);
}

TEST(LineReaderBytes, AreTakenBetweenLines) {
  const std::unique_ptr<LineReader> reader = LineReader::OfText(std::string("a\n\0\n\rz", 6));
  std::string_view line;
  ASSERT_TRUE(*reader->Next(&line));
  EXPECT_EQ(line, "a");
  EXPECT_EQ(*reader->Take(3), std::string("\0\n\r", 3));
  EXPECT_EQ(*reader->Take(0), "");
  EXPECT_EQ(*reader->Take(9), "z");
  EXPECT_EQ(*reader->Take(1), "");
}

TEST_F(FilesTest, ErrorsNameThePathAndTheReason) {
  const Result<std::string> missing = ReadFile(directory_ + "none");
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(),
            "cannot read " + directory_ + "none: No such file or directory");
  EXPECT_NE(ReadFile(directory_).status().message().find("Is a directory"), std::string::npos);
  EXPECT_EQ(ReadFile(std::string("a\0b", 3)).status().code(), StatusCode::kInvalidArgument);
  ASSERT_TRUE(WriteFile(directory_ + "a", "12345").ok());
  EXPECT_EQ(ReadFile(directory_ + "a", {.max_bytes = 4}).status().code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(WriteFile(directory_ + "no/such", "x").code(), StatusCode::kNotFound);
  EXPECT_EQ(WriteFile(directory_, "x").code(), StatusCode::kInvalidArgument);
}

TEST_F(FilesTest, AFullDiskIsAnErrorOfTheFile) {
  const Status status = WriteFile("/dev/full", "x");
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "cannot write /dev/full: No space left on device");
}

TEST_F(FilesTest, ABrokenPipeIsAnErrorOfTheFile) {
  IgnoreBrokenPipes();
  const std::string path = directory_ + "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  const Result<std::unique_ptr<AtomicFile>> file = AtomicFile::Create(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  close(reader);
  ASSERT_TRUE((*file)->Write("x").ok());
  EXPECT_EQ((*file)->Flush().code(), StatusCode::kUnavailable);
}

TEST_F(FilesTest, AFileAppearsOnlyWhenItIsCommitted) {
  const std::string path = directory_ + "out";
  ASSERT_TRUE(WriteFile(path, "old").ok());
  {
    const Result<std::unique_ptr<AtomicFile>> file = AtomicFile::Create(path);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Write("half").ok() && (*file)->Flush().ok());
    EXPECT_EQ(*ReadFile(path), "old");
    EXPECT_EQ(EntryCount(), 2u);
  }
  EXPECT_EQ(*ReadFile(path), "old");
  EXPECT_EQ(EntryCount(), 1u);  // The temporary file is gone.
  ASSERT_TRUE(WriteFile(path, "new").ok());
  EXPECT_EQ(*ReadFile(path), "new");
}

TEST_F(FilesTest, AReplacedFileKeepsItsModeAndItsLink) {
  const std::string path = directory_ + "file", link = directory_ + "link";
  ASSERT_TRUE(WriteFile(path, "old").ok());
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  ASSERT_EQ(symlink(path.c_str(), link.c_str()), 0);
  ASSERT_TRUE(WriteFile(link, "new").ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(*ReadFile(path), "new");
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST_F(FilesTest, LinesGoToAFile) {
  const std::string path = directory_ + "out.jsonl";
  Result<std::unique_ptr<LineWriter>> writer = LineWriter::Open(path);
  ASSERT_TRUE(writer.ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE((*writer)->Write(std::to_string(i)).ok());
  EXPECT_FALSE(FileExists(path));
  ASSERT_TRUE((*writer)->Close().ok());
  EXPECT_EQ(*ReadFile(path), "0\n1\n2\n");
}

TEST_F(FilesTest, ListsSortedWithoutHiddenFiles) {
  for (const char* name : {"b.png", "a.png", ".hidden"}) {
    ASSERT_TRUE(WriteFile(directory_ + name, "").ok());
  }
  std::filesystem::create_directory(directory_ + "sub");
  const Result<std::vector<std::string>> files = ListFiles(directory_);
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(*files, (std::vector<std::string>{directory_ + "a.png", directory_ + "b.png"}));
  EXPECT_EQ(ListFiles(directory_ + "none").status().code(), StatusCode::kNotFound);
}

TEST(ExtensionTest, IsLowerCaseAndOfTheNameOnly) {
  EXPECT_EQ(Extension("a/b.c/D.JPG"), ".jpg");
  EXPECT_EQ(Extension("a.b/c"), "");
  EXPECT_EQ(Extension(".bashrc"), "");
  EXPECT_EQ(Extension("x.tar.gz"), ".gz");
}

struct LinesCase {
  const char* name;
  std::string text;
  std::vector<std::string> lines;
};
void PrintTo(const LinesCase& c, std::ostream* os) { *os << c.name; }
class LineReaderTest : public FilesTest, public testing::WithParamInterface<LinesCase> {};

std::vector<std::string> Lines(LineReader& reader) {
  std::vector<std::string> lines;
  std::string_view line;
  while (true) {
    const Result<bool> has_line = reader.Next(&line);
    EXPECT_TRUE(has_line.ok());
    if (!has_line.ok() || !*has_line) return lines;
    lines.emplace_back(line);
    EXPECT_EQ(reader.number(), lines.size());
  }
}

TEST_P(LineReaderTest, SplitsAFileAndATextAlike) {
  EXPECT_EQ(Lines(*LineReader::OfText(GetParam().text)), GetParam().lines);
  ASSERT_TRUE(WriteFile(directory_ + "a", GetParam().text).ok());
  Result<std::unique_ptr<LineReader>> reader = LineReader::Open(directory_ + "a");
  ASSERT_TRUE(reader.ok());
  EXPECT_TRUE((*reader)->Peek(10).ok());
  EXPECT_EQ(Lines(**reader), GetParam().lines);
}
INSTANTIATE_TEST_SUITE_P(
    , LineReaderTest,
    testing::Values(LinesCase{"empty", "", {}}, LinesCase{"unix", "a\nb\n", {"a", "b"}},
                    LinesCase{"no_end", "a\nb", {"a", "b"}},
                    LinesCase{"windows", "a\r\nb\r\n", {"a", "b"}},
                    LinesCase{"cr_only", "a\rb\r", {"a", "b"}},
                    LinesCase{"blank_lines", "\n\r\n\ra", {"", "", "", "a"}},
                    LinesCase{"byte_order_mark",
                              "\xef\xbb\xbf"
                              "a\nb",
                              {"a", "b"}},
                    LinesCase{"mark_alone", "\xef\xbb\xbf", {}},
                    LinesCase{"nul", std::string("a\0b\n", 4), {std::string("a\0b", 3)}},
                    LinesCase{"beyond_a_block",
                              std::string(200000, 'x') + "\r\n" + std::string(65533, 'y') + "\r\nz",
                              {std::string(200000, 'x'), std::string(65533, 'y'), "z"}}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
