#include "model/choose.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include "model/keys.h"
#include "savedmodel/call_function.h"
#include "util/edit_distance.h"
#include "util/quote.h"
#include "util/strings.h"

namespace whylight {
namespace {

using Severity = Problem::Severity;
using Inputs = std::map<std::string, TensorInfo>;

constexpr char kPredictKey[] = "predict";
constexpr char kPredictMethod[] = "tensorflow/serving/predict";

std::string ListKeys(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += (text.empty() ? "" : ", ") + Quote(key);
  return text.empty() ? "none" : text;
}

std::vector<std::string> KeysOf(const std::map<std::string, TensorInfo>& infos) {
  std::vector<std::string> keys;
  for (const auto& [key, info] : infos) keys.push_back(key);
  return keys;
}

// "float32 [?,4]"
std::string Spec(const TensorInfo& info) {
  return DTypeName(info.dtype) + " " + info.shape.ToString();
}

std::string ListSpecs(const std::map<std::string, TensorInfo>& infos) {
  std::string text;
  for (const auto& [key, info] : infos) {
    text += (text.empty() ? "" : ", ") + Quote(key) + " " + Spec(info);
  }
  return text.empty() ? "none" : text;
}

std::string Signature(const SignatureDef& signature) { return "signature " + Quote(signature.key); }

const SignatureDef* Find(const MetaGraph& graph, const std::string& key) {
  const auto it = graph.signatures.find(key);
  return it == graph.signatures.end() ? nullptr : &it->second;
}

// One graph's choice in the making.
class Chooser {
 public:
  Chooser(const MetaGraph& graph, const ChooseOptions& options)
      : graph_(graph),
        options_(options),
        keys_(ServingKeys(graph)),
        calls_(graph.is_tf2() ? graph.graph_def : std::string_view()) {}

  Choice Run() {
    if (keys_.empty()) {
      Add(Severity::kError, "no-signature", "signatures",
          "expected a signature that serves requests, found none",
          "tf.saved_model.save(model, path, signatures={\"serving_default\": "
          "function.get_concrete_function(tf.TensorSpec([None, 4], tf.float32, name=\"x\"))})");
    } else if (!options_.signature.empty()) {
      ChooseNamed();
    } else if (graph_.is_tf2()) {
      ChooseTf2();
    } else {
      ChooseTf1();
    }
    if (choice_.signature != nullptr) {
      if (choice_.preprocess != nullptr) CheckPreprocess();
      NoteNearMisses();
      CheckOutputs(*choice_.signature);
      CheckInputs(*choice_.signature);
      if (choice_.preprocess != nullptr) CheckRows(*choice_.preprocess);
    }
    choice_.verdict = FindVerdict();
    return std::move(choice_);
  }

 private:
  void Add(Severity severity, std::string rule, std::string place, std::string message,
           std::string fix) {
    choice_.problems.push_back(
        {severity, std::move(rule), std::move(place), std::move(message), std::move(fix)});
  }

  bool HasKey(const std::string& key) const {
    return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
  }

  void Choose(const std::string& key, std::string reason) {
    choice_.signature = Find(graph_, key);
    choice_.reason = std::move(reason);
  }

  void ChooseNamed() {
    const std::string& key = options_.signature;
    if (!HasKey(key)) {
      Add(Severity::kError, "unknown-signature", "signature " + Quote(key),
          "expected one of " + ListKeys(keys_) + DidYouMean(key, keys_),
          "whylight explain MODEL --signature " + keys_.front());
      return;
    }
    Choose(key, "named by the caller");
    if (key == kModelKey && HasKey(kPreprocessKey)) {
      choice_.preprocess = Find(graph_, kPreprocessKey);
    }
  }

  void ChooseTf2() {
    if (HasKey(kPreprocessKey) && !HasKey(kModelKey)) {
      Add(Severity::kError, "preprocess-without-model", "signature 'xai_preprocess'",
          "expected a signature 'xai_model' beside it, which takes what it returns; found " +
              ListKeys(keys_),
          "tf.saved_model.save(model, path, signatures={\"serving_default\": ..., "
          "\"xai_preprocess\": preprocess, \"xai_model\": model_function})");
      AddNearMisses(Severity::kError);
      return;
    }
    if (HasKey(kModelKey)) {
      ChooseModelKey();
      return;
    }
    if (OneFunction()) {
      ChooseOnly();
      return;
    }
    RefuseSeveral("one serving function, or one under the key 'xai_model'");
  }

