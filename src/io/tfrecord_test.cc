#include "io/tfrecord.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "io/row_writer.h"
#include "io/test_instances.h"
#include "io/tf_example.h"
#include "util/crc32c.h"

namespace whylight {
namespace {

const std::vector<FieldSpec> kPerson = {Field("age", DType::kFloat32), Field("job", DType::kString),
                                        Field("codes", DType::kInt32, {Shape::kUnknown})};
const std::string kPeople =
    "record 0: 31.5 \"clerk\" [1,-2,3]\nrecord 1: 44.0 {\"b64\":\"/wA=\"} []";

std::string TestData(const std::string& name) {
  return std::string(WHYLIGHT_SOURCE_DIR) + "/src/io/testdata/" + name;
}

std::string Person(float age, const std::string& job) {
  ExampleBuilder example;
  example.Floats("age", std::vector<float>{age});
  example.Bytes("job", std::vector<std::string>{job});
  return example.Serialize();
}

std::string FileOf(const std::vector<std::string>& records) {
  std::string file;
  for (const std::string& record : records) AppendTfRecord(record, &file);
  return file;
}

const std::vector<FieldSpec> kAgeAndJob = {kPerson[0], kPerson[1]};

class WrittenByTensorFlow : public testing::TestWithParam<const char*> {};
TEST_P(WrittenByTensorFlow, IsRead) {
  Result<std::unique_ptr<InstanceReader>> reader = OpenInstances({TestData(GetParam())}, kPerson);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_EQ((*reader)->notes(),
            std::vector<std::string>{"feature 'label' is no input and is ignored"});
  EXPECT_EQ(ReadAsText(std::move(reader), kPerson), kPeople);
}
INSTANTIATE_TEST_SUITE_P(, WrittenByTensorFlow,
                         testing::Values("rows.tfrecord", "rows.tfrecord.gz",
                                         "rows.zlib.tfrecord"));

TEST(TfRecord, IsWrittenAsTensorFlowWritesIt) {
  const Result<std::string> file = ReadFile(TestData("rows.tfrecord"));
  ASSERT_TRUE(file.ok()) << file.status().message();
  TfRecordReader reader(LineReader::OfText(*file));
  TfRecordReader::Record record;
  std::string written;
  while (true) {
    const Result<bool> next = reader.Next(&record);
    ASSERT_TRUE(next.ok()) << next.status().message();
    if (!*next) break;
    ASSERT_TRUE(record.status.ok()) << record.status.message();
    AppendTfRecord(record.data, &written);
  }
  EXPECT_EQ(written, *file);
}

TEST(TfRecord, ManyRecordsStreamThroughAPipeSizedBuffer) {
  std::vector<std::string> records;
  for (int i = 0; i < 3000; ++i) records.push_back(std::string(static_cast<std::size_t>(i), 'x'));
  TfRecordReader reader(LineReader::OfText(FileOf(records)));
  TfRecordReader::Record record;
  for (const std::string& wanted : records) {
    const Result<bool> next = reader.Next(&record);
    ASSERT_TRUE(next.ok() && *next);
    ASSERT_EQ(record.data, wanted);
  }
}

TEST(TfRecord, TheOneStringIsTheRecord) {
  const std::string example = Person(3, "clerk");
  const FieldSpec field = Field("examples", DType::kString);
  Result<std::unique_ptr<InstanceReader>> reader =
      ReadInstances(FileOf({example, ""}), {field}, {});
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  EXPECT_TRUE((*reader)->notes().empty());
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok());
  ASSERT_EQ(instances->size(), 2u);
  EXPECT_EQ((*instances)[0].values[0], Tensor::ScalarString(example));
  EXPECT_EQ((*instances)[1].values[0], Tensor::ScalarString(""));
  EXPECT_EQ((*instances)[1].source_json, "{\"b64\":\"\"}");
}

TEST(TfRecord, TheOneStringIsTheFeatureOfItsName) {
  EXPECT_EQ(ReadText(FileOf({Person(3, "clerk")}), {Field("job", DType::kString)}),
            "record 0: \"clerk\"");
}

TEST(TfRecord, FeaturesAreFoundByTheirAlias) {
  std::vector<FieldSpec> fields = kAgeAndJob;
  fields[0] = {.name = "years", .dtype = DType::kFloat32, .shape = {}, .alias = "age"};
  EXPECT_EQ(ReadText(FileOf({Person(3, "clerk")}), fields), "record 0: 3.0 \"clerk\"");
}

TEST(TfRecord, FeaturesAreTheNamedElementsOfTheOneVector) {
  ExampleBuilder whole, part;
  whole.Ints("b", std::vector<std::int64_t>{2});
  whole.Floats("a", std::vector<float>{0.5});
  part.Ints("b", std::vector<std::int64_t>{2});
  InstanceReaderOptions options;
  options.element_names = {"a", "b"};
  EXPECT_EQ(ReadText(FileOf({whole.Serialize(), part.Serialize()}),
                     {Field("x", DType::kFloat32, {2})}, options),
            "record 0: [0.5,2.0]\nrecord 1: a: missing");
}

TEST(TfRecord, TheSourceIsTheExampleInTheFormOfARequest) {
  ExampleBuilder example;
  example.Floats("age", std::vector<float>{3.5});
  example.Bytes("job", std::vector<std::string>{"clerk"});
  example.Ints("codes", std::vector<std::int64_t>{7});
  example.Ints("label", std::vector<std::int64_t>{1});
  example.Ints("sizes", std::vector<std::int64_t>{8, 9});
  Result<std::unique_ptr<InstanceReader>> reader =
      ReadInstances(FileOf({example.Serialize()}), kPerson, {});
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok());
  EXPECT_EQ((*instances)[0].source_json,
            "{\"age\":3.5,\"job\":\"clerk\",\"codes\":[7],\"label\":1,\"sizes\":[8,9]}");
}

