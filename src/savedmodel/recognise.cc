#include "savedmodel/recognise.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "savedmodel/file.h"
#include "util/wire.h"

namespace whylight {
namespace {

using wire::Bytes;
using wire::CatchWire;
using wire::Reader;
using wire::Varint;
using wire::View;

namespace fs = std::filesystem;

constexpr std::uint64_t kHeadBytes = 4096;       // Tar's mark is at 257.
constexpr std::uint64_t kTailBytes = 64 * 1024;  // Holds the directory of most zip files.

bool Exists(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

// A Python string literal.
std::string Python(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte == 0x7F) {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      out += c;
    }
  }
  return out + '"';
}

struct Sample {
  std::string path;
  std::string name;  // Without folders, in lower case.
  std::string head;
  std::string tail;

  bool Named(std::string_view ending) const { return name.ends_with(ending); }
  bool Starts(std::string_view magic, std::size_t at = 0) const {
    return std::string_view(head).substr(std::min(at, head.size())).starts_with(magic);
  }
  bool Holds(std::string_view text) const {
    return head.find(text) != std::string::npos || tail.find(text) != std::string::npos;
  }
};

std::string LowerName(const fs::path& path) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return name;
}

Recognised Keras3(const std::string& what, const std::string& path) {
  return {what,
          "import keras\nkeras.models.load_model(" + Python(path) + ").export(\"saved_model\")"};
}

Recognised KerasHdf5(const Sample& file) {
  const std::string path = Python(file.path);
  if (file.Named(".weights.h5") || file.Named("weights.hdf5")) {
    return {"a file of Keras weights, without the model they belong to",
            "model = build_model()  # the code that made the model\nmodel.load_weights(" + path +
                ")\nmodel.export(\"saved_model\")"};
  }
  return {"an HDF5 file, as Keras 1 and 2 wrote models",
          "import keras\nkeras.models.load_model(" + path +
              ", compile=False).export(\"saved_model\")\n"
              "# or, for a model that only Keras 2 reads:\n"
              "import tf_keras\ntf_keras.models.load_model(" +
              path + ", compile=False).save(\"saved_model\")"};
}

Recognised TensorFlowLite() {
  return {"a TensorFlow Lite model, which cannot be turned back into a SavedModel",
          "# from the model that it was converted from, for Keras:\n"
          "model.export(\"saved_model\")\n# else:\n"
          "tf.saved_model.save(model, \"saved_model\", signatures=...)"};
}

Recognised Onnx(const Sample& file) {
  return {"an ONNX model",
          "import onnx2tf\nonnx2tf.convert(input_onnx_file_path=" + Python(file.path) +
              ", output_folder_path=\"saved_model\", "
              "output_signaturedefs=True)"};
}

Recognised FrozenGraph(const Sample& file) {
  return {"a frozen TensorFlow graph (a GraphDef without signatures)",
          "import tensorflow as tf\n"
          "graph_def = tf.compat.v1.GraphDef.FromString(open(" +
              Python(file.path) +
              ", \"rb\").read())\n"
              "with tf.Graph().as_default(), tf.compat.v1.Session() as session:\n"
              "    x, y = tf.graph_util.import_graph_def(\n"
              "        graph_def, name=\"\", return_elements=[\"INPUT:0\", \"OUTPUT:0\"])\n"
              "    tf.compat.v1.saved_model.simple_save(session, \"saved_model\", {\"x\": x}, "
              "{\"y\": y})"};
}

Recognised TensorFlowJs(const Sample& file) {
  if (file.Holds("layers-model")) {
    return {"a TensorFlow.js layers model",
            "pip install tensorflowjs\n"
            "tensorflowjs_converter --input_format=tfjs_layers_model "
            "--output_format=keras_saved_model " +
                Python(file.path) + " saved_model"};
  }
  return {"a TensorFlow.js graph model, which TensorFlow.js cannot turn back into a SavedModel",
          "# from the model that it was converted from:\n"
          "tf.saved_model.save(model, \"saved_model\", signatures=...)"};
}

Recognised Archive(const Sample& file, std::string_view module) {
  const std::string path = Python(file.path);
  if (module == "zipfile") {
    return {"a zip archive", "import zipfile\nzipfile.ZipFile(" + path +
                                 ").extractall(\"unpacked\")\n# then give the folder that holds "
                                 "saved_model.pb"};
  }
  return {module == "gzip" ? "a gzip-compressed file" : "a tar archive",
          "import tarfile\ntarfile.open(" + path +
              ").extractall(\"unpacked\")\n# then give the folder that holds saved_model.pb"};
}

