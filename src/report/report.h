// Explanations gathered for a page that shows them: features as columns, elements row by row.
//
// The page (web/) reads two blocks; web/src/report/data.ts says what is in them:
//   whylight-report    one JSON object: how it was explained, features, scores, totals, values
//   whylight-details   a JSON document a line, a line for each row: what only its own page shows
// A feature of one number or string has its value in a column; one of several elements has them in
// the details, and its total in a column. total(f) = sum of the attributions of f's elements.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/json.h"
#include "whylight/explainer.h"

namespace whylight {

// What a report says of itself.
struct ReportHead {
  std::string title;
  std::string created;  // ISO 8601, UTC.
  struct Source {
    std::string name;
    std::int64_t rows = 0;
  };
  std::vector<Source> sources;
  std::int64_t total_rows = 0;  // Of the sources; more than were added: a sample was.
  struct Failure {
    std::int64_t line = 0;
    std::string message;
  };
  std::vector<Failure> failures;  // Some of them.
  std::int64_t failure_count = 0;
};

// A row of an answer.
struct ReportRow {
  std::int64_t line = 0;                 // In its file, from 1.
  std::string_view run = "{}";           // JSON: how it was explained, the same for many rows.
  std::string_view prediction = "null";  // JSON.
  // Attributions sum to F(x) - F(baseline), but for the error: then, and only then, a gap is shown.
  bool is_complete = true;
  const Explanation& explanation;
};

class Report {
 public:
  // The object that shows a picture's attribution, of kind "image"; empty for a feature that is
  // none. Errors are the row's: it has no picture then.
  using DrawPicture = std::function<Result<std::string>(const FeatureAttribution& feature)>;

  explicit Report(DrawPicture draw = nullptr) : draw_(std::move(draw)) {}

  void Add(const ReportRow& row);

  std::size_t rows() const { return lines_.size(); }
  // "whylight-report".
  std::string Data(const ReportHead& head) const;
  // "whylight-details".
  const std::string& details() const { return details_; }

 private:
  enum class Kind { kOpaque, kNumber, kCategory, kVector, kTokens, kImage };
  struct Feature {
    std::string name;
    Kind kind = Kind::kOpaque;
    std::vector<std::string> elements;  // Their names, if all rows have the same.
    bool has_elements = false;          // Whether `elements` was set, or given up.
    std::vector<float> totals;          // Of each explanation.
    std::vector<double> numbers;        // Of each row.
    std::vector<std::uint32_t> codes;   // Of each row, into `dictionary`.
    std::vector<std::string> dictionary;
    std::map<std::string, std::uint32_t, std::less<>> code_of;
  };
  struct Target {
    std::string output;
    std::vector<std::int64_t> index;
    std::string label;
    bool operator==(const Target&) const = default;
  };
  struct Remark {
    Warning warning;
    std::int64_t count = 0;
    std::vector<std::uint32_t> rows;
  };

  Feature& FeatureOf(const std::string& name);
  std::uint32_t TargetOf(const OutputAttribution& attribution);
  void Note(const Warning& warning);
  void AddAttribution(const OutputAttribution& attribution, std::uint32_t run, bool is_complete);
  void AddFeature(const FeatureAttribution& feature, bool is_first, JsonWriter& w);
  void AddValue(const FeatureAttribution& feature, Feature& to);
  // The detail of a feature of several elements.
  Kind WriteElements(const FeatureAttribution& feature, JsonWriter& w);
  void WriteFeatures(JsonWriter& w) const;
  void WriteExplanations(JsonWriter& w) const;
  void WriteRemarks(JsonWriter& w) const;

  DrawPicture draw_;
  std::vector<std::string> runs_;
  std::vector<Feature> features_;
  std::map<std::string, std::size_t, std::less<>> feature_of_;
  std::vector<Target> targets_;
  std::vector<Remark> remarks_;
  std::vector<std::uint32_t> lines_;
  // Of each explanation.
  std::vector<std::uint32_t> row_, run_, target_, converged_;
  std::vector<double> score_, baseline_score_, error_, sum_;
  std::string details_;
};

}  // namespace whylight
