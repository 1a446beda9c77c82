#include "io/csv.h"

#include <algorithm>

namespace whylight {
namespace {

// Adds the cells of `text` to the record. True if the last one is open: a quote that goes on in
// the next line.
Result<bool> ReadCells(std::string_view text, bool is_open, std::vector<CsvCell>* record) {
  std::size_t i = 0;
  while (true) {
    if (!is_open) {
      record->emplace_back();
      if (i < text.size() && text[i] == '"') {
        is_open = record->back().is_quoted = true;
        ++i;
      }
    }
    CsvCell& cell = record->back();
    if (is_open) {
      while (true) {
        const std::size_t quote = text.find('"', i);
        if (quote == std::string_view::npos) {
          cell.text += text.substr(i);
          return true;
        }
        cell.text += text.substr(i, quote - i);
        i = quote + 1;
        if (i == text.size() || text[i] != '"') break;
        cell.text += '"';
        ++i;
      }
      is_open = false;
      if (i < text.size() && text[i] != ',') {
        return InvalidArgument("text behind the closing quote of column " +
                               std::to_string(record->size()));
      }
    } else {
      const std::size_t comma = std::min(text.find(',', i), text.size());
      cell.text = text.substr(i, comma - i);
      if (cell.text.find('"') != std::string::npos) {
        return InvalidArgument("a quote inside column " + std::to_string(record->size()) +
                               ", which is not quoted (write the cell as \"...\" with \"\" for a "
                               "quote)");
      }
      i = comma;
    }
    if (i == text.size()) return false;
    ++i;  // The comma.
  }
}

}  // namespace

Result<bool> CsvReader::Next(std::vector<CsvCell>* record) {
  record->clear();
  std::string_view text;
  do {
    WHYLIGHT_ASSIGN_OR_RETURN(const bool has_line, lines_->Next(&text));
    if (!has_line) return false;
  } while (text.empty());
  line_ = lines_->number();
  std::size_t bytes = text.size();
  Result<bool> is_open = ReadCells(text, false, record);
  while (is_open.ok() && *is_open) {
    WHYLIGHT_ASSIGN_OR_RETURN(const bool has_line, lines_->Next(&text));
    if (!has_line) return InvalidArgument("a quote that never closes");
    bytes += text.size() + 1;
    if (bytes > LineReader::kMaxLineBytes) {
      return ResourceExhausted("line " + std::to_string(line_) + ": a record longer than " +
                               std::to_string(LineReader::kMaxLineBytes) + " bytes");
    }
    record->back().text += '\n';
    is_open = ReadCells(text, true, record);
  }
  if (!is_open.ok()) return is_open.status();
  return true;
}

}  // namespace whylight
