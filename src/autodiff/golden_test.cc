// Replays the golden gradients of tests/golden (see make_gradients.py there for the format): every
// rule against TensorFlow's own Python gradients, and float64 cases against central differences.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "autodiff/gradients.h"
#include "graph/attr.h"
#include "graph/export.h"
#include "graph/import.h"
#include "graph/passes/inline_calls.h"
#include "testing/page.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

enum class Expectation { kUnknownToTensorFlow, kNoGradient, kGradient };

struct Explained {
  std::string name;
  Tensor value;
  Expectation expectation = Expectation::kUnknownToTensorFlow;
  Tensor gradient;
};

struct NamedTensor {
  std::string name;
  Tensor value;
};

struct Case {
  std::string name, op, graph_def;
  std::string made_by;  // The version of TensorFlow.
  bool numeric = true;
  bool needs_shapes = false;
  double tolerance = 0;  // 0: by dtype.
  int nodes = 0;         // Of TensorFlow's graph with its gradients; 0: not counted.
  std::vector<Explained> xs;
  std::vector<NamedTensor> feeds, ys;
};

Result<Tensor> Decode(std::string bytes) { return DecodeTensor(TensorBytes{std::move(bytes)}); }

// Adds one field to the case it belongs to.
Status AddField(char tag, std::string payload, std::vector<Case>& cases) {
  if (tag == 'C') {
    cases.emplace_back().name = std::move(payload);
    return {};
  }
  if (cases.empty()) return DataLoss("a field before the first case");
  Case& c = cases.back();
  switch (tag) {
    case 'O':
      c.op = std::move(payload);
      return {};
    case 'G':
      c.graph_def = std::move(payload);
      return {};
    case 'N':
      c.numeric = false;
      return {};
    case 'S':
      c.needs_shapes = true;
      return {};
    case 'B':
      c.nodes = std::stoi(payload);
      return {};
    case 'R':
      c.tolerance = std::stod(payload);
      return {};
    case 'X':
      c.xs.emplace_back().name = std::move(payload);
      return {};
    case 'F':
      c.feeds.emplace_back().name = std::move(payload);
      return {};
    case 'Y':
      c.ys.emplace_back().name = std::move(payload);
      return {};
    case 'V': {
      Tensor& value = c.feeds.empty() ? c.xs.back().value : c.feeds.back().value;
      WHYLIGHT_ASSIGN_OR_RETURN(value, Decode(std::move(payload)));
      return {};
    }
    case 'E': {
      Explained& x = c.xs.back();
      x.expectation = payload.empty() ? Expectation::kNoGradient : Expectation::kGradient;
      if (!payload.empty()) {
        WHYLIGHT_ASSIGN_OR_RETURN(x.gradient, Decode(std::move(payload)));
      }
      return {};
    }
    case 'D': {
      if (!payload.empty()) {
        WHYLIGHT_ASSIGN_OR_RETURN(c.ys.back().value, Decode(std::move(payload)));
      }
      return {};
    }
    default:
      return DataLoss(std::string("unknown tag ") + tag);
  }
}

Result<std::vector<Case>> ReadCases(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound(path);
  std::stringstream buffer;
  buffer << file.rdbuf();
  const std::string data = std::move(buffer).str();
  std::vector<Case> cases;
  std::string made_by;
  for (std::size_t at = 0; at < data.size();) {
    constexpr std::size_t kHead = 5;
    if (data.size() - at < kHead) return DataLoss(path + ": truncated");
    std::uint32_t length = 0;
    std::memcpy(&length, data.data() + at + 1, sizeof length);
    if (data.size() - at - kHead < length) return DataLoss(path + ": truncated");
    std::string payload = data.substr(at + kHead, length);
    if (data[at] == 'P') {
      made_by = std::move(payload);
    } else {
      const Status status = AddField(data[at], std::move(payload), cases);
      if (!status.ok()) return status.In(path + " at byte " + std::to_string(at));
      cases.back().made_by = made_by;
    }
    at += kHead + length;
  }
  return cases;
}

