#include "autodiff/ledger.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "autodiff/control_flow/functions.h"
#include "autodiff/registry.h"

namespace whylight {
namespace {

constexpr LedgerKind kOutOfScope = LedgerKind::kOutOfScope;
constexpr LedgerKind kRewritten = LedgerKind::kRewritten;

constexpr const char* kToFunctions = "becomes `While` and `If`";
constexpr const char* kToLists = "becomes an op of lists";
constexpr const char* kOldArrays = "written by TensorFlow before 1.0";

constexpr const char* kTpu = "runs on TPUs only";
constexpr const char* kNccl = "a collective of GPUs, in training only";
constexpr const char* kMesh = "DTensor's: has no kernel outside of a device mesh";
constexpr const char* kCudnn = "runs on GPUs only; the same model has a While for the CPU";
constexpr const char* kGpu = "runs on GPUs only";
constexpr const char* kRemoved = "TensorFlow refuses it in every graph since 2016";
constexpr const char* kPython = "calls a function of a Python process that is gone";
constexpr const char* kXla = "exists within XLA's compiler only: no session runs it";

constexpr LedgerException kExceptions[] = {
    {"AllToAll", kOutOfScope, kTpu},
    {"BatchNormWithGlobalNormalization", kOutOfScope, kRemoved},
    {"CollectivePermute", kOutOfScope, kTpu},
    {"CopyToMesh", kOutOfScope, kMesh},
    {"CopyToMeshGrad", kOutOfScope, kMesh},
    {"CrossReplicaSum", kOutOfScope, kTpu},
    {"CudnnRNN", kOutOfScope, kCudnn},
    {"CudnnRNNV2", kOutOfScope, kCudnn},
    {"CudnnRNNV3", kOutOfScope, kCudnn},
    {"EagerPyFunc", kOutOfScope, kPython},
    {"Enter", kRewritten, kToFunctions},
    {"Exit", kRewritten, kToFunctions},
    {"Merge", kRewritten, kToFunctions},
    {"NcclAllReduce", kOutOfScope, kNccl},
    {"NcclBroadcast", kOutOfScope, kNccl},
    {"NcclReduce", kOutOfScope, kNccl},
    {"NextIteration", kRewritten, kToFunctions},
    {"RefEnter", kRewritten, kToFunctions},
    {"RefExit", kRewritten, kToFunctions},
    {"RefMerge", kRewritten, kToFunctions},
    {"RefNextIteration", kRewritten, kToFunctions},
    {"RefSwitch", kRewritten, kToFunctions},
    {"Relayout", kOutOfScope, kMesh},
    {"RelayoutLike", kOutOfScope, kMesh},
    {"SparseMatrixAdd", kOutOfScope, kGpu},
    {"SparseMatrixMul", kOutOfScope, kGpu},
    {"SparseMatrixSoftmax", kOutOfScope, kGpu},
    {"Switch", kRewritten, kToFunctions},
    {"TPUEmbeddingActivations", kOutOfScope, kTpu},
    {"TensorArrayConcat", kOutOfScope, kOldArrays},
    {"TensorArrayConcatV2", kOutOfScope, kOldArrays},
    {"TensorArrayConcatV3", kRewritten, kToLists},
    {"TensorArrayGather", kOutOfScope, kOldArrays},
    {"TensorArrayGatherV2", kOutOfScope, kOldArrays},
    {"TensorArrayGatherV3", kRewritten, kToLists},
    {"TensorArrayRead", kOutOfScope, kOldArrays},
    {"TensorArrayReadV2", kOutOfScope, kOldArrays},
    {"TensorArrayReadV3", kRewritten, kToLists},
    {"TensorArrayScatter", kOutOfScope, kOldArrays},
    {"TensorArrayScatterV2", kOutOfScope, kOldArrays},
    {"TensorArrayScatterV3", kRewritten, kToLists},
    {"TensorArraySplit", kOutOfScope, kOldArrays},
    {"TensorArraySplitV2", kOutOfScope, kOldArrays},
    {"TensorArraySplitV3", kRewritten, kToLists},
    {"TensorArrayWrite", kOutOfScope, kOldArrays},
    {"TensorArrayWriteV2", kOutOfScope, kOldArrays},
    {"TensorArrayWriteV3", kRewritten, kToLists},
    {"TopK", kOutOfScope, kRemoved},
    {"XlaClusterOutput", kOutOfScope, kXla},
    {"XlaEinsum", kOutOfScope, kXla},
    {"XlaSpmdFullToShardShape", kOutOfScope, kXla},
    {"XlaSpmdShardToFullShape", kOutOfScope, kXla},
};

const LedgerException* FindException(std::string_view op) {
  const auto found =
      std::lower_bound(std::begin(kExceptions), std::end(kExceptions), op,
                       [](const LedgerException& e, std::string_view name) { return e.op < name; });
  return found != std::end(kExceptions) && found->op == op ? &*found : nullptr;
}

bool MayCarry(DType dtype) {
  return IsFloating(dtype) || IsComplex(dtype) || dtype == DType::kVariant;
}

// Whether some tensor of this argument can have a gradient.
bool MayCarry(const ArgDef& arg, const OpDef& op) {
  if (arg.type != DType::kInvalid) return MayCarry(arg.type);
  const std::string& name = arg.type_attr.empty() ? arg.type_list_attr : arg.type_attr;
  const AttrDef* attr = op.FindAttr(name);
  if (attr == nullptr || attr->allowed_types.empty()) return true;
  return std::any_of(attr->allowed_types.begin(), attr->allowed_types.end(),
                     [](DType dtype) { return MayCarry(dtype); });
}

bool IsOnPath(const OpDef& op) {
  const auto carries = [&](const ArgDef& arg) { return MayCarry(arg, op); };
  return std::any_of(op.inputs.begin(), op.inputs.end(), carries) &&
         std::any_of(op.outputs.begin(), op.outputs.end(), carries);
}

std::string_view TitleOf(LedgerKind kind) {
  switch (kind) {
    case LedgerKind::kRule:
      return "rule";
    case LedgerKind::kZero:
      return "zero";
    case LedgerKind::kOffPath:
      return "on no path";
    case LedgerKind::kRewritten:
      return "rewritten first";
    case LedgerKind::kNotDifferentiable:
      return "not differentiable";
    case LedgerKind::kOutOfScope:
      return "out of scope";
  }
  return "";
}

std::string_view MeaningOf(LedgerKind kind) {
  switch (kind) {
    case LedgerKind::kRule:
      return "a rule, listed below by family";
    case LedgerKind::kZero:
      return "the derivative is zero wherever there is one: a path ends there";
    case LedgerKind::kOffPath:
      return "no floating tensor goes in, or none comes out";
    case LedgerKind::kRewritten:
      return "TensorFlow 1's loops, branches and arrays, as its Python writes them; others are "
             "refused by name";
    case LedgerKind::kNotDifferentiable:
      return "TensorFlow says that there is no gradient: refused by name on a path";
    case LedgerKind::kOutOfScope:
      return "refused by name, for the reason in its row";
  }
  return "";
}

// The family of the rule for `op`, as in the page's headings.
std::string FamilyOf(std::string_view op) {
  for (const GradientFamily& family : GradientFamilies()) {
    for (const GradientRule& rule : family.rules) {
      if (rule.op == op) return family.title;
    }
  }
  return "";
}

// "`A`, `B`, ..." in lines of at most 118 columns.
std::string Wrap(const std::vector<std::string>& ops) {
  constexpr std::size_t kColumns = 118;
  std::string text, line;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const std::string word = "`" + ops[i] + "`" + (i + 1 < ops.size() ? "," : "");
    if (!line.empty() && line.size() + 1 + word.size() > kColumns) {
      text += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return text + line + "\n";
}

struct RegistryLine {
  std::string op;
  bool has_gradient = false;
};

Result<std::vector<RegistryLine>> ParseRegistry(std::string_view registry) {
  std::vector<RegistryLine> lines;
  std::istringstream text{std::string(registry)};
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find(' ');
    const std::string word = space == std::string::npos ? "" : line.substr(space + 1);
    if (word != "gradient" && word != "none") {
      return DataLoss("registry: expected \"op gradient\" or \"op none\", got \"" + line + "\"");
    }
    lines.push_back({line.substr(0, space), word == "gradient"});
  }
  return lines;
}

// nullopt if nothing is said about the op.
std::optional<LedgerRow> RowOf(const RegistryLine& line, const OpRegistry& ops) {
  LedgerRow row{.op = line.op, .in_python = line.has_gradient};
  const OpDef* def = ops.Find(line.op);
  if (const GradientRule* rule = FindGradientRule(line.op)) {
    row.kind = rule->zero ? LedgerKind::kZero : LedgerKind::kRule;
    row.reason = FamilyOf(line.op);
  } else if (std::ranges::find(FunctionalControlFlowOps(), line.op) !=
             FunctionalControlFlowOps().end()) {
    row.kind = LedgerKind::kRule;
    row.reason = "Loops and branches: differentiated with their functions";
  } else if (def == nullptr) {
    row.kind = LedgerKind::kOffPath;
    row.reason = "no op of TensorFlow's library";
  } else if (!IsOnPath(*def)) {
    row.kind = LedgerKind::kOffPath;
  } else if (const LedgerException* exception = FindException(line.op)) {
    row.kind = exception->kind;
    row.reason = exception->reason;
  } else if (!line.has_gradient) {
    row.kind = LedgerKind::kNotDifferentiable;
  } else {
    return std::nullopt;
  }
  return row;
}

}  // namespace

std::span<const LedgerException> LedgerExceptions() { return kExceptions; }

Result<std::vector<LedgerRow>> MakeLedger(std::string_view registry, const OpRegistry& ops) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<RegistryLine> lines, ParseRegistry(registry));
  std::vector<LedgerRow> rows;
  std::map<std::string_view, LedgerKind> kinds;
  std::string silent;
  for (const RegistryLine& line : lines) {
    std::optional<LedgerRow> row = RowOf(line, ops);
    if (!row) {
      silent += " " + line.op;
      continue;
    }
    rows.push_back(*std::move(row));
  }
  if (!silent.empty()) {
    return NotFound("neither a rule nor a row of the ledger for" + silent);
  }
  for (const LedgerRow& row : rows) kinds.emplace(row.op, row.kind);
  for (const LedgerException& exception : kExceptions) {
    const auto found = kinds.find(exception.op);
    if (found == kinds.end()) {
      return FailedPrecondition(std::string(exception.op) + " is not in TensorFlow's registry");
    }
    if (found->second == exception.kind) continue;
    return FailedPrecondition("the ledger excuses " + std::string(exception.op) +
                              ", which needs no excuse: " + std::string(TitleOf(found->second)));
  }
  return rows;
}

