#include "savedmodel/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>

#include "savedmodel/snappy.h"
#include "savedmodel/test_files.h"
#include "util/crc32c.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Varint(std::uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

std::string Fixed(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

std::string Block(const std::string& contents, char compression = 0) {
  const std::string typed = contents + compression;
  return typed + Fixed(MaskCrc32c(Crc32c(typed)), 4);
}

using Entries = std::vector<std::pair<std::string, std::string>>;

// Entries with prefix compression and one restart point.
std::string BlockContents(const Entries& entries) {
  std::string out, last;
  for (const auto& [key, value] : entries) {
    std::size_t shared = 0;
    while (shared < std::min(last.size(), key.size()) && last[shared] == key[shared]) ++shared;
    out += Varint(shared) + Varint(key.size() - shared) + Varint(value.size()) +
           key.substr(shared) + value;
    last = key;
  }
  return out + Fixed(0, 4) + Fixed(1, 4);
}

std::string Table(const Entries& entries, char compression = 0,
                  const std::function<std::string(std::string)>& compress = nullptr) {
  std::string contents = BlockContents(entries);
  if (compress) contents = compress(contents);
  const std::string data = Block(contents, compression);
  const std::string handle = Varint(0) + Varint(contents.size());
  const std::string index_contents = BlockContents({{"zzz", handle}});
  const std::string index = Block(index_contents);
  std::string footer = Varint(0) + Varint(0) + Varint(data.size()) + Varint(index_contents.size());
  footer.resize(40);
  return data + index + footer + Fixed(0xdb4775248b80fb57, 8);
}

// BundleHeaderProto and BundleEntryProto by hand: they are no part of a SavedModel's schema.
std::string Header(int shards) { return "\x08" + Varint(static_cast<std::uint64_t>(shards)); }

std::string FloatEntry(int offset, const std::string& data, int size) {
  std::string shape = "\x12\x02\x08" + Varint(static_cast<std::uint64_t>(size));
  return std::string("\x08\x01\x12") + Varint(shape.size()) + shape + "\x20" +
         Varint(static_cast<std::uint64_t>(offset)) + "\x28" + Varint(data.size()) + "\x35" +
         Fixed(MaskCrc32c(Crc32c(data)), 4);
}

const std::string kOne = Fixed(0x3F800000, 4);  // 1.0f

TEST(Checkpoint, ReadsFloatsOfARealModel) {
  const Result<Checkpoint> checkpoint =
      Checkpoint::Open(ModelPath("tf1_ref_variables") + "/variables/variables");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  ASSERT_EQ(checkpoint->entries().size(), 2u);
  for (const auto& [key, entry] : checkpoint->entries()) {
    const Result<Tensor> tensor = checkpoint->Read(key);
    ASSERT_TRUE(tensor.ok()) << tensor.status().message();
    EXPECT_EQ(tensor->dtype(), DType::kFloat32);
    EXPECT_EQ(tensor->shape(), entry.shape);
    EXPECT_EQ(tensor->bytes().size(), static_cast<std::size_t>(entry.size));
  }
  EXPECT_TRUE(checkpoint->ObjectKeys()->empty());
  EXPECT_EQ(checkpoint->Find("no such key"), nullptr);
  EXPECT_EQ(checkpoint->Read("no such key").status().code(), StatusCode::kNotFound);
}

TEST(Checkpoint, ReadsTheObjectGraphOfTf2) {
  const Result<Checkpoint> checkpoint =
      Checkpoint::Open(ModelPath("tf2_linear_with_bias") + "/variables/variables");
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  const auto keys = checkpoint->ObjectKeys();
  ASSERT_TRUE(keys.ok()) << keys.status().message();
  int variables = 0;
  for (const auto& attributes : *keys) {
    const auto it = attributes.find("VARIABLE_VALUE");
    if (it == attributes.end()) continue;
    EXPECT_NE(checkpoint->Find(it->second), nullptr) << it->second;
    ++variables;
  }
  EXPECT_EQ(variables, 2);
}

TEST(Checkpoint, ReadsATableWithSharedPrefixes) {
  const TemporaryFolder folder;
  folder.Write("v.data-00000-of-00001", kOne + kOne + kOne);
  folder.Write("v.index", Table({{"", Header(1)},
                                 {"dense/bias", FloatEntry(0, kOne, 1)},
                                 {"dense/bias_2", FloatEntry(4, kOne + kOne, 2)}}));
  const Result<Checkpoint> checkpoint = Checkpoint::Open(folder.path("v"));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  const Result<Tensor> tensor = checkpoint->Read("dense/bias_2");
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  EXPECT_EQ(*tensor, Tensor::Of<float>(Shape{2}, {1, 1}));
}

TEST(Checkpoint, ReadsACompressedIndex) {
  // Literals only, which any Snappy reader must take.
  const auto compress = [](const std::string& text) {
    std::string out = Varint(text.size());
    for (std::size_t at = 0; at < text.size(); at += 60) {
      const std::string piece = text.substr(at, 60);
      out += static_cast<char>((piece.size() - 1) << 2) + piece;
    }
    return out;
  };
  const TemporaryFolder folder;
  folder.Write("v.data-00000-of-00001", kOne);
  folder.Write("v.index", Table({{"", Header(1)}, {"w", FloatEntry(0, kOne, 1)}}, 1, compress));
  const Result<Checkpoint> checkpoint = Checkpoint::Open(folder.path("v"));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_EQ(*checkpoint->Read("w"), Tensor::Of<float>(Shape{1}, {1}));
}

TEST(Checkpoint, ReadsStrings) {
  // Two strings; the checksums go over the lengths as 32-bit numbers, not as varints.
  const std::string lengths = Fixed(2, 4) + Fixed(3, 4);
  const std::string check = Fixed(MaskCrc32c(Crc32c(lengths)), 4);
  const std::string data = Varint(2) + Varint(3) + check + "abcde";
  const std::string shape = "\x12\x02\x08\x02";
  const std::string entry = "\x08\x07\x12" + Varint(shape.size()) + shape + "\x28" +
                            Varint(data.size()) + "\x35" +
                            Fixed(MaskCrc32c(Crc32c(lengths + check + "abcde")), 4);
  const TemporaryFolder folder;
  folder.Write("v.index", Table({{"", Header(1)}, {"s", entry}}));
  folder.Write("v.data-00000-of-00001", data);
  const Result<Checkpoint> good = Checkpoint::Open(folder.path("v"));
  ASSERT_TRUE(good.ok()) << good.status().message();
  const Result<Tensor> tensor = good->Read("s");
  ASSERT_TRUE(tensor.ok()) << tensor.status().message();
  EXPECT_THAT(tensor->strings(), ElementsAre("ab", "cde"));
  // Each byte is under a checksum.
  for (std::size_t i = 0; i < data.size(); ++i) {
    std::string bad = data;
    bad[i] = static_cast<char>(bad[i] ^ 4);
    folder.Write("v.data-00000-of-00001", bad);
    EXPECT_EQ(good->Read("s").status().code(), StatusCode::kDataLoss) << "byte " << i;
  }
}

TEST(Checkpoint, RefusesASlicedVariableButListsIt) {
  const std::string slices = std::string("\x3A\x00", 2);
  const TemporaryFolder folder;
  folder.Write("v.data-00000-of-00001", "");
  folder.Write("v.index",
               Table({{"", Header(1)}, {"w", "\x08\x01\x12\x04\x12\x02\x08\x08" + slices}}));
  const Result<Checkpoint> checkpoint = Checkpoint::Open(folder.path("v"));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status().message();
  EXPECT_TRUE(checkpoint->Find("w")->sliced);
  EXPECT_EQ(checkpoint->Read("w").status().code(), StatusCode::kUnimplemented);
}

struct Row {
  const char* name;
  Entries entries;
  std::string data;  // "-": no data file.
  StatusCode code;
  const char* message;
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class DamagedCheckpointTest : public testing::TestWithParam<Row> {};

TEST_P(DamagedCheckpointTest, NamesTheFile) {
  const TemporaryFolder folder;
  folder.Write("v.index", Table(GetParam().entries));
  if (GetParam().data != "-") folder.Write("v.data-00000-of-00001", GetParam().data);
  const Result<Checkpoint> checkpoint = Checkpoint::Open(folder.path("v"));
  ASSERT_FALSE(checkpoint.ok());
  EXPECT_EQ(checkpoint.status().code(), GetParam().code) << checkpoint.status().message();
  EXPECT_THAT(checkpoint.status().message(),
              AllOf(HasSubstr(folder.path("v")), HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    , DamagedCheckpointTest,
    testing::Values(
        Row{"no_header", {{"w", FloatEntry(0, kOne, 1)}}, kOne, StatusCode::kDataLoss, "no header"},
        Row{"no_data_file",
            {{"", Header(1)}, {"w", FloatEntry(0, kOne, 1)}},
            "-",
            StatusCode::kDataLoss,
            "v.data-00000-of-00001': the values of 'w' should be here"},
        Row{"short_data_file",
            {{"", Header(1)}, {"w", FloatEntry(4, kOne, 1)}},
            "12345",
            StatusCode::kDataLoss,
            "expected at least 8 bytes, as the index says for 'w', found 5"},
        Row{"big_endian",
            {{"", Header(1) + "\x10\x01"}},
            "",
            StatusCode::kUnimplemented,
            "big-endian"},
        Row{"no_shards", {{"", Header(0)}}, "", StatusCode::kDataLoss, "says 0 data files"},
        Row{"shape_and_size_differ",
            {{"", Header(1)}, {"w", FloatEntry(0, kOne, 9)}},
            kOne,
            StatusCode::kDataLoss,
            "float32 [9] is 36 bytes, the index says 4"},
        Row{"shard_outside",
            {{"", Header(1)}, {"w", FloatEntry(0, kOne, 1) + "\x18\x05"}},
            kOne,
            StatusCode::kDataLoss,
            "shard 5 of 1"},
        Row{"negative_offset",
            {{"", Header(1)}, {"w", "\x20\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"}},
            "",
            StatusCode::kDataLoss,
            "bytes from -1"},
        Row{"size_overflows",
            {{"", Header(1)}, {"w", "\x20\x01\x28\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"}},
            "",
            StatusCode::kDataLoss,
            "bytes from 1"},
        Row{"shape_overflows",
            {{"", Header(1)},
             {"w",
              "\x08\x01\x12\x18\x12\x0A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"
              "\x12\x0A\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"}},
            "",
            StatusCode::kDataLoss,
            "shape ["},
        Row{"entry_is_no_message",
            {{"", Header(1)}, {"w", "\x12\x7F"}},
            "",
            StatusCode::kDataLoss,
            "'w': a field is longer"}),
    [](const auto& row) { return row.param.name; });

TEST(Checkpoint, MissingIndexIsNotFound) {
  const TemporaryFolder folder;
  const Status status = Checkpoint::Open(folder.path("v")).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("v.index'"));
}

TEST(Checkpoint, DamagedBytesAreNoticed) {
  const TemporaryFolder folder;
  folder.Write("v.data-00000-of-00001", kOne);
  const std::string good = Table({{"", Header(1)}, {"w", FloatEntry(0, kOne, 1)}});
  for (std::size_t size = 0; size < good.size(); ++size) {
    folder.Write("v.index", good.substr(0, size));
    const Status status = Checkpoint::Open(folder.path("v")).status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << size << " bytes";
    EXPECT_THAT(status.message(), HasSubstr("v.index' (" + std::to_string(size) + " bytes)"));
  }
  // Every byte before the footer is under a checksum; of the footer, what is used.
  for (std::size_t i = 0; i < good.size() - 48; ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    folder.Write("v.index", bad);
    EXPECT_EQ(Checkpoint::Open(folder.path("v")).status().code(), StatusCode::kDataLoss)
        << "byte " << i;
  }
  folder.Write("v.index", good);
  folder.Write("v.data-00000-of-00001", Fixed(0x40000000, 4));
  const Result<Checkpoint> checkpoint = Checkpoint::Open(folder.path("v"));
  ASSERT_TRUE(checkpoint.ok());
  const Status status = checkpoint->Read("w").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("do not match their checksum"));
}

TEST(Checkpoint, SurvivesFlipsInARealIndex) {
  std::ifstream file(ModelPath("tf2_lookup_asset") + "/variables/variables.index",
                     std::ios::binary);
  const std::string good{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(good.empty());
  const TemporaryFolder folder;
  std::uint32_t state = 7;
  for (int i = 0; i < 300; ++i) {
    std::string bad = good;
    state = state * 1664525 + 1013904223;
    bad[(state >> 8) % bad.size()] = static_cast<char>(state >> 24);
    folder.Write("v.index", bad);
    EXPECT_FALSE(Checkpoint::Open(folder.path("v")).ok());  // There is no data file in any case.
  }
}

struct SnappyRow {
  const char* name;
  std::string compressed;
  const char* text;  // nullptr: damaged.
};
void PrintTo(const SnappyRow& row, std::ostream* os) { *os << row.name; }

class SnappyTest : public testing::TestWithParam<SnappyRow> {};

TEST_P(SnappyTest, Uncompresses) {
  const Result<std::string> text = SnappyUncompress(GetParam().compressed);
  if (GetParam().text == nullptr) {
    EXPECT_EQ(text.status().code(), StatusCode::kDataLoss);
  } else {
    ASSERT_TRUE(text.ok()) << text.status().message();
    EXPECT_EQ(*text, GetParam().text);
  }
}

std::string Zeros(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out += static_cast<char>(byte);
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    , SnappyTest,
    testing::Values(SnappyRow{"empty", Zeros({0}), ""},
                    SnappyRow{"literal",
                              "\x03\x08"
                              "abc",
                              "abc"},
                    SnappyRow{"literal_with_length_byte",
                              "\x03\xF0\x02"
                              "abc",
                              "abc"},
                    SnappyRow{"copy_1", Zeros({8, 0, 'a', 0x0D, 1}), "aaaaaaaa"},
                    SnappyRow{"copy_2", Zeros({5, 4, 'a', 'b', 0x0A, 2, 0}), "ababa"},
                    SnappyRow{"copy_4", Zeros({5, 4, 'a', 'b', 0x0B, 2, 0, 0, 0}), "ababa"},
                    SnappyRow{"offset_zero", Zeros({5, 4, 'a', 'b', 0x0A, 0, 0}), nullptr},
                    SnappyRow{"offset_before_the_start", Zeros({5, 4, 'a', 'b', 0x0A, 3, 0}),
                              nullptr},
                    SnappyRow{"longer_than_it_says",
                              "\x02\x08"
                              "abc",
                              nullptr},
                    SnappyRow{"shorter_than_it_says",
                              "\x04\x08"
                              "abc",
                              nullptr},
                    SnappyRow{"literal_cut",
                              "\x03\x08"
                              "ab",
                              nullptr},
                    SnappyRow{"copy_cut", Zeros({5, 4, 'a', 'b', 0x0A, 2}), nullptr},
                    SnappyRow{"absurd_size",
                              "\xFF\xFF\xFF\xFF\x0F\x08"
                              "abc",
                              nullptr},
                    SnappyRow{"nothing", "", nullptr}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
