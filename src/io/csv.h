// Records of comma-separated values (RFC 4180).
//
// Quoted cells may hold commas, quotes ("" is one) and line breaks; LF, CR LF and CR alone end a
// record; a byte order mark is skipped; blank lines are skipped. Memory for one record.
// Threads A reader belongs to one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "io/files.h"
#include "whylight/status.h"

namespace whylight {

struct CsvCell {
  std::string text;
  bool is_quoted = false;
};

class CsvReader {
 public:
  explicit CsvReader(std::unique_ptr<LineReader> lines) : lines_(std::move(lines)) {}

  // False at the end. Errors: kInvalidArgument with the line: a quote that never closes, text
  // behind a closing quote, a quote inside an unquoted cell. kInvalidArgument leaves the reader
  // at the record behind the bad one, so that one bad record does not hide the rest.
  Result<bool> Next(std::vector<CsvCell>* record);
  std::size_t line() const { return line_; }  // Where the last record began, from 1.

 private:
  std::unique_ptr<LineReader> lines_;
  std::size_t line_ = 0;
};

}  // namespace whylight
