// The names of the methods, what they take and what they do: for help, validation and pages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace whylight {

struct MethodParameter {
  std::string_view name;     // As an option of the command line: "steps" is `--steps`.
  std::string_view initial;  // Its default.
  std::string_view doc;
};

// What the score of an instance is compared with.
enum class ComparesWith {
  kBaselines,  // Those that are given.
  kBlurred,    // The blurred picture.
  kData,       // Rows of the data.
  kNothing,    // Attributions are slopes at the instance.
};

// What approximation_error tells.
enum class ErrorKind {
  kGap,       // What the sum of the attributions misses.
  kSampling,  // A standard error: more samples make it less.
  kNone,      // Nothing is approximated; it is 0.
};

struct MethodInfo {
  std::string_view name;
  std::string_view doc;  // One line, without a full stop.
  std::span<const MethodParameter> parameters;
  std::string_view samples = {};  // kSampling: the option that says how many.
  ComparesWith compares_with = ComparesWith::kBaselines;
  ErrorKind error = ErrorKind::kGap;
  bool needs_gradients = false;
  bool needs_picture = false;    // Explains pictures alone; other inputs keep the instance's value.
  bool at_layer = false;         // Gradients are taken at a layer, not at the inputs.
  bool is_complete = true;       // Attributions sum to F(x) - F(baseline), but for the error.
  bool gives_neighbors = false;  // Answers with rows of data alike, not with attributions.
};

// In the order in which a reader should meet them.
std::span<const MethodInfo> AllMethods();

// nullptr for a parameter that the method does not have.
const MethodParameter* FindParameter(const MethodInfo& method, std::string_view name);

// The default of --steps; 0 for a method without steps, or with as many as are needed.
int DefaultSteps(const MethodInfo& method);

const MethodInfo* FindMethod(std::string_view name);  // nullptr for an unknown one.

// "integrated-gradients, sampled-shapley": for messages.
std::string MethodNames();

}  // namespace whylight
