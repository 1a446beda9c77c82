// Explanation metadata written from a model, and from rows of its data, with a reason for each
// field: what the builders of Google's SDKs write, without Python, and what rows add to it.
//
// From the model   name and input_tensor_name: the signature's key (TF2), the graph's tensor (TF1);
//                  modality: numeric for floats, categorical for all else, image for height, width
//                  and 1, 3 or 4 channels; a tf.Example's columns by their keys, sparse ones with
//                  indices, shape and the tensor that they are encoded in.
// From rows        input_baselines: medians of floats, the most frequent value of all else, the
//                  darkest and brightest of pictures; domain; index_feature_mapping.
// Source  explainable_ai_sdk 1.3.3, metadata/tf/{v1,v2}; the output is chosen as its Estimator
//         builder does: logits, else predictions, else the only one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/model.h"
#include "model/program.h"
#include "whylight/function.h"
#include "whylight/metadata.h"

namespace whylight {

struct FieldReason {
  std::string place;  // "inputs.age.input_baselines"
  std::string value;  // Short.
  std::string reason;
};

struct InferOptions {
  std::string signature;                      // Empty: by the rules of saving.
  std::string output_name;                    // Empty: chosen.
  MetadataForm form = MetadataForm::kLegacy;  // Whose spelling places have.
};

struct MetadataDraft {
  ExplanationMetadata metadata;
  std::vector<FieldReason> reasons;
  Program program;  // Its first inputs are metadata.inputs, in their order.
};

// Errors: kFailedPrecondition if no function can be chosen to explain, kNotFound for an output that
// is not there; as BuildProgram.
Result<MetadataDraft> DraftMetadata(const Model& model, const InferOptions& options = {});

struct DataForMetadata {
  std::span<const Row> rows;  // In order of MetadataDraft::program.inputs; no row axis.
  std::vector<std::string> element_names;  // Of the one vector, from a header; or empty.
  std::string source;                      // "train.csv": for reasons.
};
// Nothing is said of an input whose rows have different shapes, or which is encoded: a median of
// embeddings is no typical value.
void AddData(const DataForMetadata& data, const InferOptions& options, MetadataDraft& draft);

}  // namespace whylight
