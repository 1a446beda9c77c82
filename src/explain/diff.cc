#include "explain/diff.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "evaluate/agreement.h"
#include "explain/answer_file.h"
#include "explain/names.h"
#include "explain/select.h"
#include "explain/sums.h"
#include "io/json.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kMaxProblems = 100;
// What float32 and decimal digits make of one number.
constexpr double kSameNumber = 1e-6;

struct Pair {
  const OutputAttribution* ours;
  const OutputAttribution* theirs;
};

bool IsSame(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) {
    const double x = a.number(), y = b.number();
    return std::abs(x - y) <= kSameNumber * std::max(std::abs(x), std::abs(y));
  }
  if (a.is_array() && b.is_array()) {
    return std::ranges::equal(a.array(), b.array(), IsSame);
  }
  if (a.is_object() && b.is_object()) {
    return a.object().size() == b.object().size() &&
           std::ranges::all_of(a.object(), [&](const Json::Member& member) {
             const Json* const other = b.Find(member.first);
             return other != nullptr && IsSame(member.second, *other);
           });
  }
  return a == b;
}

// What keys are compared by; empty for a row without one.
std::string KeyOf(const AnsweredRow& row, const std::string& name) {
  const Json* value = row.instance.Find(name);
  if (value == nullptr) value = &row.key;
  if (value->is_null()) return "";
  if (value->is_string()) return value->string();
  const bool is_whole = value->kind() == Json::Kind::kDouble &&
                        std::trunc(value->number()) == value->number() &&
                        std::abs(value->number()) < 1e15;
  return WriteJson(is_whole ? Json(static_cast<std::int64_t>(value->number())) : *value);
}

std::string LabelsOf(const std::vector<const OutputAttribution*>& attributions) {
  std::vector<std::string> labels;
  labels.reserve(attributions.size());
  for (const OutputAttribution* one : attributions) labels.push_back(LabelText(*one));
  return Join(labels, ", ");
}

class Differ {
 public:
  explicit Differ(const DiffOptions& options) : options_(options) {}

  void Add(const PlacedRow& ours, const PlacedRow& theirs);
  void NotCompared(std::string place, std::string why);
  Result<ExplanationDiff> Finish();

 private:
  bool CanRead(const std::string& side, const PlacedRow& row);
  std::vector<Pair> PairsOf(const PlacedRow& ours, const PlacedRow& theirs);
  void AddPair(const Pair& pair, const std::string& ours, const std::string& theirs);
  // Appends the feature's elements to those of the whole attribution.
  void Gather(const std::string& name, const FeatureAttribution* ours,
              const FeatureAttribution* theirs);
  void AddFeatures(double noise);
  void AddScores(const Pair& pair);
  void AddNotes();

  struct Part {
    FeatureDiff* feature;
    std::size_t begin;
  };

  const DiffOptions& options_;
  ExplanationDiff diff_;
  std::map<std::string, FeatureDiff> features_;
  std::size_t other_instances_ = 0, other_names_ = 0;
  std::string first_other_instance_;
  // Of the attribution at hand.
  std::vector<double> ours_, theirs_;
  std::vector<Part> parts_;
};

void Differ::NotCompared(std::string place, std::string why) {
  if (diff_.problem_count++ >= kMaxProblems) return;
  diff_.problems.push_back({std::move(place), std::move(why)});
}

bool Differ::CanRead(const std::string& side, const PlacedRow& row) {
  if (!row.row.ok()) NotCompared(side + " " + row.place, row.row.status().message());
  return row.row.ok();
}

// Those that name their output alike, then those that alone have an index.
std::vector<Pair> Differ::PairsOf(const PlacedRow& ours, const PlacedRow& theirs) {
  std::vector<Pair> pairs;
  std::vector<const OutputAttribution*> left, right;
  for (const OutputAttribution& one : theirs.row->explanation.attributions) right.push_back(&one);
  const auto take = [&](const OutputAttribution& one, auto is_match) {
    const auto found = std::ranges::find_if(right, is_match);
    if (found == right.end()) return false;
    pairs.push_back({&one, *found});
    right.erase(found);
    return true;
  };
  for (const OutputAttribution& one : ours.row->explanation.attributions) {
    const bool is_taken = take(one, [&](const OutputAttribution* other) {
      return other->output_index == one.output_index && other->output_name == one.output_name;
    });
    if (!is_taken) left.push_back(&one);
  }
  std::vector<const OutputAttribution*> alone;
  for (const OutputAttribution* one : left) {
    const auto has_index = [&](const OutputAttribution* other) {
      return other->output_index == one->output_index;
    };
    const bool is_plain =
        std::ranges::count_if(left, has_index) == 1 && std::ranges::count_if(right, has_index) == 1;
    is_plain&& take(*one, has_index) ? void(++other_names_) : alone.push_back(one);
  }
  if (!alone.empty() || !right.empty()) {
    NotCompared("ours " + ours.place + " beside theirs " + theirs.place,
                "other labels are explained: ours alone has " +
                    (alone.empty() ? "none" : LabelsOf(alone)) + ", theirs alone has " +
                    (right.empty() ? "none" : LabelsOf(right)));
  }
  return pairs;
}