Result<std::vector<Case>> ReadFamily(const std::string& family) {
  return ReadCases(std::string(WHYLIGHT_SOURCE_DIR) + "/tests/golden/gradients_" + family + ".bin");
}

// The elements as doubles; of complex numbers the real and imaginary parts in turn.
std::vector<double> Numbers(const Tensor& t) {
  std::vector<double> numbers;
  const auto parts = [&]<typename T>(T) {
    numbers.resize(t.bytes().size() / sizeof(T));
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      T value;
      std::memcpy(&value, t.bytes().data() + i * sizeof(T), sizeof(T));
      numbers[i] = static_cast<double>(value);
    }
  };
  if (t.dtype() == DType::kComplex64) {
    parts(float{});
  } else if (t.dtype() == DType::kComplex128) {
    parts(double{});
  } else {
    for (std::size_t i = 0; i < t.elements(); ++i) numbers.push_back(t.Number(i));
  }
  return numbers;
}

// Rounding of a few dozen operations, relative to the largest element.
double Tolerance(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
    case DType::kComplex128:
      return 1e-10;
    case DType::kFloat16:
      return 2e-3;
    case DType::kBFloat16:
      return 2e-2;
    default:
      return 2e-5;
  }
}

bool Same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

// max |a - b| / max |b|; infinite if one is not finite where the other differs.
double RelativeError(const std::vector<double>& a, const std::vector<double>& b) {
  double scale = 0, error = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (Same(a[i], b[i])) {
      if (std::isfinite(b[i])) scale = std::max(scale, std::abs(b[i]));
      continue;
    }
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) {
      return std::numeric_limits<double>::infinity();
    }
    scale = std::max(scale, std::abs(b[i]));
    error = std::max(error, std::abs(a[i] - b[i]));
  }
  return scale > 0 ? error / scale : error;
}

std::string ToString(const std::vector<double>& values) {
  std::ostringstream text;
  for (std::size_t i = 0; i < std::min<std::size_t>(values.size(), 12); ++i) {
    text << (i ? " " : "") << values[i];
  }
  return std::move(text).str();
}

constexpr const char* kFamilies[] = {"math",     "reduce",   "nn",          "array",
                                     "spectral", "sparse",   "linalg",      "image",
                                     "backward", "sequence", "control_flow"};

// What was compared in one family, or of one dtype.
struct Summary {
  std::set<std::string> ops;
  int cases = 0, compared = 0, differentiated = 0;
  int nodes = 0, reference_nodes = 0;  // Of the graphs that were compared by size.
  double largest_error = 0;            // Relative to the largest element of the gradient.
  double largest_share = 0, largest_numeric_share = 0;  // Of the tolerance.
  std::string worst, worst_numeric;
};

// All families that have run, by name, and the gradients of each dtype; those of cases with a
// tolerance of their own under "".
struct Report {
  std::map<std::string, Summary> families, dtypes;
};

Report& TheReport() {
  static Report report;
  return report;
}

// As docs/gradients.md has it.
std::string Print(const Report& report) {
  std::ostringstream text;
  text << std::setprecision(1) << std::scientific;
  text << "| cases of | ops | cases | gradients compared | central differences |\n"
       << "| --- | ---: | ---: | ---: | ---: |\n";
  const auto row = [&](const std::string& name, const Summary& s) {
    text << "| " << name << " | " << s.ops.size() << " | " << s.cases << " | " << s.compared
         << " | " << s.differentiated << " |\n";
  };
  Summary all;
  for (const char* name : kFamilies) {
    const Summary& s = report.families.at(name);
    row(name, s);
    all.ops.insert(s.ops.begin(), s.ops.end());
    all.cases += s.cases;
    all.compared += s.compared;
    all.differentiated += s.differentiated;
    all.largest_numeric_share = std::max(all.largest_numeric_share, s.largest_numeric_share);
  }
  row("all", all);
  text << "\n| gradients of | compared | largest error | of the tolerance |\n"
       << "| --- | ---: | ---: | ---: |\n";
  for (const auto& [dtype, s] : report.dtypes) {
    text << "| " << (dtype.empty() ? "cases with a tolerance of their own" : dtype) << " | "
         << s.compared << " | " << s.largest_error << " | " << s.largest_share << " |\n";
  }
  text << "\nCentral differences: largest error " << all.largest_numeric_share
       << " of the tolerance.\n";
  return std::move(text).str();
}