std::string PrintLedger(std::span<const LedgerRow> rows) {
  constexpr LedgerKind kKinds[] = {
      LedgerKind::kRule,      LedgerKind::kZero,       LedgerKind::kOffPath,
      LedgerKind::kRewritten, LedgerKind::kOutOfScope, LedgerKind::kNotDifferentiable,
  };
  std::ostringstream page;
  std::size_t with = 0;
  std::map<LedgerKind, std::pair<int, int>> counts;
  std::set<std::string_view> known;
  for (const LedgerRow& row : rows) {
    with += row.in_python ? 1 : 0;
    auto& [gradient, none] = counts[row.kind];
    ++(row.in_python ? gradient : none);
    known.insert(row.op);
  }
  std::vector<std::string> extra;
  for (const GradientRule& rule : AllGradientRules()) {
    if (!known.contains(rule.op)) extra.emplace_back(rule.op);
  }

  page << "TensorFlow's Python knows a gradient of " << with << " ops, and says of "
       << rows.size() - with << " that they have none.\n\n"
       << "| here | of the " << with << " | of the " << rows.size() - with << " | what it means |\n"
       << "| --- | ---: | ---: | --- |\n";
  for (const LedgerKind kind : kKinds) {
    const auto [gradient, none] = counts[kind];
    page << "| " << TitleOf(kind) << " | " << gradient << " | " << none << " | " << MeaningOf(kind)
         << " |\n";
  }

  page << "\nThese ops have a derivative of zero wherever they have one, so paths end at them by "
          "definition:\n\n";
  std::vector<std::string> zeros;
  for (const GradientRule& rule : AllGradientRules()) {
    if (rule.zero) zeros.emplace_back(rule.op);
  }
  page << Wrap(zeros);
  page << "\nThese have a rule here, or are zero, and are unknown to TensorFlow's registry:\n\n"
       << Wrap(extra);

  page << "\n## Ops with a rule\n\n"
       << "Each formula stands as a comment above its rule in `src/autodiff/ops/`. A kink (a ReLU "
          "at 0, a tie in a\nmaximum) takes TensorFlow's convention.\n";
  for (const GradientFamily& family : GradientFamilies()) {
    std::vector<std::string> ops;
    for (const GradientRule& rule : family.rules) {
      if (!rule.zero) ops.emplace_back(rule.op);
    }
    page << "\n### " << family.title << "\n\n" << Wrap(ops);
  }

  page << "\n## Row by row\n\n"
       << "| op | TensorFlow's Python | here | |\n"
       << "| --- | --- | --- | --- |\n";
  for (const LedgerRow& row : rows) {
    page << "| `" << row.op << "` | " << (row.in_python ? "gradient" : "none") << " | "
         << TitleOf(row.kind) << " | " << row.reason << " |\n";
  }
  return std::move(page).str();
}

}  // namespace whylight
