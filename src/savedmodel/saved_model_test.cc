#include "savedmodel/saved_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "savedmodel/read_meta_graph.h"
#include "savedmodel/test_files.h"

namespace whylight {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string Model(std::string_view meta_graphs) {
  return Wire("tensorflow.SavedModel", "saved_model_schema_version: 1 " + std::string(meta_graphs));
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ReadSavedModel, ReadsAKerasExport) {
  const Result<SavedModel> model = ReadSavedModel(ModelPath("tf2_iris_keras3_export"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  ASSERT_THAT(model->meta_graphs, SizeIs(1));
  const MetaGraph& graph = model->meta_graphs[0];
  EXPECT_THAT(graph.tags, ElementsAre("serve"));
  EXPECT_TRUE(graph.is_tf2());
  EXPECT_EQ(graph.tensorflow_version, "2.21.0");
  EXPECT_FALSE(graph.graph_def.empty());
  EXPECT_FALSE(graph.stripped_op_list.empty());
  ASSERT_TRUE(graph.signatures.contains("serving_default"));
  const SignatureDef& signature = graph.signatures.at("serving_default");
  EXPECT_EQ(signature.key, "serving_default");
  EXPECT_EQ(signature.method_name, "tensorflow/serving/predict");
  ASSERT_TRUE(signature.inputs.contains("keras_tensor"));
  const TensorInfo& input = signature.inputs.at("keras_tensor");
  EXPECT_EQ(input.kind, TensorInfo::Kind::kDense);
  EXPECT_EQ(input.tensor, "serving_default_keras_tensor:0");
  EXPECT_EQ(input.dtype, DType::kFloat32);
  EXPECT_EQ(input.shape, (Shape{-1, 4}));
  // Variables, as the signature's function captures them.
  ASSERT_THAT(graph.objects.bound_inputs, SizeIs(3));
  for (const auto& [name, ids] : graph.objects.bound_inputs) {
    ASSERT_THAT(ids, SizeIs(6)) << name;
    for (const int id : ids) {
      const SavedObject& object = graph.objects.nodes[static_cast<std::size_t>(id)];
      EXPECT_EQ(object.kind, SavedObject::Kind::kVariable);
      EXPECT_EQ(object.dtype, DType::kFloat32);
      EXPECT_FALSE(object.variable_name.empty());
    }
  }
  EXPECT_EQ(model->variables_prefix(),
            ModelPath("tf2_iris_keras3_export") + "/variables/variables");
}

TEST(ReadSavedModel, FindsAssetsInTheCollectionOfTf1) {
  const Result<SavedModel> model = ReadSavedModel(ModelPath("tf1_table_asset"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const MetaGraph& graph = model->meta_graphs.at(0);
  EXPECT_FALSE(graph.is_tf2());
  ASSERT_THAT(graph.assets, SizeIs(1));
  EXPECT_THAT(graph.assets[0].tensor, Not(IsEmpty()));
  EXPECT_TRUE(std::filesystem::exists(model->asset_path(graph.assets[0])))
      << model->asset_path(graph.assets[0]);
  ASSERT_TRUE(graph.saver.has_value());
  EXPECT_THAT(graph.saver->restore_op, HasSubstr("restore_all"));
  EXPECT_THAT(graph.saver->filename_tensor, HasSubstr(":0"));
}

TEST(ReadSavedModel, FindsAssetsOfTf2) {
  const Result<SavedModel> model = ReadSavedModel(ModelPath("tf2_lookup_asset"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const MetaGraph& graph = model->meta_graphs.at(0);
  ASSERT_THAT(graph.assets, SizeIs(1));
  EXPECT_TRUE(std::filesystem::exists(model->asset_path(graph.assets[0])));
  int asset_objects = 0;
  for (const SavedObject& object : graph.objects.nodes) {
    if (object.kind != SavedObject::Kind::kAsset) continue;
    EXPECT_EQ(object.asset_index, 0);
    ++asset_objects;
  }
  EXPECT_EQ(asset_objects, 1);
}

TEST(ReadSavedModel, ReadsEveryFieldOfASignature) {
  const TemporaryFolder folder;
  folder.Write("saved_model.pbtxt", R"(
      saved_model_schema_version: 1
      meta_graphs {
        meta_info_def { tags: "serve" tags: "gpu" tensorflow_version: "2.3.0" }
        graph_def { versions { producer: 987 } }
        signature_def {
          key: "s"
          value {
            inputs { key: "sparse" value {
              coo_sparse { values_tensor_name: "v:0" indices_tensor_name: "i:0"
                           dense_shape_tensor_name: "d:0" }
              dtype: DT_INT64 tensor_shape { unknown_rank: true } } }
            inputs { key: "ragged" value {
              composite_tensor { components { name: "c0:0" } components { name: "c1:0" } } } }
            outputs { key: "ref" value { name: "y:0" dtype: DT_FLOAT_REF tensor_shape { } } }
            outputs { key: "odd" value { name: "z:0" dtype: 77
              tensor_shape { dim { size: -7 } dim { size: 3 name: "c" } } } }
            method_name: "m"
          }
        }
        collection_def { key: "names" value { node_list { value: "a" value: "b" } } }
        collection_def { key: "any" value { any_list {
          value { [type.googleapis.com/tensorflow.VariableDef] { variable_name: "w" } } } } }
        saver_def { filename_tensor_name: "save/Const:0" restore_op_name: "save/restore_all" }
      })");
  const Result<SavedModel> model = ReadSavedModel(folder.path());
  ASSERT_TRUE(model.ok()) << model.status().message();
  const MetaGraph& graph = model->meta_graphs.at(0);
  EXPECT_THAT(graph.tags, ElementsAre("gpu", "serve"));
  const SignatureDef& signature = graph.signatures.at("s");
  EXPECT_EQ(signature.inputs.at("sparse").kind, TensorInfo::Kind::kSparse);
  EXPECT_THAT(signature.inputs.at("sparse").components, ElementsAre("v:0", "i:0", "d:0"));
  EXPECT_FALSE(signature.inputs.at("sparse").shape.has_rank());
  EXPECT_EQ(signature.inputs.at("ragged").kind, TensorInfo::Kind::kComposite);
  EXPECT_THAT(signature.inputs.at("ragged").components, ElementsAre("c0:0", "c1:0"));
  EXPECT_EQ(signature.outputs.at("ref").dtype, DType::kFloat32);
  EXPECT_EQ(signature.outputs.at("ref").shape, Shape());
  EXPECT_EQ(signature.outputs.at("odd").shape, (Shape{-1, 3}));
  EXPECT_THAT(graph.collections.at("names").nodes, ElementsAre("a", "b"));
  EXPECT_THAT(graph.collections.at("any").bytes,
              ElementsAre(Wire("tensorflow.VariableDef", "variable_name: \"w\"")));
  EXPECT_EQ(graph.saver->restore_op, "save/restore_all");
}

TEST(ReadSavedModel, TakesTheFileForTheFolder) {
  const std::string folder = ModelPath("tf2_linear_with_bias");
  for (const std::string& path : {folder, folder + "/", folder + "/saved_model.pb"}) {
    const Result<SavedModel> model = ReadSavedModel(path);
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ(model->directory, folder) << path;
    EXPECT_EQ(model->chosen_from, "");
  }
}

TEST(ReadSavedModel, TakesTheNewestVersionByNumber) {
  const TemporaryFolder folder;
  for (const std::string version : {"9", "10", "0008", "temp-11"}) {
    folder.Write(version + "/saved_model.pb", Model("meta_graphs { }"));
  }
  const Result<SavedModel> model = ReadSavedModel(folder.path());
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(model->directory, folder.path("10"));
  EXPECT_EQ(model->chosen_from, folder.path());
}

TEST(ReadSavedModel, NeverFallsBackToAnOlderVersion) {
  const TemporaryFolder folder;
  folder.Write("1/saved_model.pb", Model("meta_graphs { }"));
  folder.Write("2/variables/variables.index", "");
  const Status status = ReadSavedModel(folder.path()).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("newest version 2"), HasSubstr("version 1 does")));
}

TEST(ReadSavedModel, SurvivesAFolderWithALineEndInItsName) {
  const TemporaryFolder folder;
  folder.Write("odd\nname \x01/saved_model.pb", Model("meta_graphs { }"));
  EXPECT_TRUE(ReadSavedModel(folder.path("odd\nname \x01")).ok());
  folder.Write("odd\nname2/x.txt", "");
  const Status status = ReadSavedModel(folder.path("odd\nname2")).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr("odd\\nname2"));
}

TEST(ReadSavedModel, RefusesAFileOfTwoGigabytes) {
  const TemporaryFolder folder;
  const std::string file = folder.Write("saved_model.pb", "x");
  std::filesystem::resize_file(file, std::uintmax_t{1} << 31);  // A hole: no room on disk.
  const Status status = ReadSavedModel(folder.path()).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("less than 2 GB"), HasSubstr("found 2.1 GB")));
}

TEST(ReadSavedModel, RefusesAModelInChunks) {
  const TemporaryFolder folder;
  folder.Write("saved_model.cpb", "x");
  EXPECT_EQ(ReadSavedModel(folder.path()).status().code(), StatusCode::kUnimplemented);
}

TEST(ReadSavedModel, NamesLineAndFileOfBadText) {
  const TemporaryFolder folder;
  folder.Write("saved_model.pbtxt", "saved_model_schema_version: 1\nmeta_graph { }");
  const Status status = ReadSavedModel(folder.path()).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("saved_model.pbtxt' (44 bytes)"),
                                      HasSubstr("line 2, column 1"), HasSubstr("'meta_graph'")));
}

