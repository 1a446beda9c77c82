// Graphs that TensorFlow 1's Python wrote (tests/golden/make_control_flow_v1.py), run as they are
// and as the passes leave them: bit for bit the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <map>

#include "graph/export.h"
#include "graph/import.h"
#include "graph/passes/effects.h"
#include "graph/passes/functionalize_control_flow.h"
#include "graph/passes/hoist_reads.h"
#include "graph/passes/pipeline.h"
#include "graph/passes/prune.h"
#include "graph/passes/tensor_arrays_to_lists.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "savedmodel/saved_model.h"
#include "testing/npz.h"
#include "testing/runtime_test.h"

namespace whylight {
namespace {

using testing::Not;
using testing::StartsWith;

const NpzArrays& Arrays() {
  static const Result<NpzArrays> arrays =
      ReadNpz(WHYLIGHT_SOURCE_DIR "/tests/golden/control_flow_v1.npz");
  WHYLIGHT_CHECK(arrays.ok());
  return *arrays;
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& [key, array] : Arrays()) {
    if (key.ends_with("/graph")) names.push_back(key.substr(0, key.find('/')));
  }
  return names;
}

// By run: what is fed, and what Python computed.
struct Golden {
  std::string graph_def;
  std::vector<std::string> fetches, initialize;
  std::map<int, std::vector<std::pair<std::string, Tensor>>> feeds;
  std::map<int, std::map<std::string, Tensor>> want;
};

Golden Load(const std::string& name) {
  Golden golden;
  const Tensor& graph = Arrays().at(name + "/graph");
  golden.graph_def.assign(reinterpret_cast<const char*>(graph.bytes().data()),
                          graph.bytes().size());
  const auto strings = [&](const std::string& key) -> std::vector<std::string> {
    const auto found = Arrays().find(name + "/" + key);
    if (found == Arrays().end()) return {};
    return {found->second.strings().begin(), found->second.strings().end()};
  };
  golden.fetches = strings("fetches");
  golden.initialize = strings("initialize");
  for (const auto& [key, array] : Arrays()) {
    if (!key.starts_with(name + "/") || !std::isdigit(key[name.size() + 1])) continue;
    const std::string rest = key.substr(name.size() + 1);
    const int run = std::stoi(rest);
    const std::string tensor = rest.substr(rest.find('/') + 1);
    if (tensor.starts_with("=")) {
      golden.want[run].emplace(tensor.substr(1), array);
    } else {
      golden.feeds[run].emplace_back(tensor, array);
    }
  }
  return golden;
}

// In functions either.
void ExpectNothingOfTf1(const Graph& graph) {
  const auto expect = [&](const Graph& in) {
    for (const auto& node : in.nodes()) {
      EXPECT_FALSE(IsControlFlow(node->op)) << node->op << " " << node->name;
      EXPECT_THAT(node->op, Not(StartsWith("TensorArray"))) << node->name;
    }
  };
  expect(graph);
  for (const auto& [name, function] : graph.library.functions()) {
    const Result<FunctionBody> body = ImportFunction(function, graph.registry());
    ASSERT_TRUE(body.ok()) << body.status().message();
    EXPECT_EQ(VerifyGraph(body->graph).message(), "") << name;
    expect(body->graph);
  }
  if (testing::Test::HasFailure()) std::cerr << GraphToText(graph);
}

class ControlFlowV1Test : public RuntimeTest, public testing::WithParamInterface<std::string> {};

TEST_P(ControlFlowV1Test, GivesTheSameBitsWithoutIt) {
  const Golden golden = Load(GetParam());
  Result<Graph> graph = ImportGraph(golden.graph_def, OpRegistry::Builtin());
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  std::vector<Output> outputs, inputs;
  for (const std::string& fetch : golden.fetches) outputs.push_back(*graph->FindOutput(fetch));
  for (const auto& [run, feeds] : golden.feeds) {
    for (const auto& [tensor, value] : feeds) inputs.push_back(*graph->FindOutput(tensor));
  }
  PassContext context{.outputs = &outputs, .inputs = &inputs};
  ASSERT_TRUE(Prune().Run(*graph, context).ok());
  ASSERT_TRUE(HasControlFlow(*graph));
  ASSERT_TRUE(HoistReads().Run(*graph, context).ok());
  ASSERT_EQ(VerifyGraph(*graph).message(), "") << GraphToText(*graph);
  ASSERT_TRUE(TensorArraysToLists().Run(*graph, context).ok());
  ASSERT_EQ(VerifyGraph(*graph).message(), "") << GraphToText(*graph);
  const Result<bool> changed = FunctionalizeControlFlow().Run(*graph, context);
  ASSERT_TRUE(changed.ok()) << changed.status().message();
  EXPECT_TRUE(*changed);
  const std::string text = GraphToText(*graph);
  ASSERT_EQ(VerifyGraph(*graph).message(), "") << text;

  ExpectNothingOfTf1(*graph);

  // Beside the original in one session, so that both read the same variables.
  constexpr char kPrefix[] = "rewritten/";
  for (const auto& node : graph->nodes()) {
    if (node->Is("VariableV2") && node->AttrOr<std::string>("shared_name", "").empty()) {
      node->attrs["shared_name"] = node->name;
    }
    graph->Rename(node.get(), kPrefix + node->name);
  }
  const Result<ExportedGraph> exported = ExportGraph(*graph);
  ASSERT_TRUE(exported.ok()) << exported.status().message();
  const auto session = NewSession(golden.graph_def);
  ASSERT_TRUE(session.ok()) << session.status().message();
  if (!golden.initialize.empty()) {
    const auto ran = (*session)->Run({}, {}, golden.initialize);
    ASSERT_TRUE(ran.ok()) << ran.status().message();
  }
  const Status extended = (*session)->Extend(exported->graph_def);
  ASSERT_TRUE(extended.ok()) << extended.message() << "\n" << text;

  const std::vector<std::string> rewritten = NamesOf(outputs);
  for (const auto& [run, values] : golden.feeds) {
    SCOPED_TRACE(run);
    std::vector<Feed> feeds, new_feeds;
    for (const auto& [tensor, value] : values) {
      feeds.push_back({tensor, &value});
      new_feeds.push_back({kPrefix + tensor, &value});
    }
    const auto before = (*session)->Run(feeds, golden.fetches, {});
    ASSERT_TRUE(before.ok()) << before.status().message();
    const auto after = (*session)->Run(new_feeds, rewritten, {});
    ASSERT_TRUE(after.ok()) << after.status().message() << "\n" << text;
    for (std::size_t i = 0; i < golden.fetches.size(); ++i) {
      EXPECT_EQ((*after)[i].shape().ToString(), (*before)[i].shape().ToString());
      EXPECT_TRUE(std::ranges::equal((*after)[i].bytes(), (*before)[i].bytes()))
          << golden.fetches[i] << "\n"
          << text;
      // Python ran the same kernels, in another process.
      const Tensor& want = golden.want.at(run).at(golden.fetches[i]);
      ASSERT_EQ(want.elements(), (*before)[i].elements());
      for (std::size_t e = 0; e < want.elements(); ++e) {
        EXPECT_NEAR((*before)[i].Number(e), want.Number(e), 1e-5 * (1 + std::abs(want.Number(e))));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ControlFlowV1Test, testing::ValuesIn(Cases()),
                         [](const auto& row) { return row.param; });

class FixturesTest : public RuntimeTest {};

// Estimators, Keras models and sessions of TensorFlow 1 (tests/models).
TEST_F(FixturesTest, HaveNoneOfItLeft) {
  int converted = 0;
  const std::filesystem::path folder = WHYLIGHT_SOURCE_DIR "/tests/models";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("tf1_")) continue;
    SCOPED_TRACE(name);
    const auto model = ReadSavedModel(entry.path() / "model");
    ASSERT_TRUE(model.ok()) << model.status().message();
    for (const MetaGraph& meta : model->meta_graphs) {
      if (meta.is_tf2()) continue;  // tf.saved_model.save of TensorFlow 1: functions, not graphs.
      for (const auto& [key, signature] : meta.signatures) {
        SCOPED_TRACE(key);
        Result<Graph> graph = ImportGraph(meta.graph_def, OpRegistry::Builtin());
        ASSERT_TRUE(graph.ok()) << graph.status().message();
        std::vector<Output> outputs, inputs;
        for (const auto& [alias, info] : signature.outputs) {
          outputs.push_back(*graph->FindOutput(info.tensor));
        }
        for (const auto& [alias, info] : signature.inputs) {
          inputs.push_back(*graph->FindOutput(info.tensor));
        }
        PassContext context{.outputs = &outputs, .inputs = &inputs};
        ASSERT_TRUE(Prune().Run(*graph, context).ok());
        if (!HasControlFlow(*graph)) continue;
        const auto reports = StandardPipeline({}).Run(*graph, context, {.check_claims = true});
        ASSERT_TRUE(reports.ok()) << reports.status().message();
        ExpectNothingOfTf1(*graph);
        const auto exported = ExportGraph(*graph);
        ASSERT_TRUE(exported.ok()) << exported.status().message();
        const auto session = NewSession(exported->graph_def);
        EXPECT_TRUE(session.ok()) << session.status().message() << "\n" << GraphToText(*graph);
        ++converted;
      }
    }
  }
  EXPECT_GE(converted, 3);
}

// 2000 branches one behind the other, 1000 loops, 100 branches within one another.
TEST(FunctionalizeControlFlowSizeTest, IsLinear) {
  std::string text = "x = Placeholder[dtype=float32]()\np = Placeholder[dtype=bool]()\n";
  std::string last = "x";
  for (int i = 0; i < 2000; ++i) {
    const std::string n = "c" + std::to_string(i) + "/";
    text += n + "s = Switch(p, p)\n" + n + "t = Identity(" + n + "s:1)\n";
    text += n + "id = Identity(p)\n" + n + "x = Switch(" + last + ", " + n + "id)\n";
    text += n + "one = Const[dtype=float32, value=1](^" + n + "t)\n";
    text += n + "a = Add(" + n + "x:1, " + n + "one)\n" + n + "b = Neg(" + n + "x)\n";
    text += n + "m = Merge(" + n + "b, " + n + "a)\n";
    last = n + "m";
  }
  for (int i = 0; i < 1000; ++i) {
    const std::string n = "w" + std::to_string(i) + "/";
    const std::string frame = "[frame_name=\"" + n + "f\"";
    text += n + "e = Enter" + frame + "](" + last + ")\n";
    text += n + "p = Enter" + frame + ", is_constant=true](p)\n";
    text += n + "c = LoopCond(" + n + "p)\n" + n + "m = Merge(" + n + "e, " + n + "n)\n";
    text += n + "s = Switch(" + n + "m, " + n + "c)\n" + n + "b = Neg(" + n + "s:1)\n";
    text += n + "n = NextIteration(" + n + "b)\n" + n + "x = Exit(" + n + "s)\n";
    last = n + "x";
  }
  std::vector<std::string> outer;
  for (int i = 0; i < 100; ++i) {
    const std::string n = "d" + std::to_string(i) + "/";
    const std::string predicate = i == 0 ? "p" : "d" + std::to_string(i - 1) + "/p:1";
    text += n + "p = Switch(" + predicate + ", " + predicate + ")\n";
    text += n + "x = Switch(" + last + ", " + predicate + ")\n";
    last = n + "x:1";
    outer.push_back(n);
  }
  for (; !outer.empty(); outer.pop_back()) {
    text += outer.back() + "m = Merge(" + outer.back() + "x, " + last + ")\n";
    last = outer.back() + "m";
  }
  text += "y = Neg(" + last + ")\n";
  Result<Graph> graph = GraphFromText(text);
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_GT(graph->size(), 24'000);
  std::vector<Output> outputs = {*graph->FindOutput("y")}, inputs = {*graph->FindOutput("x")};
  PassContext context{.outputs = &outputs, .inputs = &inputs};
  const auto start = std::chrono::steady_clock::now();
  const Result<bool> changed = FunctionalizeControlFlow().Run(*graph, context);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(changed.ok()) << changed.status().message();
  EXPECT_FALSE(HasControlFlow(*graph));
  EXPECT_EQ(VerifyGraph(*graph).message(), "");
  // 0.3 s on one core; in the square of the size it would be minutes.
  EXPECT_LT(took.count(), 20);
  RecordProperty("seconds", std::to_string(took.count()));
}

}  // namespace
}  // namespace whylight
