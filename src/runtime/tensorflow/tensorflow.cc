#include "runtime/tensorflow/tensorflow.h"

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "runtime/tensorflow/c_api.h"
#include "runtime/tensorflow/config.h"
#include "runtime/tensorflow/handles.h"
#include "runtime/tensorflow/locate.h"
#include "runtime/tensorflow/session.h"
#include "runtime/tensorflow/stderr_guard.h"

namespace whylight {
namespace tf {
namespace {

// What this process has loaded.
struct Library {
  CApi api;
  RuntimeInfo info;
};

class TensorFlowRuntime : public Runtime {
 public:
  explicit TensorFlowRuntime(const Library& library) : api_(library.api), info_(library.info) {}

  const RuntimeInfo& info() const override { return info_; }
  std::vector<std::string> Devices() const override;
  Result<std::string> OpList() const override;
  Result<std::string> KernelsFor(std::string_view op) const override;
  Result<std::vector<Shape>> InferShapes(std::string_view graph_def,
                                         std::span<const std::string> outputs) const override;
  Result<std::unique_ptr<Session>> NewSession(const SessionOptions& options) const override {
    return TensorFlowSession::Make(api_, options);
  }

 private:
  const CApi& api_;
  const RuntimeInfo& info_;
};

std::vector<std::string> TensorFlowRuntime::Devices() const {
  // "gpu" lets TensorFlow see the cards and take little of their memory.
  const Result<std::string> config = SessionConfig({.threads = 1, .device = "gpu"});
  if (!config.ok()) return {};
  CallStatus status(api_);
  const Handle<TF_SessionOptions> options(api_.NewSessionOptions(), api_.DeleteSessionOptions);
  api_.SetConfig(options.get(), config->data(), config->size(), status.get());
  const Handle<TF_Graph> graph(api_.NewGraph(), api_.DeleteGraph);
  TF_Session* session = api_.NewSession(graph.get(), options.get(), status.get());
  if (!status.ok()) return {};
  const Result<std::vector<std::string>> devices = ListDevices(api_, session);
  api_.CloseSession(session, status.get());
  api_.DeleteSession(session, status.get());
  return devices.ok() ? *devices : std::vector<std::string>();
}

Result<std::string> TensorFlowRuntime::OpList() const {
  return TakeBytes(api_, api_.GetAllOpList());
}

Result<std::string> TensorFlowRuntime::KernelsFor(std::string_view op) const {
  CallStatus status(api_);
  std::string kernels =
      TakeBytes(api_, api_.GetRegisteredKernelsForOp(std::string(op).c_str(), status.get()));
  if (!status.ok()) return status.ToStatus();
  return kernels;
}

Result<std::vector<Shape>> TensorFlowRuntime::InferShapes(
    std::string_view graph_def, std::span<const std::string> outputs) const {
  const Handle<TF_Graph> graph(api_.NewGraph(), api_.DeleteGraph);
  WHYLIGHT_RETURN_IF_ERROR(ImportGraphDef(api_, graph.get(), graph_def, /*device=*/""));
  std::vector<Shape> shapes;
  CallStatus status(api_);
  for (const std::string& name : outputs) {
    WHYLIGHT_ASSIGN_OR_RETURN(const TF_Output output, FindOutput(api_, graph.get(), name));
    const int rank = api_.GraphGetTensorNumDims(graph.get(), output, status.get());
    if (!status.ok()) return status.ToStatus();
    if (rank < 0) {
      shapes.push_back(Shape::UnknownRank());
      continue;
    }
    std::vector<std::int64_t> dims(static_cast<std::size_t>(rank));
    api_.GraphGetTensorShape(graph.get(), output, dims.data(), rank, status.get());
    if (!status.ok()) return status.ToStatus();
    shapes.emplace_back(std::move(dims));
  }
  return shapes;
}

Result<CApi> LoadQuietly(const std::string& library, const TensorFlowOptions& options) {
  constexpr int kKeepWhatIsSet = 0;
  setenv("TF_OVERRIDE_GLOBAL_THREADPOOL", "1", kKeepWhatIsSet);
  std::optional<StderrGuard> guard;
  if (!options.verbose) {
    setenv("TF_CPP_MIN_LOG_LEVEL", "3", kKeepWhatIsSet);
    guard.emplace();
  }
  return LoadCApi(library);
}

std::string Canonical(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::canonical(path, error);
  return error ? path.string() : canonical.string();
}

// The line of a place that gave no library, for the message.
std::string Describe(const Place& place) {
  const std::filesystem::path& subject = place.library.empty() ? place.path : place.library;
  return "\n  " + place.found_by + ": " + subject.string() + ": " + place.problem;
}

Result<Library> FindAndLoad(const TensorFlowOptions& options) {
  const Surroundings around = Surroundings::OfThisProcess();
  std::string looked_at;
  const auto attempt = [&](Place& place) -> std::optional<Library> {
    if (!place.library.empty()) {
      Result<CApi> api = LoadQuietly(place.library, options);
      if (api.ok()) {
        return Library{.api = *api,
                       .info = {.name = "TensorFlow",
                                .version = api->Version(),
                                .library = place.library,
                                .found_by = place.found_by}};
      }
      place.problem = api.status().message();
    }
    looked_at += Describe(place);
    return std::nullopt;
  };

  std::vector<Place> places = PlacesToLook(options.directory, around);
  for (Place& place : places) {
    if (std::optional<Library> library = attempt(place)) return *std::move(library);
  }
  const bool named = places.size() == 1 && (places[0].found_by == "--tensorflow" ||
                                            places[0].found_by == "WHYLIGHT_TENSORFLOW");
  if (!named) {
    Place asked = AskPython(around);
    if (std::optional<Library> library = attempt(asked)) return *std::move(library);
  }
  return Unavailable(
      "TensorFlow's library was not found, or could not be loaded. Looked at:" + looked_at +
      "\nInstall it in the active Python environment with `pip install tensorflow-cpu` (for a GPU: "
      "`pip install tensorflow[and-cuda]`), or name its place with --tensorflow DIR or "
      "WHYLIGHT_TENSORFLOW=DIR.");
}

}  // namespace
}  // namespace tf

Result<std::unique_ptr<Runtime>> OpenTensorFlow(const TensorFlowOptions& options) {
  static std::mutex mutex;
  static const tf::Library* loaded = nullptr;  // Never freed: sessions may outlive main().

  const std::lock_guard lock(mutex);
  if (loaded == nullptr) {
    WHYLIGHT_ASSIGN_OR_RETURN(tf::Library library, tf::FindAndLoad(options));
    loaded = new tf::Library(std::move(library));
  } else if (!options.directory.empty()) {
    const tf::Place place = tf::LookInto("--tensorflow", options.directory);
    if (tf::Canonical(place.library) != tf::Canonical(loaded->info.library)) {
      return FailedPrecondition("--tensorflow " + options.directory + ": this process has loaded " +
                                loaded->info.library + " already and cannot load another");
    }
  }
  return std::unique_ptr<Runtime>(std::make_unique<tf::TensorFlowRuntime>(*loaded));
}

}  // namespace whylight