struct BadPath {
  const char* name;
  std::string path;
  StatusCode code;
  const char* message;
};
void PrintTo(const BadPath& row, std::ostream* os) { *os << row.name; }

class BadPathTest : public testing::TestWithParam<BadPath> {};

TEST_P(BadPathTest, SaysWhatIsWrong) {
  const Result<SavedModel> model = ReadSavedModel(GetParam().path);
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.status().code(), GetParam().code) << model.status().message();
  EXPECT_THAT(model.status().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadPathTest,
    testing::Values(
        BadPath{"empty", "", StatusCode::kNotFound, "an empty path"},
        BadPath{"missing", "/no/such/model", StatusCode::kNotFound,
                "'/no/such/model': No such file"},
        BadPath{"url", "https://host/model", StatusCode::kNotFound, "found another URL"},
        BadPath{"zero_byte", std::string("a\0b", 3), StatusCode::kNotFound, "zero byte"},
        BadPath{"long", std::string(100000, 'x'), StatusCode::kNotFound, "File name too long"},
        BadPath{"no_model", ModelPath("bad_no_model"), StatusCode::kNotFound,
                "found a folder without a model"},
        BadPath{"empty_pb", ModelPath("bad_empty_pb"), StatusCode::kDataLoss,
                "saved_model.pb' (0 bytes): the file is empty: there is no meta graph"},
        BadPath{"garbage", ModelPath("bad_garbage_pb"), StatusCode::kDataLoss,
                "saved_model.pb' (4096 bytes): "},
        BadPath{"truncated", ModelPath("bad_truncated_pb"), StatusCode::kDataLoss,
                "the field at byte 2 says 13013 bytes, 6504 are left"}),
    [](const auto& row) { return row.param.name; });

