// A graph and its state in TensorFlow, through the C API.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tensorflow/handles.h"
#include "whylight/runtime.h"

namespace whylight::tf {

// "name:1" is output 1 of the node, "name" its output 0. A node's name holds no colon.
struct TensorName {
  std::string node;
  int output = 0;
};
// Errors: kInvalidArgument: empty, a control input ("^name"), no number behind the colon.
Result<TensorName> ParseTensorName(std::string_view name);

// The output of that name. Errors: ParseTensorName's; kNotFound: no such node or output.
Result<TF_Output> FindOutput(const CApi& api, TF_Graph* graph, std::string_view name);

// Adds a serialized GraphDef; nodes without a device go to `device` unless it is empty.
// Errors: kFailedPrecondition: more than 2 GB; kInvalidArgument: an op that this TensorFlow does
// not know; else TensorFlow's. The graph is then as before.
Status ImportGraphDef(const CApi& api, TF_Graph* graph, std::string_view graph_def,
                      const std::string& device);

// "/device:CPU:0", ...
Result<std::vector<std::string>> ListDevices(const CApi& api, TF_Session* session);

// A fetch of a tensor that is fed in the same run is the fed value (TensorFlow itself refuses).
class TensorFlowSession : public Session {
 public:
  // `api` must outlive the session.
  // Errors: SessionConfig's; kUnavailable: TensorFlow sees no such card; else TensorFlow's.
  static Result<std::unique_ptr<Session>> Make(const CApi& api, const SessionOptions& options);

  ~TensorFlowSession() override;
  TensorFlowSession(const TensorFlowSession&) = delete;
  TensorFlowSession& operator=(const TensorFlowSession&) = delete;

  Status Extend(std::string_view graph_def) override;
  Result<std::vector<Tensor>> Run(std::span<const Feed> feeds, std::span<const std::string> fetches,
                                  std::span<const std::string> targets) override;

 private:
  struct Values;

  TensorFlowSession(const CApi& api, Handle<TF_Graph> graph, TF_Session* session,
                    std::string device);
  Result<TF_Output> Find(const std::string& name);
  Status AddFeed(const Feed& feed, Values& values);
  Status AddFetch(const std::string& name, Values& values);

  const CApi& api_;
  Handle<TF_Graph> graph_;
  TF_Session* session_;
  std::string default_device_;
  std::shared_mutex outputs_mutex_;
  std::map<std::string, TF_Output, std::less<>> outputs_;  // Names looked up so far.
};

}  // namespace whylight::tf
