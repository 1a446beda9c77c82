// Several methods on the same rows, measured by the same function from the same baselines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluate/scoreboard.h"
#include "explain/measured_explainer.h"

namespace whylight {

struct ComparedMethod {
  std::string name;
  std::unique_ptr<MeasuredExplainer> explainer;
  double seconds = 0;  // Spent in Explain, once it was warm.
  RowCounts rows_run;  // In Explain.
};

// Of two methods, means over attributions.
struct Agreement {
  std::size_t a = 0, b = 0;
  double rank = 0;       // RankAgreement, over those that have one; NaN if none has.
  double top = 0;        // TopOverlap of TopOf(units),
  double by_chance = 0;  // and what random orders have.
};

struct LeftOut {
  std::string name;
  Status why;
};

// What is measured are the features that all methods explain. A feature's units are the coarsest
// that a method has: pixels of a picture, elements of a vector, else the feature as a whole.
class Comparison {
 public:
  // At least one method. The options of all differ in the method alone. `blur_sigma`: of the
  // pictures from which information curves start.
  Comparison(std::vector<ComparedMethod> methods, std::uint64_t seed, double blur_sigma)
      : methods_(std::move(methods)), seed_(seed), blur_sigma_(blur_sigma) {}

  // A status for each request: a row counts if all methods explain it. A method that fails on all
  // of the first requests while another does not is left out, with its reason.
  std::vector<Status> Add(std::span<const Row> requests);

  const std::vector<ComparedMethod>& methods() const { return methods_; }
  const std::vector<LeftOut>& left_out() const { return left_out_; }
  const std::vector<std::string>& features() const { return features_; }
  std::vector<BaselineNote> reference() const;
  std::size_t rows() const { return rows_; }  // Explained by all.
  // Of each method, then of random orders as a yardstick. Empty before the first row.
  const std::optional<Scoreboard>& scoreboard() const { return scoreboard_; }
  std::vector<Agreement> agreements() const;
  double SecondsPerRow(std::size_t method) const;
  Preference Judge() const;  // By seconds a row. Needs a scoreboard.

 private:
  using Explanations = std::vector<Result<Explanation>>;
  struct AgreementSums {
    double rank = 0, top = 0, by_chance = 0;
    std::size_t ranked = 0, count = 0;
  };

  std::vector<Explanations> ExplainAll(std::span<const Row> requests);
  void LeaveOutThoseThatCannot(std::vector<Explanations>& all);
  Status Start();
  Status Measure(const Row& request, const std::vector<const Explanation*>& explanations);
  // Of each target's orders, of those of a picture.
  Result<std::vector<InformationCurves>> MeasureInformation(
      Probe& probe, const std::vector<std::vector<std::size_t>>& orders) const;
  std::size_t JudgingMethod() const;

  std::vector<ComparedMethod> methods_;
  std::uint64_t seed_;
  double blur_sigma_;
  std::size_t rows_ = 0;
  std::size_t explained_rows_ = 0;  // Given to each method.
  std::vector<std::string> features_;
  std::vector<LeftOut> left_out_;
  std::optional<Scoreboard> scoreboard_;
  std::vector<AgreementSums> pairs_;  // [a * methods + b]
};

}  // namespace whylight