struct BadBytes {
  const char* name;
  const char* text;  // Of a SavedModel.
  const char* message;
};
void PrintTo(const BadBytes& row, std::ostream* os) { *os << row.name; }

class BadBytesTest : public testing::TestWithParam<BadBytes> {};

TEST_P(BadBytesTest, IsDataLoss) {
  const Status status = ReadMetaGraphs(Model(GetParam().text)).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadBytesTest,
    testing::Values(
        BadBytes{"no_meta_graph", "", "there is no meta graph"},
        BadBytes{"child_outside",
                 "meta_graphs { object_graph_def { nodes { children { node_id: 7 local_name: "
                 "\"w\" } } } }",
                 "child 'w' is node 7 of 1"},
        BadBytes{"child_below_zero",
                 "meta_graphs { object_graph_def { nodes { children { node_id: -1 } } } }",
                 "is node -1 of 1"},
        BadBytes{"bound_input_outside",
                 "meta_graphs { object_graph_def { nodes { } concrete_functions { key: \"f\" value "
                 "{ bound_inputs: 0 bound_inputs: 1 } } } }",
                 "concrete_functions['f']: a bound input is node 1 of 1"},
        BadBytes{"asset_outside",
                 "meta_graphs { object_graph_def { nodes { asset { asset_file_def_index: 2 } } } }",
                 "asset 2 of 0"},
        BadBytes{"asset_above_its_folder",
                 "meta_graphs { asset_file_def { filename: \"../../secret\" } }",
                 "asset '../../secret' does not lie below"},
        BadBytes{"asset_with_a_path",
                 "meta_graphs { asset_file_def { filename: \"/etc/passwd\" } }",
                 "does not lie below"}),
    [](const auto& row) { return row.param.name; });

TEST(ReadMetaGraphs, NoticesDamageInsideTheGraph) {
  // The length of the node's name grows by one: the outer messages stay whole.
  std::string bytes = Model("meta_graphs { graph_def { node { name: \"abc\" } } }");
  const std::size_t at = bytes.find(
      "\x03"
      "abc");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 4;
  const Status status = ReadMetaGraphs(bytes).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("meta_graphs[0].graph_def.node[0]"));
}