TEST(TfRecord, AMissingFeatureSaysWhatThereIs) {
  const std::string file = FileOf({Person(3, "a"), ExampleBuilder().Serialize()});
  EXPECT_EQ(ReadText(file, {kPerson[0], Field("code", DType::kInt64)}),
            "record 0: code: missing (the signature takes age, code; the record has age, job)\n"
            "record 1: age: missing (the signature takes age, code; the record has no features)");
  EXPECT_EQ(ReadText(file, {kPerson[0], Field("jobs", DType::kInt64)}).substr(0, 50),
            "record 0: jobs: missing (did you mean 'job'?)\nreco");
}

TEST(TfRecord, ADamagedRecordLeavesTheOthers) {
  std::string file = FileOf({Person(3, "a"), Person(4, "b")});
  file[20] ^= 1;
  EXPECT_EQ(ReadAsText(ReadInstances(file, kAgeAndJob), kAgeAndJob, StatusCode::kDataLoss),
            "record 0: the record's checksum is wrong, at byte 0\nrecord 1: 4.0 \"b\"");
}

TEST(TfRecord, ADamagedRecordDoesNotTellWhatRecordsAre) {
  std::string file = FileOf({Person(3, "a"), Person(4, "b")});
  file[20] ^= 1;
  const std::vector<FieldSpec> job = {kPerson[1]};
  EXPECT_EQ(ReadAsText(ReadInstances(file, job), job, StatusCode::kDataLoss),
            "record 0: the record's checksum is wrong, at byte 0\nrecord 1: \"b\"");
}

TEST(TfRecord, ARecordThatIsNoExampleIsItsOwnError) {
  EXPECT_EQ(ReadAsText(ReadInstances(FileOf({"\x0a\x7f", Person(4, "b")}), kAgeAndJob), kAgeAndJob,
                       StatusCode::kDataLoss),
            "record 0: not a tf.Example: a field is longer than what is left of its message\n"
            "record 1: 4.0 \"b\"");
}

TEST(TfRecord, AFileMayEndAtAnyByte) {
  const std::string first = FileOf({Person(3, "a")});
  const std::string file = first + FileOf({Person(4, "b")});
  for (std::size_t size = first.size() + 1; size < file.size(); ++size) {
    const bool in_length = size < first.size() + 12;
    EXPECT_EQ(ReadAsText(ReadInstances(file.substr(0, size), kAgeAndJob), kAgeAndJob,
                         StatusCode::kDataLoss),
              "record 0: 3.0 \"a\"\nrecord 1: the file ends within the record" +
                  std::string(in_length ? "'s length" : ", which has 33 bytes") + ", at byte 49")
        << size;
  }
}

