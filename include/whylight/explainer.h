// From instances to explanations: a model, what is to be explained, and how.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "whylight/function.h"
#include "whylight/json.h"
#include "whylight/metadata.h"
#include "whylight/neighbors.h"
#include "whylight/runtime.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

class Model;

// Who shares the score in Sampled Shapley and KernelSHAP.
enum class Players { kElements, kInputs, kLines, kWords };

// Where a given number of points lies on a path.
enum class PointRule {
  kGaussLegendre,  // Best where the gradient is smooth along the path.
  kMidpoint,       // Middles of equal parts: better where it jumps often, as with many ReLUs.
};

// How XRAI ranks regions: each by what it adds to those before it, or all at once.
enum class RegionRanking { kFull, kFast };
// How many orders Sampled Shapley draws: `paths`; none, since it scores all coalitions; or as many
// as `tolerance` needs.
enum class PathRule { kCount, kExact, kTolerance };

// What a baseline is made of.
enum class BaselineKind {
  kGiven,  // Values.
  kZeros,  // "" for strings; no value for a sparse input.
  kMean,
  kMedian,
  kMin,
  kMax,         // Of BaselineData, element by element.
  kRandom,      // Seeded, uniform within the data's range or the declared domain.
  kBlurred,     // The picture itself, blurred with max_sigma.
  kBlackWhite,  // Two: the least and the greatest value of the declared domain, or of the
                // picture.
};

struct Baseline {
  Baseline(Json values) : value(std::move(values)) {}  // NOLINT: implicit on purpose,
  Baseline(BaselineKind of) : kind(of) {}              // NOLINT: so that lists of them read well.

  BaselineKind kind = BaselineKind::kGiven;
  Json value;                         // kGiven.
  std::string origin = "--baseline";  // Who chose it, for notes.
};

// One input of the request, without the row axis.
struct RequestField {
  std::string name;
  DType dtype = DType::kInvalid;
  Shape shape = Shape::UnknownRank();
  std::string alias;  // What serving_default calls the same value, if that is another name.
};

// Rows like those that the model was trained on, in the form of requests.
struct BaselineData {
  std::string source;  // "--baseline-data train.csv": for notes and messages.
  // Called once, by Explainer::Open, with its request_fields().
  std::function<Result<std::vector<Row>>(const std::vector<RequestField>&)> read;
};

// A row that others are compared with.
struct Example {
  Row values;         // Of the request_fields(), in their order.
  std::string place;  // "line 3": for messages.
  std::string id;
  std::string crowding_tag;  // "": none.
  std::vector<Restriction> restricts;
};

struct ExampleData {
  std::string source;  // "--examples train.csv": for notes and messages.
  // Called once, by Explainer::Open, with its request_fields(): hands over all examples, in order,
  // as many at a time as it likes. A status of `take` ends it.
  std::function<Status(const std::vector<RequestField>&,
                       const std::function<Status(std::vector<Example>)>& take)>
      read;
};

struct ExplainOptions {
  std::string method = "integrated-gradients";
  // Points on the path, >= 1. Without a number Integrated Gradients take as many as `tolerance`
  // needs, the others what their authors take: XRAI 50, Blur IG 100, Guided IG 200.
  std::optional<int> steps;
  PointRule point_rule = PointRule::kGaussLegendre;  // Integrated Gradients with a number of steps.
  double tolerance = 0.01;  // Relative error of the attributions that is good enough.
  int max_steps = 255;      // Points that are spent on it at most.
  int paths = 25;           // Sampled Shapley: permutations, >= 1.
  PathRule path_rule = PathRule::kCount;
  // KernelSHAP: coalitions (2 * players + 2048); Expected Gradients: rows that are drawn (200). 0:
  // as in brackets.
  int samples = 0;
  std::uint64_t seed = 0;  // Of everything random.
  Players players = Players::kElements;
  RegionRanking region_ranking = RegionRanking::kFull;  // XRAI.
  double max_sigma = 50;   // Blur IG and blurred baselines: the strongest blur, in pixels, > 0.
  double fraction = 0.25;  // Guided IG: share of the elements that move at once, in (0, 1].
  double max_dist = 0.02;  // Guided IG: the farthest off the straight path, in [0, 1].
  // Noise around Integrated Gradients, XRAI and SmoothGrad: a standard deviation, >= 0, for all
  // inputs, or for those named alone. Integrated Gradients and XRAI have none unless one of these
  // is set (0.1 if only noisy_samples is), SmoothGrad 0.15 of each input's own range.
  std::optional<double> noise_sigma;
  std::vector<std::pair<std::string, double>> feature_noise_sigma;
  std::optional<int> noisy_samples;  // Noisy copies, >= 1; else 3, of SmoothGrad 25.
  // Occlusion of pictures, in pixels, >= 1: the window's height and width, and its step.
  int window_height = 15, window_width = 15, stride = 8;
  // Grad-CAM, examples: what is looked at inside the model, as explain/layer.h says; empty: chosen.
  std::string layer;