Recognised PyTorch(const Sample& file) {
  return {"a PyTorch file, which TensorFlow does not read",
          "torch.onnx.export(model, example_input, \"model.onnx\")\n"
          "import onnx2tf\nonnx2tf.convert(input_onnx_file_path=\"model.onnx\", "
          "output_folder_path=\"saved_model\", output_signaturedefs=True)  # of " +
              file.name};
}

// The wire types of the first fields tell protocol buffers apart: a GraphDef opens with a NodeDef
// (1, bytes) that holds a name and an op; a SavedModel with its version (1, varint) and a meta
// graph (2, bytes); an ONNX model with its version (1, varint) and strings (2, bytes) or a graph
// (7, bytes).
enum class Proto { kOther, kGraphDef, kSavedModel };

Proto WhichProto(std::string_view head) {
  Proto proto = Proto::kOther;
  // The sample ends inside a message: the error is of no interest.
  const Status ignored = CatchWire([&] {
    protozero::pbf_reader reader = Reader(head);
    if (!reader.next()) return;
    if (reader.tag_and_type() == Varint(1)) {
      if (reader.get_int64() == 1 && reader.next() && reader.tag_and_type() == Bytes(2)) {
        proto = Proto::kSavedModel;
      }
      return;
    }
    if (reader.tag_and_type() != Bytes(1)) return;
    protozero::pbf_reader node = Reader(View(reader));
    if (!node.next() || node.tag_and_type() != Bytes(1)) return;
    node.skip();
    if (node.next() && node.tag_and_type() == Bytes(2)) proto = Proto::kGraphDef;
  });
  return ignored.ok() || proto != Proto::kOther ? proto : Proto::kOther;
}

Recognised RecogniseFile(const fs::path& path) {
  Sample file{.path = path.string(), .name = LowerName(path), .head = {}, .tail = {}};
  if (Result<std::string> head = ReadFileAt(file.path, 0, kHeadBytes); head.ok()) {
    file.head = *std::move(head);
  }
  if (Result<std::uint64_t> size = FileSize(file.path); size.ok()) {
    Result<std::string> tail =
        ReadFileAt(file.path, *size - std::min(*size, kTailBytes), kTailBytes);
    if (tail.ok()) file.tail = *std::move(tail);
  }

  using namespace std::string_view_literals;
  if (file.Starts("PK\x03\x04")) {
    if (file.Holds("model.weights.h5") || file.Named(".keras")) {
      return Keras3("a Keras 3 model file", file.path);
    }
    if (file.Holds("data.pkl")) return PyTorch(file);
    return Archive(file, "zipfile");
  }
  if (file.Starts("\x89HDF\r\n\x1a\n")) return KerasHdf5(file);
  if (file.Starts("TFL3", 4)) return TensorFlowLite();
  if (file.Starts("\x1f\x8b"))
    return Archive(file, file.Named(".tgz") || file.Named(".tar.gz") ? "tarfile" : "gzip");
  if (file.Starts("ustar", 257)) return Archive(file, "tarfile");
  if (file.Starts("{") &&
      (file.Holds("graph-model") || file.Holds("layers-model") || file.Holds("weightsManifest"))) {
    return TensorFlowJs(file);
  }
  const Proto proto = WhichProto(file.head);
  if (proto == Proto::kSavedModel && file.Named(".pb")) {
    return {
        "perhaps a SavedModel under another name: the file must be called saved_model.pb and "
        "lie beside its folders variables and assets",
        ""};
  }
  if (file.Named(".onnx")) return Onnx(file);
  if (proto == Proto::kGraphDef) return FrozenGraph(file);
  if (file.Named(".index") || file.Named(".meta") ||
      file.name.find(".data-0") != std::string::npos) {
    return {"a part of a checkpoint: variables without the model they belong to",
            "model = build_model()  # the code that made the model\n"
            "tf.train.Checkpoint(model=model).restore(" +
                Python(file.path.substr(0, file.path.rfind('.'))) +
                ").expect_partial()\ntf.saved_model.save(model, \"saved_model\")"};
  }
  if (file.head.empty()) return {"an empty file", ""};
  // The name alone, for a file whose bytes say nothing.
  if (file.Named(".keras")) return {"named as a Keras model, but it is no zip file", ""};
  if (file.Named(".h5") || file.Named(".hdf5")) {
    return {"named as an HDF5 file, but it does not begin as one", ""};
  }
  if (file.Named(".tflite")) return {"named as a TensorFlow Lite model, but it is none", ""};
  if (file.Named(".zip") || file.Named(".tar") || file.Named(".tgz") || file.Named(".gz")) {
    return {"named as an archive, but it does not begin as one", ""};
  }
  if (file.Named(".pt") || file.Named(".pth")) return PyTorch(file);
  return {"a file of an unknown kind", ""};
}