void Differ::Add(const PlacedRow& ours, const PlacedRow& theirs) {
  const bool can_read_ours = CanRead("ours", ours), can_read_theirs = CanRead("theirs", theirs);
  if (!can_read_ours || !can_read_theirs) return;
  const Json& our_instance = ours.row->instance;
  const Json& their_instance = theirs.row->instance;
  if (!our_instance.is_null() && !their_instance.is_null() &&
      !IsSame(our_instance, their_instance) && other_instances_++ == 0) {
    first_other_instance_ = ours.place + " beside " + theirs.place;
  }
  const std::vector<Pair> pairs = PairsOf(ours, theirs);
  for (const Pair& pair : pairs) AddPair(pair, ours.place, theirs.place);
  if (!pairs.empty()) ++diff_.rows;
}

void Differ::Gather(const std::string& name, const FeatureAttribution* ours,
                    const FeatureAttribution* theirs) {
  FeatureDiff& feature = features_[name];
  feature.name = name;
  if (theirs == nullptr) ++feature.only_ours;
  if (ours == nullptr) ++feature.only_theirs;
  parts_.push_back({&feature, ours_.size()});
  const bool by_sum =
      ours != nullptr && theirs != nullptr && ours->values.elements() != theirs->values.elements();
  if (by_sum) {
    ++feature.by_sum;
    ours_.push_back(SumOf(*ours));
    theirs_.push_back(SumOf(*theirs));
    return;
  }
  const std::size_t elements = (ours == nullptr ? theirs : ours)->values.elements();
  for (std::size_t i = 0; i < elements; ++i) {
    ours_.push_back(ours == nullptr ? 0 : ours->values.Number(i));
    theirs_.push_back(theirs == nullptr ? 0 : theirs->values.Number(i));
  }
}

void Differ::AddPair(const Pair& pair, const std::string& ours, const std::string& theirs) {
  ours_.clear();
  theirs_.clear();
  parts_.clear();
  const auto named = [](const std::vector<FeatureAttribution>& features, const std::string& name) {
    const auto found = std::ranges::find(features, name, &FeatureAttribution::name);
    return found == features.end() ? nullptr : &*found;
  };
  for (const FeatureAttribution& one : pair.ours->features) {
    Gather(one.name, &one, named(pair.theirs->features, one.name));
  }
  for (const FeatureAttribution& one : pair.theirs->features) {
    if (named(pair.ours->features, one.name) == nullptr) Gather(one.name, nullptr, &one);
  }
  const double noise = NoiseOf(ours_, theirs_);
  AddFeatures(noise);
  AddScores(pair);
  const Difference difference = DifferenceOf(ours_, theirs_, noise);
  diff_.absolute.Add(difference.absolute);
  diff_.relative.Add(difference.relative);
  const std::size_t units = ours_.size();
  if (units > 1) {
    const std::size_t top =
        std::min<std::size_t>(static_cast<std::size_t>(options_.top_k), units - 1);
    diff_.top_overlap.Add(TopOverlap(ours_, theirs_, top));
    const double ranks = RankAgreement(ours_, theirs_);
    if (!std::isnan(ranks)) diff_.rank_correlation.Add(ranks);
  }
  if (difference.relative <= options_.tolerance) return;
  const auto missed = [](const OutputAttribution& one) {
    return one.approximation_error * std::abs(one.instance_output - one.baseline_output);
  };
  diff_.outliers.push_back(
      {.ours = ours,
       .theirs = theirs,
       .label = LabelText(*pair.ours),
       .relative = difference.relative,
       .is_within_errors = difference.absolute <= missed(*pair.ours) + missed(*pair.theirs)});
}

void Differ::AddFeatures(double noise) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const std::size_t begin = parts_[i].begin;
    const std::size_t end = i + 1 < parts_.size() ? parts_[i + 1].begin : ours_.size();
    const Difference difference =
        DifferenceOf(std::span(ours_).subspan(begin, end - begin),
                     std::span(theirs_).subspan(begin, end - begin), noise);
    FeatureDiff& feature = *parts_[i].feature;
    feature.absolute.Add(difference.absolute);
    feature.relative.Add(difference.relative);
    feature.sign_flips += difference.sign_flips;
  }
}