// The same words in both, but for errors, numbers with an exponent: another processor rounds in
// another order. Ten times as much is no longer that.
bool Agree(const std::string& page, const std::string& found) {
  std::istringstream a(page), b(found);
  std::string left, right;
  while (a >> left) {
    if (!(b >> right)) return false;
    if (left == right) continue;
    const bool both_errors =
        left.find("e-") != std::string::npos && right.find("e-") != std::string::npos;
    if (!both_errors || std::stod(right) > 10 * std::stod(left)) return false;
  }
  return !(b >> right);
}

// Behind all families: the table, held against the page. A run of some families proves nothing.
class PageOfCases : public testing::Environment {
 public:
  void TearDown() override {
    if (TheReport().families.size() != std::size(kFamilies)) return;
    const std::string table = Print(TheReport());
    std::cout << table;
    if (Agree(PartOfPage("gradients.md", "cases"), table)) return;
    EXPECT_TRUE(PageHolds("gradients.md", "cases", table));
  }
};
[[maybe_unused]] const testing::Environment* const kPage =
    testing::AddGlobalTestEnvironment(new PageOfCases);

class GoldenTest : public RuntimeTest, public testing::WithParamInterface<const char*> {
 protected:
  // The graph of a case with a placeholder for each cotangent.
  struct Prepared {
    Graph graph;
    std::vector<Output> xs, ys, dys;
    std::vector<Feed> feeds;
  };

  static const OpRegistry& RuntimeOps() {
    static const OpRegistry ops = [] {
      const auto list = runtime().OpList();
      auto parsed = list.ok() ? OpRegistry::Parse(*list) : list.status();
      EXPECT_TRUE(parsed.ok()) << parsed.status().message();
      return parsed.ok() ? *std::move(parsed) : OpRegistry();
    }();
    return ops;
  }

  // The shapes that nodes know: none, those that TensorFlow infers from what the placeholders
  // declare, or from the values that are fed.
  enum class Shapes { kNone, kDeclared, kFed };