std::vector<fs::path> List(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    paths.push_back(it->path());
    if (paths.size() >= 10000) break;
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

Recognised CheckpointFolder(const fs::path& index) {
  const std::string prefix = fs::path(index).replace_extension().string();
  if (Exists(prefix + ".meta")) {
    return {"a folder with a TF1 checkpoint and its graph, without signatures",
            "import tensorflow as tf\n"
            "with tf.Graph().as_default(), tf.compat.v1.Session() as session:\n"
            "    tf.compat.v1.train.import_meta_graph(" +
                Python(prefix + ".meta") + ").restore(session, " + Python(prefix) +
                ")\n"
                "    x, y = [session.graph.get_tensor_by_name(n) for n in (\"INPUT:0\", "
                "\"OUTPUT:0\")]\n"
                "    tf.compat.v1.saved_model.simple_save(session, \"saved_model\", {\"x\": x}, "
                "{\"y\": y})"};
  }
  return {"a folder with a checkpoint: variables without the model they belong to",
          "model = build_model()  # the code that made the model\n"
          "tf.train.Checkpoint(model=model).restore(" +
              Python(prefix) +
              ").expect_partial()\n"
              "tf.saved_model.save(model, \"saved_model\")"};
}

Recognised RecogniseFolder(const fs::path& folder) {
  if (Exists(folder / "config.json") && Exists(folder / "model.weights.h5")) {
    return Keras3("an unpacked Keras 3 model", folder.string());
  }
  if (Exists(folder / "tfhub_module.pb")) {
    return {"a TF1 hub module",
            "import tensorflow as tf, tensorflow_hub as hub\n"
            "with tf.Graph().as_default(), tf.compat.v1.Session() as session:\n"
            "    x = tf.compat.v1.placeholder(tf.float32, [None, 224, 224, 3])  # the module's\n"
            "    y = hub.Module(" +
                Python(folder.string()) +
                ")(x)\n"
                "    session.run([tf.compat.v1.global_variables_initializer(), "
                "tf.compat.v1.tables_initializer()])\n"
                "    tf.compat.v1.saved_model.simple_save(session, \"saved_model\", {\"x\": x}, "
                "{\"y\": y})"};
  }
  if (Exists(folder / "model.json")) return RecogniseFile(folder / "model.json");
  const std::string parent = folder.parent_path().string();
  if (const std::string name = folder.filename().string();
      (name == "variables" || name == "assets" || name == "assets.extra") &&
      Exists(folder.parent_path() / "saved_model.pb")) {
    return {"the folder '" + name + "' of a SavedModel: give the folder above it", ""};
  }
  const std::vector<fs::path> files = List(folder);
  if (files.empty()) return {"an empty folder", ""};
  for (const fs::path& file : files) {
    if (file.extension() == ".index") return CheckpointFolder(file);
  }
  for (const fs::path& file : files) {
    std::error_code error;
    if (!fs::is_regular_file(file, error)) continue;
    const std::string name = LowerName(file);
    for (const std::string_view ending :
         {".keras", ".h5", ".hdf5", ".tflite", ".onnx", ".pb", ".zip", ".tar", ".tar.gz", ".tgz"}) {
      if (!name.ends_with(ending)) continue;
      Recognised inside = RecogniseFile(file);
      inside.what = "a folder with " + file.filename().string() + ", " + inside.what;
      return inside;
    }
  }
  for (const fs::path& file : files) {
    if (IsFolder(file) && (Exists(file / "saved_model.pb") || Exists(file / "saved_model.pbtxt"))) {
      return {"a folder above one or more SavedModels: give one of them, such as " + file.string(),
              ""};
    }
  }
  return {"a folder without a model", ""};
}

}  // namespace

Recognised Recognise(const std::string& path) {
  fs::path cleaned = fs::path(path).lexically_normal();
  if (!cleaned.has_filename()) cleaned = cleaned.parent_path();  // A slash at the end.
  return IsFolder(cleaned) ? RecogniseFolder(cleaned) : RecogniseFile(cleaned);
}

}  // namespace whylight
