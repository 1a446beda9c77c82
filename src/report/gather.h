// A report from files of answers.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/pictures.h"
#include "report/report.h"
#include "whylight/json.h"
#include "whylight/status.h"

namespace whylight {

struct GatherOptions {
  std::vector<std::string> paths;  // JSON Lines, compressed or not; "-": standard input.
  std::string title;               // Empty: of the files' names.
  std::int64_t max_rows = 10'000;  // More are sampled, each as likely as any other.
  std::uint64_t seed = 0;
  std::int64_t max_pictures = 500;  // The others are shown as numbers.
  PictureDrawer::Options drawing;   // Method and adjustment are the report's own.
  std::function<bool()> cancelled;
};

struct GatheredReport {
  std::string page;         // HTML
  std::int64_t rows = 0;    // In it,
  std::int64_t total = 0;   // of so many.
  std::int64_t unread = 0;  // Lines that were none: they are failures in the report.
  Status first_unread;      // Why.
};

// Rows that failed are read from NAME.errors.jsonl beside NAME.jsonl, where explain writes them.
// Errors  kNotFound, kDataLoss, ...: as reading gives, with the file. kInvalidArgument: no line is
// an
//         answer; says why the first is none. kCancelled.
Result<GatheredReport> GatherReport(const GatherOptions& options);

// What stands beside a file of answers: "out.jsonl" and "out.jsonl.gz" -> "out" and the ending.
std::string AnswersPathWith(std::string_view ending, const std::string& path);

// Of more than 1000 numbers the 20 greatest, as [{"index": [3], "value": 0.5}, ...]; else as it is.
Json ShownPrediction(const Json& prediction);

}  // namespace whylight