  void ChooseModelKey() {
    if (HasKey(kPreprocessKey)) {
      Choose(kModelKey, "key xai_model, behind xai_preprocess");
      choice_.preprocess = Find(graph_, kPreprocessKey);
    } else {
      Choose(kModelKey, keys_.size() == 1 ? "the only serving function" : "key xai_model");
    }
  }

  void ChooseTf1() {
    const SignatureDef* serving = HasKey(kServingKey) ? Find(graph_, kServingKey) : nullptr;
    if (HasKey(kModelKey)) {
      ChooseModelKey();
    } else if (serving != nullptr && serving->method_name == kPredictMethod) {
      Choose(kServingKey, "key serving_default, of method predict");
    } else if (HasKey(kPredictKey)) {
      Choose(kPredictKey, serving != nullptr ? "key predict, since serving_default is of method " +
                                                   Printable(serving->method_name)
                                             : "key predict, since there is no serving_default");
    } else if (keys_.size() == 1) {
      Choose(keys_.front(), "the only signature");
    } else {
      RefuseSeveral("a signature 'xai_model', a 'serving_default' of method predict, or 'predict'");
    }
  }

  // Whether all keys mean one function.
  bool OneFunction() const {
    const SignatureDef& first = *Find(graph_, keys_.front());
    return std::all_of(keys_.begin() + 1, keys_.end(), [&](const std::string& key) {
      return SameCalledFunction(calls_, first, *Find(graph_, key));
    });
  }

  void ChooseOnly() {
    if (keys_.size() == 1) {
      Choose(keys_.front(), "the only serving function");
    } else {
      Choose(HasKey(kServingKey) ? kServingKey : keys_.front(),
             "the only serving function, under the keys " + ListKeys(keys_));
    }
  }

  void RefuseSeveral(const std::string& expected) {
    Add(Severity::kError, "several-signatures", "signatures",
        "expected " + expected + "; found " + ListKeys(keys_),
        graph_.is_tf2() ? "tf.saved_model.save(model, path, signatures={\"serving_default\": ..., "
                          "\"xai_model\": ...})\n"
                          "# or choose one by hand: whylight explain MODEL --signature " +
                              keys_.front()
                        : "whylight explain MODEL --signature " + keys_.front());
    AddNearMisses(Severity::kError);
  }

  void AddNearMisses(Severity severity) {
    for (const std::string& key : keys_) {
      const std::string exact = MeantKey(key);
      if (exact.empty() || HasKey(exact)) continue;
      Add(severity, "misspelled-key", "signature " + Quote(key),
          "the key must be exactly '" + exact + "'; " + Quote(key) +
              " is a signature like any other",
          "tf.saved_model.save(model, path, signatures={..., \"" + exact + "\": ...})");
    }
  }

  // Of a model that can be explained all the same.
  void NoteNearMisses() {
    if (options_.signature.empty()) AddNearMisses(Severity::kWarning);
  }

  // The first difference, in the order of keys.
  void CheckPreprocess() {
    const Inputs& inputs = choice_.signature->inputs;
    const Inputs& outputs = choice_.preprocess->outputs;
    const auto mismatch = [&](const std::string& place, std::string message) {
      Add(Severity::kError, "preprocess-mismatch", place, std::move(message),
          "let xai_preprocess return a dictionary with the keys, types and shapes of xai_model's "
          "inputs: " +
              ListSpecs(inputs));
    };
    for (const auto& [key, input] : inputs) {
      const std::string place = "signature 'xai_model', input " + Quote(key);
      const auto output = outputs.find(key);
      if (output == outputs.end()) {
        mismatch(place, "has no matching output in 'xai_preprocess' (it has " +
                            ListKeys(KeysOf(outputs)) + ")");
        return;
      }
      if (output->second.kind != input.kind || output->second.dtype != input.dtype ||
          !Compatible(output->second.shape, input.shape)) {
        mismatch(place, "xai_preprocess gives " + Spec(output->second) + ", xai_model takes " +
                            Spec(input));
        return;
      }
    }
    for (const auto& [key, output] : outputs) {
      if (inputs.contains(key)) continue;
      mismatch("signature 'xai_preprocess', output " + Quote(key),
               "has no matching input in 'xai_model' (it has " + ListKeys(KeysOf(inputs)) + ")");
      return;
    }
  }