void Differ::AddScores(const Pair& pair) {
  diff_.instance_outputs.Add(std::abs(pair.ours->instance_output - pair.theirs->instance_output));
  diff_.baseline_outputs.Add(std::abs(pair.ours->baseline_output - pair.theirs->baseline_output));
  diff_.our_errors.Add(pair.ours->approximation_error);
  diff_.their_errors.Add(pair.theirs->approximation_error);
}

std::string Times(std::size_t count, const char* one) {
  return std::to_string(count) + " " + one + (count == 1 ? "" : "s");
}

void Differ::AddNotes() {
  if (other_instances_ > 0) {
    diff_.notes.push_back(Times(other_instances_, "pair") +
                          " of rows with different instances, the first " + first_other_instance_ +
                          (options_.key.empty() ? "; --key NAME pairs rows by a member" : ""));
  }
  if (other_names_ > 0) {
    diff_.notes.push_back(Times(other_names_, "attribution") +
                          " whose outputs have different names; their indices are the same");
  }
  for (const FeatureDiff& feature : diff_.features) {
    const auto says = [&](std::size_t count, const std::string& what) {
      if (count > 0) {
        diff_.notes.push_back("feature " + feature.name + ": " + what + " in " +
                              Times(count, "attribution"));
      }
    };
    says(feature.only_ours, "only in ours");
    says(feature.only_theirs, "only in theirs");
    says(feature.by_sum, "of different shapes, compared by the sum of its elements");
  }
}

Result<ExplanationDiff> Differ::Finish() {
  if (diff_.rows == 0) {
    return InvalidArgument("nothing could be compared" +
                           (diff_.problems.empty()
                                ? ": there are no attributions"
                                : "; the first reason: " + diff_.problems[0].place + ": " +
                                      diff_.problems[0].message));
  }
  for (auto& [name, feature] : features_) diff_.features.push_back(std::move(feature));
  std::ranges::stable_sort(diff_.features, std::greater(),
                           [](const FeatureDiff& one) { return one.absolute.mean(); });
  // NaN is the worst.
  std::ranges::stable_sort(diff_.outliers, [](const DiffOutlier& a, const DiffOutlier& b) {
    return std::isnan(a.relative) ? !std::isnan(b.relative) : a.relative > b.relative;
  });
  AddNotes();
  return std::move(diff_);
}

Result<std::optional<PlacedRow>> NextOf(const std::string& side, AnswerReader& reader) {
  Result<std::optional<PlacedRow>> row = reader.Next();
  if (!row.ok()) return row.status().In(side);
  return row;
}

Status PairInOrder(AnswerReader& ours, AnswerReader& theirs, Differ& differ) {
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::optional<PlacedRow> a, NextOf("ours", ours));
    WHYLIGHT_ASSIGN_OR_RETURN(const std::optional<PlacedRow> b, NextOf("theirs", theirs));
    if (!a && !b) return OkStatus();
    if (!a) {
      differ.NotCompared("theirs " + b->place, "ours has no such row");
    } else if (!b) {
      differ.NotCompared("ours " + a->place, "theirs has no such row");
    } else {
      differ.Add(*a, *b);
    }
  }
}

Status SecondRow(const std::string& place, const std::string& name, const std::string& key) {
  return InvalidArgument(place + ": a second row with " + name + " " + Printable(key) +
                         "; --key needs a member that tells rows apart");
}

// Calls `take` with each row of a side that has a key of its own; rows without are problems.
Status ForEachKey(const std::string& side, AnswerReader& reader, const std::string& name,
                  Differ& differ,
                  const std::function<void(const std::string& key, PlacedRow row)>& take) {
  std::set<std::string> seen;
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::optional<PlacedRow> row, NextOf(side, reader));
    if (!row) return OkStatus();
    const std::string place = side + " " + row->place;
    const std::string key = row->row.ok() ? KeyOf(*row->row, name) : "";
    if (!row->row.ok()) {
      differ.NotCompared(place, row->row.status().message());
    } else if (key.empty()) {
      differ.NotCompared(place, "the instance has no member '" + name + "'");
    } else if (!seen.insert(key).second) {
      return SecondRow(place, name, key);
    } else {
      take(key, *std::move(row));
    }
  }
}

