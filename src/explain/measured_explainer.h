// An explainer that also gives its model away as a function, to those who measure attributions.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "explain/engine.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// Instances whose scores can be asked for with other values of some features; all else is held at
// the instance's. Point::instance counts the targets that the probe was opened for.
class Probe {
 public:
  virtual ~Probe() = default;
  virtual Function& function() = 0;
  // For each point whether the model decides for the target: its element of the output is the
  // greatest, the first of equal ones; of an output of one element, at least one half.
  virtual Result<std::vector<bool>> Decides(std::span<const Point> points) = 0;
  virtual const std::vector<Row>& x() const = 0;  // Of each target the features' values,
  virtual const std::vector<std::vector<Row>>& baselines() const = 0;  // and its baselines.
};

// An attribution of an explanation of a request. Borrowed while the probe lives.
struct ProbeTarget {
  const Row* request = nullptr;
  const Explanation* explanation = nullptr;
  std::size_t attribution = 0;
};

class MeasuredExplainer : public Explainer {
 public:
  // As Explainer::Open.
  static Result<std::unique_ptr<MeasuredExplainer>> Open(const Model& model, const Runtime& runtime,
                                                         ExplainOptions options);

  // `features`: some of plan().explained. The probe lives no longer than the explainer.
  // Baselines are those of Integrated Gradients, whatever the method: as given by the options or
  // the metadata, else zeros.
  // Errors: kNotFound for a feature that is not explained; as Explain for one of the targets.
  virtual Result<std::unique_ptr<Probe>> OpenProbe(std::span<const ProbeTarget> targets,
                                                   const std::vector<std::string>& features) = 0;
  // Of those baselines, in order of `features`.
  virtual std::vector<BaselineNote> ReferenceNotes(
      const std::vector<std::string>& features) const = 0;
  virtual RowCounts rows_run() const = 0;
};

}  // namespace whylight