  static Result<Prepared> Prepare(const Case& c, Shapes shapes) {
    WHYLIGHT_ASSIGN_OR_RETURN(Graph graph, ImportGraph(c.graph_def, OpRegistry::Builtin()));
    if (shapes == Shapes::kFed) {
      for (const Explained& x : c.xs) {
        WHYLIGHT_ASSIGN_OR_RETURN(const Output output, graph.FindOutput(x.name));
        output.node->attrs["shape"] = x.value.shape();
      }
    }
    // Programs have no calls left when they are differentiated.
    std::vector<Output> kept;
    for (const NamedTensor& y : c.ys) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Output output, graph.FindOutput(y.name));
      kept.push_back(output);
    }
    PassContext context{.outputs = &kept, .inputs = nullptr, .targets = nullptr};
    InlineCalls inline_calls;
    WHYLIGHT_RETURN_IF_ERROR(inline_calls.Run(graph, context).status());
    if (shapes != Shapes::kNone) WHYLIGHT_RETURN_IF_ERROR(AddShapes(graph));
    Prepared p{.graph = std::move(graph), .ys = std::move(kept)};
    for (const Explained& x : c.xs) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Output output, p.graph.FindOutput(x.name));
      p.xs.push_back(output);
      p.feeds.push_back({x.name, &x.value});
    }
    for (const NamedTensor& f : c.feeds) p.feeds.push_back({f.name, &f.value});
    GraphBuilder b(p.graph, "dy");
    for (std::size_t i = 0; i < c.ys.size(); ++i) {
      const Tensor& dy = c.ys[i].value;
      p.dys.push_back(b.Op("Placeholder", {}, {{"dtype", b.dtype(p.ys[i])}}));
      if (dy.dtype() != DType::kInvalid) p.feeds.push_back({p.dys.back().name(), &dy});
    }
    WHYLIGHT_RETURN_IF_ERROR(b.status());
    return p;
  }

  static Status AddShapes(Graph& graph) {
    std::vector<std::string> names;
    for (const auto& node : graph.nodes()) {
      WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<DType> types, graph.OutputTypes(*node));
      for (std::size_t i = 0; i < types.size(); ++i) {
        names.push_back(Output{node.get(), static_cast<int>(i)}.name());
      }
    }
    WHYLIGHT_ASSIGN_OR_RETURN(const ExportedGraph exported,
                              ExportGraph(graph, {.target = &RuntimeOps()}));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Shape> shapes,
                              runtime().InferShapes(exported.graph_def, names));
    for (std::size_t i = 0; i < names.size(); ++i) {
      WHYLIGHT_ASSIGN_OR_RETURN(const Output output, graph.FindOutput(names[i]));
      output.node->shapes.push_back(shapes[i]);
    }
    return {};
  }

  void Check(const Case& c, bool static_shapes) {
    SCOPED_TRACE(c.name + (static_shapes ? " with static shapes" : ""));
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < c.xs.size(); ++i) {
      if (c.xs[i].expectation == Expectation::kNoGradient) {
        CheckRefused(c, i, static_shapes);
      } else {
        wanted.push_back(i);
      }
    }
    if (wanted.empty()) return;
    Result<Prepared> p = Prepare(c, static_shapes ? Shapes::kDeclared : Shapes::kNone);
    ASSERT_TRUE(p.ok()) << p.status().message();
    std::vector<Output> xs;
    for (const std::size_t i : wanted) xs.push_back(p->xs[i]);
    const auto dxs = AddGradients(p->graph, p->ys, p->dys, xs);
    const bool may_refuse = c.needs_shapes && !static_shapes;
    if (may_refuse && !dxs.ok()) return;
    ASSERT_TRUE(dxs.ok()) << dxs.status().message();
    // An older TensorFlow does not know every attribute of the golden graphs.
    const auto exported = ExportGraph(p->graph, {.target = &RuntimeOps()});
    ASSERT_TRUE(exported.ok()) << exported.status().message();
    const auto session = NewSession(exported->graph_def);
    ASSERT_TRUE(session.ok()) << session.status().message();
    const std::vector<std::string> fetches = NamesOf(*dxs);
    const auto values = (*session)->Run(p->feeds, fetches, {});
    if (may_refuse && !values.ok()) return;
    ASSERT_TRUE(values.ok()) << values.status().message();
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      const Explained& x = c.xs[wanted[k]];
      const Tensor& dx = (*values)[k];
      SCOPED_TRACE(x.name);
      ASSERT_EQ(dx.dtype(), x.value.dtype());
      ASSERT_EQ(dx.shape().ToString(), x.value.shape().ToString());
      if (x.expectation == Expectation::kGradient) Compare(c, x, dx);
      if (c.numeric && !static_shapes) CheckNumerically(c, *p, **session, wanted[k], dx);
    }
    if (c.nodes > 0 && static_shapes) {
      CompareSizes(c, *p, *dxs);
      CheckOptimized(c, *p, exported->graph_def, fetches, *values);
    }
  }

  // With Grappler, which rewrites loops, the answers stay.
  static void CheckOptimized(const Case& c, const Prepared& p, const std::string& graph_def,
                             const std::vector<std::string>& fetches,
                             const std::vector<Tensor>& expected) {
    const auto session = runtime().NewSession({.threads = 1, .optimize = true});
    ASSERT_TRUE(session.ok()) << session.status().message();
    const Status extended = (*session)->Extend(graph_def);
    ASSERT_TRUE(extended.ok()) << extended.message();
    const auto values = (*session)->Run(p.feeds, fetches, {});
    ASSERT_TRUE(values.ok()) << values.status().message();
    for (std::size_t k = 0; k < values->size(); ++k) {
      ASSERT_EQ((*values)[k].shape().ToString(), expected[k].shape().ToString());
      // Another order of sums: the rounding of the type, a few times over.
      EXPECT_LE(RelativeError(Numbers((*values)[k]), Numbers(expected[k])),
                std::max(c.tolerance, Tolerance(expected[k].dtype())));
    }
  }

  // Nodes that ys and dxs need, and those of each function that one of them calls, once.
  void CompareSizes(const Case& c, const Prepared& p, const std::vector<Output>& dxs) {
    std::vector<Output> roots = dxs;
    roots.insert(roots.end(), p.ys.begin(), p.ys.end());
    const std::set<const Node*> needed = p.graph.Ancestors(roots);
    std::set<std::string> seen;
    const int nodes = static_cast<int>(needed.size()) + NodesOfCallees(p.graph, needed, seen);
    EXPECT_LE(nodes, c.nodes) << "TensorFlow's own graph is smaller";
    summary_.nodes += nodes;
    summary_.reference_nodes += c.nodes;
  }

  static int NodesOfCallees(const Graph& graph, const std::set<const Node*>& callers,
                            std::set<std::string>& seen) {
    int count = 0;
    const auto add = [&](const std::string& name) {
      const FunctionDef* const function = graph.library.Find(name);
      if (function == nullptr || !seen.insert(name).second) return;
      auto body = ImportFunction(*function, graph.registry());
      ASSERT_TRUE(body.ok()) << body.status().message();
      std::vector<Output> roots = body->results;
      for (Node* const node : body->control_results) roots.push_back({node, 0});
      std::set<const Node*> needed = body->graph.Ancestors(roots);
      std::erase_if(needed, [](const Node* node) { return node->Is("_Arg"); });
      body->graph.library = graph.library;
      count += static_cast<int>(needed.size()) + NodesOfCallees(body->graph, needed, seen);
    };
    for (const Node* const node : callers) {
      for (const auto& [attr, value] : node->attrs) {
        if (const auto* one = std::get_if<FunctionRef>(&value)) add(one->name);
        if (const auto* many = std::get_if<std::vector<FunctionRef>>(&value)) {
          for (const FunctionRef& each : *many) add(each.name);
        }
      }
    }
    return count;
  }

  // Whether this TensorFlow has the op and a kernel for the case. That of the golden file has.
  static bool RuntimeKnows(const Case& c) {
    if (runtime().info().version == c.made_by) return true;
    const Result<Prepared> p = Prepare(c, Shapes::kNone);
    if (!p.ok()) return true;  // Ours, and so for Check to report.
    const auto exported = ExportGraph(p->graph, {.target = &RuntimeOps()});
    if (!exported.ok()) return false;
    std::vector<std::string> fetches;
    for (const NamedTensor& y : c.ys) fetches.push_back(y.name);
    return RunGraph(exported->graph_def, p->feeds, fetches).ok();
  }

  static void CheckRefused(const Case& c, std::size_t x, bool static_shapes) {
    Result<Prepared> p = Prepare(c, static_shapes ? Shapes::kDeclared : Shapes::kNone);
    ASSERT_TRUE(p.ok()) << p.status().message();
    const auto dxs = AddGradients(p->graph, p->ys, p->dys, std::span(p->xs).subspan(x, 1));
    ASSERT_FALSE(dxs.ok()) << "TensorFlow has no gradient here; a zero must not pass for one";
    const StatusCode code = dxs.status().code();
    EXPECT_TRUE(code == StatusCode::kFailedPrecondition || code == StatusCode::kUnimplemented)
        << dxs.status().message();
  }

  void Compare(const Case& c, const Explained& x, const Tensor& dx) {
    const std::vector<double> found = Numbers(dx), expected = Numbers(x.gradient);
    ASSERT_EQ(found.size(), expected.size());
    // A float16 anywhere on the way limits the gradient of a float32 input too.
    const double tolerance = c.tolerance > 0 ? c.tolerance : Tolerance(dx.dtype());
    const double error = RelativeError(found, expected);
    EXPECT_LE(error, tolerance) << "found    " << ToString(found) << "\nexpected "
                                << ToString(expected);
    Summary& of_dtype = TheReport().dtypes[c.tolerance > 0 ? std::string() : DTypeName(dx.dtype())];
    for (Summary* s : {&summary_, &of_dtype}) {
      ++s->compared;
      s->largest_error = std::max(s->largest_error, error);
      if (error / tolerance <= s->largest_share) continue;
      s->largest_share = error / tolerance;
      s->worst = c.name;
    }
  }

  // sum of dy * y; needs float64 outputs. The log of an empty sum and the extremum of nothing,
  // which are as large as a double can be, move with nothing.
  static Result<double> Loss(const Case& c, const Prepared& p, Session& session,
                             const std::vector<Feed>& feeds) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> ys, session.Run(feeds, NamesOf(p.ys), {}));
    double loss = 0;
    for (std::size_t k = 0; k < ys.size(); ++k) {
      const auto y = ys[k].data<double>(), dy = c.ys[k].value.data<double>();
      for (std::size_t i = 0; i < y.size(); ++i) {
        if (std::abs(y[i]) < std::numeric_limits<double>::max()) loss += y[i] * dy[i];
      }
    }
    return loss;
  }

  // Central differences at up to kElements elements of x.
  void CheckNumerically(const Case& c, const Prepared& p, Session& session, std::size_t index,
                        const Tensor& dx) {
    const Tensor& x = c.xs[index].value;
    if (x.dtype() != DType::kFloat64) return;
    for (const NamedTensor& y : c.ys) {
      if (y.value.dtype() != DType::kFloat64) return;
    }
    constexpr std::size_t kElements = 24;
    // Truncation about 1e-10, rounding 1e-16 / kStep = 1e-11, each times what third derivatives and
    // the size of the sum make of it.
    constexpr double kStep = 1e-5, kTolerance = 1e-6;
    double scale = 1;
    for (const double value : Numbers(dx)) {
      if (std::isfinite(value)) scale = std::max(scale, std::abs(value));
    }
    std::vector<Feed> feeds = p.feeds;
    const std::size_t stride = std::max<std::size_t>(1, x.elements() / kElements);
    for (std::size_t i = 0; i < x.elements(); i += stride) {
      Tensor moved = x;
      feeds[index].value = &moved;
      moved.SetNumber(i, x.Number(i) + kStep);
      const auto above = Loss(c, p, session, feeds);
      moved.SetNumber(i, x.Number(i) - kStep);
      const auto below = Loss(c, p, session, feeds);
      ASSERT_TRUE(above.ok() && below.ok()) << above.status().message();
      const double slope = (*above - *below) / (2 * kStep);
      const double error = std::abs(dx.Number(i) - slope) / scale;
      EXPECT_LE(error, kTolerance) << "element " << i << ": the rule says " << dx.Number(i)
                                   << ", a central difference " << slope;
      ++summary_.differentiated;
      if (error / kTolerance > summary_.largest_numeric_share) {
        summary_.largest_numeric_share = error / kTolerance;
        summary_.worst_numeric = c.name;
      }
    }
  }

  Summary summary_;
};

