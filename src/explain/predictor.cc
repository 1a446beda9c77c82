#include <utility>

#include "explain/engine.h"
#include "explain/request_fields.h"
#include "model/choose.h"
#include "model/program.h"
#include "whylight/explainer.h"

namespace whylight {
namespace {

class PredictorImpl : public Predictor {
 public:
  PredictorImpl(std::string signature, bool rows, std::vector<RequestField> fields,
                std::unique_ptr<Engine> engine)
      : signature_(std::move(signature)),
        has_rows_(rows),
        fields_(std::move(fields)),
        engine_(std::move(engine)) {}

  const std::string& signature() const override { return signature_; }
  bool has_rows() const override { return has_rows_; }
  const std::vector<RequestField>& request_fields() const override { return fields_; }

  std::vector<Result<std::vector<NamedValue>>> Predict(std::span<const Row> requests) override {
    // Without a preprocessing function a request is a row of the program in the same order.
    std::vector<Result<std::vector<NamedValue>>> predictions;
    for (Result<Row>& outputs : engine_->Outputs(requests)) {
      if (!outputs.ok()) {
        predictions.emplace_back(outputs.status());
        continue;
      }
      std::vector<NamedValue> values;
      values.reserve(outputs->size());
      for (std::size_t i = 0; i < outputs->size(); ++i) {
        values.push_back(
            {.name = engine_->program().outputs[i].name, .value = std::move((*outputs)[i])});
      }
      predictions.emplace_back(std::move(values));
    }
    return predictions;
  }

 private:
  std::string signature_;
  bool has_rows_;
  std::vector<RequestField> fields_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

Result<std::unique_ptr<Predictor>> Predictor::Open(const Model& model, const Runtime& runtime,
                                                   const Options& options) {
  WHYLIGHT_ASSIGN_OR_RETURN(const SignatureDef* signature,
                            ChoosePredictSignature(model.meta(), options.signature));
  // Parts of ragged and sparse tensors share no rows: such a request is run as a whole.
  const Choice choice = ChooseSignature(model.meta(), {.signature = signature->key});
  WHYLIGHT_ASSIGN_OR_RETURN(
      Program program,
      BuildProgram(
          model, {.signature = signature, .without_rows = choice.has_problem("no-common-batch")}));
  const bool rows = program.layout.kind != RowLayout::Kind::kNone;
  std::vector<RequestField> fields = RequestFieldsOf(program);
  EngineOptions engine{.session = options.session,
                       .memory_limit = options.memory_limit,
                       .batch_size = options.batch_size,
                       .cancelled = options.cancelled};
  WHYLIGHT_ASSIGN_OR_RETURN(
      std::unique_ptr<Engine> loaded,
      Engine::Load(model, std::move(program), {}, runtime, std::move(engine)));
  return std::unique_ptr<Predictor>(
      std::make_unique<PredictorImpl>(signature->key, rows, std::move(fields), std::move(loaded)));
}

}  // namespace whylight
