// Files of answers, row by row, whichever program wrote them:
//   JSON Lines of `whylight explain`, or of a service's batch explanation;
//   the response of an :explain call: {"explanations": [...], "predictions": [...]}, also over
//   several lines, in Vertex's words or the legacy ones (read_explanation.h);
//   JSON Lines of such explanations alone;
//   a folder: all its files but those of errors (explanation.errors_stats-00000-of-00001,
//   out.errors.jsonl), by name.
// What gzip compressed is read as what it was before.
//
// Threads An object belongs to one thread at a time.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "explain/read_explanation.h"
#include "io/files.h"
#include "whylight/status.h"

namespace whylight {

// Lines of a file of answers. Errors: as LineReader gives.
Result<std::unique_ptr<LineReader>> OpenAnswers(const std::string& path);

struct PlacedRow {
  std::string place;        // "line 3", "explanations[2]"; in a folder behind the file's name.
  Result<AnsweredRow> row;  // Errors: as ReadExplanation.
};

class AnswerReader {
 public:
  // `path` may be "-". Errors: as reading gives; kNotFound for a folder without such files.
  static Result<std::unique_ptr<AnswerReader>> Open(const std::string& path);

  // nullopt at the end. Errors: as reading gives.
  Result<std::optional<PlacedRow>> Next();

 private:
  AnswerReader() = default;

  Status OpenNextFile();
  Status ReadMore();  // The next line, or the whole document, into pending_.
  void Take(const std::string& place, Result<Json> json);

  std::deque<std::string> paths_;  // Still to be opened.
  bool names_files_ = false;       // In places.
  std::string prefix_;             // Of places in this file.
  std::unique_ptr<LineReader> lines_;
  std::deque<PlacedRow> pending_;
};

}  // namespace whylight
