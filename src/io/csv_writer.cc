// Rows into comma-separated values.
#include <map>
#include <utility>

#include "io/json.h"
#include "io/row_writer.h"
#include "util/strings.h"

namespace whylight {
namespace {

// RFC 4180: a cell is quoted where it must be.
std::string Cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string TextOf(const Tensor& scalar) {
  if (scalar.is_string()) return scalar.strings()[0];
  std::string text;
  JsonWriter(&text, {.non_finite = JsonWriterOptions::NonFinite::kToken}).Value(scalar);
  return text;
}

class CsvWriter : public RowWriter {
 public:
  explicit CsvWriter(LineWriter& out) : out_(out) {}

  Status Write(const std::vector<RowValue>& row) override {
    if (columns_.empty()) WHYLIGHT_RETURN_IF_ERROR(WriteHeader(row));
    std::vector<std::string> cells(columns_.size());
    for (const RowValue& value : row) {
      if (value.value.shape().rank() > 0) {
        return Unimplemented(Printable(value.name, 120) +
                             ": a cell has no place for a list; write JSON Lines");
      }
      const auto column = columns_.find(value.name);
      if (column == columns_.end()) {
        return FailedPrecondition("no column '" + Printable(value.name, 120) +
                                  "': the columns are those of the first row; write JSON Lines");
      }
      cells[column->second] = Cell(TextOf(value.value));
    }
    return out_.Write(Join(cells, ","));
  }

  Status Close() override { return OkStatus(); }

 private:
  Status WriteHeader(const std::vector<RowValue>& row) {
    std::vector<std::string> names;
    for (const RowValue& value : row) {
      if (!columns_.emplace(value.name, columns_.size()).second) {
        return FailedPrecondition("two columns would be called '" + Printable(value.name, 120) +
                                  "'; write JSON Lines");
      }
      names.push_back(Cell(value.name));
    }
    return out_.Write(Join(names, ","));
  }

  LineWriter& out_;
  std::map<std::string, std::size_t> columns_;
};

}  // namespace

std::unique_ptr<RowWriter> MakeCsvWriter(LineWriter& out) {
  return std::make_unique<CsvWriter>(out);
}

}  // namespace whylight