Status PairByKey(AnswerReader& ours, AnswerReader& theirs, const std::string& name,
                 Differ& differ) {
  std::map<std::string, PlacedRow> waiting;
  WHYLIGHT_RETURN_IF_ERROR(ForEachKey(
      "theirs", theirs, name, differ,
      [&](const std::string& key, PlacedRow row) { waiting.emplace(key, std::move(row)); }));
  const auto alone = [&](const std::string& side, const std::string& other, const PlacedRow& row,
                         const std::string& key) {
    differ.NotCompared(side + " " + row.place,
                       other + " has no row with " + name + " " + Printable(key));
  };
  WHYLIGHT_RETURN_IF_ERROR(
      ForEachKey("ours", ours, name, differ, [&](const std::string& key, const PlacedRow& row) {
        const auto other = waiting.find(key);
        if (other == waiting.end()) return alone("ours", "theirs", row, key);
        differ.Add(row, other->second);
        waiting.erase(other);
      }));
  for (const auto& [key, row] : waiting) alone("theirs", "ours", row, key);
  return OkStatus();
}

void WriteSpread(JsonWriter& w, const char* key, const Spread& spread, bool least = false) {
  w.BeginObject(key);
  w.Double("mean", spread.mean());
  least ? w.Double("min", spread.min()) : w.Double("max", spread.max());
  w.EndObject();
}

void WriteFeature(JsonWriter& w, const FeatureDiff& feature) {
  w.BeginObject();
  w.String("name", feature.name);
  w.UInt("attributions", feature.absolute.count());
  WriteSpread(w, "absoluteDifference", feature.absolute);
  WriteSpread(w, "relativeDifference", feature.relative);
  w.UInt("signFlips", feature.sign_flips);
  w.UInt("onlyOurs", feature.only_ours);
  w.UInt("onlyTheirs", feature.only_theirs);
  w.UInt("bySum", feature.by_sum);
  w.EndObject();
}

void WriteOutlier(JsonWriter& w, const DiffOutlier& outlier) {
  w.BeginObject();
  w.String("ours", outlier.ours);
  w.String("theirs", outlier.theirs);
  w.String("label", outlier.label);
  w.Double("relativeDifference", outlier.relative);
  w.Bool("withinErrors", outlier.is_within_errors);
  w.EndObject();
}

}  // namespace

Result<ExplanationDiff> DiffExplanations(const DiffOptions& options) {
  if (!(options.tolerance >= 0)) {
    return InvalidArgument("--tolerance: expected a number of at least 0, such as 0.05");
  }
  if (options.top_k < 1) return InvalidArgument("--top-k: expected at least 1");
  const Result<std::unique_ptr<AnswerReader>> ours = AnswerReader::Open(options.ours);
  if (!ours.ok()) return ours.status();
  const Result<std::unique_ptr<AnswerReader>> theirs = AnswerReader::Open(options.theirs);
  if (!theirs.ok()) return theirs.status();
  Differ differ(options);
  WHYLIGHT_RETURN_IF_ERROR(options.key.empty() ? PairInOrder(**ours, **theirs, differ)
                                               : PairByKey(**ours, **theirs, options.key, differ));
  return differ.Finish();
}

std::string DiffJson(const DiffOptions& options, const ExplanationDiff& diff) {
  std::string text;
  JsonWriter w(&text, {.indent = 2});
  w.BeginObject();
  w.Bool("agrees", diff.agrees());
  w.Double("tolerance", options.tolerance);
  w.Int("topK", options.top_k);
  w.UInt("rows", diff.rows);
  w.UInt("attributions", diff.relative.count());
  WriteSpread(w, "relativeDifference", diff.relative);
  WriteSpread(w, "absoluteDifference", diff.absolute);
  WriteSpread(w, "topKAgreement", diff.top_overlap, true);
  WriteSpread(w, "rankCorrelation", diff.rank_correlation, true);
  WriteSpread(w, "instanceOutputDifference", diff.instance_outputs);
  WriteSpread(w, "baselineOutputDifference", diff.baseline_outputs);
  w.BeginObject("approximationError");
  WriteSpread(w, "ours", diff.our_errors);
  WriteSpread(w, "theirs", diff.their_errors);
  w.EndObject();
  w.BeginArray("features");
  for (const FeatureDiff& feature : diff.features) WriteFeature(w, feature);
  w.EndArray();
  w.BeginArray("outliers");
  for (const DiffOutlier& outlier : diff.outliers) WriteOutlier(w, outlier);
  w.EndArray();
  w.BeginArray("problems");
  for (const DiffProblem& problem : diff.problems) {
    w.BeginObject();
    w.String("place", problem.place);
    w.String("message", problem.message);
    w.EndObject();
  }
  w.EndArray();
  w.UInt("problemCount", diff.problem_count);
  w.Strings("notes", diff.notes);
  w.EndObject();
  return text;
}

}  // namespace whylight