TEST(TfRecord, ABrokenLengthEndsTheFile) {
  std::string file = FileOf({Person(3, "a"), Person(4, "b")});
  file[49] ^= 1;
  EXPECT_EQ(ReadText(file, kAgeAndJob),
            "record 0: 3.0 \"a\"stopped: the record's length has a wrong checksum, at byte 49: the "
            "file is damaged from there on");
  InstanceReaderOptions options;
  options.format = InstanceFormat::kTfRecord;
  EXPECT_EQ(ReadText("{\"age\": 3, \"job\": \"a\"}\n", kAgeAndJob, options),
            "refused: the record's length has a wrong checksum, at byte 0: not a TFRecord file, or "
            "a damaged one");
}

TEST(TfRecord, AHugeLengthIsRefusedBeforeItIsRead) {
  const std::string length("\0\0\0\0\0\0\0\x10", 8);  // 2^60
  std::string file = length;
  const std::uint32_t masked = MaskCrc32c(Crc32c(length));
  for (int shift = 0; shift < 32; shift += 8) file += static_cast<char>(masked >> shift & 0xFF);
  EXPECT_EQ(ReadText(file, kAgeAndJob),
            "refused: a record of 1152921504606846976 bytes, at byte 0: more than 1073741824 "
            "cannot be a tf.Example");
}

TEST(TfRecord, AnEmptyFileHasNoRecords) {
  InstanceReaderOptions options;
  options.format = InstanceFormat::kTfRecord;
  EXPECT_EQ(ReadText("", kAgeAndJob, options), "");
}

TEST(TfRecord, RowsAreWrittenAsExamples) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "tfrecord_test.tfrecord").string();
  const Result<std::unique_ptr<LineWriter>> out = LineWriter::Open(path);
  ASSERT_TRUE(out.ok()) << out.status().message();
  const std::unique_ptr<RowWriter> writer = MakeTfRecordWriter(**out);
  ASSERT_EQ(writer->Write({{"age", Tensor::Scalar(31.5)},
                           {"job", Tensor::ScalarString("clerk")},
                           {"codes", Tensor::Of<std::int64_t>({3, 1}, {1, -2, 3})}}),
            OkStatus());
  EXPECT_EQ(writer->Write({{"z", Tensor(DType::kComplex64, {})}}).message(),
            "z: a tf.Example has no place for complex64; write JSON Lines");
  ASSERT_EQ(writer->Close(), OkStatus());
  ASSERT_EQ((*out)->Close(), OkStatus());
  EXPECT_EQ(ReadAsText(OpenInstances({path}, kPerson), kPerson),
            kPeople.substr(0, kPeople.find('\n')));
  std::filesystem::remove(path);
}

TEST(TfRecord, CompressedDataThatAreDamagedOrCutOffSaySo) {
  const Result<std::string> file = ReadFile(TestData("rows.tfrecord.gz"));
  ASSERT_TRUE(file.ok());
  const auto read = [](const std::string& bytes) { return ReadText(bytes, kPerson); };
  EXPECT_EQ(read(file->substr(0, file->size() - 1)),
            "refused: the compressed data end in the middle");
  std::string damaged = *file;
  damaged[damaged.size() - 6] ^= 1;  // Of the checksum.
  EXPECT_EQ(read(damaged), "refused: the compressed data are damaged (incorrect data check)");
}

TEST(TfRecord, CompressedFilesMayFollowEachOther) {
  const Result<std::string> file = ReadFile(TestData("rows.tfrecord.gz"));
  ASSERT_TRUE(file.ok());
  Result<std::unique_ptr<InstanceReader>> reader = ReadInstances(*file + *file, kPerson);
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const Result<std::vector<Instance>> instances = ReadAll(**reader);
  ASSERT_TRUE(instances.ok()) << instances.status().message();
  ASSERT_EQ(instances->size(), 4u);
  EXPECT_EQ((*instances)[3].values, (*instances)[1].values);
}

}  // namespace
}  // namespace whylight
