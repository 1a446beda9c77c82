// Insertion and deletion: what the score does while units of an instance appear or vanish in the
// order of an attribution.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "whylight/function.h"

namespace whylight {

// An instance and an order of its units. Borrowed until the call returns.
struct CurveTask {
  std::size_t instance = 0;  // As in Point: whose row it is.
  const Row* x = nullptr;
  std::vector<const Row*> baselines;  // At least one, in the form of x.
  // Elements of a unit for each input: 1 for single elements, the channels for pixels, all of them
  // for whole inputs. Units are numbered input by input.
  std::span<const std::size_t> unit_elements;
  std::span<const std::size_t> order;  // Each unit once; the first is replaced first.
};

struct CurveOptions {
  std::size_t max_single = 128;                   // More units than that move in blocks,
  std::size_t blocks = 32;                        // of as many each, but for the last.
  std::size_t max_bytes = std::size_t{64} << 20;  // Of rows alive at once; at least one.
};

struct Curves {
  double input_score = 0;     // F(x)
  double baseline_score = 0;  // F(b)
  double insertion = 0;       // Areas under the curves, in the score's unit.
  double deletion = 0;
};

// The curves start from the baseline and from x. With u_1 .. u_n the units in order:
//   I_k = F(b with u_1 .. u_k from x),  D_k = F(x with u_1 .. u_k from b)
//   insertion = integral of I over k / n from 0 to 1 by trapezoids; deletion likewise of D
// With several baselines all four figures are means over them.
// For F linear with contributions c_i: I_k = F(b) + c_1 + .. + c_k and D_k = F(x) - c_1 - .. - c_k,
// so no order has a greater insertion or a smaller deletion than that of falling c_i.
//
// Calls    f.Evaluate with up to max_bytes of rows; 2 + 2 (steps - 1) rows for each task and
//          baseline, steps being the units, or the blocks of them.
// Errors   kInvalidArgument: forms differ, no baseline. kFailedPrecondition: a score is not finite.
//          A status of `f` is returned as it came. What is no permutation of the units is a defect
//          of the caller.
// Threads  No state.
// Source   Petsiuk, Das, Saenko 2018 (arXiv:1806.07421), section 4.1; there the reference is a
//          blurred picture for insertion and a grey one for deletion, here it is the baseline.
Result<std::vector<Curves>> ReplacementCurves(Function& f, std::span<const CurveTask> tasks,
                                              const CurveOptions& options);

}  // namespace whylight