  void CheckOutputs(const SignatureDef& signature) {
    const auto explainable = [](const auto& output) {
      return output.second.kind == TensorInfo::Kind::kDense && IsFloating(output.second.dtype);
    };
    if (std::any_of(signature.outputs.begin(), signature.outputs.end(), explainable)) return;
    Add(Severity::kError, "no-numeric-output", Signature(signature) + ", outputs",
        "expected a floating-point output, such as probabilities, logits or a regression value; "
        "found " +
            ListSpecs(signature.outputs),
        "return the scores behind the label or class id, in the signature xai_model");
  }

  void CheckInputs(const SignatureDef& signature) {
    const std::string place = Signature(signature) + ", inputs";
    if (signature.inputs.empty()) {
      Add(Severity::kError, "no-input", place, "expected an input to explain, found none",
          "save a function that takes the features as its arguments");
      return;
    }
    const auto& [key, input] = *signature.inputs.begin();
    if (signature.inputs.size() == 1 && input.dtype == DType::kString) {
      const bool tf2 = graph_.is_tf2();
      Add(tf2 ? Severity::kError : Severity::kNote, "serialized-input",
          Signature(signature) + ", input " + Quote(key),
          std::string("the only input is a string") +
              (tf2 && choice_.preprocess == nullptr ? " and there is no xai_preprocess" : "") +
              ": a serialized example, image or text has no features to attribute to",
          tf2 ? "tf.saved_model.save(model, path, signatures={\"serving_default\": ..., "
                "\"xai_preprocess\": parse_or_decode, \"xai_model\": model_function})"
              : "name the parsed or decoded tensors as input_tensor_name in "
                "explanation_metadata.json");
      return;
    }
    if (!CheckRows(signature)) return;
    const auto differentiable = [](const auto& entry) { return IsFloating(entry.second.dtype); };
    if (std::none_of(signature.inputs.begin(), signature.inputs.end(), differentiable)) {
      Add(Severity::kNote, "no-gradient-input", place,
          "no input is a floating-point number (" + ListSpecs(signature.inputs) +
              "), so there is no gradient: Integrated Gradients and XRAI cannot explain it, "
              "Sampled Shapley can",
          "whylight explain MODEL --method sampled-shapley\n"
          "# or take floating-point numbers in xai_model, and convert in xai_preprocess");
    }
  }

  // Whether the inputs share a first axis, one row to an instance.
  bool CheckRows(const SignatureDef& signature) {
    const std::string place = Signature(signature) + ", inputs";
    const auto refuse = [&](std::string message) {
      Add(Severity::kError, "no-common-batch", place, std::move(message),
          "let the signature take dense tensors whose first axis is the row: "
          "tf.TensorSpec([None, ...])");
      return false;
    };
    for (const auto& [key, input] : signature.inputs) {
      if (input.kind != TensorInfo::Kind::kDense) {
        return refuse(Quote(key) + " is a " +
                      (input.kind == TensorInfo::Kind::kSparse ? "sparse" : "composite") +
                      " tensor: no row can be cut out of it");
      }
    }
    if (graph_.is_tf2()) {
      const auto composites = CompositeInputs(calls_, graph_, signature);
      if (!composites.empty()) {
        return refuse(ListKeys(composites.front().keys) + " are parts of one argument (" +
                      Printable(composites.front().type) +
                      "): they do not share an axis of rows, so no instance can be cut out");
      }
    }
    // First axes by input; inputs without a known rank fit anything.
    std::set<std::int64_t> sizes;
    bool scalar = false;
    for (const auto& [key, input] : signature.inputs) {
      if (!input.shape.has_rank()) continue;
      if (input.shape.rank() == 0) {
        scalar = true;
      } else {
        sizes.insert(input.shape.dim(0));
      }
    }
    if (sizes.size() > 1 || (scalar && !sizes.empty())) {
      return refuse("the first axes differ, so no instance can be cut out: " +
                    ListSpecs(signature.inputs));
    }
    if (scalar) {
      Add(Severity::kNote, "no-batch-axis", place,
          "the inputs are scalars: one instance is evaluated in a call",
          "take tf.TensorSpec([None]) to evaluate many at once");
    } else if (!sizes.empty() && *sizes.begin() != Shape::kUnknown) {
      Add(Severity::kNote, "fixed-batch", place,
          "the first axis is fixed at " + std::to_string(*sizes.begin()) +
              ": that many rows are evaluated in a call",
          "take tf.TensorSpec([None, ...]) to evaluate any number at once");
    }
    if (!sizes.empty() && &signature == choice_.signature) CheckOutputRows(signature);
    return true;
  }

