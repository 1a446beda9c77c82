#include "runtime/tensorflow/tensorflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/tensorflow/tiny_graph.h"
#include "testing/runtime_test.h"

namespace whylight::tf {
namespace {

using testing::Contains;
using testing::HasSubstr;
using Names = std::vector<std::string>;

Tensor Floats(std::initializer_list<float> values) {
  return Tensor::Of<float>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

// y = x * x + 1
std::string Square() {
  return TinyGraph()
      .Placeholder("x", DType::kFloat32)
      .Const("one", Tensor::Scalar(1.0f))
      .Node("Mul", "xx", {"x", "x"}, {TypeAttr("T", DType::kFloat32)})
      .Node("AddV2", "y", {"xx", "one"}, {TypeAttr("T", DType::kFloat32)})
      .bytes();
}

class TensorFlowTest : public RuntimeTest {
 protected:
  static std::unique_ptr<Session> MustOpen(std::string_view graph_def) {
    Result<std::unique_ptr<Session>> session = NewSession(graph_def);
    EXPECT_TRUE(session.ok()) << session.status().message();
    return session.ok() ? *std::move(session) : nullptr;
  }
  static std::vector<Tensor> MustRun(Session& session, const std::vector<Feed>& feeds,
                                     const Names& fetches, const Names& targets = {}) {
    Result<std::vector<Tensor>> results = session.Run(feeds, fetches, targets);
    EXPECT_TRUE(results.ok()) << results.status().message();
    return results.ok() ? *std::move(results) : std::vector<Tensor>(fetches.size());
  }
};

TEST_F(TensorFlowTest, SaysWhatWasLoadedAndWhy) {
  const RuntimeInfo& info = runtime().info();
  EXPECT_EQ(info.name, "TensorFlow");
  EXPECT_THAT(info.version, testing::StartsWith("2."));
  EXPECT_TRUE(std::filesystem::exists(info.library)) << info.library;
  const char* named = std::getenv("WHYLIGHT_TENSORFLOW");
  if (named != nullptr) {
    EXPECT_EQ(info.found_by, "WHYLIGHT_TENSORFLOW");
    EXPECT_THAT(info.library, testing::StartsWith(named));
  }
}

TEST_F(TensorFlowTest, OpensOncePerProcess) {
  const std::string library = runtime().info().library;
  const std::string folder = std::filesystem::path(library).parent_path().string();
  for (const std::string& directory : {std::string(), library, folder}) {
    const Result<std::unique_ptr<Runtime>> again = OpenTensorFlow({.directory = directory});
    ASSERT_TRUE(again.ok()) << again.status().message();
    EXPECT_EQ((*again)->info().library, library);
  }
  const Result<std::unique_ptr<Runtime>> other = OpenTensorFlow({.directory = "/elsewhere"});
  EXPECT_EQ(other.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(other.status().message(), HasSubstr("/elsewhere"));
  EXPECT_THAT(other.status().message(), HasSubstr(library));
}

TEST_F(TensorFlowTest, ListsDevicesOpsAndKernels) {
  EXPECT_THAT(runtime().Devices(), Contains("/device:CPU:0"));
  const Result<std::string> ops = runtime().OpList();
  ASSERT_TRUE(ops.ok());
  EXPECT_THAT(*ops, HasSubstr("StatelessWhile"));
  const Result<std::string> kernels = runtime().KernelsFor("MatMul");
  ASSERT_TRUE(kernels.ok()) << kernels.status().message();
  EXPECT_THAT(*kernels, HasSubstr("CPU"));
  const Result<std::string> none = runtime().KernelsFor("NoSuchOp");
  ASSERT_TRUE(none.ok()) << none.status().message();
  EXPECT_EQ(*none, "");
}

TEST_F(TensorFlowTest, RunsAGraph) {
  const Tensor x = Floats({0, -2, 3});
  const Feed feed{.name = "x", .value = &x};
  const Names fetch = {"y:0"};
  const Result<std::vector<Tensor>> y = RunGraph(Square(), {&feed, 1}, fetch);
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(*y, std::vector<Tensor>{Floats({1, 5, 10})});
}

TEST_F(TensorFlowTest, OptimizingAndThreadsDoNotChangeTheResult) {
  const Tensor x = Floats({0, -2, 3});
  for (const bool optimize : {false, true}) {
    for (const int threads : {0, 1, 3}) {
      const auto session = runtime().NewSession({.threads = threads, .optimize = optimize});
      ASSERT_TRUE(session.ok()) << session.status().message();
      ASSERT_TRUE((*session)->Extend(Square()).ok());
      EXPECT_EQ(MustRun(**session, {{"x", &x}}, {"y"})[0], Floats({1, 5, 10}));
    }
  }
}

TEST_F(TensorFlowTest, FetchesAnyOutputInAnyOrderAsOftenAsAsked) {
  const auto session = MustOpen(TinyGraph()
                                    .Placeholder("x", DType::kFloat32)
                                    .Const("axis", Tensor::Scalar(0))
                                    .Node("Split", "halves", {"axis", "x"},
                                          {TypeAttr("T", DType::kFloat32), IntAttr("num_split", 2)})
                                    .bytes());
  ASSERT_NE(session, nullptr);
  const Tensor x = Floats({1, 2, 3, 4});
  EXPECT_EQ(MustRun(*session, {{"x:0", &x}}, {"halves:1", "x", "halves", "halves:1"}),
            (std::vector<Tensor>{Floats({3, 4}), x, Floats({1, 2}), Floats({3, 4})}));
}

TEST_F(TensorFlowTest, FetchOfAFedTensorIsTheFedValue) {
  const auto session = MustOpen(Square());
  ASSERT_NE(session, nullptr);
  const Tensor x = Floats({2}), xx = Floats({7});
  EXPECT_EQ(MustRun(*session, {{"x", &x}}, {"x:0"})[0], x);
  // A feed replaces what a node would compute.
  EXPECT_EQ(MustRun(*session, {{"x", &x}, {"xx", &xx}}, {"xx", "y", "x"}),
            (std::vector<Tensor>{xx, Floats({8}), x}));
}

class DTypeTest : public RuntimeTest, public testing::WithParamInterface<DType> {};

TEST_P(DTypeTest, EveryBitComesBack) {
  const DType dtype = GetParam();
  const std::string graph = TinyGraph()
                                .Placeholder("x", dtype)
                                .Node("Identity", "y", {"x"}, {TypeAttr("T", dtype)})
                                .bytes();
  for (const Shape& shape :
       {Shape{}, Shape{1}, Shape{2, 3}, Shape{0}, Shape{4, 0, 2}, Shape{1, 1, 5}}) {
    Tensor x(dtype, shape);
    unsigned int bits = 1;
    for (std::byte& byte : x.bytes()) {
      bits = bits * 1664525 + 1013904223;
      byte = dtype == DType::kBool ? std::byte(bits >> 31) : std::byte(bits >> 24);
    }
    const Feed feed{.name = "x", .value = &x};
    const Names fetch = {"y"};
    const Result<std::vector<Tensor>> y = RunGraph(graph, {&feed, 1}, fetch);
    ASSERT_TRUE(y.ok()) << y.status().message();
    EXPECT_EQ(y->at(0), x) << shape.ToString();
  }
}
INSTANTIATE_TEST_SUITE_P(, DTypeTest,
                         testing::Values(DType::kFloat32, DType::kFloat64, DType::kInt32,
                                         DType::kUInt8, DType::kInt16, DType::kInt8,
                                         DType::kComplex64, DType::kInt64, DType::kBool,
                                         DType::kQInt8, DType::kQUInt8, DType::kQInt32,
                                         DType::kBFloat16, DType::kQInt16, DType::kQUInt16,
                                         DType::kUInt16, DType::kComplex128, DType::kFloat16,
                                         DType::kUInt32, DType::kUInt64),
                         [](const auto& row) { return DTypeName(row.param); });

TEST_F(TensorFlowTest, StringsOfEveryLengthComeBack) {
  // TensorFlow keeps up to 22 bytes inside the element, longer ones behind a pointer.
  std::vector<std::string> values = {"", "a", std::string("\0nul\0", 5), "\xff\xfe not UTF-8"};
  for (const std::size_t size : {21, 22, 23, 24, 25, 1 << 20}) values.emplace_back(size, 'x');
  const auto count = static_cast<std::int64_t>(values.size());
  const Tensor x = Tensor::Strings(Shape{count, 1}, values);
  const auto session = MustOpen(TinyGraph()
                                    .Placeholder("x", DType::kString)
                                    .Node("Identity", "y", {"x"}, {TypeAttr("T", DType::kString)})
                                    .Node("StringLength", "length", {"x"}, {})
                                    .Const("c", Tensor::Strings(Shape{2}, {"constant", ""}))
                                    .bytes());
  ASSERT_NE(session, nullptr);
  const std::vector<Tensor> y = MustRun(*session, {{"x", &x}}, {"y", "length", "c", "x"});
  EXPECT_EQ(y[0], x);
  EXPECT_EQ(y[3], x);
  EXPECT_EQ(y[2], Tensor::Strings(Shape{2}, {"constant", ""}));
  ASSERT_EQ(y[1].shape(), x.shape());
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(y[1].Number(i), values[i].size());

  const Tensor none(DType::kString, Shape{0, 3});
  EXPECT_EQ(MustRun(*session, {{"x", &none}}, {"y"})[0], none);
}

// A variable named `shared`, with an assignment from a placeholder; names end in `suffix`.
std::string Variable(DType dtype, const std::string& suffix, const std::string& shared) {
  const TinyAttr type = TypeAttr("dtype", dtype);
  return TinyGraph()
      .Placeholder("value" + suffix, dtype)
      .Node("VarHandleOp", "v" + suffix, {},
            {type, ShapeAttr("shape", Shape::UnknownRank()), StringAttr("shared_name", shared)})
      .Node("AssignVariableOp", "assign" + suffix, {"v" + suffix, "value" + suffix}, {type})
      .Node("ReadVariableOp", "read" + suffix, {"v" + suffix}, {type})
      .bytes();
}

TEST_F(TensorFlowTest, ExtendedGraphsShareVariablesByName) {
  const auto session = MustOpen(Variable(DType::kFloat32, "", "weights"));
  ASSERT_NE(session, nullptr);
  const Tensor w = Floats({1, 2});
  EXPECT_TRUE(MustRun(*session, {{"value", &w}}, {}, {"assign"}).empty());

  ASSERT_TRUE(session->Extend(Variable(DType::kFloat32, "_2", "weights")).ok());
  ASSERT_TRUE(session->Extend(Variable(DType::kFloat32, "_3", "other")).ok());
  EXPECT_EQ(MustRun(*session, {}, {"read_2"})[0], w);
  const Names other = {"read_3"};
  EXPECT_EQ(session->Run({}, other, {}).status().code(), StatusCode::kFailedPrecondition);

  const Tensor changed = Floats({5});
  MustRun(*session, {{"value_2", &changed}}, {}, {"assign_2:0"});
  EXPECT_EQ(MustRun(*session, {}, {"read"})[0], changed);
}

TEST_F(TensorFlowTest, SessionsShareNoVariables) {
  const auto a = MustOpen(Variable(DType::kFloat32, "", "weights"));
  const auto b = MustOpen(Variable(DType::kFloat32, "", "weights"));
  const Tensor w = Floats({1});
  MustRun(*a, {{"value", &w}}, {}, {"assign"});
  const Names read = {"read"};
  EXPECT_EQ(b->Run({}, read, {}).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(TensorFlowTest, AVariableKeepsNoMemoryOfTheFeed) {
  const auto numbers = MustOpen(Variable(DType::kFloat32, "", "v"));
  Tensor w(DType::kFloat32, Shape{1000});
  MustRun(*numbers, {{"value", &w}}, {}, {"assign"});
  std::ranges::fill(w.data<float>(), 7.0f);
  EXPECT_EQ(MustRun(*numbers, {}, {"read"})[0], Tensor(DType::kFloat32, Shape{1000}));

  const auto strings = MustOpen(Variable(DType::kString, "", "v"));
  const std::string text(100, 'a');
  {
    const Tensor s = Tensor::ScalarString(text);
    MustRun(*strings, {{"value", &s}}, {}, {"assign"});
  }
  EXPECT_EQ(MustRun(*strings, {}, {"read"})[0], Tensor::ScalarString(text));
}

TEST_F(TensorFlowTest, RunsFromManyThreads) {
  const auto session = MustOpen(Square());
  ASSERT_NE(session, nullptr);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int run = 0; run < 50; ++run) {
        const auto value = static_cast<float>(100 * t + run);
        const Tensor x = Floats({value});
        if (MustRun(*session, {{"x", &x}}, {"y"})[0] == Floats({value * value + 1})) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 4 * 50);
}

std::ptrdiff_t CountThreads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

TEST_F(TensorFlowTest, ThreadsBelongToTheSession) {
  const auto count = [](int threads) {
    const std::ptrdiff_t before = CountThreads();
    const auto session = runtime().NewSession({.threads = threads});
    EXPECT_TRUE(session.ok()) << session.status().message();
    const std::ptrdiff_t during = CountThreads();
    return during - before;
  };
  count(1);  // What the process itself starts with its first session.
  // One pool for the kernels, one for running nodes side by side.
  EXPECT_EQ(count(7) - count(3), 2 * (7 - 3));
  EXPECT_EQ(count(3) - count(7), 2 * (3 - 7));
}

TEST_F(TensorFlowTest, RefusesDevicesThatAreNotThere) {
  for (const char* device :
       {"", "CPU", "gpu:", "gpu:x", "gpu:-1", "gpu:1x", "gpu:99999999999", "tpu"}) {
    const Status status = runtime().NewSession({.device = device}).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << device;
    EXPECT_THAT(status.message(), HasSubstr("gpu:N"));
  }
  EXPECT_EQ(runtime().NewSession({.threads = -1}).status().code(), StatusCode::kInvalidArgument);
  const Status status = runtime().NewSession({.device = "gpu:99"}).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("/device:CPU:0"));
}

TEST_F(TensorFlowTest, InfersShapes) {
  const std::string graph = TinyGraph()
                                .Placeholder("x", DType::kFloat32, Shape{-1, 4})
                                .Placeholder("any", DType::kFloat32)
                                .Const("w", Tensor(DType::kFloat32, Shape{4, 3}))
                                .Node("MatMul", "y", {"x", "w"}, {TypeAttr("T", DType::kFloat32)})
                                .Node("Shape", "shape", {"any"}, {TypeAttr("T", DType::kFloat32)})
                                .Const("c", Tensor::Scalar(1.0f))
                                .bytes();
  const Names names = {"y:0", "any", "w", "c", "shape", "y"};
  const Result<std::vector<Shape>> shapes = runtime().InferShapes(graph, names);
  ASSERT_TRUE(shapes.ok()) << shapes.status().message();
  EXPECT_EQ(*shapes, (std::vector<Shape>{Shape{-1, 3}, Shape::UnknownRank(), Shape{4, 3}, Shape{},
                                         Shape{-1}, Shape{-1, 3}}));

  const Names unknown = {"nowhere"};
  EXPECT_EQ(runtime().InferShapes(graph, unknown).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(runtime().InferShapes("\xff", names).status().code(), StatusCode::kInvalidArgument);
}

struct BadGraph {
  const char* name;
  std::string graph_def;
  const char* message;
};
void PrintTo(const BadGraph& row, std::ostream* os) { *os << row.name; }

class BadGraphTest : public RuntimeTest, public testing::WithParamInterface<BadGraph> {};

TEST_P(BadGraphTest, IsRefusedAndTheSessionGoesOn) {
  const auto session = NewSession(Square());
  ASSERT_TRUE(session.ok());
  const Status status = (*session)->Extend(GetParam().graph_def);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
  EXPECT_THAT(status.message(), testing::Not(HasSubstr("{{")));

  ASSERT_TRUE((*session)->Extend(TinyGraph().Const("later", Floats({9})).bytes()).ok());
  const Tensor x = Floats({2});
  const Feed feed{.name = "x", .value = &x};
  const Names fetches = {"y", "later"};
  const Result<std::vector<Tensor>> y = (*session)->Run({&feed, 1}, fetches, {});
  ASSERT_TRUE(y.ok()) << y.status().message();
  EXPECT_EQ(*y, (std::vector<Tensor>{Floats({5}), Floats({9})}));
}
INSTANTIATE_TEST_SUITE_P(
    , BadGraphTest,
    testing::Values(
        BadGraph{"unknown_op", TinyGraph().Node("Frobnicate", "f", {}, {}).bytes(),
                 "Op type not registered 'Frobnicate' in TensorFlow 2."},
        BadGraph{"name_taken", Square(), "'x' already exists"},
        BadGraph{"missing_attribute", TinyGraph().Node("Placeholder", "p", {}, {}).bytes(),
                 "dtype"},
        BadGraph{
            "missing_input",
            TinyGraph().Node("Neg", "n", {"nowhere"}, {TypeAttr("T", DType::kFloat32)}).bytes(),
            "nowhere"},
        BadGraph{"a_cycle",
                 TinyGraph()
                     .Node("Neg", "a", {"b"}, {TypeAttr("T", DType::kFloat32)})
                     .Node("Neg", "b", {"a"}, {TypeAttr("T", DType::kFloat32)})
                     .bytes(),
                 "cycle"},
        BadGraph{"types_disagree",
                 TinyGraph()
                     .Const("c", Tensor::Scalar(1))
                     .Node("Neg", "n", {"c"}, {TypeAttr("T", DType::kFloat32)})
                     .bytes(),
                 "n"},
        BadGraph{"shapes_disagree",
                 TinyGraph()
                     .Const("a", Floats({1, 2}))
                     .Const("b", Floats({1, 2, 3}))
                     .Node("AddV2", "sum", {"a", "b"}, {TypeAttr("T", DType::kFloat32)})
                     .bytes(),
                 "must be equal"},
        BadGraph{"truncated", TinyGraph().Const("c", Floats({1})).bytes().substr(0, 20),
                 "Invalid GraphDef"},
        BadGraph{"not_a_message", "\xff\xff\xff\xff", "Invalid GraphDef"}),
    [](const auto& row) { return row.param.name; });

struct BadRun {
  const char* name;
  std::vector<std::pair<std::string, Tensor>> feeds;
  Names fetches;
  Names targets;
  StatusCode code;
  const char* message;
};
void PrintTo(const BadRun& row, std::ostream* os) { *os << row.name; }

class BadRunTest : public RuntimeTest, public testing::WithParamInterface<BadRun> {};

TEST_P(BadRunTest, SaysWhatAndWhere) {
  const auto graph =
      NewSession(TinyGraph()
                     .Placeholder("x", DType::kFloat32)
                     .Placeholder("i", DType::kInt32)
                     .Const("c", Floats({1, 2, 3}))
                     .Const("false", Tensor::Scalar(false))
                     .Node("AddV2", "sum", {"x", "c"}, {TypeAttr("T", DType::kFloat32)})
                     .Node("Assert", "claim", {"false", "c"},
                           {{"T", WireWriter().Message(1, WireWriter().Number(6, 1))}})
                     .Node("VarHandleOp", "v", {},
                           {TypeAttr("dtype", DType::kFloat32), ShapeAttr("shape", Shape{1})})
                     .Placeholder("list", DType::kVariant)
                     .bytes());
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  std::vector<Feed> feeds;
  for (const auto& [name, value] : GetParam().feeds) feeds.push_back({name, &value});
  const Status status = (*graph)->Run(feeds, GetParam().fetches, GetParam().targets).status();
  EXPECT_EQ(status.code(), GetParam().code) << status.message();
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
  EXPECT_THAT(status.message(), testing::Not(HasSubstr("{{")));
  EXPECT_THAT(status.message(), testing::Not(HasSubstr("\n")));
}

const std::pair<std::string, Tensor> kX = {"x", Floats({1, 2, 3})};

INSTANTIATE_TEST_SUITE_P(
    , BadRunTest,
    testing::Values(
        BadRun{"nothing_asked", {kX}, {}, {}, StatusCode::kInvalidArgument, "at least one fetch"},
        BadRun{"no_such_fetch", {kX}, {"z"}, {}, StatusCode::kNotFound, "no node \"z\""},
        BadRun{"no_such_output", {kX}, {"sum:1"}, {}, StatusCode::kNotFound, "has 1 output"},
        BadRun{"no_output_at_all", {}, {"claim"}, {}, StatusCode::kNotFound, "has 0 outputs"},
        BadRun{"no_such_feed", {{"z:0", Floats({1})}}, {"sum"}, {}, StatusCode::kNotFound, "feed"},
        BadRun{"no_such_target", {}, {}, {"z"}, StatusCode::kNotFound, "target"},
        BadRun{"empty_name", {kX}, {""}, {}, StatusCode::kInvalidArgument, "tensor name"},
        BadRun{"control_name", {kX}, {"^sum"}, {}, StatusCode::kInvalidArgument, "tensor name"},
        BadRun{"no_number", {kX}, {"sum:"}, {}, StatusCode::kInvalidArgument, "\"sum:\""},
        BadRun{"negative_number", {kX}, {"sum:-1"}, {}, StatusCode::kInvalidArgument, "sum:-1"},
        BadRun{"huge_number", {kX}, {"sum:99999999999"}, {}, StatusCode::kInvalidArgument, "sum:9"},
        BadRun{"wrong_dtype",
               {{"x", Tensor::Scalar(1.0)}},
               {"sum"},
               {},
               StatusCode::kInvalidArgument,
               "expected float32, got float64"},
        BadRun{"string_for_number",
               {{"x", Tensor::ScalarString("1")}},
               {"sum"},
               {},
               StatusCode::kInvalidArgument,
               "expected float32, got string"},
        BadRun{"empty_tensor",
               {{"x", Tensor()}},
               {"sum"},
               {},
               StatusCode::kInvalidArgument,
               "got an empty tensor"},
        BadRun{"fed_twice",
               {kX, {"x:0", Floats({1})}},
               {"sum"},
               {},
               StatusCode::kInvalidArgument,
               "fed twice"},
        BadRun{"not_fed", {}, {"sum"}, {}, StatusCode::kInvalidArgument, "placeholder"},
        BadRun{"wrong_shape",
               {{"x", Floats({1, 2})}},
               {"sum"},
               {},
               StatusCode::kInvalidArgument,
               "Incompatible shapes: [2] vs. [3] (node sum)"},
        BadRun{"failed_assertion", {}, {}, {"claim"}, StatusCode::kInvalidArgument, "claim"},
        BadRun{"resource", {}, {"v"}, {}, StatusCode::kUnimplemented, "type resource"},
        BadRun{"variant", {}, {"list"}, {}, StatusCode::kUnimplemented, "type variant"},
        BadRun{"fed_resource",
               {{"v", Tensor(DType::kResource, Shape{})}},
               {"sum"},
               {},
               StatusCode::kUnimplemented,
               "type resource"}),
    [](const auto& row) { return row.param.name; });

TEST_F(TensorFlowTest, RefusesAGraphAboveTwoGigabytes) {
  const auto session = MustOpen(Square());
  // Pages that are never touched cost nothing.
  const std::size_t size = (std::size_t{2} << 30) + 1;
  const std::unique_ptr<char, void (*)(void*)> memory(static_cast<char*>(std::malloc(size)),
                                                      std::free);
  ASSERT_NE(memory, nullptr);
  const Status status = session->Extend(std::string_view(memory.get(), size));
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("2 GB"));
}

}  // namespace
}  // namespace whylight::tf
