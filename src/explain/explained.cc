#include "explain/explained.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "attribution/picture.h"
#include "explain/methods/method.h"
#include "explain/options.h"
#include "model/check.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr char kExplainAnyInput[] =
    "; --method integrated-gradients, guided-ig and sampled-shapley explain any input";

ProgramSpec SpecFor(const Model& model, const Choice& choice, const ExplainOptions& options) {
  ProgramSpec spec{.signature = choice.signature, .preprocess = choice.preprocess};
  const bool gradients = NeedsGradients(options);
  spec.search_float_features = gradients && !model.meta().is_tf2();
  if (!options.metadata || ExplainsPieces(options)) return spec;
  for (const InputMetadata& input : options.metadata->inputs) {
    NamedTensor& feature = spec.features.emplace_back();
    feature.name = input.name;
    feature.tensor = input.input_tensor_name.empty() ? input.name : input.input_tensor_name;
    if (IsFedAsDense(input, options)) {
      feature.indices = input.indices_tensor_name;
      feature.dense_shape = input.dense_shape_tensor_name;
      feature.weight_values = input.weight_values_name;
      feature.weight_indices = input.weight_indices_name;
      feature.weight_dense_shape = input.weight_dense_shape_name;
    } else if (IsExplainedEncoded(input, options)) {
      feature.tensor = input.encoded_tensor_name;
    }
  }
  if (model.meta().is_tf2() || options.metadata->outputs.empty()) return spec;
  for (const OutputMetadata& output : options.metadata->outputs) {
    const bool is_key = choice.signature->outputs.contains(output.output_tensor_name) ||
                        std::ranges::any_of(choice.signature->outputs, [&](const auto& entry) {
                          return entry.second.tensor == output.output_tensor_name;
                        });
    if (!is_key && !output.output_tensor_name.empty()) {
      spec.outputs.push_back({.name = output.name, .tensor = output.output_tensor_name});
    }
  }
  return spec;
}

std::string RefusalOf(const std::vector<Problem>& problems) {
  for (const Problem& problem : problems) {
    if (problem.severity != Problem::Severity::kError) continue;
    std::string text = problem.place.empty() ? "" : problem.place + ": ";
    text += problem.message + " [" + problem.rule + "]";
    if (!problem.fix.empty()) text += "\n  fix: " + problem.fix;
    return text;
  }
  return "the model cannot be explained";
}

// A serialized tf.Example as the only input: a player that cannot be left out.
bool ParsesItsOnlyInput(const Program& program) {
  if (program.inputs.size() != 1 || program.inputs[0].port.dtype != DType::kString) return false;
  return std::ranges::any_of(program.graph.nodes(), [&](const std::unique_ptr<Node>& node) {
    return node->op.starts_with("Parse") && !node->inputs.empty() &&
           node->inputs[0] == program.inputs[0].port.tensor;
  });
}

Result<Explained> ChooseText(const Program& program) {
  const auto text = std::ranges::find(program.request, DType::kString, &Port::dtype);
  const auto texts = std::ranges::count(program.request, DType::kString, &Port::dtype);
  if (texts != 1) {
    return InvalidArgument("--pieces needs a request with one string input; it has " +
                           std::to_string(texts));
  }
  Explained explained;
  explained.text = static_cast<std::size_t>(text - program.request.begin());
  explained.names.push_back(text->name);
  for (const Port& port : program.request) {
    if (port.name != text->name) explained.held.push_back(port.name);
  }
  return explained;
}

// Of the input that metadata encodes: its elements in a row.
std::int64_t IdsOf(const Program& program, const std::string& name, const ExplainOptions& options) {
  const InputMetadata* input = MetadataOf(options, name);
  if (input == nullptr || input->encoded_tensor_name.empty()) return 0;
  const std::string& tensor = input->input_tensor_name.empty() ? name : input->input_tensor_name;
  for (const Port& port : program.request) {
    if (port.name != tensor && port.tensor.name() != tensor) continue;
    const bool rows = program.request_layout.kind != RowLayout::Kind::kNone;
    const bool strip = rows && port.shape.has_rank() && port.shape.rank() > 0;
    const Shape row = strip ? port.shape.WithoutFirst() : port.shape;
    return row.IsKnown() ? row.elements() : 0;
  }
  return 0;
}

// For each input "" if a gradient reaches it, else why none does.
Result<std::vector<std::string>> WhyNoGradient(const Program& program, Output output) {
  WHYLIGHT_ASSIGN_OR_RETURN(const GradientReport report, AnalyseGradients(program, output));
  std::vector<std::string> why_not(program.inputs.size());
  bool any = false;
  for (std::size_t i = 0; i < report.inputs.size(); ++i) {
    const GradientReport::Input& input = report.inputs[i];
    if (input.unused) why_not[i] = "the output does not depend on it";
    if (!input.differentiable) why_not[i] = input.why_not;
    any = any || why_not[i].empty();
  }
  if (!any) {
    std::string text;
    for (std::size_t i = 0; i < report.inputs.size(); ++i) {
      text += (text.empty() ? "" : "; ") + ("'" + report.inputs[i].name + "': " + why_not[i]);
    }
    return FailedPrecondition(
        "no gradient reaches the inputs (" + text +
        ") [no-gradient-input]\n  fix: --method sampled-shapley explains it as it is; for "
        "Integrated Gradients save xai_preprocess and xai_model, with a float tensor behind "
        "the conversion as xai_model's input");
  }
  if (!report.missing.empty()) {
    return Unimplemented("no gradient is known for " + Join(report.missing, ", ") +
                         " [no-gradient-rule]\n  fix: --method sampled-shapley needs no gradient");
  }
  return why_not;
}

void HoldWhatIsNoPicture(const Program& program, const ExplainOptions& options,
                         std::vector<std::string>& why_not) {
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const Port& port = program.inputs[i].port;
    if (!why_not[i].empty() || !port.shape.has_rank()) continue;
    const bool rows = program.layout.kind != RowLayout::Kind::kNone && port.shape.rank() > 0;
    const Shape shape = rows ? port.shape.WithoutFirst() : port.shape;
    if (HasPictureForm(shape, port.name, options)) continue;
    const int rank = shape.rank();
    why_not[i] = DTypeName(port.dtype) + port.shape.ToString() + " is no picture";
    if (rank == 2 || rank == 3) why_not[i] += " unless the metadata's modality says image";
  }
}

}  // namespace

Result<Choice> ChooseToExplain(const Model& model, const ExplainOptions& options) {
  Choice choice = ChooseSignature(model.meta(), {.signature = options.signature});
  const bool takes_serialized =
      (ExplainsPieces(options) || FindsExamples(options)) && choice.has_problem("serialized-input");
  if (choice.has_problem("unknown-signature")) return NotFound(RefusalOf(choice.problems));
  if (choice.signature == nullptr || (choice.refused() && !takes_serialized)) {
    return FailedPrecondition(RefusalOf(choice.problems));
  }
  return choice;
}

ExplainPlan BeginPlan(const Choice& choice, const ExplainOptions& options) {
  ExplainPlan plan;
  plan.signature = choice.signature->key;
  plan.preprocess = choice.preprocess != nullptr ? choice.preprocess->key : "";
  plan.reason = choice.reason;
  plan.method = options.method;
  plan.settings = FindMethodApplication(options.method).describe(options);
  return plan;
}

Result<Program> BuildWholeProgram(const Model& model, const Choice& choice,
                                  const ExplainOptions& options) {
  ProgramSpec spec = SpecFor(model, choice, options);
  spec.features.clear();
  return BuildProgram(model, spec);
}

Result<Program> BuildExplainedProgram(const Model& model, const Choice& choice,
                                      const ExplainOptions& options) {
  ProgramSpec spec = SpecFor(model, choice, options);
  WHYLIGHT_ASSIGN_OR_RETURN(Program program, BuildProgram(model, spec));
  if (spec.search_float_features || !spec.features.empty() || !ParsesItsOnlyInput(program)) {
    return program;
  }
  // Without the whole example there is nothing to parse: the players are what is parsed.
  spec.search_float_features = true;
  return BuildProgram(model, spec);
}

Result<Explained> ChooseExplained(const Program& program, Output output, const Choice& choice,
                                  const ExplainOptions& options) {
  if (ExplainsPieces(options)) return ChooseText(program);
  std::vector<std::string> why_not(program.inputs.size());
  if (NeedsGradients(options) && !TakesGradientsAtLayer(options)) {
    WHYLIGHT_ASSIGN_OR_RETURN(why_not, WhyNoGradient(program, output));
  }
  if (NeedsPicture(options)) HoldWhatIsNoPicture(program, options, why_not);
  // Features found inside the graph stand for the request's inputs.
  const bool inside = choice.preprocess == nullptr && !options.metadata &&
                      std::ranges::any_of(program.inputs, [](const ProgramInput& input) {
                        return input.source.has_value();
                      });
  Explained explained;
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const std::string& name = program.inputs[i].port.name;
    std::string reason = why_not[i];
    if (reason.empty() && inside && !program.inputs[i].source) reason = "explained behind it";
    if (options.metadata && !options.metadata->inputs.empty() &&
        MetadataOf(options, name) == nullptr) {
      reason = "not in the metadata";
    }
    if (reason.empty()) {
      explained.inputs.push_back(i);
      explained.names.push_back(name);
      explained.ids.push_back(IdsOf(program, name, options));
    } else {
      explained.held.push_back(name + " (" + reason + ")");
    }
  }
  if (explained.inputs.empty() && NeedsPicture(options)) {
    return InvalidArgument(options.method + " explains pictures, and no input is one: " +
                           Join(explained.held, ", ") + kExplainAnyInput);
  }
  if (explained.inputs.empty()) {
    return InvalidArgument("none of the metadata's inputs can be explained by " + options.method +
                           ": " + Join(explained.held, ", "));
  }
  return explained;
}

bool HasPictureForm(const Shape& shape, const std::string& name, const ExplainOptions& options) {
  const int rank = shape.rank();
  const std::int64_t last = rank > 0 ? shape.dims().back() : 0;
  if (rank == 3 && (last == 1 || last == 3 || last < 0)) return true;
  const InputMetadata* metadata = MetadataOf(options, name);
  return metadata != nullptr && metadata->modality == Modality::kImage && (rank == 2 || rank == 3);
}

Status CheckPictures(const Row& x, const Explained& explained, const ExplainOptions& options) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (IsPictureShape(x[i].shape())) continue;
    return InvalidArgument(options.method + " explains pictures, and '" + explained.names[i] +
                           "' is none: " + DTypeName(x[i].dtype()) + x[i].shape().ToString() +
                           kExplainAnyInput);
  }
  return OkStatus();
}

Row ExplainedValues(const Row& row, const Explained& explained) {
  Row x;
  for (const std::size_t index : explained.inputs) x.push_back(row[index]);
  return x;
}

}  // namespace whylight
