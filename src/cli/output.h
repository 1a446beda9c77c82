// Where answers go: lines or rows into a file or a pipe, failed rows beside them, progress on a
// terminal.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "batch/run.h"
#include "io/files.h"
#include "io/row_writer.h"

namespace whylight {

// What an answer is written as.
enum class AnswerForm {
  kLines,  // Of text.
  kRows,   // Of lists (explain/answer_rows.h), for Parquet and TFRecord.
  kCells,  // Rows of scalars, for CSV.
};

// Where answers go: lines of text, or the rows of a table that other programs read.
class AnswerWriter {
 public:
  struct Options {
    std::string path;    // "" and "-": standard output.
    std::string format;  // "tfrecord", "parquet", "csv"; "": as the extension says; else lines.
    std::string description;  // What holds for all rows, in JSON; only Parquet has a place for it.
  };
  // Errors  as LineWriter::Open; kUnavailable: no Arrow; kInvalidArgument: a compressed file, which
  //         is not written.
  static Result<std::unique_ptr<AnswerWriter>> Open(const Options& options);

  AnswerForm form() const { return form_; }
  Status Line(std::string_view line) { return out_->Write(line); }
  Status Row(const std::vector<RowValue>& row) { return rows_->Write(row); }
  Status Close();  // Makes a file appear. Without it a file is discarded.

 private:
  AnswerWriter() = default;

  std::unique_ptr<LineWriter> out_;
  std::unique_ptr<RowWriter> rows_;  // nullptr: lines.
  AnswerForm form_ = AnswerForm::kLines;
};

// Failed rows: into `path` if there is one (it appears only if a row failed), and the first few
// to standard error.
class FailureLog {
 public:
  explicit FailureLog(std::string path) : path_(std::move(path)) {}

  Status Add(const Instance& instance, const Status& why);
  Status Close();  // Prints how many rows failed and where they are.
  std::size_t count() const { return count_; }

 private:
  std::string path_;
  std::unique_ptr<LineWriter> writer_;
  std::size_t count_ = 0;
};

// "out.jsonl" -> "out.errors.jsonl"; "" for standard output.
std::string ErrorPathFor(const std::string& output_path);

// "  120 of 1000 rows   45.2/s   00:19 left", rewritten in place on standard error if that is a
// terminal; nothing otherwise.
class Progress {
 public:
  explicit Progress(std::size_t total);  // 0: not known.
  void Show(const BatchCounts& counts);
  void Clear();

 private:
  std::size_t total_;
  bool active_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point start_;
};

// Lines of a regular JSON Lines or CSV file, files of a directory; 0 if it cannot be told cheaply.
std::size_t CountInstances(const std::vector<std::string>& paths);

}  // namespace whylight
