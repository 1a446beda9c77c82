#include "model/contents.h"

#include <map>
#include <memory>
#include <set>

#include "model/program.h"

namespace whylight {
namespace {

void WriteTensors(JsonWriter& w, const std::map<std::string, TensorInfo>& tensors) {
  w.BeginObject();
  for (const auto& [name, info] : tensors) {
    w.BeginObject(name);
    w.String("dtype", DTypeName(info.dtype));
    WriteShape(w, info.shape);
    w.String("tensor", info.tensor);
    w.EndObject();
  }
  w.EndObject();
}

}  // namespace

void WriteShape(JsonWriter& w, const Shape& shape) {
  w.Key("shape");
  if (!shape.has_rank()) {
    w.Null();
    return;
  }
  w.BeginArray();
  for (const std::int64_t size : shape.dims()) w.Int(size < 0 ? -1 : size);
  w.EndArray();
}

ModelContents ContentsOf(const Model& model) {
  ModelContents contents{.model = model, .choice = ChooseSignature(model.meta()), .ops = {}};
  std::set<std::string> ops;
  const SignatureDef* signature = contents.choice.signature;
  if (signature == nullptr) {
    const Result<const SignatureDef*> predict = ChoosePredictSignature(model.meta(), "");
    if (predict.ok()) signature = *predict;
  }
  if (signature != nullptr) {
    const Result<Program> program =
        BuildProgram(model, {.signature = signature, .preprocess = contents.choice.preprocess});
    if (program.ok()) {
      for (const std::unique_ptr<Node>& node : program->graph.nodes()) ops.insert(node->op);
    }
  }
  contents.ops.assign(ops.begin(), ops.end());
  return contents;
}

std::int64_t CheckpointBytes(const Model& model) {
  if (!model.checkpoint().ok()) return 0;
  std::int64_t bytes = 0;
  for (const auto& [key, entry] : model.checkpoint()->entries()) bytes += entry.size;
  return bytes;
}

std::string ContentsJson(const ModelContents& contents,
                         const std::function<void(JsonWriter&)>& write_more) {
  const Model& model = contents.model;
  const Choice& choice = contents.choice;
  std::string text;
  JsonWriter w(&text, {.indent = 2});
  w.BeginObject();
  w.String("directory", model.files().directory);
  if (!model.files().origin.empty()) w.String("origin", model.files().origin);
  w.String("format", model.meta().is_tf2() ? "tf2" : "tf1");
  w.String("tensorflowVersion", model.meta().tensorflow_version);
  w.BeginArray("tagSets");
  for (const MetaGraph& graph : model.files().meta_graphs) {
    w.BeginArray();
    for (const std::string& tag : graph.tags) w.String(tag);
    w.EndArray();
  }
  w.EndArray();
  w.BeginObject("signatures");
  for (const auto& [key, signature] : model.meta().signatures) {
    w.BeginObject(key);
    w.String("method", signature.method_name);
    w.Key("inputs");
    WriteTensors(w, signature.inputs);
    w.Key("outputs");
    WriteTensors(w, signature.outputs);
    w.EndObject();
  }
  w.EndObject();
  w.BeginObject("explained");
  w.Key("signature");
  choice.signature != nullptr ? w.String(choice.signature->key) : w.Null();
  w.Key("preprocess");
  choice.preprocess != nullptr ? w.String(choice.preprocess->key) : w.Null();
  w.String("reason", choice.reason);
  w.EndObject();
  w.BeginArray("assets");
  for (const AssetFile& asset : model.meta().assets) w.String(asset.filename);
  w.EndArray();
  w.Int("checkpointBytes", CheckpointBytes(model));
  w.Strings("ops", contents.ops);
  if (write_more) write_more(w);
  w.EndObject();
  return text;
}

}  // namespace whylight
