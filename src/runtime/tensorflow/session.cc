#include "runtime/tensorflow/session.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "runtime/tensorflow/config.h"
#include "runtime/tensorflow/tensors.h"

namespace whylight::tf {
namespace {

constexpr std::size_t kMaxGraphDefBytes = std::numeric_limits<std::int32_t>::max();

bool Same(const TF_Output& a, const TF_Output& b) { return a.oper == b.oper && a.index == b.index; }

DType OutputType(const CApi& api, const TF_Output& output) {
  const TF_DataType type = api.OperationOutputType(output);
  return static_cast<DType>(type > kRefTypeOffset ? type - kRefTypeOffset : type);
}

std::string Quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

}  // namespace

Result<TensorName> ParseTensorName(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  TensorName parsed{.node = std::string(name.substr(0, colon))};
  bool valid = !parsed.node.empty() && parsed.node.front() != '^' &&
               parsed.node.find(':') == std::string::npos;
  if (colon != std::string_view::npos) {
    const char* end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + colon + 1, end, parsed.output);
    valid = valid && error == std::errc() && rest == end && parsed.output >= 0;
  }
  if (!valid) {
    return InvalidArgument("tensor name: expected \"node\" or \"node:0\", got " + Quoted(name));
  }
  return parsed;
}

Result<TF_Output> FindOutput(const CApi& api, TF_Graph* graph, std::string_view name) {
  WHYLIGHT_ASSIGN_OR_RETURN(const TensorName parsed, ParseTensorName(name));
  TF_Operation* node = api.GraphOperationByName(graph, parsed.node.c_str());
  if (node == nullptr) {
    return NotFound("tensor " + Quoted(name) + ": the graph has no node " + Quoted(parsed.node));
  }
  const int outputs = api.OperationNumOutputs(node);
  if (parsed.output >= outputs) {
    return NotFound("tensor " + Quoted(name) + ": the node has " + std::to_string(outputs) +
                    (outputs == 1 ? " output" : " outputs"));
  }
  return TF_Output{.oper = node, .index = parsed.output};
}

Status ImportGraphDef(const CApi& api, TF_Graph* graph, std::string_view graph_def,
                      const std::string& device) {
  if (graph_def.size() > kMaxGraphDefBytes) {
    return FailedPrecondition("a GraphDef of " + std::to_string(graph_def.size()) +
                              " bytes: TensorFlow takes up to 2 GB; leave variables unfrozen");
  }
  const Handle<TF_ImportGraphDefOptions> options(api.NewImportGraphDefOptions(),
                                                 api.DeleteImportGraphDefOptions);
  if (!device.empty()) api.ImportGraphDefOptionsSetDefaultDevice(options.get(), device.c_str());
  const TF_Buffer buffer{
      .data = graph_def.data(), .length = graph_def.size(), .data_deallocator = nullptr};
  CallStatus status(api);
  api.GraphImportGraphDef(graph, &buffer, options.get(), status.get());
  const Status imported = status.ToStatus();
  if (imported.code() != StatusCode::kNotFound) return imported;
  return InvalidArgument(imported.message() + " in TensorFlow " + api.Version());  // The op.
}

Result<std::vector<std::string>> ListDevices(const CApi& api, TF_Session* session) {
  CallStatus status(api);
  const Handle<TF_DeviceList> list(api.SessionListDevices(session, status.get()),
                                   api.DeleteDeviceList);
  if (!status.ok()) return status.ToStatus();
  std::vector<std::string> devices;
  for (int i = 0; i < api.DeviceListCount(list.get()); ++i) {
    const char* name = api.DeviceListName(list.get(), i, status.get());
    if (!status.ok()) return status.ToStatus();
    // "/job:localhost/replica:0/task:0/device:CPU:0": one process, so its place says nothing.
    const std::string_view full = name;
    devices.emplace_back(full.substr(std::min(full.find("/device:"), full.size())));
  }
  return devices;
}

// The arguments of one run. TensorFlow's three lists are kept apart from the places the results
// go to: a fetch that is fed has no place among TensorFlow's outputs.
struct TensorFlowSession::Values {
  std::vector<TF_Output> inputs;
  std::vector<Handle<TF_Tensor>> input_owners;
  std::vector<const Tensor*> fed;  // As `inputs`.
  std::vector<TF_Output> outputs;
  std::vector<std::optional<Tensor>> results;  // One for each fetch; empty: the next output's.
  std::vector<const TF_Operation*> targets;
};

Result<std::unique_ptr<Session>> TensorFlowSession::Make(const CApi& api,
                                                         const SessionOptions& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string config, SessionConfig(options));
  WHYLIGHT_ASSIGN_OR_RETURN(const DeviceChoice device, ParseDevice(options.device));
  CallStatus status(api);
  const Handle<TF_SessionOptions> session_options(api.NewSessionOptions(),
                                                  api.DeleteSessionOptions);
  api.SetConfig(session_options.get(), config.data(), config.size(), status.get());
  if (!status.ok()) return status.ToStatus();

  Handle<TF_Graph> graph(api.NewGraph(), api.DeleteGraph);
  TF_Session* session = api.NewSession(graph.get(), session_options.get(), status.get());
  if (!status.ok()) return status.ToStatus();
  // Without a default device TensorFlow itself prefers the first card; on the CPU a device that
  // the graph names is overruled by soft placement.
  std::unique_ptr<TensorFlowSession> made(
      new TensorFlowSession(api, std::move(graph), session, device.gpu ? device.name() : ""));
  if (device.gpu) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> devices, ListDevices(api, session));
    if (std::ranges::find(devices, device.name()) == devices.end()) {
      std::string seen;
      for (const std::string& name : devices) seen += (seen.empty() ? "" : ", ") + name;
      return Unavailable("device \"" + options.device + "\": TensorFlow sees only " + seen);
    }
  }
  return std::unique_ptr<Session>(std::move(made));
}

