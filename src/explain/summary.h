// What many explanations say together: means over the rows of a data file, in memory that does not
// depend on how many there are.
//
//   {"meanAttributions": [                          // One for each label, by output and index.
//      {"baselineOutputValue": 0.2, "instanceOutputValue": 0.9,        // Means,
//       "featureAttributions": {"age": [0.5, -0.1], ...},              // with their signs.
//       "outputIndex": [1], "outputDisplayName": "rich",
//       "approximationError": 0.001, "outputName": "risk"}],           // Mean of those known.
//    "whylight": {"version": "0.1.0", ..., "rows": 40, "failed": 0,
//      "labels": [                                  // In the order of meanAttributions.
//        {"count": 25, "meanAbsoluteAttributions": {"age": [0.6, 0.1], ...},
//         "maxApproximationError": 0.004,
//         "unknownApproximationErrors": 2,          // Absent without any: they are in no mean.
//         "elementNames": {"age": ["now", "then"]}, // Absent without names.
//         "byFeature": {"text": "rows of different shapes"}}],  // Absent where there are none.
//      "all": {"meanAttribution": {...}, "count": 40, ...},  // Of several labels together.
//      "warnings": [...]}}
//
// The first member is the `meanAttributions` of a Vertex model evaluation. A feature is averaged
// element by element; where that cannot be, by the sum of its elements, and "byFeature" says why.
// |a| of such a feature is that of the sum.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "explain/explanation_json.h"
#include "whylight/explainer.h"

namespace whylight {

struct SummaryOptions {
  std::size_t max_elements = 4096;  // Of a feature that is averaged element by element.
  bool pieces = false;              // Of texts: the n-th of one is not the n-th of another.
};

// Means of the attributions of one label, or of all.
struct LabelSummary {
  std::size_t count = 0;              // Attributions.
  OutputAttribution mean;             // Signed means. The values of features have no input.
  std::vector<Tensor> mean_absolute;  // Of mean.features, in their shapes.
  double max_error = 0;
  std::size_t unknown_errors = 0;       // Not finite; in neither mean nor maximum.
  std::vector<std::string> by_feature;  // Of mean.features: why their elements were summed, or "".
};

// Threads: one at a time.
class Summary {
 public:
  explicit Summary(SummaryOptions options = {}) : options_(options) {}

  void Add(const Explanation& explanation);

  std::size_t rows() const { return rows_; }
  std::vector<LabelSummary> Labels() const;  // By output and index.
  LabelSummary All() const;                  // Whatever the label.

 private:
  // Sums over the rows so far of one feature.
  struct FeatureSums {
    std::string name;
    bool named_by_elements = false;
    Shape shape;
    std::vector<std::string> element_names;
    std::map<std::string, std::size_t> index_of;  // Of element_names.
    std::vector<double> sum, absolute;         // Of each element; empty once `by_feature` is set,
    double whole_sum = 0, whole_absolute = 0;  // of the feature's sums.
    std::string by_feature;
  };
  struct Sums {
    std::size_t count = 0;
    std::string output_name, display_name;
    std::vector<std::int64_t> output_index;
    double instance = 0, baseline = 0, error = 0, max_error = 0;
    std::size_t unknown_errors = 0;
    std::vector<FeatureSums> features;
  };

  void AddTo(Sums& sums, const OutputAttribution& attribution) const;
  void AddElements(FeatureSums& sums, const FeatureAttribution& feature) const;
  static LabelSummary MeansOf(const Sums& sums);

  SummaryOptions options_;
  std::size_t rows_ = 0;
  std::map<std::pair<std::string, std::vector<std::int64_t>>, Sums> labels_;
  Sums all_;
};

// The text of the head of this file, indented. `failed`: rows that are in no mean.
std::string SummaryJson(const Summary& summary, std::size_t failed, const Provenance& provenance);

}  // namespace whylight
