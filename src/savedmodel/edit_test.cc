#include "savedmodel/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "savedmodel/test_files.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Node 1 is the map of signatures, 2 and 3 are its functions.
constexpr char kModel[] = R"(
  saved_model_schema_version: 1
  meta_graphs {
    meta_info_def { tags: "serve" tensorflow_version: "2.21.0" }
    graph_def {
      node { name: "x" op: "Placeholder" }
      library { function { signature { name: "f" } } function { signature { name: "g" } } }
      versions { producer: 1 }
    }
    signature_def { key: "a" value { method_name: "one" } }
    signature_def { key: "b" value { method_name: "two" } }
    object_graph_def {
      nodes { children { node_id: 1 local_name: "signatures" } user_object { identifier: "_" } }
      nodes {
        children { node_id: 2 local_name: "a" }
        children { node_id: 3 local_name: "b" }
        user_object { identifier: "signature_map" }
      }
      nodes { bare_concrete_function { concrete_function_name: "f" } }
      nodes { bare_concrete_function { concrete_function_name: "g" } }
      concrete_functions { key: "f" value { bound_inputs: 3 } }
      concrete_functions { key: "g" value { } }
    }
  }
)";

SavedModel Parsed(const std::string& bytes) {
  const TemporaryFolder folder;
  folder.Write("model/saved_model.pb", bytes);
  Result<SavedModel> model = ReadSavedModel(folder.path("model"));
  EXPECT_TRUE(model.ok()) << model.status().message();
  return model.ok() ? *std::move(model) : SavedModel{};
}

SavedModel Edited(const SavedModel& model, const MetaGraphEdit& edit) {
  const Result<std::string> bytes = EditMetaGraph(model, model.meta_graphs.front(), edit);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? Parsed(*bytes) : SavedModel{};
}

// "key -> object" of the map of signatures.
std::vector<std::string> SignatureObjects(const SavedModel& model) {
  std::vector<std::string> children;
  for (const SavedObject::Child& child : model.meta_graphs[0].objects.nodes[1].children) {
    children.push_back(child.name + " -> " + std::to_string(child.id));
  }
  return children;
}

std::vector<std::string> Keys(const SavedModel& model) {
  std::vector<std::string> keys;
  for (const auto& [key, signature] : model.meta_graphs[0].signatures) keys.push_back(key);
  return keys;
}

TEST(EditMetaGraphTest, WithoutAChangeEveryByteStays) {
  const SavedModel model = Parsed(Wire("tensorflow.SavedModel", kModel));
  const Result<std::string> bytes = EditMetaGraph(model, model.meta_graphs.front(), {});
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(*bytes, *model.file);
}

TEST(EditMetaGraphTest, KeepsFieldsThatItDoesNotKnow) {
  const std::string unknown = "\xba\x3e\x05hello";  // Field 999, five bytes.
  const SavedModel model = Parsed(Wire("tensorflow.SavedModel", kModel) + unknown);
  const Result<std::string> bytes =
      EditMetaGraph(model, model.meta_graphs.front(), {.drop = {"a"}});
  ASSERT_TRUE(bytes.ok());
  EXPECT_TRUE(bytes->ends_with(unknown));
}

TEST(EditMetaGraphTest, DropsAndRenamesInBothMaps) {
  const SavedModel model = Parsed(Wire("tensorflow.SavedModel", kModel));
  const SavedModel edited = Edited(model, {.drop = {"a"}, .rename = {{"b", "xai_model"}}});
  EXPECT_THAT(Keys(edited), ElementsAre("xai_model"));
  EXPECT_EQ(edited.meta_graphs[0].signatures.at("xai_model").method_name, "two");
  EXPECT_THAT(SignatureObjects(edited), ElementsAre("xai_model -> 3"));
  EXPECT_EQ(edited.meta_graphs[0].objects.nodes.size(), 4u);  // Ids are the checkpoint's too.
}

TEST(EditMetaGraphTest, TheSameSignatureAgainSharesItsObject) {
  const SavedModel model = Parsed(Wire("tensorflow.SavedModel", kModel));
  // Keys are those before the edit.
  const SavedModel edited =
      Edited(model, {.drop = {"a"}, .add = {{.key = "xai_model", .same_as = "a"}}});
  EXPECT_THAT(Keys(edited), ElementsAre("b", "xai_model"));
  EXPECT_EQ(edited.meta_graphs[0].signatures.at("xai_model").method_name, "one");
  EXPECT_THAT(SignatureObjects(edited), ElementsAre("b -> 3", "xai_model -> 2"));
}

TEST(EditMetaGraphTest, ANewSignatureIsAFunctionWithItsBoundObjects) {
  const SavedModel model = Parsed(Wire("tensorflow.SavedModel", kModel));
  const TensorInfo info{.tensor = "x:0", .dtype = DType::kFloat32, .shape = Shape({-1, 2})};
  const NewSignature added{
      .key = "xai_model",
      .signature = {.method_name = "predict", .inputs = {{"x", info}}, .outputs = {{"y", info}}},
      .function = "h",
      .bound_inputs = {3, 2}};
  const SavedModel edited =
      Edited(model, {.add = {added},
                     .graphs = {Wire("tensorflow.GraphDef", "node { name: \"n\" op: \"NoOp\" }")},
                     .functions = {Wire("tensorflow.FunctionDef", "signature { name: \"h\" }")}});
  const MetaGraph& graph = edited.meta_graphs[0];
  EXPECT_THAT(SignatureObjects(edited), ElementsAre("a -> 2", "b -> 3", "xai_model -> 4"));
  ASSERT_EQ(graph.objects.nodes.size(), 5u);
  EXPECT_EQ(graph.objects.nodes[4].kind, SavedObject::Kind::kFunction);
  EXPECT_THAT(graph.objects.nodes[4].concrete_functions, ElementsAre("h"));
  EXPECT_THAT(graph.objects.bound_inputs.at("h"), ElementsAre(3, 2));
  const SignatureDef& signature = graph.signatures.at("xai_model");
  EXPECT_EQ(signature.method_name, "predict");
  EXPECT_EQ(signature.inputs.at("x").tensor, "x:0");
  EXPECT_EQ(signature.inputs.at("x").shape, Shape({-1, 2}));
  EXPECT_EQ(signature.outputs.at("y").dtype, DType::kFloat32);
  EXPECT_EQ(graph.graph_def, Wire("tensorflow.GraphDef", R"(
    node { name: "x" op: "Placeholder" }
    library {
      function { signature { name: "f" } }
      function { signature { name: "g" } }
      function { signature { name: "h" } }
    }
    versions { producer: 1 }
    node { name: "n" op: "NoOp" })"));
}

TEST(EditMetaGraphTest, RefusesAnObjectGraphWithoutAMapOfSignatures) {
  const SavedModel model = Parsed(Wire("tensorflow.SavedModel", R"(
    meta_graphs { object_graph_def { nodes { user_object { identifier: "_" } } } })"));
  const Result<std::string> bytes = EditMetaGraph(model, model.meta_graphs.front(), {});
  EXPECT_EQ(bytes.status().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(bytes.status().message(), HasSubstr("map of signatures"));
}

}  // namespace
}  // namespace whylight
