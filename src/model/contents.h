// What is in a model, for people and programs that ask.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "io/json.h"
#include "model/choose.h"
#include "model/model.h"

namespace whylight {

struct ModelContents {
  const Model& model;
  Choice choice;                 // What would be explained.
  std::vector<std::string> ops;  // Of that, else of what would be predicted with; sorted.
};
ModelContents ContentsOf(const Model& model);

std::int64_t CheckpointBytes(const Model& model);  // 0 if the checkpoint cannot be read.

// {"directory": ..., "origin": what that is a copy of, if it is one, "format": "tf2",
//  "tensorflowVersion": ..., "tagSets": [["serve"]],
//  "signatures": {KEY: {"method": ..., "inputs": {NAME: {"dtype": "float32", "shape": [-1, 4],
//  "tensor": "x:0"}}, "outputs": ...}}, "explained": {"signature": KEY or null, "preprocess": ...,
//  "reason": ...}, "assets": [...], "checkpointBytes": ..., "ops": [...]}; a shape is null without
// a known rank. `write_more` adds members behind these.
std::string ContentsJson(const ModelContents& contents,
                         const std::function<void(JsonWriter&)>& write_more = {});

// The member "shape" of the open object, in that form.
void WriteShape(JsonWriter& w, const Shape& shape);

}  // namespace whylight
