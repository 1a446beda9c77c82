#include "python/src/explainer.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "batch/requests.h"
#include "batch/run.h"
#include "io/json.h"
#include "model/contents.h"
#include "python/src/answers.h"
#include "python/src/arrays.h"
#include "python/src/errors.h"
#include "python/src/options.h"
#include "python/src/requests.h"
#include "python/src/watch.h"

namespace nb = nanobind;

namespace whylight::python {
namespace {

// An explainer with what belongs to its requests. `model` and `runtime` outlive it.
class BoundExplainer {
 public:
  BoundExplainer(const Model& model, const Runtime& runtime, const std::string& options) {
    ReadOptions read = ValueOf(OptionsFrom(ValueOf(ParseJson(options)), model));
    notes_ = std::move(read.notes);
    read_ = ReaderOptionsFor(read.options);
    DecodeImagesInto(read.image_range, read_);
    options_ = read.options;
    read.options.cancelled = [this] { return watch_->cancelled.load(); };
    Result<std::unique_ptr<Explainer>> opened = Internal("not opened");
    RunWatched(*watch_, nb::none(),
               [&] { opened = Explainer::Open(model, runtime, std::move(read.options)); });
    explainer_ = ValueOf(std::move(opened));
    read_.other_keys = KeysOfServing(model, *explainer_);
  }

  const Explainer& explainer() const { return *explainer_; }
  const std::vector<std::string>& notes() const { return notes_; }

  std::unique_ptr<Answers> Explain(nb::handle request,
                                   const std::vector<std::string>& feature_names,
                                   nb::handle progress) {
    OpenedRequest opened = OpenRequest(request, explainer_->request_fields(), read_);
    Check(CheckRequestedSignature(opened.reader->signature_name(), explainer_->plan()));
    explainer_->NameFeatures(feature_names.empty() ? opened.reader->feature_names()
                                                   : feature_names);
    auto answers = std::make_unique<Answers>();
    answers->options = options_;
    const auto take = [&](const Instance& instance, const Result<Explanation>& explanation) {
      const auto number = static_cast<std::int64_t>(instance.number);
      if (!explanation.ok()) {
        answers->failures.push_back(
            {.number = number, .place = instance.place, .status = explanation.status()});
        return OkStatus();
      }
      answers->rows.push_back({.number = number,
                               .instance_json = opened.columns ? "" : instance.source_json,
                               .columns = opened.columns,
                               .explanation = *explanation});
      return OkStatus();
    };
    Result<BatchCounts> counts = BatchCounts();
    RunWatched(*watch_, progress, [&] {
      counts = ExplainAll(*opened.reader, *explainer_, take, [this](const BatchCounts& so_far) {
        watch_->done = so_far.done;
        watch_->failed = so_far.failed;
      });
    });
    Check(counts.status());
    answers->provenance.plan = explainer_->plan();
    answers->provenance.plan.warnings = explainer_->warnings();
    answers->provenance.rendered = RenderProvenance(answers->provenance);
    return answers;
  }

 private:
  std::unique_ptr<Watch> watch_ = std::make_unique<Watch>();
  std::vector<std::string> notes_;
  InstanceReaderOptions read_;
  ExplainOptions options_;
  std::unique_ptr<Explainer> explainer_;
};

class BoundPredictor {
 public:
  BoundPredictor(const Model& model, const Runtime& runtime, Predictor::Options options) {
    options.cancelled = [this] { return watch_->cancelled.load(); };
    Result<std::unique_ptr<Predictor>> opened = Internal("not opened");
    RunWatched(*watch_, nb::none(), [&] { opened = Predictor::Open(model, runtime, options); });
    predictor_ = ValueOf(std::move(opened));
  }

  const Predictor& predictor() const { return *predictor_; }

  // [(number, {output: array} or None, (code, message) or None)]
  nb::list Predict(nb::handle request, nb::handle progress) {
    InstanceReaderOptions read{.has_rows = predictor_->has_rows()};
    const OpenedRequest opened = OpenRequest(request, predictor_->request_fields(), read);
    std::vector<std::pair<Instance, Result<std::vector<NamedValue>>>> rows;
    Result<BatchCounts> counts = BatchCounts();
    RunWatched(*watch_, progress, [&] {
      counts = PredictAll(
          *opened.reader, *predictor_,
          [&](const Instance& instance, const Result<std::vector<NamedValue>>& prediction) {
            rows.emplace_back(Instance{.number = instance.number, .place = instance.place},
                              prediction);
            return OkStatus();
          },
          [this](const BatchCounts& so_far) { watch_->done = so_far.done; });
    });
    Check(counts.status());
    nb::list list;
    for (const auto& [instance, prediction] : rows) list.append(RowOf(instance, prediction));
    return list;
  }

 private:
  static nb::object RowOf(const Instance& instance,
                          const Result<std::vector<NamedValue>>& prediction) {
    if (!prediction.ok()) {
      return nb::make_tuple(instance.place, nb::none(),
                            nb::make_tuple(static_cast<int>(prediction.status().code()),
                                           prediction.status().message()));
    }
    nb::dict outputs;
    for (const NamedValue& output : *prediction) {
      outputs[output.name.c_str()] = ArrayOf(output.value, nb::none()).attr("copy")();
    }
    return nb::make_tuple(instance.place, outputs, nb::none());
  }

  std::unique_ptr<Watch> watch_ = std::make_unique<Watch>();
  std::unique_ptr<Predictor> predictor_;
};

}  // namespace

void BindModel(nb::module_& module) {
  nb::class_<Model>(module, "Model")
      .def_static(
          "open",
          [](const std::string& path, const std::vector<std::string>& tags) {
            const nb::gil_scoped_release release;
            return ValueOf(Model::Open(path, tags));
          },
          nb::arg("path"), nb::arg("tags"))
      .def_prop_ro("directory", [](const Model& model) { return model.files().directory; })
      .def("contents_json", [](const Model& model) { return ContentsJson(ContentsOf(model)); });
  nb::class_<Runtime>(module, "Runtime");
}

void BindExplainer(nb::module_& module) {
  nb::class_<BoundExplainer>(module, "Explainer")
      .def(nb::init<const Model&, const Runtime&, const std::string&>(), nb::arg("model"),
           nb::arg("runtime"), nb::arg("options"), nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>())
      .def_prop_ro(
          "fields",
          [](const BoundExplainer& bound) { return FieldsOf(bound.explainer().request_fields()); })
      .def_prop_ro("notes", &BoundExplainer::notes)
      .def("explain", &BoundExplainer::Explain, nb::arg("request"), nb::arg("feature_names"),
           nb::arg("progress").none());
}

void BindPredictor(nb::module_& module) {
  nb::class_<BoundPredictor>(module, "Predictor")
      .def(
          "__init__",
          [](BoundPredictor* self, const Model& model, const Runtime& runtime,
             const std::string& signature, int batch_size, int threads, const std::string& device) {
            new (self) BoundPredictor(model, runtime,
                                      {.signature = signature,
                                       .batch_size = batch_size,
                                       .session = {.threads = threads, .device = device}});
          },
          nb::arg("model"), nb::arg("runtime"), nb::arg("signature"), nb::arg("batch_size"),
          nb::arg("threads"), nb::arg("device"), nb::keep_alive<1, 2>(), nb::keep_alive<1, 3>())
      .def_prop_ro(
          "fields",
          [](const BoundPredictor& bound) { return FieldsOf(bound.predictor().request_fields()); })
      .def("predict", &BoundPredictor::Predict, nb::arg("request"), nb::arg("progress").none());
}

}  // namespace whylight::python
