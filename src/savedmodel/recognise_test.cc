#include "savedmodel/recognise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "savedmodel/saved_model.h"
#include "savedmodel/test_files.h"

namespace whylight {
namespace {

using testing::HasSubstr;

struct File {
  std::string name;
  std::string bytes;
};

struct Row {
  const char* name;
  std::vector<File> files;
  std::string path;  // Inside the folder; empty: the folder itself.
  const char* what;
  const char* fix;
};
void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class RecogniseTest : public testing::TestWithParam<Row> {};

TEST_P(RecogniseTest, SaysWhatItIsAndHowToMakeASavedModel) {
  const TemporaryFolder folder;
  for (const File& file : GetParam().files) folder.Write(file.name, file.bytes);
  const std::string path = folder.path(GetParam().path);
  const Recognised found = Recognise(path);
  EXPECT_THAT(found.what, HasSubstr(GetParam().what));
  EXPECT_THAT(found.fix, HasSubstr(GetParam().fix));
  // The same, as a user of a model sees it.
  const Status status = ReadSavedModel(path).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().what));
}

const std::string kZip = "PK\x03\x04rest ";
const std::string kHdf5 = "\x89HDF\r\n\x1a\n....";
std::string Tar() { return std::string(257, 'x') + "ustar" + std::string(100, '\0'); }
std::string Graph() {
  return Wire("tensorflow.GraphDef", "node { name: \"x\" op: \"Placeholder\" }");
}

INSTANTIATE_TEST_SUITE_P(
    , RecogniseTest,
    testing::Values(
        Row{"keras",
            {{"m.keras", kZip + "model.weights.h5"}},
            "m.keras",
            "a Keras 3 model file",
            "m.keras\").export(\"saved_model\")"},
        Row{"keras_under_another_name",
            {{"m.bin", kZip + "model.weights.h5"}},
            "m.bin",
            "a Keras 3 model file",
            "keras.models.load_model("},
        Row{"keras_folder",
            {{"config.json", "{}"}, {"model.weights.h5", kHdf5}},
            "",
            "an unpacked Keras 3 model",
            "keras.models.load_model("},
        Row{"hdf5", {{"m.h5", kHdf5}}, "m.h5", "an HDF5 file", "tf_keras.models.load_model("},
        Row{"hdf5_without_its_name", {{"model", kHdf5}}, "model", "an HDF5 file", ".export("},
        Row{"hdf5_weights",
            {{"m.weights.h5", kHdf5}},
            "m.weights.h5",
            "Keras weights",
            "load_weights("},
        Row{"not_hdf5", {{"m.h5", "text"}}, "m.h5", "does not begin as one", ""},
        Row{"tflite",
            {{"m.tflite", std::string("\x1c\0\0\0TFL3", 8)}},
            "m.tflite",
            "cannot be turned back",
            "model.export("},
        Row{"onnx",
            {{"m.onnx", "\x08\x07\x12\x05torch"}},
            "m.onnx",
            "an ONNX model",
            "onnx2tf.convert("},
        Row{"frozen",
            {{"frozen.pb", Graph()}},
            "frozen.pb",
            "a frozen TensorFlow graph",
            "simple_save("},
        Row{"saved_model_under_another_name",
            {{"m.pb",
              Wire("tensorflow.SavedModel", "saved_model_schema_version: 1 meta_graphs { }")}},
            "m.pb",
            "must be called saved_model.pb",
            ""},
        Row{"zip", {{"m.zip", kZip}}, "m.zip", "a zip archive", "zipfile.ZipFile("},
        Row{"tar", {{"m.tar", Tar()}}, "m.tar", "a tar archive", "tarfile.open("},
        Row{"tar_gz", {{"m.tar.gz", "\x1f\x8b..."}}, "m.tar.gz", "a tar archive", "tarfile.open("},
        Row{"pytorch",
            {{"m.pt", kZip + "archive/data.pkl"}},
            "m.pt",
            "a PyTorch file",
            "torch.onnx.export("},
        Row{"tfjs_layers",
            {{"model.json", "{\"format\": \"layers-model\"}"}},
            "",
            "a TensorFlow.js layers model",
            "tensorflowjs_converter"},
        Row{"tfjs_graph",
            {{"model.json", "{\"format\": \"graph-model\"}"}},
            "model.json",
            "a TensorFlow.js graph model",
            "tf.saved_model.save("},
        Row{"hub",
            {{"tfhub_module.pb", ""}, {"saved_model.txt", ""}},
            "",
            "a TF1 hub module",
            "hub.Module("},
        Row{"checkpoint",
            {{"ckpt-1.index", ""}, {"ckpt-1.data-00000-of-00001", ""}},
            "",
            "a folder with a checkpoint",
            "ckpt-1\")"},
        Row{"tf1_checkpoint",
            {{"model.ckpt.index", ""}, {"model.ckpt.meta", ""}},
            "",
            "a TF1 checkpoint",
            "import_meta_graph("},
        Row{"a_file_in_a_folder",
            {{"sub/model.keras", kZip + "model.weights.h5"}},
            "sub",
            "a folder with model.keras, a Keras 3 model file",
            "model.keras"},
        Row{"folder_above", {{"mine/saved_model.pb", "x"}}, "", "a folder above", ""},
        Row{"inside_a_model",
            {{"saved_model.pb", "x"}, {"variables/v", ""}},
            "variables",
            "give the folder above it",
            ""},
        Row{"empty_file", {{"m.bin", ""}}, "m.bin", "an empty file", ""},
        Row{"text", {{"notes.txt", "hello"}}, "notes.txt", "unknown kind", ""},
        Row{"a_quote_in_the_name",
            {{"a\"b\n.keras", kZip}},
            "a\"b\n.keras",
            "a Keras 3 model",
            "a\\\"b\\x0a.keras\")"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight
