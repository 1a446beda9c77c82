#include "python/src/answers.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <utility>

#include "explain/pictures.h"
#include "image/codec.h"
#include "io/json.h"
#include "python/src/arrays.h"
#include "python/src/errors.h"
#include "render/visualization.h"

namespace nb = nanobind;

namespace whylight::python {
namespace {

// A tensor without elements stands for none.
nb::object ArrayOrNone(const Tensor& tensor, nb::handle owner) {
  return tensor.dtype() == DType::kInvalid ? nb::none() : ArrayOf(tensor, owner);
}

nb::dict ArraysOf(const std::vector<NamedValue>& values, nb::handle owner) {
  nb::dict arrays;
  for (const NamedValue& value : values) arrays[value.name.c_str()] = ArrayOf(value.value, owner);
  return arrays;
}

nb::list WarningsOf(const std::vector<Warning>& warnings) {
  nb::list list;
  for (const Warning& warning : warnings) {
    list.append(nb::make_tuple(warning.rule, warning.message, warning.fix));
  }
  return list;
}

nb::list RegionsOf(const FeatureAttribution& feature) {
  nb::list list;
  for (const RegionAttribution& region : feature.regions) {
    nb::list spans;
    for (const PixelSpan& span : region.pixels)
      spans.append(nb::make_tuple(span.first, span.length));
    nb::dict one;
    one["rank"] = region.rank;
    one["attribution"] = region.attribution;
    one["area"] = region.area;
    one["is_rest"] = region.is_rest;
    one["width"] = region.width;
    one["input"] = region.input;
    one["spans"] = spans;
    list.append(one);
  }
  return list;
}

// What a picture's settings say, by the names that requests have for them.
template <typename Value>
Status SetName(const Json& value, Value* to) {
  if (value.is_string() && SetByName(value.string(), to)) return OkStatus();
  std::string names;
  for (const auto& row : NamesOf(*to)) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return InvalidArgument("expected one of " + names);
}

Status SetNumber(const Json& value, double* to) {
  if (!value.is_number()) return InvalidArgument("expected a number, got " + Describe(value));
  *to = value.number();
  return OkStatus();
}

Status SetPictureOption(const std::string& name, const Json& value, VisualizationOptions& to) {
  if (name == "type") return SetName(value, &to.type);
  if (name == "polarity") return SetName(value, &to.polarity);
  if (name == "color_map") return SetName(value, &to.color_map);
  if (name == "overlay") return SetName(value, &to.overlay);
  if (name == "clip_by") return SetName(value, &to.clipping);
  if (name == "channels") return SetName(value, &to.channels);
  if (name == "scale") return SetName(value, &to.window);
  if (name == "overlay_multiplier") return SetNumber(value, &to.multiplier);
  if (name == "clip_below") return SetNumber(value, &to.clip_below);
  if (name == "clip_above") return SetNumber(value, &to.clip_above);
  if (name == "blur") return SetNumber(value, &to.blur_sigma);
  return InvalidArgument("no such setting of a picture");
}

PictureDrawer DrawerOf(const Answers& answers, const Json& settings) {
  return PictureDrawer(
      {.method = answers.provenance.plan.method,
       .metadata = answers.options.metadata,
       .adjust = [settings](VisualizationOptions options) -> Result<VisualizationOptions> {
         for (const auto& [name, value] : settings.object()) {
           WHYLIGHT_RETURN_IF_ERROR(SetPictureOption(name, value, options).In(name));
         }
         if (options.type == DrawingType::kOutlines) options.blur_sigma = 0;
         WHYLIGHT_RETURN_IF_ERROR(CheckVisualization(options));
         return options;
       }});
}

// A PNG of the attribution over what was explained; None for what is no picture.
nb::object Draw(const Answers& answers, const FeatureAttribution& feature,
                const std::string& settings) {
  const PictureDrawer drawer = DrawerOf(answers, ValueOf(ParseJson(settings)));
  if (!drawer.IsPicture(feature)) return nb::none();
  const ShownPicture shown = ValueOf(drawer.Shown(feature));
  const DrawnPicture drawn = ValueOf(drawer.Draw(feature, shown.image));
  const std::string png = EncodePng(ValueOf(Enlarged(drawn.overlay.image)));
  return nb::bytes(png.data(), png.size());
}

nb::object EffortOf(const OutputAttribution& attribution) {
  if (!attribution.effort) return nb::none();
  nb::dict effort;
  effort["steps"] = attribution.effort->steps;
  effort["probes"] = attribution.effort->probes;
  effort["estimated_error"] = attribution.effort->estimated_error;
  effort["converged"] = attribution.effort->converged;
  return effort;
}

nb::object SamplingOf(const OutputAttribution& attribution) {
  if (!attribution.sampling) return nb::none();
  nb::dict sampling;
  sampling["exact"] = attribution.sampling->exact;
  sampling["paths"] = attribution.sampling->paths;
  sampling["coalitions"] = attribution.sampling->coalitions;
  sampling["samples"] = attribution.sampling->samples;
  return sampling;
}

nb::object NeighborsOf(nb::handle self) {
  const auto& answer = nb::cast<const Answer&>(self);
  if (!answer.explanation.neighbors) return nb::none();
  nb::list list;
  for (const Neighbor& neighbor : *answer.explanation.neighbors) {
    nb::dict one;
    one["id"] = neighbor.id;
    one["distance"] = neighbor.distance;
    list.append(one);
  }
  return list;
}

void BindFeature(nb::module_& module) {
  nb::class_<FeatureAttribution>(module, "Feature")
      .def_ro("name", &FeatureAttribution::name)
      .def_prop_ro("values",
                   [](nb::handle self) {
                     return ArrayOf(nb::cast<const FeatureAttribution&>(self).values, self);
                   })
      .def_prop_ro("input",
                   [](nb::handle self) {
                     return ArrayOrNone(nb::cast<const FeatureAttribution&>(self).input, self);
                   })
      .def_prop_ro("standard_errors",
                   [](nb::handle self) {
                     return ArrayOrNone(nb::cast<const FeatureAttribution&>(self).standard_errors,
                                        self);
                   })
      .def_ro("element_names", &FeatureAttribution::element_names)
      .def_ro("named_by_elements", &FeatureAttribution::named_by_elements)
      .def_prop_ro("regions", &RegionsOf);
}

void BindAttribution(nb::module_& module) {
  nb::class_<OutputAttribution>(module, "Attribution")
      .def_ro("output_name", &OutputAttribution::output_name)
      .def_ro("output_index", &OutputAttribution::output_index)
      .def_ro("display_name", &OutputAttribution::display_name)
      .def_ro("instance_output", &OutputAttribution::instance_output)
      .def_ro("has_baseline", &OutputAttribution::has_baseline)
      .def_ro("baseline_output", &OutputAttribution::baseline_output)
      .def_ro("approximation_error", &OutputAttribution::approximation_error)
      .def_prop_ro("effort", &EffortOf)
      .def_prop_ro("sampling", &SamplingOf)
      .def_prop_ro("warnings", [](const OutputAttribution& a) { return WarningsOf(a.warnings); })
      .def_prop_ro("features", [](nb::handle self) {
        nb::list list;
        for (const FeatureAttribution& feature :
             nb::cast<const OutputAttribution&>(self).features) {
          list.append(nb::cast(&feature, nb::rv_policy::reference_internal, self));
        }
        return list;
      });
}

void BindAnswer(nb::module_& module) {
  nb::class_<Answer>(module, "Answer")
      .def_ro("number", &Answer::number)
      .def_prop_ro("instance_json", &Answer::InstanceJson)
      .def_prop_ro("prediction",
                   [](nb::handle self) {
                     return ArraysOf(nb::cast<const Answer&>(self).explanation.prediction, self);
                   })
      .def_prop_ro("attributions",
                   [](nb::handle self) {
                     nb::list list;
                     for (const OutputAttribution& one :
                          nb::cast<const Answer&>(self).explanation.attributions) {
                       list.append(nb::cast(&one, nb::rv_policy::reference_internal, self));
                     }
                     return list;
                   })
      .def_prop_ro("neighbors", &NeighborsOf)
      .def_prop_ro("embedding", [](nb::handle self) {
        const auto& answer = nb::cast<const Answer&>(self);
        return answer.explanation.embedding ? ArrayOf(*answer.explanation.embedding, self)
                                            : nb::none();
      });
}

}  // namespace

std::string Answer::InstanceJson() const {
  return instance_json.empty() && columns ? columns->RowJson(number) : instance_json;
}

void BindAnswers(nb::module_& module) {
  BindFeature(module);
  BindAttribution(module);
  BindAnswer(module);
  nb::class_<Answers>(module, "Answers")
      .def("__len__", [](const Answers& answers) { return answers.rows.size(); })
      .def(
          "answer",
          [](const Answers& answers, std::size_t index) -> const Answer& {
            if (index >= answers.rows.size()) throw nb::index_error();
            return answers.rows[index];
          },
          nb::rv_policy::reference_internal)
      .def_prop_ro("failures",
                   [](const Answers& answers) {
                     nb::list list;
                     for (const Failure& failure : answers.failures) {
                       list.append(nb::make_tuple(failure.number, failure.place,
                                                  static_cast<int>(failure.status.code()),
                                                  failure.status.message()));
                     }
                     return list;
                   })
      .def_prop_ro("plan_json",
                   [](const Answers& answers) {
                     std::string text;
                     JsonWriter w(&text);
                     w.BeginObject();
                     WriteProvenance(w, answers.provenance.plan);
                     w.EndObject();
                     return text;
                   })
      .def_prop_ro(
          "warnings",
          [](const Answers& answers) { return WarningsOf(answers.provenance.plan.warnings); })
      .def("line",
           [](const Answers& answers, std::size_t index) {
             const Answer& answer = answers.rows.at(index);
             return ExplanationLine(answer.InstanceJson(), answer.explanation, answers.provenance);
           })
      .def("draw", &Draw);
}

}  // namespace whylight::python
