#include "graph/passes/pass_test.h"

#include <gtest/gtest.h>

#include "graph/text.h"
#include "graph/verify.h"

namespace whylight {
Result<PassResult> RunPass(Pass& pass, std::string_view text, const Keep& keep) {
  WHYLIGHT_ASSIGN_OR_RETURN(Graph graph, GraphFromText(text));
  WHYLIGHT_RETURN_IF_ERROR(VerifyGraph(graph).In("before the pass"));
  std::vector<Output> outputs, inputs;
  std::vector<Node*> targets;
  for (const std::string& name : keep.outputs) {
    WHYLIGHT_ASSIGN_OR_RETURN(const Output output, graph.FindOutput(name));
    outputs.push_back(output);
  }
  for (const std::string& name : keep.inputs) {
    if (const Result<Output> input = graph.FindOutput(name); input.ok()) inputs.push_back(*input);
  }
  for (const std::string& name : keep.targets) {
    targets.push_back(graph.Find(name));
    if (targets.back() == nullptr) return NotFound("there is no target '" + name + "'");
  }
  PassContext context{.outputs = &outputs, .inputs = &inputs, .targets = &targets};
  const std::string before = GraphToText(graph);
  const std::vector<std::string> outputs_before = NamesOf(outputs);
  WHYLIGHT_ASSIGN_OR_RETURN(const bool changed, pass.Run(graph, context));
  WHYLIGHT_RETURN_IF_ERROR(VerifyGraph(graph).In("after the pass"));
  PassResult result{.text = GraphToText(graph), .outputs = NamesOf(outputs), .changed = changed};
  EXPECT_EQ(changed, result.text != before || result.outputs != outputs_before);
  return result;
}

std::string Normal(std::string_view text) {
  const Result<Graph> graph = GraphFromText(text);
  return graph.ok() ? GraphToText(*graph) : graph.status().message();
}

void PrintTo(const PassCase& c, std::ostream* os) { *os << c.name; }

void ExpectCase(Pass& pass, const PassCase& c) {
  const Result<PassResult> got = RunPass(pass, c.before, c.keep);
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(got->text, Normal(c.after.empty() ? c.before : c.after));
  EXPECT_EQ(got->changed, !c.after.empty());
  Keep keep = c.keep;
  if (!c.outputs.empty()) {
    keep.outputs.clear();
    for (const std::string& name : c.outputs) {
      keep.outputs.push_back(name.find(':') == std::string::npos ? name + ":0" : name);
    }
    EXPECT_EQ(got->outputs, keep.outputs);
  }
  keep.outputs = got->outputs;
  const Result<PassResult> again = RunPass(pass, got->text, keep);
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->changed, !c.settles) << again->text;
}

}  // namespace whylight