  // Of the method "examples".
  std::optional<ExampleData> examples;
  int neighbors = 10;  // Of each instance, >= 1.
  Distance distance = Distance::kSquaredL2;
  bool normalize = false;  // Vectors are given the length 1 before they are compared.
  int crowding_count = 0;  // Neighbours with the same crowding tag at most; 0: any number.
  std::vector<Restriction> restrictions;
  bool return_embeddings = false;  // The instance's vector instead of neighbours.
  // How many numbers a vector must have, where somebody said it; 0: any.
  int dimensions = 0;

  std::string signature;  // Empty: by the rules of saving.
  // Empty: the metadata's, else the only one. "a,b": both, in this order.
  std::string output_name;
  bool logits = false;  // Explain in front of a final Softmax or Sigmoid.
  // Which elements of the output: class_name if set; else output_indices; else the top_k highest.
  int top_k = 1;  // -1: all.
  // Tuples: an index each for an output of rank 2 and more an instance, a list of classes below.
  std::vector<std::vector<std::int64_t>> output_indices;
  std::string class_name;  // A label, or an index.
  std::vector<std::string> labels;
  std::vector<std::string> feature_names;  // Of the elements of the one explained vector.

  // Input -> baselines; several of one input are averaged over. "" stands for all that are
  // explained and not named.
  std::map<std::string, std::vector<Baseline>> baselines;
  std::optional<BaselineData> baseline_data;
  std::optional<ExplanationMetadata> metadata;
  std::string metadata_source;  // "--metadata m.json": for messages.

  int batch_size = 0;             // Rows a run; 0: measured.
  std::int64_t memory_limit = 0;  // Bytes; 0: the cgroup's.
  SessionOptions session;
  bool hoist = true;   // What is affine in the inputs is evaluated at the ends of paths alone.
  bool gather = true;  // What hangs on one feature alone is evaluated once for each of its values.
  std::vector<std::string> disable_passes;
  std::vector<std::string> dump_passes;
  std::function<bool()> cancelled;
};

// A remark that a user should see; `rule` has an anchor in docs/troubleshooting.md.
struct Warning {
  std::string rule;
  std::string message;
  std::string fix;
};

// Pixels of a row that follow each other, counted in rows from the top.
struct PixelSpan {
  std::int64_t first = 0;
  std::int64_t length = 0;
};

// A region of a picture that XRAI found. Those of one picture are disjoint and cover it.
struct RegionAttribution {
  int rank = 0;            // 1 is the most important.
  double area = 0;         // Share of the picture's pixels.
  double attribution = 0;  // Of each of its pixels.
  bool is_rest = false;    // What no region covered; ranks last.
  std::vector<PixelSpan> pixels;
  std::int64_t width = 0;  // Of the picture, in pixels.
  std::string input;       // Of a group's feature: the member that is the picture.
};

// A feature of one explanation.
struct FeatureAttribution {
  std::string name;
  // float64: the input's shape, or one number, or one for each piece; XRAI's is [H,W,1], or [H,W]
  // for a picture without a channel axis.
  Tensor values;
  Tensor input;                            // What was explained; strings for pieces.
  std::vector<std::string> element_names;  // As many as elements; empty if they have none.
  // The elements' names take the place of the feature's own in the answer (bag of features).
  bool named_by_elements = false;
  // Of the values, in their shape; infinite where one sample tells nothing of it. Without elements
  // if the method knows none.
  Tensor standard_errors;
  std::vector<RegionAttribution> regions;  // XRAI: by rank; of a group, those of each member.
};

// What a method that samples did for an answer.
struct Sampling {
  bool exact = false;           // All coalitions were scored; standard errors are 0.
  int paths = 0;                // Orders drawn; 0: none, since exact or another method.
  std::int64_t coalitions = 0;  // Rows of the model that were scored; 0: the method has none.
  int samples = 0;              // Noisy copies, or rows of data that were drawn.
};

// What coming within a tolerance took.
struct Effort {
  int steps = 0;               // Points with gradients,
  int probes = 0;              // and without.
  double estimated_error = 0;  // Of the attributions: L1, relative.
  bool converged = true;       // estimated_error <= tolerance.
};

