#include "explain/comparison.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

#include "attribution/list.h"
#include "attribution/picture.h"
#include "attribution/random.h"
#include "evaluate/agreement.h"
#include "evaluate/curves.h"
#include "evaluate/information_curves.h"
#include "explain/sums.h"
#include "image/image_tensor.h"
#include "image/webp.h"

namespace whylight {
namespace {

const FeatureAttribution* FindFeature(const OutputAttribution& attribution,
                                      const std::string& name) {
  const auto found = std::ranges::find(attribution.features, name, &FeatureAttribution::name);
  return found == attribution.features.end() ? nullptr : &*found;
}

bool IsPicture(const Shape& shape) {
  return shape.rank() == 3 && (shape.dim(2) == 1 || shape.dim(2) == 3) && shape.dim(0) >= 8 &&
         shape.dim(1) >= 8;
}

// How many units of `x` the values of all methods can be summed to.
std::size_t UnitsOf(const Tensor& x, const std::vector<const FeatureAttribution*>& by_method) {
  if (x.elements() == 0) return 0;
  std::size_t units = x.elements();
  if (IsPicture(x.shape())) units = static_cast<std::size_t>(x.shape().dim(0) * x.shape().dim(1));
  for (const FeatureAttribution* feature : by_method) {
    // An encoding may have left elements out: what is then which element is not known.
    const bool whole = feature == nullptr || feature->input.shape() != x.shape();
    units = std::min(units, whole ? 1 : feature->values.elements());
  }
  for (const FeatureAttribution* feature : by_method) {
    if (feature != nullptr && units > 0 && feature->values.elements() % units != 0) units = 1;
  }
  return x.elements() % std::max<std::size_t>(units, 1) == 0 ? std::max<std::size_t>(units, 1) : 1;
}

void AppendUnits(const FeatureAttribution* feature, std::size_t units,
                 std::vector<double>& values) {
  if (units == 0) return;
  const std::size_t first = values.size();
  values.resize(first + units);
  if (feature == nullptr) return;
  const std::span<const double> all = feature->values.data<double>();
  const std::size_t each = all.size() / units;
  for (std::size_t i = 0; i < all.size() && each > 0; ++i) values[first + i / each] += all[i];
}

std::vector<std::size_t> Indices(std::size_t count) {
  std::vector<std::size_t> indices(count);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  return indices;
}

// What moves the score from the baseline's to x's stands first.
std::vector<std::size_t> OrderOf(const std::vector<double>& values, double difference) {
  std::vector<std::size_t> order = Indices(values.size());
  const double sign = difference < 0 ? -1 : 1;
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return sign * values[i]; });
  return order;
}

// F(x) - F(b) of each target, of several baselines their mean.
Result<std::vector<double>> DifferencesOf(Probe& probe) {
  std::vector<Point> points;
  for (std::size_t t = 0; t < probe.x().size(); ++t) {
    points.push_back({.instance = t, .row = probe.x()[t]});
    for (const Row& baseline : probe.baselines()[t]) {
      points.push_back({.instance = t, .row = baseline});
    }
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> scores, probe.function().Evaluate(points));
  std::vector<double> differences;
  std::size_t next = 0;
  for (const std::vector<Row>& baselines : probe.baselines()) {
    double difference = scores[next++];
    for (std::size_t b = 0; b < baselines.size(); ++b) {
      difference -= scores[next++] / static_cast<double>(baselines.size());
    }
    differences.push_back(difference);
  }
  return differences;
}

// Bytes of a picture's lossless compression, in the range of colours that `like` has.
Information BytesInRangeOf(const Tensor& like) {
  std::string guess;
  std::optional<ImageRange> range;
  if (TensorToImage(like, std::nullopt, &guess).ok()) {
    if (const Result<ImageRange> known = ImageRangeFromName(guess); known.ok()) range = *known;
  }
  return [range](const Tensor& picture) -> Result<double> {
    WHYLIGHT_ASSIGN_OR_RETURN(const Image image, TensorToImage(picture, range));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::size_t bytes, LosslessBytes(image));
    return static_cast<double>(bytes);
  };
}

}  // namespace

std::vector<Comparison::Explanations> Comparison::ExplainAll(std::span<const Row> requests) {
  std::vector<Explanations> all;
  for (ComparedMethod& method : methods_) {
    // The first row pays for warming up: it is explained once more, beside the clock.
    if (explained_rows_ == 0) method.explainer->Explain(requests.first(1));
    const RowCounts before = method.explainer->rows_run();
    const auto start = std::chrono::steady_clock::now();
    all.push_back(method.explainer->Explain(requests));
    method.seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const RowCounts after = method.explainer->rows_run();
    method.rows_run.forward += after.forward - before.forward;
    method.rows_run.gradients += after.gradients - before.gradients;
  }
  explained_rows_ += requests.size();
  return all;
}

