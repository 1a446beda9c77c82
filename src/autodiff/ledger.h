// The ledger of gradients: what becomes here of every op of TensorFlow's Python gradient registry
// (python_registry.txt, made by tools/make_gradient_registry). Printed into docs/gradients.md.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/op_registry.h"
#include "whylight/status.h"

namespace whylight {

enum class LedgerKind {
  kRule,               // A rule in ops/, or in control_flow/.
  kZero,               // Zero by definition: the path ends there.
  kOffPath,            // No tensor that carries a gradient goes in, or none comes out.
  kRewritten,          // By a graph pass, before differentiation.
  kNotDifferentiable,  // TensorFlow's Python says so; refused by name.
  kOutOfScope,         // Refused by name, for a reason of its own.
};

struct LedgerRow {
  std::string op;
  bool in_python =
      false;  // Whether Python has a gradient, and not just the word that there is none.
  LedgerKind kind = LedgerKind::kRule;
  std::string reason;
};

// A row said by hand, for an op that has no rule in ops/.
struct LedgerException {
  const char* op;
  LedgerKind kind;
  const char* reason;
};

// Sorted by op.
std::span<const LedgerException> LedgerExceptions();

// One row for each op of the registry's text, in its order: from the rules, from the types of the
// op's tensors, from the exceptions.
//
// Errors  kDataLoss: a line that is not "op gradient" or "op none".
//         kNotFound: ops with a gradient in Python that nothing is said about; names them.
//         kFailedPrecondition: an exception for an op that has a rule or is on no path; one for an
//         op that is not in the registry.
Result<std::vector<LedgerRow>> MakeLedger(std::string_view registry, const OpRegistry& ops);

// The ledger as Markdown: how many of each kind, the families of rules, then row by row.
std::string PrintLedger(std::span<const LedgerRow> rows);

}  // namespace whylight