TEST_P(GoldenTest, GradientsAreTensorFlowsOwnAndThoseOfCentralDifferences) {
  const std::string family = GetParam();
  const auto cases =
      ReadCases(std::string(WHYLIGHT_SOURCE_DIR) + "/tests/golden/gradients_" + family + ".bin");
  ASSERT_TRUE(cases.ok()) << cases.status().message();
  ASSERT_FALSE(cases->empty());
  int unknown = 0;
  for (const Case& c : *cases) {
    if (!RuntimeKnows(c)) {
      ++unknown;
      continue;
    }
    summary_.ops.insert(c.op);
    ++summary_.cases;
    Check(c, false);
    Check(c, true);
  }
  std::cout << family << ": " << summary_.ops.size() << " ops, " << summary_.cases << " cases, "
            << summary_.compared << " gradients compared, largest error " << summary_.largest_share
            << " of the tolerance (" << summary_.worst << "); " << summary_.differentiated
            << " central differences, largest error " << summary_.largest_numeric_share
            << " of the tolerance (" << summary_.worst_numeric << ")\n";
  if (summary_.reference_nodes > 0) {
    std::cout << family << ": " << summary_.nodes << " nodes where TensorFlow's own graphs have "
              << summary_.reference_nodes << "\n";
  }
  if (unknown > 0) {
    // An older one: not all of them, or none would be tested.
    std::cout << family << ": " << unknown << " cases are beyond this TensorFlow\n";
    EXPECT_LT(unknown, static_cast<int>(cases->size()) / 4);
    return;
  }
  TheReport().families[family] = summary_;
}

