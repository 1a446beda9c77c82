// For tests: SavedModels of a few nodes, written as graph text.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/export.h"
#include "graph/text.h"
#include "model/model.h"
#include "savedmodel/test_files.h"

namespace whylight {

struct TestSignature {
  std::string key = "serving_default";
  // Name -> node. Shapes are what stands behind -> in the text, or a placeholder's attribute.
  std::map<std::string, std::string> inputs = {{"x", "x"}};
  std::map<std::string, std::string> outputs = {{"y", "y"}};
};

struct TestModelSpec {
  std::string graph;  // As GraphFromText reads it.
  std::vector<TestSignature> signatures = {TestSignature{}};
  bool tf2 = true;  // With an object graph.
  std::string ops;  // "op { name: ... }": custom ops that the model brings along.
};

namespace internal {

inline void AppendField(int number, std::string_view bytes, std::string& to) {
  to.push_back(static_cast<char>(number << 3 | 2));
  std::size_t size = bytes.size();
  for (; size >= 0x80; size >>= 7) to.push_back(static_cast<char>((size & 0x7f) | 0x80));
  to.push_back(static_cast<char>(size));
  to += bytes;
}

inline std::string TensorInfoText(const Graph& graph, const std::string& name) {
  const Result<Output> output = graph.FindOutput(name);
  if (!output.ok()) {
    ADD_FAILURE() << output.status().message();
    return {};
  }
  const Result<DType> dtype = graph.OutputType(*output);
  if (!dtype.ok()) {
    ADD_FAILURE() << dtype.status().message();
    return {};
  }
  Shape shape = graph.OutputShape(*output);
  if (output->node->Is("Placeholder")) shape = output->node->AttrOr("shape", shape);
  std::string text = "name: \"" + output->name() +
                     "\" dtype: " + std::to_string(static_cast<int>(*dtype)) + " tensor_shape {";
  if (!shape.has_rank()) text += " unknown_rank: true";
  for (const std::int64_t size : shape.dims()) {
    text += " dim { size: " + std::to_string(size < 0 ? -1 : size) + " }";
  }
  return text + " }";
}

}  // namespace internal

// Writes model/saved_model.pb into the folder; returns the model's path.
inline std::string WriteTestModel(const TemporaryFolder& folder, const TestModelSpec& spec) {
  OpRegistry registry = OpRegistry::Builtin();
  const Result<OpRegistry> own = OpRegistry::Parse(Wire("tensorflow.OpList", spec.ops));
  if (own.ok()) registry.Merge(*own);
  const Result<Graph> graph = GraphFromText(spec.graph, registry);
  if (!graph.ok()) {
    ADD_FAILURE() << graph.status().message() << " in:\n" << spec.graph;
    return {};
  }
  const Result<ExportedGraph> exported = ExportGraph(*graph);
  if (!exported.ok()) {
    ADD_FAILURE() << exported.status().message();
    return {};
  }
  std::string text = "meta_info_def { tags: \"serve\" stripped_op_list { " + spec.ops + " } }";
  if (spec.tf2) text += " object_graph_def { nodes { user_object { identifier: \"_\" } } }";
  for (const TestSignature& signature : spec.signatures) {
    text += " signature_def { key: \"" + signature.key +
            "\" value { method_name: \"tensorflow/serving/predict\"";
    for (const auto& [name, node] : signature.inputs) {
      text += " inputs { key: \"" + name + "\" value { " + internal::TensorInfoText(*graph, node) +
              " } }";
    }
    for (const auto& [name, node] : signature.outputs) {
      text += " outputs { key: \"" + name + "\" value { " + internal::TensorInfoText(*graph, node) +
              " } }";
    }
    text += " } }";
  }
  std::string meta_graph = Wire("tensorflow.MetaGraphDef", text), file;
  internal::AppendField(2, exported->graph_def, meta_graph);
  file = Wire("tensorflow.SavedModel", "saved_model_schema_version: 1");
  internal::AppendField(2, meta_graph, file);
  folder.Write("model/saved_model.pb", file);
  return folder.path("model");
}

// The model of the spec, or nullptr after a test failure.
inline std::unique_ptr<Model> OpenTestModel(const TemporaryFolder& folder,
                                            const TestModelSpec& spec) {
  Result<std::unique_ptr<Model>> model = Model::Open(WriteTestModel(folder, spec));
  if (model.ok()) return *std::move(model);
  ADD_FAILURE() << model.status().message();
  return nullptr;
}

// A model of tests/models, or nullptr after a test failure.
inline std::unique_ptr<Model> OpenModelOfTree(const std::string& name) {
  Result<std::unique_ptr<Model>> model = Model::Open(ModelPath(name));
  if (model.ok()) return *std::move(model);
  ADD_FAILURE() << model.status().message();
  return nullptr;
}

}  // namespace whylight
