// Opens TensorFlow as the command line does, runs a small graph, and prints what was loaded. For
// the tests that look at a process from outside: its standard error, its symbol bindings.
//
//   tensorflow_probe [--verbose]
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tensorflow/tensorflow.h"
#include "runtime/tensorflow/tiny_graph.h"

namespace whylight {
namespace {

Result<std::string> Probe(const TensorFlowOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Runtime> runtime, OpenTensorFlow(options));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                            runtime->NewSession({.optimize = true}));
  WHYLIGHT_RETURN_IF_ERROR(
      session->Extend(tf::TinyGraph()
                          .Placeholder("x", DType::kFloat32)
                          .Node("MatMul", "y", {"x", "x"}, {tf::TypeAttr("T", DType::kFloat32)})
                          .Node("Relu", "z", {"y"}, {tf::TypeAttr("T", DType::kFloat32)})
                          .bytes()));
  const Tensor x = Tensor::Filled(DType::kFloat32, Shape{64, 64}, 0.5);
  const Feed feed{.name = "x", .value = &x};
  const std::vector<std::string> fetches = {"z"};
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Tensor> z, session->Run({&feed, 1}, fetches, {}));
  if (z[0].Number(0) != 16) return Internal("the product is wrong");
  std::string devices;
  for (const std::string& device : runtime->Devices()) devices += ' ' + device;
  return runtime->info().name + ' ' + runtime->info().version + ", " + runtime->info().library +
         ", found by " + runtime->info().found_by + ',' + devices;
}

}  // namespace
}  // namespace whylight

int main(int argc, char** argv) {
  const bool verbose = argc > 1 && std::string_view(argv[1]) == "--verbose";
  const whylight::Result<std::string> answer = whylight::Probe({.verbose = verbose});
  if (!answer.ok()) {
    std::fprintf(stderr, "tensorflow_probe: %s\n", answer.status().message().c_str());
    return 1;
  }
  std::printf("%s\n", answer->c_str());
  return 0;
}