void Comparison::LeaveOutThoseThatCannot(std::vector<Explanations>& all) {
  const auto fails = [](const Explanations& of_method) {
    return std::ranges::none_of(of_method, [](const auto& one) { return one.ok(); });
  };
  if (std::ranges::all_of(all, fails)) return;  // It is the rows that are bad.
  for (std::size_t m = 0; m < methods_.size();) {
    if (!fails(all[m])) {
      ++m;
      continue;
    }
    left_out_.push_back({methods_[m].name, all[m][0].status()});
    methods_.erase(methods_.begin() + static_cast<std::ptrdiff_t>(m));
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(m));
  }
}

Status Comparison::Start() {
  features_.clear();
  for (const std::string& name : methods_[0].explainer->plan().explained) {
    if (std::ranges::all_of(methods_, [&](const ComparedMethod& method) {
          return std::ranges::count(method.explainer->plan().explained, name) > 0;
        })) {
      features_.push_back(name);
    }
  }
  if (features_.empty()) return FailedPrecondition("the methods have no explained input in common");
  scoreboard_.emplace(methods_.size() + 1);
  pairs_.assign(methods_.size() * methods_.size(), {});
  return OkStatus();
}

// One that takes baselines has been given those of the options.
std::size_t Comparison::JudgingMethod() const {
  for (std::size_t m = 0; m < methods_.size(); ++m) {
    if (methods_[m].name != "blur-ig") return m;
  }
  return 0;
}

std::vector<BaselineNote> Comparison::reference() const {
  return methods_[JudgingMethod()].explainer->ReferenceNotes(features_);
}

std::vector<Status> Comparison::Add(std::span<const Row> requests) {
  std::vector<Explanations> all = ExplainAll(requests);
  std::vector<Status> statuses(requests.size());
  if (!scoreboard_) {
    LeaveOutThoseThatCannot(all);
    if (const Status started = Start(); !started.ok()) {
      std::ranges::fill(statuses, started);
      return statuses;
    }
  }
  for (std::size_t i = 0; i < requests.size(); ++i) {
    std::vector<const Explanation*> of_row;
    for (std::size_t m = 0; m < all.size() && statuses[i].ok(); ++m) {
      statuses[i] = all[m][i].status().In(methods_[m].name);
      if (statuses[i].ok()) of_row.push_back(&*all[m][i]);
    }
    if (statuses[i].ok()) statuses[i] = Measure(requests[i], of_row);
    if (statuses[i].ok()) ++rows_;
  }
  return statuses;
}

Status Comparison::Measure(const Row& request, const std::vector<const Explanation*>& of_method) {
  const std::size_t count = of_method[0]->attributions.size();
  std::vector<ProbeTarget> targets;
  targets.reserve(count);
  for (std::size_t t = 0; t < count; ++t) {
    targets.push_back({.request = &request, .explanation = of_method[0], .attribution = t});
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<Probe> probe,
                            methods_[JudgingMethod()].explainer->OpenProbe(targets, features_));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<double> differences, DifferencesOf(*probe));
  // Of each target, of each method and then of a random order.
  std::vector<std::vector<std::size_t>> orders, unit_elements(count);
  std::vector<std::vector<std::vector<double>>> values(count);
  for (std::size_t t = 0; t < count; ++t) {
    values[t].resize(methods_.size());
    for (std::size_t f = 0; f < features_.size(); ++f) {
      const Tensor& x = probe->x()[t][f];
      std::vector<const FeatureAttribution*> by_method;
      by_method.reserve(of_method.size());
      for (const Explanation* explanation : of_method) {
        by_method.push_back(FindFeature(explanation->attributions[t], features_[f]));
      }
      const std::size_t units = UnitsOf(x, by_method);
      unit_elements[t].push_back(units == 0 ? 1 : x.elements() / units);
      for (std::size_t m = 0; m < methods_.size(); ++m) {
        AppendUnits(by_method[m], units, values[t][m]);
      }
    }
    for (const std::vector<double>& of_units : values[t]) {
      orders.push_back(OrderOf(of_units, differences[t]));
    }
    orders.push_back(Indices(values[t][0].size()));
    SplitMix64(seed_ + rows_).Shuffle(std::span(orders.back()));
  }
  std::vector<CurveTask> tasks;
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const std::size_t t = i / (methods_.size() + 1);
    CurveTask& task = tasks.emplace_back(CurveTask{
        .instance = t, .x = &probe->x()[t], .unit_elements = unit_elements[t], .order = orders[i]});
    for (const Row& baseline : probe->baselines()[t]) task.baselines.push_back(&baseline);
  }
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<Curves> curves,
                            ReplacementCurves(probe->function(), tasks, {}));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<InformationCurves> information,
                            MeasureInformation(*probe, orders));
  for (std::size_t t = 0; t < count; ++t) {
    std::vector<MethodRow> row;
    for (std::size_t m = 0; m <= methods_.size(); ++m) {
      MethodRow& of_row = row.emplace_back();
      of_row.curves = curves[t * (methods_.size() + 1) + m];
      of_row.information = information[t * (methods_.size() + 1) + m];
      if (m == methods_.size()) continue;
      const OutputAttribution& attribution = of_method[m]->attributions[t];
      const double difference = attribution.instance_output - attribution.baseline_output;
      of_row.difference = std::abs(difference);
      if (FindMethod(methods_[m].name)->is_complete) {
        of_row.gap = std::abs(difference - SumOf(attribution));
      }
    }
    scoreboard_->Add(row);
    for (std::size_t a = 0; a < methods_.size() && !values[t][0].empty(); ++a) {
      for (std::size_t b = a + 1; b < methods_.size(); ++b) {
        AgreementSums& sums = pairs_[a * methods_.size() + b];
        const double rank = RankAgreement(values[t][a], values[t][b]);
        if (!std::isnan(rank)) sums.rank += rank, ++sums.ranked;
        const std::size_t units = values[t][a].size(), top = TopOf(units);
        sums.top += TopOverlap(values[t][a], values[t][b], top);
        sums.by_chance += static_cast<double>(top) / static_cast<double>(units);
        ++sums.count;
      }
    }
  }
  return OkStatus();
}

Result<std::vector<InformationCurves>> Comparison::MeasureInformation(
    Probe& probe, const std::vector<std::vector<std::size_t>>& orders) const {
  const std::size_t each = methods_.size() + 1;
  std::vector<InformationCurves> all;
  for (std::size_t t = 0; t < probe.x().size(); ++t) {
    const std::span<const std::vector<std::size_t>> own = std::span(orders).subspan(t * each, each);
    const Row& x = probe.x()[t];
    // One picture alone, whose pixels the methods tell apart.
    const bool is_picture =
        x.size() == 1 && IsNumeric(x[0].dtype()) && IsPicture(x[0].shape()) &&
        own[0].size() == static_cast<std::size_t>(x[0].shape().dim(0) * x[0].shape().dim(1));
    if (!is_picture) {
      all.resize(all.size() + each);
      continue;
    }
    WHYLIGHT_ASSIGN_OR_RETURN(Tensor blurred, BlurredPicture(x[0], blur_sigma_, t, 0));
    const Row start = {std::move(blurred)};
    std::vector<InformationTask> tasks;
    for (const std::vector<std::size_t>& order : own) {
      tasks.push_back({.instance = t, .x = &x, .blurred = &start, .order = order});
    }
    WHYLIGHT_ASSIGN_OR_RETURN(
        const std::vector<InformationCurves> curves,
        ComputeInformationCurves(
            probe.function(), tasks, BytesInRangeOf(x[0]),
            [&](std::span<const Point> points) { return probe.Decides(points); }));
    all.insert(all.end(), curves.begin(), curves.end());
  }
  return all;
}

std::vector<Agreement> Comparison::agreements() const {
  std::vector<Agreement> all;
  for (std::size_t a = 0; a < methods_.size() && !pairs_.empty(); ++a) {
    for (std::size_t b = a + 1; b < methods_.size(); ++b) {
      const AgreementSums& sums = pairs_[a * methods_.size() + b];
      if (sums.count == 0) continue;
      const auto count = static_cast<double>(sums.count);
      all.push_back(
          {.a = a,
           .b = b,
           .rank = sums.ranked > 0 ? sums.rank / static_cast<double>(sums.ranked) : std::nan(""),
           .top = sums.top / count,
           .by_chance = sums.by_chance / count});
    }
  }
  return all;
}

double Comparison::SecondsPerRow(std::size_t method) const {
  return methods_[method].seconds / static_cast<double>(std::max<std::size_t>(explained_rows_, 1));
}

Preference Comparison::Judge() const {
  std::vector<double> costs;
  costs.reserve(methods_.size());
  for (std::size_t m = 0; m < methods_.size(); ++m) costs.push_back(SecondsPerRow(m));
  return scoreboard_->Judge(costs);
}

}  // namespace whylight
