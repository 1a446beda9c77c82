#include "explain/baselines.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "attribution/list.h"
#include "attribution/picture.h"
#include "attribution/random.h"
#include "attribution/xrai.h"
#include "explain/options.h"
#include "explain/sparse_rows.h"
#include "explain/warnings.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct KindName {
  std::string_view name;
  BaselineKind kind;
};
constexpr KindName kKinds[] = {
    {"zeros", BaselineKind::kZeros},     {"mean", BaselineKind::kMean},
    {"median", BaselineKind::kMedian},   {"min", BaselineKind::kMin},
    {"max", BaselineKind::kMax},         {"random", BaselineKind::kRandom},
    {"blurred", BaselineKind::kBlurred}, {"black,white", BaselineKind::kBlackWhite},
};

std::string NameOf(BaselineKind kind) {
  const auto* const found = std::ranges::find(kKinds, kind, &KindName::kind);
  WHYLIGHT_CHECK(found != std::end(kKinds));
  return std::string(found->name);
}

bool IsOfData(BaselineKind kind) {
  return kind == BaselineKind::kMean || kind == BaselineKind::kMedian ||
         kind == BaselineKind::kMin || kind == BaselineKind::kMax;
}

// min and max, or nullopt.
std::optional<std::pair<double, double>> DomainOf(const ExplainOptions& options,
                                                  const std::string& input) {
  const InputMetadata* metadata = MetadataOf(options, input);
  if (metadata == nullptr || !metadata->domain || !metadata->domain->min ||
      !metadata->domain->max) {
    return std::nullopt;
  }
  return std::pair(*metadata->domain->min, *metadata->domain->max);
}

bool IsSparse(const ExplainOptions& options, const std::string& input) {
  const InputMetadata* metadata = MetadataOf(options, input);
  return metadata != nullptr && IsFedAsDense(*metadata, options);
}

bool StartsBlackAndWhite(const ExplainOptions& options) { return options.method == "xrai"; }

InputBaselines BaselinesOf(const std::string& input, const ExplainOptions& options) {
  InputBaselines chosen{.list = {}, .origin = "default"};
  if (!TakesBaselines(options)) return chosen;
  auto given = options.baselines.find(input);
  if (given == options.baselines.end()) given = options.baselines.find("");
  if (given != options.baselines.end() && !given->second.empty()) {
    chosen.origin = given->second[0].origin;
    for (const Baseline& one : given->second) {
      chosen.list.push_back(one);
      if (one.kind == BaselineKind::kBlackWhite) chosen.list.push_back(one);
    }
    return chosen;
  }
  if (const InputMetadata* metadata = MetadataOf(options, input)) {
    const std::vector<Json>& baselines = IsExplainedEncoded(*metadata, options)
                                             ? metadata->encoded_baselines
                                             : metadata->input_baselines;
    if (!baselines.empty()) chosen.origin = options.metadata_source;
    chosen.list.assign(baselines.begin(), baselines.end());
  }
  return chosen;
}

Status CheckKind(const std::string& input, const Baseline& baseline,
                 const ExplainOptions& options) {
  const BaselineKind kind = baseline.kind;
  if (kind == BaselineKind::kGiven) return OkStatus();
  const std::string place = baseline.origin + " " + NameOf(kind);
  if (IsSparse(options, input) && kind != BaselineKind::kZeros) {
    return InvalidArgument(place + ": '" + input +
                           "' is sparse and starts from zeros or from given values");
  }
  if (IsOfData(kind) && !options.baseline_data) {
    return InvalidArgument(place + " needs rows to take it of: --baseline-data train.csv");
  }
  if (kind == BaselineKind::kRandom && !options.baseline_data && !DomainOf(options, input)) {
    return InvalidArgument(place + " needs the range of '" + input +
                           "': --baseline-data train.csv, or a domain in the metadata");
  }
  return OkStatus();
}

std::string DescribeValues(const Json& one) {
  if (one.is_number() || one.is_string()) {
    return one.is_string() ? "\"" + Printable(one.string()) + "\""
                           : "all " + FormatNumber(one.number());
  }
  if (!one.is_array()) return "given";
  std::string text;
  std::size_t shown = 0;
  for (const Json& value : one.array()) {
    if (shown == 4) return text + ", ...";
    if (!value.is_number() && !value.is_string()) return "given, " + whylight::Describe(one);
    text += (shown++ == 0 ? "" : ", ") + (value.is_string() ? "\"" + Printable(value.string()) + "\""
                                                            : FormatNumber(value.number()));
  }
  return text;
}

std::string DescribeValues(const Tensor& values) {
  std::string text;
  for (std::size_t k = 0; k < values.elements(); ++k) {
    if (k == 4) return text + ", ...";
    if (k > 0) text += ", ";
    text += values.is_string() ? "\"" + Printable(values.strings()[k]) + "\""
                               : FormatNumber(values.Number(k));
  }
  return text;
}

const Tensor& StatisticOf(const InputStatistics& statistics, BaselineKind kind) {
  switch (kind) {
    case BaselineKind::kMean:
      return statistics.mean;
    case BaselineKind::kMedian:
      return statistics.median;
    case BaselineKind::kMin:
      return statistics.min;
    default:
      return statistics.max;
  }
}

std::string DescribeStatistic(const ExplainedData& data, std::size_t input, BaselineKind kind) {
  const InputStatistics& statistics = data.statistics[input];
  std::string text = NameOf(kind) + " of " + std::to_string(data.rows.size()) +
                     " rows: " + DescribeValues(StatisticOf(statistics, kind));
  const bool extreme = kind == BaselineKind::kMin || kind == BaselineKind::kMax;
  const bool ids = IsInteger(statistics.mean.dtype()) || statistics.mean.dtype() == DType::kBool;
  if (!statistics.why_category.empty() && !(extreme && ids)) {
    text += "; the most frequent value where there is no " + NameOf(kind) + " (" +
            statistics.why_category + ")";
  }
  return text;
}

std::string DescribeZeros(DType dtype, bool sparse) {
  return sparse ? "no values" : dtype == DType::kString ? "\"\"" : "zeros";
}

std::string Describe(const Explained& explained, std::size_t input, const Baseline& baseline,
                     const ExplainOptions& options) {
  const std::string& name = explained.names[input];
  const std::optional<std::pair<double, double>> domain = DomainOf(options, name);
  switch (baseline.kind) {
    case BaselineKind::kGiven:
      return DescribeValues(baseline.value);
    case BaselineKind::kZeros:
      return "zeros";
    case BaselineKind::kRandom:
      return "random with seed " + std::to_string(options.seed) + ", " +
             (explained.data
                  ? "within the range of " + std::to_string(explained.data->rows.size()) + " rows"
                  : "within [" + FormatNumber(domain->first) + ", " + FormatNumber(domain->second) +
                        "]");
    case BaselineKind::kBlurred:
      return "blurred with sigma " + FormatNumber(options.max_sigma);
    case BaselineKind::kBlackWhite:
      return domain ? "black and white: " + FormatNumber(domain->first) + " and " +
                          FormatNumber(domain->second)
                    : "black and white: the picture's least value, and its greatest";
    default:
      return DescribeStatistic(*explained.data, input, baseline.kind);
  }
}

std::string Describe(const Explained& explained, std::size_t input, const ExplainOptions& options) {
  const std::vector<Baseline>& list = explained.baselines[input].list;
  const bool all_given = std::ranges::all_of(
      list, [](const Baseline& one) { return one.kind == BaselineKind::kGiven; });
  if (all_given && list.size() > 1) return std::to_string(list.size()) + " baselines";
  std::string text;
  for (std::size_t b = 0; b < list.size(); ++b) {
    text += (text.empty() ? "" : "; ") + Describe(explained, input, list[b], options);
    if (list[b].kind == BaselineKind::kBlackWhite) ++b;  // White follows black.
  }
  return text;
}

Result<Tensor> Blurred(const Tensor& x, const std::string& name, double sigma) {
  if (!IsPictureShape(x.shape()) || !IsNumeric(x.dtype())) {
    return InvalidArgument("baseline of '" + name + "': blurred is for pictures, got " +
                           DTypeName(x.dtype()) + x.shape().ToString());
  }
  return BlurredPicture(x, sigma, 0, 0);
}

// Categories are those of a row of the data, the same row for all inputs, so that what is one-hot
// over several inputs stays so.
Result<Tensor> Random(const Tensor& x, std::size_t input, std::size_t place,
                      const Explained& explained, const ExplainOptions& options) {
  SplitMix64 rows(options.seed + place);
  SplitMix64 numbers(rows.Next() + input);
  const std::string& name = explained.names[input];
  if (!explained.data) {
    const auto [least, greatest] = *DomainOf(options, name);
    if (!IsNumeric(x.dtype())) {
      return InvalidArgument("baseline of '" + name + "': random " + DTypeName(x.dtype()) +
                             " needs rows to draw from: --baseline-data train.csv");
    }
    Tensor baseline(x.dtype(), x.shape());
    for (std::size_t k = 0; k < x.elements(); ++k) {
      baseline.SetNumber(k, least + (greatest - least) * numbers.Uniform());
    }
    return baseline;
  }
  const InputStatistics& statistics = explained.data->statistics[input];
  const std::vector<Row>& data = explained.data->rows;
  Tensor baseline = data[rows.Below(static_cast<std::uint32_t>(data.size()))][input];
  for (std::size_t k = 0; k < baseline.elements(); ++k) {
    if (statistics.is_category[k]) continue;
    const double least = statistics.min.Number(k), greatest = statistics.max.Number(k);
    baseline.SetNumber(k, least + (greatest - least) * numbers.Uniform());
  }
  return baseline;
}

Result<Tensor> FitsInput(Tensor baseline, const Tensor& x, const std::string& name) {
  if (baseline.dtype() == x.dtype() && baseline.shape() == x.shape()) return baseline;
  return InvalidArgument("baseline of '" + name + "': the data hold " +
                         DTypeName(baseline.dtype()) + baseline.shape().ToString() +
                         ", the instance " + DTypeName(x.dtype()) + x.shape().ToString());
}

// Baseline `place` of an input, one of a kind.
Result<Tensor> OfKind(const Row& x, std::size_t input, std::size_t place,
                      const Explained& explained, const ExplainOptions& options) {
  const std::string& name = explained.names[input];
  const InputBaselines& chosen = explained.baselines[input];
  switch (const BaselineKind kind = chosen.list[place].kind) {
    case BaselineKind::kGiven:
      return BaselineFromJson(chosen.list[place].value, x[input].dtype(), x[input].shape(),
                              "baseline of '" + name + "'");
    case BaselineKind::kZeros:
      return Tensor(x[input].dtype(), x[input].shape());
    case BaselineKind::kBlurred:
      return Blurred(x[input], name, options.max_sigma);
    case BaselineKind::kRandom: {
      WHYLIGHT_ASSIGN_OR_RETURN(Tensor values, Random(x[input], input, place, explained, options));
      return FitsInput(std::move(values), x[input], name);
    }
    case BaselineKind::kBlackWhite: {
      if (!IsPictureShape(x[input].shape()) || !IsNumeric(x[input].dtype())) {
        return InvalidArgument("baseline of '" + name + "': black,white is for pictures, got " +
                               DTypeName(x[input].dtype()) + x[input].shape().ToString());
      }
      const auto before = std::ranges::count(chosen.list.begin(), chosen.list.begin() + place,
                                             BaselineKind::kBlackWhite, &Baseline::kind);
      const bool white = before % 2 == 1;
      if (const auto domain = DomainOf(options, name)) {
        return Tensor::Filled(x[input].dtype(), x[input].shape(),
                              white ? domain->second : domain->first);
      }
      return BlackAndWhite({x[input]})[white ? 1 : 0][0];
    }
    default:
      return FitsInput(StatisticOf(explained.data->statistics[input], kind), x[input], name);
  }
}

}  // namespace

std::string BaselineKindNames() {
  std::string names;
  for (const KindName& one : kKinds) {
    if (!names.empty()) names += ", ";
    names += one.name;
  }
  return names;
}

std::optional<BaselineKind> FindBaselineKind(std::string_view name) {
  const auto* const found = std::ranges::find(kKinds, name, &KindName::name);
  if (found == std::end(kKinds)) return std::nullopt;
  return found->kind;
}

Status ChooseBaselines(const ExplainOptions& options, Explained& explained) {
  for (const auto& [name, given] : options.baselines) {
    if (name.empty() || std::ranges::find(explained.names, name) != explained.names.end()) continue;
    const std::string place = (given.empty() ? "--baseline" : given[0].origin) + " " + name;
    const auto held = std::ranges::find_if(
        explained.held, [&](const std::string& text) { return text.starts_with(name + " ("); });
    if (held != explained.held.end()) {
      return FailedPrecondition(place + ": " + options.method +
                                " holds it at the instance's value: " + *held +
                                "; --method sampled-shapley can explain it");
    }
    return InvalidArgument(place + ": no explained input of that name" +
                           DidYouMean(name, explained.names) + "; explained are " +
                           Join(explained.names, ", "));
  }
  explained.baselines.clear();
  if (ExplainsPieces(options)) return OkStatus();
  std::size_t count = 0;
  for (const std::string& name : explained.names) {
    const InputBaselines& chosen = explained.baselines.emplace_back(BaselinesOf(name, options));
    for (const Baseline& one : chosen.list) {
      WHYLIGHT_RETURN_IF_ERROR(CheckKind(name, one, options));
    }
    if (chosen.list.size() <= 1) continue;
    if (count != 0 && count != chosen.list.size()) {
      return InvalidArgument("inputs have " + std::to_string(count) + " and " +
                             std::to_string(chosen.list.size()) +
                             " baselines; each needs one, or all the same number");
    }
    count = chosen.list.size();
  }
  return OkStatus();
}