TEST(ReadMetaGraphs, SurvivesEveryTruncationAndManyFlips) {
  const std::string good = Contents(ModelPath("tf2_ragged_signature") + "/saved_model.pb");
  ASSERT_FALSE(good.empty());
  int refused = 0;
  for (std::size_t size = 0; size < good.size(); size += 37) {
    refused += !ReadMetaGraphs(std::string_view(good).substr(0, size)).ok();
  }
  EXPECT_GT(refused, 0);
  std::uint32_t state = 12345;  // A linear congruential generator: the same flips every time.
  for (int i = 0; i < 500; ++i) {
    std::string bytes = good;
    for (int flips = 0; flips < 3; ++flips) {
      state = state * 1664525 + 1013904223;
      bytes[state % bytes.size()] = static_cast<char>(state >> 24);
    }
    const Result<std::vector<MetaGraph>> graphs = ReadMetaGraphs(bytes);
    if (!graphs.ok()) {
      EXPECT_EQ(graphs.status().code(), StatusCode::kDataLoss);
      EXPECT_THAT(graphs.status().message(), Not(IsEmpty()));
    }
  }
}

TEST(ReadMetaGraphs, FindsRaggedArgumentsOfFunctions) {
  const Result<SavedModel> model = ReadSavedModel(ModelPath("tf2_ragged_signature"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto& composite = model->meta_graphs.at(0).objects.composite_arguments;
  ASSERT_THAT(composite, SizeIs(1));
  ASSERT_THAT(composite.begin()->second, SizeIs(1));
  const CompositeArgument& argument = composite.begin()->second[0];
  EXPECT_EQ(argument.type, "RaggedTensorSpec");
  EXPECT_EQ(argument.first, 0);
  EXPECT_EQ(argument.count, 2);
}

TEST(ReadMetaGraphs, CountsPlainTensorsInTheOrderOfTheNest) {
  // (x, {"b": ragged without a count, "a": y}): flattened x, a, b0, b1.
  const std::string bytes = Model(R"(meta_graphs { object_graph_def { nodes { }
    concrete_functions { key: "f" value { canonicalized_input_signature { tuple_value {
      values { tensor_spec_value { } }
      values { dict_value {
        fields { key: "b" value { type_spec_value { type_spec_class: RAGGED_TENSOR_SPEC } } }
        fields { key: "a" value { tensor_spec_value { } } } } } } } } } } })");
  const Result<std::vector<MetaGraph>> graphs = ReadMetaGraphs(bytes);
  ASSERT_TRUE(graphs.ok()) << graphs.status().message();
  const auto& arguments = graphs->at(0).objects.composite_arguments.at("f");
  ASSERT_THAT(arguments, SizeIs(1));
  EXPECT_EQ(arguments[0].first, 2);
  EXPECT_EQ(arguments[0].count, 2);
}

TEST(ReadMetaGraphs, FindsWhatGradientFunctionsReturnAndCapture) {
  const std::string bytes = Model(R"(meta_graphs { object_graph_def {
    nodes { }
    nodes { captured_tensor { name: "mul:0" concrete_function: "f" } }
    concrete_functions { key: "g" value { bound_inputs: 1 output_signature { list_value {
      values { none_value { } } values { tensor_spec_value { } } } } } }
    concrete_functions { key: "all" value { output_signature { list_value {
      values { tensor_spec_value { } } } } } }
    concrete_functions { key: "nested" value { output_signature { list_value {
      values { none_value { } } values { list_value { } } } } } }
    concrete_functions { key: "none" value { output_signature { none_value { } } } } } })");
  const Result<std::vector<MetaGraph>> graphs = ReadMetaGraphs(bytes);
  ASSERT_TRUE(graphs.ok()) << graphs.status().message();
  const ObjectGraph& objects = graphs->at(0).objects;
  ASSERT_THAT(objects.returns_tensor, SizeIs(1));
  EXPECT_EQ(objects.returns_tensor.at("g"), (std::vector<bool>{false, true}));
  EXPECT_EQ(objects.nodes.at(1).kind, SavedObject::Kind::kCapturedTensor);
  EXPECT_EQ(objects.nodes.at(1).captured_tensor, "mul:0");
  EXPECT_EQ(objects.nodes.at(1).concrete_functions, std::vector<std::string>{"f"});
}

TEST(FindMetaGraph, ChoosesByTags) {
  SavedModel model;
  model.directory = "m";
  model.meta_graphs.resize(2);
  model.meta_graphs[0].tags = {"train"};
  model.meta_graphs[1].tags = {"gpu", "serve"};
  EXPECT_EQ(*FindMetaGraph(model, {"serve", "gpu"}), &model.meta_graphs[1]);
  EXPECT_EQ(*FindMetaGraph(model, {"train"}), &model.meta_graphs[0]);
  const Status status = FindMetaGraph(model, {}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_THAT(status.message(),
              HasSubstr("with the tags {'serve'}; it has {'train'}, {'gpu', 'serve'}"));
  model.meta_graphs.pop_back();
  EXPECT_EQ(*FindMetaGraph(model, {}), &model.meta_graphs[0]);
  EXPECT_FALSE(FindMetaGraph(model, {"serve"}).ok());
}

}  // namespace
}  // namespace whylight