TensorFlowSession::TensorFlowSession(const CApi& api, Handle<TF_Graph> graph, TF_Session* session,
                                     std::string device)
    : api_(api), graph_(std::move(graph)), session_(session), default_device_(std::move(device)) {}

TensorFlowSession::~TensorFlowSession() {
  CallStatus status(api_);  // Closing fails only for remote sessions; nobody could act on it.
  api_.CloseSession(session_, status.get());
  api_.DeleteSession(session_, status.get());
}

Status TensorFlowSession::Extend(std::string_view graph_def) {
  return ImportGraphDef(api_, graph_.get(), graph_def, default_device_);
}

Result<TF_Output> TensorFlowSession::Find(const std::string& name) {
  {
    const std::shared_lock lock(outputs_mutex_);
    const auto it = outputs_.find(name);
    if (it != outputs_.end()) return it->second;
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const TF_Output output, FindOutput(api_, graph_.get(), name));
  const std::unique_lock lock(outputs_mutex_);
  outputs_.emplace(name, output);
  return output;
}

Status TensorFlowSession::AddFeed(const Feed& feed, Values& values) {
  const std::string place = "feed " + Quoted(feed.name);
  if (feed.value == nullptr) return InvalidArgument(place + ": no value");
  const Result<TF_Output> output = Find(feed.name);
  if (!output.ok()) return output.status().In("feed");
  const DType wanted = OutputType(api_, *output);
  const DType given = feed.value->dtype();
  if (wanted != given) {
    return InvalidArgument(place + ": expected " + DTypeName(wanted) + ", got " +
                           (given == DType::kInvalid ? "an empty tensor" : DTypeName(given)));
  }
  WHYLIGHT_RETURN_IF_ERROR(CheckCanCross(given).In(place));
  for (const TF_Output& other : values.inputs) {
    if (Same(other, *output)) return InvalidArgument(place + ": fed twice");
  }
  values.inputs.push_back(*output);
  values.input_owners.push_back(ToTensorFlow(api_, *feed.value));
  values.fed.push_back(feed.value);
  return OkStatus();
}

Status TensorFlowSession::AddFetch(const std::string& name, Values& values) {
  const Result<TF_Output> output = Find(name);
  if (!output.ok()) return output.status().In("fetch");
  WHYLIGHT_RETURN_IF_ERROR(CheckCanCross(OutputType(api_, *output)).In("fetch " + Quoted(name)));
  for (std::size_t i = 0; i < values.inputs.size(); ++i) {
    if (Same(values.inputs[i], *output)) {
      values.results.emplace_back(*values.fed[i]);
      return OkStatus();
    }
  }
  values.outputs.push_back(*output);
  values.results.emplace_back();
  return OkStatus();
}

Result<std::vector<Tensor>> TensorFlowSession::Run(std::span<const Feed> feeds,
                                                   std::span<const std::string> fetches,
                                                   std::span<const std::string> targets) {
  Values values;
  for (const Feed& feed : feeds) WHYLIGHT_RETURN_IF_ERROR(AddFeed(feed, values));
  for (const std::string& name : fetches) WHYLIGHT_RETURN_IF_ERROR(AddFetch(name, values));
  for (const std::string& name : targets) {
    const std::string node = name.substr(0, name.rfind(':'));
    const TF_Operation* target = api_.GraphOperationByName(graph_.get(), node.c_str());
    if (target == nullptr) return NotFound("target: the graph has no node " + Quoted(node));
    values.targets.push_back(target);
  }
  if (fetches.empty() && targets.empty()) {
    return InvalidArgument("a run needs at least one fetch or target");
  }

  std::vector<TF_Tensor*> inputs;
  for (const Handle<TF_Tensor>& owner : values.input_owners) inputs.push_back(owner.get());
  std::vector<TF_Tensor*> outputs(values.outputs.size(), nullptr);
  CallStatus status(api_);
  if (!outputs.empty() || !targets.empty()) {
    api_.SessionRun(session_, nullptr, values.inputs.data(), inputs.data(),
                    static_cast<int>(inputs.size()), values.outputs.data(), outputs.data(),
                    static_cast<int>(outputs.size()), values.targets.data(),
                    static_cast<int>(values.targets.size()), nullptr, status.get());
  }
  std::vector<Handle<TF_Tensor>> owners;
  for (TF_Tensor* output : outputs) owners.emplace_back(output, api_.DeleteTensor);
  if (!status.ok()) return status.ToStatus();

  std::vector<Tensor> results;
  auto next = owners.begin();
  for (std::size_t i = 0; i < fetches.size(); ++i) {
    if (values.results[i].has_value()) {
      results.push_back(*std::move(values.results[i]));
      continue;
    }
    Result<Tensor> value = FromTensorFlow(api_, **next++);
    if (!value.ok()) return value.status().In("fetch " + Quoted(fetches[i]));
    results.push_back(*std::move(value));
  }
  return results;
}

}  // namespace whylight::tf