Status TakeBaselineData(std::span<const Row> rows, const ExplainOptions& options,
                        Explained& explained) {
  ExplainedData data{.source = options.baseline_data->source, .rows = {}, .statistics = {}};
  for (const Row& row : rows) data.rows.push_back(ExplainedValues(row, explained));
  Result<std::vector<InputStatistics>> statistics = StatisticsOf(data.rows, explained.names);
  if (!statistics.ok()) return statistics.status().In(data.source);
  data.statistics = *std::move(statistics);
  explained.data = std::move(data);
  return OkStatus();
}

Result<std::vector<Row>> BaselineRows(const Row& x, const Explained& explained,
                                      const ExplainOptions& options) {
  std::size_t count = 1;
  bool all_given = true;
  for (const InputBaselines& chosen : explained.baselines) {
    count = std::max(count, chosen.list.size());
    all_given = all_given && !chosen.list.empty();
  }
  // A picture's own black and white, whatever its range.
  std::vector<Row> black_and_white;
  if (StartsBlackAndWhite(options) && !all_given) {
    black_and_white = BlackAndWhite(x);
    count = std::max<std::size_t>(count, 2);
  }
  std::vector<Row> rows(count);
  for (std::size_t b = 0; b < count; ++b) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::vector<Baseline>& list = explained.baselines[i].list;
      const bool sparse = IsSparse(options, explained.names[i]);
      if (list.empty()) {
        rows[b].push_back(sparse                    ? EmptyLike(x[i])
                          : black_and_white.empty() ? Tensor(x[i].dtype(), x[i].shape())
                                                    : black_and_white[b % 2][i]);
        continue;
      }
      const std::size_t place = list.size() == 1 ? 0 : b;
      if (sparse && list[place].kind == BaselineKind::kZeros) {
        rows[b].push_back(EmptyLike(x[i]));
      } else if (sparse) {
        WHYLIGHT_ASSIGN_OR_RETURN(
            Tensor values,
            SparseBaseline(list[place].value, x[i], "baseline of '" + explained.names[i] + "'"));
        rows[b].push_back(std::move(values));
      } else {
        WHYLIGHT_ASSIGN_OR_RETURN(Tensor values, OfKind(x, i, place, explained, options));
        rows[b].push_back(std::move(values));
      }
    }
  }
  return rows;
}

std::vector<BaselineNote> DescribeBaselines(const Program& program, const Explained& explained,
                                            const ExplainOptions& options) {
  if (ExplainsPieces(options)) {
    return {
        {.input = explained.names[0], .text = "absent pieces are removed", .origin = "--pieces"}};
  }
  std::vector<BaselineNote> notes;
  if (!HasBaseline(options)) return notes;
  for (std::size_t i = 0; i < explained.inputs.size(); ++i) {
    const Port& port = program.inputs[explained.inputs[i]].port;
    const InputBaselines& chosen = explained.baselines[i];
    BaselineNote& note =
        notes.emplace_back(BaselineNote{.input = port.name, .text = {}, .origin = chosen.origin});
    const bool of_data = std::ranges::any_of(chosen.list, [&](const Baseline& one) {
      return IsOfData(one.kind) || (one.kind == BaselineKind::kRandom && explained.data);
    });
    if (of_data) note.origin = explained.data->source;
    const ComparesWith with = FindMethod(options.method)->compares_with;
    if (with == ComparesWith::kBlurred) {
      note.text = "blurred with sigma " + FormatNumber(options.max_sigma);
      note.origin = options.method;
    } else if (with == ComparesWith::kData) {
      note.text = std::to_string(DrawsOf(options)) + " draws of " +
                  std::to_string(explained.data->rows.size()) + " rows";
      note.origin = explained.data->source;
    } else if (!chosen.list.empty()) {
      note.text = Describe(explained, i, options);
    } else if (StartsBlackAndWhite(options)) {
      note.text = "black and white: the picture's least value, and its greatest";
    } else {
      note.text = DescribeZeros(port.dtype, IsSparse(options, port.name));
    }
  }
  return notes;
}

bool TableStartsAtZero(const Program& program, const Explained& explained,
                       const ExplainOptions& options) {
  if (!TakesBaselines(options)) return false;
  for (std::size_t i = 0; i < explained.inputs.size(); ++i) {
    const Port& port = program.inputs[explained.inputs[i]].port;
    // Scalars and vectors are a table's; pictures and sequences have a meaningful zero more often.
    const bool table = port.shape.has_rank() && port.shape.rank() <= 2;
    if (table && IsFloating(port.dtype) && explained.baselines[i].list.empty()) return true;
  }
  return false;
}

}  // namespace whylight
