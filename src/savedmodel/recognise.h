// What a path holds that is no SavedModel, and the Python that makes a SavedModel of it.
//
// Known by name and by the first bytes: Keras (.keras, its unpacked folder, HDF5), TensorFlow
// Lite, ONNX, frozen graphs, TensorFlow.js, TF1 hub modules, checkpoints, archives, PyTorch, and a
// path that lies inside a SavedModel.
#pragma once

#include <string>

namespace whylight {

struct Recognised {
  std::string what;  // "a Keras 3 model file"; "a folder without a model" if nothing is known.
  std::string fix;   // Lines of Python or shell, without indentation; may be empty.
};

// `path` exists. Reads a few kilobytes; never fails.
Recognised Recognise(const std::string& path);

}  // namespace whylight
