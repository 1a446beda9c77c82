// A fixture that runs graphs on the real TensorFlow library.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/runtime.h"

namespace whylight {

// TensorFlow is looked for as the command line does it (runtime/tensorflow/locate.h) and opened
// once per test program, at the first test of such a fixture. Without it the test fails, with the
// message that a user would get; it is never skipped.
class RuntimeTest : public testing::Test {
 protected:
  void SetUp() override;

  // Needs SetUp to have passed.
  static const Runtime& runtime();

  // A session of one thread, without Grappler, that holds the graph.
  static Result<std::unique_ptr<Session>> NewSession(std::string_view graph_def);

  // The fetches of one run in such a session.
  static Result<std::vector<Tensor>> RunGraph(std::string_view graph_def,
                                              std::span<const Feed> feeds,
                                              std::span<const std::string> fetches);
};

}  // namespace whylight