INSTANTIATE_TEST_SUITE_P(, GoldenTest, testing::ValuesIn(kFamilies),
                         [](const auto& row) { return std::string(row.param); });

// How many tensors each step of a loop stores: memory is steps x tensors x their size.
class LoopStorageTest : public GoldenTest {};

TEST_P(LoopStorageTest, ALoopStoresWhatChangesAndTheDerivativeNeeds) {
  struct Row {
    const char* name;
    int lists;
    const char* what;
  };
  constexpr Row kRows[] = {
      {"keras_lstm", 6, "three sigmoids, two hyperbolic tangents, the cell state"},
      {"keras_lstm_sequences", 6, "the same: what is written to the output is not read"},
      {"keras_simple_rnn", 1, "the hyperbolic tangent"},
      {"keras_gru", 6, "two sigmoids, the candidate, the state, 1 - z, a product"},
      {"invariant_weights", 2, "the state, for the weights' gradient, and the tangent"},
      {"power_float64", 1, "the power so far: the sine follows from x at every step"},
      {"by_the_index", 0, "x and the index tell all"},
      {"scan", 2,
       "the state that the sine is taken of, and the sine; elements stay where they are"},
      {"handed_on", 0, "the loop does nothing to it"},
  };
  const auto cases = ReadFamily("control_flow");
  ASSERT_TRUE(cases.ok()) << cases.status().message();
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const auto c = std::ranges::find(*cases, row.name, &Case::name);
    ASSERT_NE(c, cases->end());
    Result<Prepared> p = Prepare(*c, Shapes::kFed);
    ASSERT_TRUE(p.ok()) << p.status().message();
    const auto dxs = AddGradients(p->graph, p->ys, p->dys, p->xs);
    ASSERT_TRUE(dxs.ok()) << dxs.status().message();
    std::string stored;
    int lists = 0;
    for (const auto& node : p->graph.nodes()) {
      if (!node->Is("EmptyTensorList")) continue;
      ++lists;
      stored += " " + DTypeName(node->AttrOr("element_dtype", DType::kInvalid));
    }
    EXPECT_EQ(lists, row.lists) << "expected " << row.what << ", found" << stored;
  }
}