// One output element of one instance.
struct OutputAttribution {
  std::string output_name;
  std::vector<std::int64_t> output_index;  // Empty for an output of one number an instance.
  std::string display_name;                // The class's label; empty without one.
  double instance_output = 0;
  bool has_baseline = true;  // False: nothing is compared with, and baseline_output is 0.
  double baseline_output = 0;
  double approximation_error = 0;
  std::optional<Effort> effort;  // Where the method chose how much it does.
  std::vector<FeatureAttribution> features;
  std::vector<Warning> warnings;
  std::optional<Sampling> sampling;  // Where the method samples.
};

// The highest element of an output.
struct TopElement {
  std::vector<std::int64_t> index;  // Empty for an output of one number an instance.
  std::string label;                // Empty without one.
  double score = 0;
};

// An example near an instance.
struct Neighbor {
  std::string id;
  double distance = 0;
  std::optional<TopElement> prediction;  // What the model says of the example, if that is a score.
  Row values;                            // The example, where it is small.
};

struct NamedValue {
  std::string name;
  Tensor value;
};

struct Explanation {
  std::vector<NamedValue> prediction;  // All outputs of the explained signature.
  std::vector<OutputAttribution> attributions;
  std::optional<std::vector<Neighbor>> neighbors;  // examples: nearest first.
  std::optional<Tensor> embedding;                 // examples, with return_embeddings: a vector.
};

// Where a feature's baseline comes from, for people.
struct BaselineNote {
  std::string input;
  std::string text;    // "zeros", "5.8, 3.0, 4.35, 1.3", "black image (0)"
  std::string origin;  // "default", "--baseline", "metadata"
};

// A parameter of the method.
struct MethodSetting {
  std::string name;  // As JSON has it: "steps"
  std::string json;  // "50"
  std::string text;  // For people: "50 Gauss-Legendre points"; empty: nothing they need.
};

// What will be explained, and why: printed before the answers.
struct ExplainPlan {
  std::string signature;
  std::string preprocess;
  std::string reason;
  std::string method;
  std::vector<MethodSetting> settings;
  std::string output;
  std::vector<std::string> explained;  // Features.
  std::vector<std::string> held;       // "ids (int64)": kept at the instance's value.
  std::vector<BaselineNote> baselines;
  std::vector<Warning> warnings;  // What was known before the first instance.
  std::vector<std::string> feature_names;
};

// Threads: Explain from as many at once as concurrency() says, warnings() beside it; all else from
// one thread, while nothing is explained.
class Explainer {
 public:
  // `model` and `runtime` outlive the explainer.
  // Errors  kInvalidArgument, kNotFound, kOutOfRange: an option that does not fit the model; the
  //           message lists what does.
  //         kFailedPrecondition, kUnimplemented: the model cannot be explained as asked, with the
  //           methods that can. kDataLoss, kResourceExhausted, ...: as loading it gives.
  static Result<std::unique_ptr<Explainer>> Open(const Model& model, const Runtime& runtime,
                                                 ExplainOptions options);
  virtual ~Explainer() = default;

  virtual const ExplainPlan& plan() const = 0;
  // The plan's, and what came up since.
  virtual std::vector<Warning> warnings() const = 0;
  virtual const std::vector<RequestField>& request_fields() const = 0;
  // How many calls of Explain at once keep the machine busy. 1: they must follow each other.
  virtual int concurrency() const = 0;

  // Names of the elements of the request's one vector input, as a table's header gives them: used
  // where that input is what is explained, and neither options nor metadata name its elements.
  virtual void NameFeatures(const std::vector<std::string>& names) = 0;

  // One result for each request (values in order of request_fields()); a row that fails does not
  // fail its neighbours. kOutOfRange: options ask for what this row does not have (a class, an
  // index, as many labels or feature names), which the model's static shapes could not tell.
  virtual std::vector<Result<Explanation>> Explain(std::span<const Row> requests) = 0;
};

// Predictions only.
class Predictor {
 public:
  struct Options {
    std::string signature;
    int batch_size = 0;
    std::int64_t memory_limit = 0;
    SessionOptions session;
    std::function<bool()> cancelled;
  };
  static Result<std::unique_ptr<Predictor>> Open(const Model& model, const Runtime& runtime,
                                                 const Options& options);
  virtual ~Predictor() = default;

  virtual const std::string& signature() const = 0;
  // False: the inputs have no common axis of rows, and one request is one run of the model.
  virtual bool has_rows() const = 0;
  virtual const std::vector<RequestField>& request_fields() const = 0;
  virtual std::vector<Result<std::vector<NamedValue>>> Predict(std::span<const Row> requests) = 0;
};

}  // namespace whylight
