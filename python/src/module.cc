// whylight._core: the engine for the package of Python.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <algorithm>

#include "attribution/list.h"
#include "explain/baselines.h"
#include "explain/judgement.h"
#include "io/arrow_library.h"
#include "io/files.h"
#include "io/remote/storage.h"
#include "io/json.h"
#include "metadata/explanation_spec.h"
#include "python/src/answers.h"
#include "python/src/errors.h"
#include "python/src/explainer.h"
#include "report/gather.h"
#include "runtime/tensorflow/tensorflow.h"
#include "whylight/version.h"

namespace nb = nanobind;

namespace whylight::python {
namespace {

std::unique_ptr<Runtime> OpenRuntime(const std::string& directory, bool verbose) {
  const nb::gil_scoped_release release;
  return ValueOf(OpenTensorFlow({.directory = directory, .verbose = verbose}));
}

std::string JudgeJson(const std::string& path, const std::vector<std::string>& tags,
                      const std::string& signature, const std::string& metadata, bool run,
                      const std::string& tensorflow) {
  const nb::gil_scoped_release release;
  JudgeOptions options{.check = {.tags = tags, .signature = signature}, .metadata = metadata};
  if (run) options.open_runtime = [&] { return OpenTensorFlow({.directory = tensorflow}); };
  return JudgementJson(ValueOf(Judge(path, options)));
}

// What load(spec=...) takes out of a service's document; `given` wins over it.
std::string SpecJson(const std::string& text, const std::string& source,
                     const std::string& deployed_model, const std::vector<std::string>& given) {
  const nb::gil_scoped_release release;
  const ExplanationSpec spec =
      ValueOf(ParseExplanationSpec(ValueOf(ParseJson(text)), source, deployed_model));
  Json::Array notes;
  const auto is_given = [&](std::string_view name) { return std::ranges::count(given, name) > 0; };
  for (const std::string& note : NotesOf(spec, is_given)) notes.emplace_back(note);
  return WriteJson(Json::Object{{"model", spec.model},
                                {"metadata", spec.metadata},
                                {"metadata_source", spec.metadata_source},
                                {"parameters", spec.parameters},
                                {"parameters_source", spec.parameters_source},
                                {"notes", std::move(notes)}});
}

std::string ReportHtml(const std::vector<std::string>& paths, const std::string& title) {
  const nb::gil_scoped_release release;
  return ValueOf(GatherReport({.paths = paths, .title = title})).page;
}

std::vector<std::string> Methods() {
  std::vector<std::string> names;
  for (const MethodInfo& method : AllMethods()) names.emplace_back(method.name);
  return names;
}

nb::bytes ReadBytes(const std::string& path) {
  std::string bytes;
  {
    const nb::gil_scoped_release release;
    bytes = ValueOf(ReadFile(path));
  }
  return nb::bytes(bytes.data(), bytes.size());
}

void WriteBytes(const std::string& path, const nb::bytes& bytes) {
  const std::string_view view(bytes.c_str(), bytes.size());
  const nb::gil_scoped_release release;
  Check(WriteFile(path, view));
}

void Upload(const std::string& folder, const std::string& uri) {
  const nb::gil_scoped_release release;
  Check(UploadFolder(folder, uri));
}

// "nothing", "file" or "folder".
const char* KindAt(const std::string& uri) {
  const nb::gil_scoped_release release;
  switch (ValueOf(StatRemote(ValueOf(RemoteUri::Parse(uri)))).kind) {
    case RemoteObject::Kind::kNothing:
      return "nothing";
    case RemoteObject::Kind::kObject:
      return "file";
    case RemoteObject::Kind::kFolder:
      return "folder";
  }
  return "";
}

}  // namespace
}  // namespace whylight::python

NB_MODULE(_core, module) {
  using namespace whylight::python;  // NOLINT: what is bound here is all of it.
  module.attr("__version__") = whylight::kVersion;
  RegisterErrors();
  BindModel(module);
  BindAnswers(module);
  BindExplainer(module);
  BindPredictor(module);
  module.def("open_runtime", &OpenRuntime, nb::arg("directory"), nb::arg("verbose"));
  module.def("judge_json", &JudgeJson, nb::arg("path"), nb::arg("tags"), nb::arg("signature"),
             nb::arg("metadata"), nb::arg("run"), nb::arg("tensorflow"));
  module.def("spec_json", &SpecJson, nb::arg("text"), nb::arg("source"), nb::arg("deployed_model"),
             nb::arg("given"));
  module.def("report_html", &ReportHtml, nb::arg("paths"), nb::arg("title"));
  module.def("methods", &Methods);
  module.def("is_baseline_kind",
             [](const std::string& name) { return whylight::FindBaselineKind(name).has_value(); });
  module.def("read_file", &ReadBytes, nb::arg("path"));
  module.def("has_arrow", [] { return whylight::LoadArrow().ok(); });
  module.def("kind_at", &KindAt, nb::arg("uri"));
  module.def("upload_folder", &Upload, nb::arg("folder"), nb::arg("uri"));
  module.def("write_file", &WriteBytes, nb::arg("path"), nb::arg("bytes"));
}