  void CheckOutputRows(const SignatureDef& signature) {
    bool any = false;
    for (const auto& [key, output] : signature.outputs) {
      if (!IsFloating(output.dtype)) continue;
      if (!output.shape.has_rank() || output.shape.rank() > 0) return;
      any = true;
    }
    if (!any) return;
    Add(Severity::kWarning, "output-without-rows", Signature(signature) + ", outputs",
        "expected one score for each row, found a single number for all rows of a call: " +
            ListSpecs(signature.outputs),
        "return a tensor whose first axis is the row");
  }

  Verdict FindVerdict() const {
    Verdict verdict = Verdict::kExplain;
    for (const Problem& problem : choice_.problems) {
      if (problem.severity != Severity::kError) continue;
      if (problem.rule != "serialized-input" && problem.rule != "no-common-batch") {
        return Verdict::kRefuse;
      }
      verdict = Verdict::kPredictOnly;
    }
    return verdict;
  }

  const MetaGraph& graph_;
  const ChooseOptions& options_;
  std::vector<std::string> keys_;
  CallGraph calls_;
  Choice choice_;
};

}  // namespace

bool Choice::refused() const {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.severity == Severity::kError; });
}

bool Choice::has_problem(std::string_view rule) const {
  return std::ranges::any_of(problems,
                             [&](const Problem& problem) { return problem.rule == rule; });
}

Choice ChooseSignature(const MetaGraph& graph, const ChooseOptions& options) {
  return Chooser(graph, options).Run();
}

Result<const SignatureDef*> ChoosePredictSignature(const MetaGraph& graph, const std::string& key) {
  const std::vector<std::string> keys = ServingKeys(graph);
  const auto has = [&](const std::string& k) {
    return std::find(keys.begin(), keys.end(), k) != keys.end();
  };
  if (!key.empty()) {
    if (has(key)) return Find(graph, key);
    return NotFound("signature " + Quote(key) + ": expected one of " + ListKeys(keys) +
                    DidYouMean(key, keys));
  }
  if (keys.empty()) return NotFound("the model has no signature that serves requests");
  if (!graph.is_tf2() && has(kPredictKey) &&
      (!has(kServingKey) || Find(graph, kServingKey)->method_name != kPredictMethod)) {
    return Find(graph, kPredictKey);
  }
  if (has(kServingKey)) return Find(graph, kServingKey);
  if (keys.size() == 1) return Find(graph, keys.front());
  return InvalidArgument(
      "the model has several signatures and no 'serving_default': expected "
      "the key of one of " +
      ListKeys(keys));
}

std::vector<std::string> ServingKeys(const MetaGraph& graph) {
  std::vector<std::string> keys;
  for (const auto& [key, signature] : graph.signatures) {
    // __saved_model_init_op, __saved_model_train_op; tensorflow/supervised/training and .../eval.
    if (key.starts_with("__saved_model_")) continue;
    if (signature.method_name.starts_with("tensorflow/supervised/")) continue;
    keys.push_back(key);
  }
  return keys;
}

bool SameFunction(const MetaGraph& graph, const SignatureDef& a, const SignatureDef& b) {
  return SameCalledFunction(CallGraph(graph.graph_def), a, b);
}

}  // namespace whylight
