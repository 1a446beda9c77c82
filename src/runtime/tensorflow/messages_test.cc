#include "runtime/tensorflow/messages.h"

#include <gtest/gtest.h>

#include <string>

namespace whylight::tf {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::string want;
};
void PrintTo(const Case& row, std::ostream* os) { *os << row.name; }

class ReadableMessageTest : public testing::TestWithParam<Case> {};

TEST_P(ReadableMessageTest, IsOneLineForTheReader) {
  EXPECT_EQ(ReadableMessage(GetParam().message), GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    , ReadableMessageTest,
    testing::Values(
        Case{"plain", "Table not initialized.", "Table not initialized."},
        Case{"node", "Incompatible shapes: [2] vs. [3]\n\t [[{{node add}}]]",
             "Incompatible shapes: [2] vs. [3] (node add)"},
        Case{"node_with_definition", "Bad input\n\t [[{{node a/b}} = Add[T=DT_FLOAT](x, y)]]",
             "Bad input (node a/b)"},
        Case{"nested_calls",
             "indices[0] = 9 is not in [0, 5)\n\t [[{{node m/Gather}}]]\n\t "
             "[[StatefulPartitionedCall/model]]",
             "indices[0] = 9 is not in [0, 5) (node m/Gather in StatefulPartitionedCall/model)"},
        Case{"node_named_twice", "No\n\t [[{{node a}}]]\n\t [[{{node a}}]]", "No (node a)"},
        Case{"node_within_the_text", "Node {{node a}} cannot be placed",
             "Node node a cannot be placed"},
        Case{"function_node", "{{function_node __inference_f_12}} Too large [[{{node t}}]]",
             "Too large (node t)"},
        Case{"function_and_node_braces", "{{function_node f}} {{node t}} Too large",
             "node t Too large"},
        Case{"several_root_errors",
             "2 root error(s) found.\n  (0) INVALID_ARGUMENT: Incompatible shapes: [2] vs. [3]\n\t "
             "[[{{node add}}]]\n\t [[f/_3]]\n  (1) INVALID_ARGUMENT: Incompatible shapes\n\t "
             "[[{{node add}}]]\n0 successful operations.\n0 derived errors ignored.",
             "Incompatible shapes: [2] vs. [3] (node add in f/_3)"},
        Case{
            "python_stack",
            "Graph execution error:\n\nDetected at node 'add' defined at (most recent call last):\n"
            "    File \"a.py\", line 3, in <module>\n      y = model(x)\nNode: 'add'\n"
            "Incompatible shapes: [2] vs. [3]\n\t [[{{node add}}]]\n\nOriginal stack trace for 'a':"
            "\n  File \"a.py\"\n",
            "Incompatible shapes: [2] vs. [3] (node add)"},
        Case{"a_stack_alone", "Detected at node x\n<stack traces unavailable>",
             "Detected at node x"},
        Case{
            "advice",
            "OOM when allocating tensor with shape[9]\n\t [[{{node a}}]]\nHint: If you want to see "
            "a list of allocated tensors, add report_tensor_allocations_upon_oom.\n",
            "OOM when allocating tensor with shape[9] (node a)"},
        Case{"a_value_is_no_node", "assertion failed: [[1,2],[3,4]] != 0",
             "assertion failed: [[1,2],[3,4]] != 0"},
        Case{"unknown_op",
             "Op type not registered 'Foo' in binary running on host. Make sure the Op and Kernel "
             "are registered in the binary running in this process. Note that ...",
             "Op type not registered 'Foo'"},
        Case{"several_lines", "first\n  second\r\n\nthird", "first second third"},
        Case{"unclosed", "a {{node b\n [[{{node c", "a {{node b [[{{node c"},
        Case{"reversed_braces", "a }} b {{ c", "a }} b {{ c"},
        Case{"empty", "", "TensorFlow gave no reason"},
        Case{"blank", " \n\t\n", "TensorFlow gave no reason"},
        Case{"long", std::string(5000, 'x'), std::string(1997, 'x') + "..."},
        // 1997 would fall inside a character of two bytes that begins at 1996.
        Case{"long_in_utf8", std::string(1996, 'x') + "\xc3\xa9" + std::string(9, 'y'),
             std::string(1996, 'x') + "..."}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace whylight::tf