INSTANTIATE_TEST_SUITE_P(, LoopStorageTest, testing::Values("control_flow"),
                         [](const auto& row) { return std::string(row.param); });

TEST(GoldenFilesTest, HoldACaseForEveryRule) {
  std::set<std::string> seen;
  for (const char* family : kFamilies) {
    const auto cases = ReadFamily(family);
    ASSERT_TRUE(cases.ok()) << cases.status().message();
    for (const Case& c : *cases) {
      const auto graph = ImportGraph(c.graph_def, OpRegistry::Builtin());
      ASSERT_TRUE(graph.ok()) << c.name << ": " << graph.status().message();
      for (const auto& node : graph->nodes()) seen.insert(node->op);
    }
  }
  // Ops that a plain session cannot run or that always refuse.
  for (const char* op :
       {"CTCLossV2", "DebugGradientRefIdentity", "DebugIdentity", "DebugIdentityV2",
        "PreventGradient", "RefIdentity", "QuantizeAndDequantize", "XlaSharding", "_EagerConst"}) {
    seen.insert(op);
  }
  std::string without;
  for (const GradientRule& rule : AllGradientRules()) {
    if (!rule.zero && !seen.contains(rule.op)) without += std::string(" ") + rule.op;
  }
  EXPECT_EQ(without, "");
}

}  // namespace
}  // namespace whylight
