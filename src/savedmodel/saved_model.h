// A SavedModel as its files say it: meta graphs, signatures, assets, the object graph.
//
// Reading is all that happens here: nothing of the model is executed, and TensorFlow is not needed.
// Source  tensorflow/core/protobuf/{saved_model,meta_graph,saved_object_graph}.proto
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/tensor.h"

namespace whylight {

// One input or output of a signature.
struct TensorInfo {
  enum class Kind { kDense, kSparse, kComposite };
  Kind kind = Kind::kDense;
  std::string tensor;  // "serving_default_x:0"; empty unless dense.
  DType dtype = DType::kInvalid;
  Shape shape = Shape::UnknownRank();
  std::vector<std::string> components;  // Of a sparse (values, indices, dense shape) or composite.
};

struct SignatureDef {
  std::string key;          // "serving_default"
  std::string method_name;  // "tensorflow/serving/predict"
  std::map<std::string, TensorInfo> inputs;
  std::map<std::string, TensorInfo> outputs;
};

struct AssetFile {
  std::string tensor;    // The constant that holds its path: "Const_1:0".
  std::string filename;  // Below assets/.
};

struct SaverDef {
  std::string filename_tensor;  // "save/Const:0"
  std::string restore_op;       // "save/restore_all"
};

struct Collection {
  std::vector<std::string> nodes;  // node_list
  std::vector<std::string> bytes;  // bytes_list, or the serialized messages of an any_list
};

// TF2: the tree of tracked objects. `id` is the index into ObjectGraph::nodes.
struct SavedObject {
  enum class Kind { kOther, kVariable, kResource, kAsset, kConstant, kFunction, kCapturedTensor };
  struct Child {
    int id = 0;
    std::string name;
  };
  Kind kind = Kind::kOther;
  std::vector<Child> children;
  std::string variable_name;  // kVariable
  DType dtype = DType::kInvalid;
  Shape shape = Shape::UnknownRank();
  int asset_index = -1;                         // kAsset: into MetaGraph::assets
  std::string constant_operation;               // kConstant: the node's name
  std::vector<std::string> concrete_functions;  // kFunction; kCapturedTensor: the one that has it.
  std::string captured_tensor;                  // kCapturedTensor: in that function, "mul:0".
};

// A ragged, sparse or other composite argument of a concrete function. The function, and the
// signature around it, take it as `count` plain tensors.
struct CompositeArgument {
  std::string type;  // "RaggedTensorSpec"
  int first = 0;     // Among the function's plain arguments, captured ones not counted.
  int count = 0;
};

struct ObjectGraph {
  std::vector<SavedObject> nodes;
  // Concrete function -> ids of the objects bound to its captured inputs, in their order.
  std::map<std::string, std::vector<int>, std::less<>> bound_inputs;
  // Concrete function -> its composite arguments; only functions that have any.
  std::map<std::string, std::vector<CompositeArgument>, std::less<>> composite_arguments;
  // Concrete function -> which entries of the list that it returns are tensors; the others are
  // None. Only functions that return a flat list with a None, as gradient functions do.
  std::map<std::string, std::vector<bool>, std::less<>> returns_tensor;
};

struct MetaGraph {
  std::vector<std::string> tags;  // Sorted.
  std::string tensorflow_version;
  std::string_view stripped_op_list;  // Serialized OpList of the ops used; may be empty.
  std::string_view graph_def;         // Serialized GraphDef.
  std::map<std::string, SignatureDef> signatures;  // With __saved_model_init_op, if it is there.
  std::map<std::string, Collection> collections;
  std::optional<SaverDef> saver;
  std::vector<AssetFile> assets;  // Of asset_file_def, or of TF1's collection saved_model_assets.
  ObjectGraph objects;
  // TF2: written by tf.saved_model.save (there is an object graph). Otherwise TF1's builder.
  bool is_tf2() const { return !objects.nodes.empty(); }
};

struct SavedModel {
  std::string directory;    // Where saved_model.pb lies.
  std::string chosen_from;  // The export base the user named, if `directory` is its newest version.
  std::string origin;       // "gs://bucket/model", if `directory` is a copy of it.
  std::shared_ptr<const void> lease;  // Keeps that copy from being removed.
  std::vector<MetaGraph> meta_graphs;

  std::string variables_prefix() const;  // "<directory>/variables/variables"
  std::string asset_path(const AssetFile& asset) const;
  std::shared_ptr<const std::string> file;  // What the views point into.
};

// Reads `path`: a SavedModel directory, its saved_model.pb(txt), or an export base whose newest
// numeric sub-folder is a SavedModel. An older version is never taken for a newest that is none.
// What lies in a bucket is copied first: remote_model.h, with its errors. Errors  kNotFound:
// nothing there, or no SavedModel in it, with what was found instead and the
//           Python that makes one of it (see recognise.h).
//         kDataLoss: truncated or malformed, with the file, its size and what could not be read.
//         kInvalidArgument: a file of 2 GB or more, which no protocol buffer can be.
//         kPermissionDenied, kUnknown: the file system's own.
//         kUnimplemented: a model in chunks (saved_model.cpb).
Result<SavedModel> ReadSavedModel(const std::string& path);

// The meta graph with exactly these tags; without tags {"serve"}, or the only one there is.
// Errors: kNotFound, listing the tag sets.
Result<const MetaGraph*> FindMetaGraph(const SavedModel& model,
                                       const std::vector<std::string>& tags);

}  // namespace whylight
