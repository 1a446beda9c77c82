// Several methods on the same rows: means of what was measured, and which one to prefer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluate/curves.h"
#include "evaluate/information_curves.h"

namespace whylight {

// Of one attribution by one method.
struct MethodRow {
  Curves curves;                  // From the baselines that all methods are judged by.
  std::optional<double> gap;      // |F(x) - F(b) - sum| from the method's own baseline, if its
                                  // attributions are to have that sum,
  double difference = 0;          // and |F(x) - F(b)| there.
  InformationCurves information;  // Of a picture.
};

// Means are pooled: sums over rows divided by the sum of |F(x) - F(b)|. A row with little to
// explain counts little, and none is divided by a difference that is almost 0.
struct MethodScore {
  double insertion = 0;       // s (insertion - F(b)), s the sign of F(x) - F(b): higher is better.
  double deletion = 0;        // s (deletion - F(b)): lower is better.
  double faithfulness = 0;    // Their difference.
  std::optional<double> gap;  // Sum of gaps by the sum of differences, of rows that have one.
  std::optional<double> sic, aic;  // Medians over the rows that have one.
};

struct Preference {
  std::size_t best = 0;            // The greatest faithfulness,
  std::vector<std::size_t> level;  // those that cannot be told from it, itself among them,
  std::size_t chosen = 0;          // and of these the cheapest.
};

class Scoreboard {
 public:
  // Differences of faithfulness up to this are none, however many rows say so.
  static constexpr double kLevel = 0.005;

  explicit Scoreboard(std::size_t methods);

  // One for each method, of the same attribution.
  void Add(const std::vector<MethodRow>& row);

  std::size_t rows() const { return rows_; }
  // Sum of |F(x) - F(b)|; where it is 0, there is nothing to explain, and scores are 0.
  double total() const { return total_; }
  MethodScore Score(std::size_t method) const;

  // How much less faithful b is than a, and the standard error of that: rows are paired, so what
  // makes a row hard for all does not count. Infinite for a single row.
  //   shortfall = sum over rows of d_r / total;  d_r = s_r ((ins - del) of a - (ins - del) of b)
  //   error     = sqrt(n) * standard deviation of d_r / total
  double Shortfall(std::size_t a, std::size_t b) const;
  double ShortfallError(std::size_t a, std::size_t b) const;

  // A method is level with the best if its shortfall is at most two standard errors, or kLevel.
  // `costs`: of each method, in any unit; methods behind those are yardsticks, never chosen.
  Preference Judge(const std::vector<double>& costs) const;

 private:
  std::size_t methods_;
  std::size_t rows_ = 0;
  double total_ = 0;
  struct Sums {
    double insertion = 0, deletion = 0, difference = 0;
    std::optional<double> gap;
  };
  std::vector<Sums> sums_;
  std::vector<std::vector<double>> sics_, aics_;  // Of each method.
  std::vector<double> pair_sums_, pair_squares_;  // [a * methods + b], of d_r.
};

}  // namespace whylight
