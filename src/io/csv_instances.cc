// CSV rows as instances.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "io/csv.h"
#include "io/instance_readers.h"
#include "io/json.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

using Record = std::vector<CsvCell>;

// A cell as std::from_chars reads it, with a plus sign allowed: 3, -0.5, .5, 1e3, nan, inf.
bool IsNumber(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

// Whether the text is a number in JSON too, so that an echo can hold it as it is.
bool IsJsonNumber(std::string_view text) {
  JsonReader reader(text);
  const bool is_finite = reader.Number().kind != JsonNumber::Kind::kNonFinite;
  return reader.Finish().ok() && is_finite && reader.offset() == text.size();
}

class CsvInstanceReader : public InstanceReader {
 public:
  CsvInstanceReader(const ReaderContext& context, std::unique_ptr<LineReader> lines)
      : parser_(context.parser), options_(context.options), csv_(std::move(lines)) {}

  Status ReadHeader() {
    Record record;
    WHYLIGHT_ASSIGN_OR_RETURN(const bool has_record, csv_.Next(&record));
    if (!has_record) return OkStatus();
    const bool is_numeric =
        std::ranges::all_of(record, [](const CsvCell& cell) { return IsNumber(cell.text); });
    const auto names_a_field = [&](const CsvCell& cell) {
      return parser_.Find(Trim(cell.text)) != nullptr;
    };
    if (is_numeric && std::ranges::none_of(record, names_a_field)) {
      first_row_ = std::move(record);
      return MapPositions(AllColumns(first_row_->size()));
    }
    for (const CsvCell& cell : record) header_.emplace_back(Trim(cell.text));
    for (std::size_t i = 0; i < header_.size(); ++i) {
      if (std::ranges::find(header_.begin(), header_.begin() + i, header_[i]) !=
          header_.begin() + i) {
        return InvalidArgument("the header has two columns '" + Printable(header_[i]) + "'");
      }
    }
    const bool is_vector = parser_.fields().size() == 1 && ElementCount(parser_.fields()[0]) != 1;
    if (!is_vector || std::ranges::any_of(record, names_a_field)) return MapFields();
    return options_.element_names.empty() ? MapHeaderInOrder() : MapElements();
  }

  Result<std::optional<Instance>> Next() override {
    if (!column_count_) return std::optional<Instance>();  // An empty file.
    Record record;
    Instance instance;
    if (first_row_) {
      record = *std::exchange(first_row_, std::nullopt);
    } else {
      Result<bool> has_record = csv_.Next(&record);
      if (has_record.ok() && !*has_record) return std::optional<Instance>();
      if (!has_record.ok()) {
        if (has_record.status().code() != StatusCode::kInvalidArgument) return has_record.status();
        instance.status = has_record.status();
        record.clear();
      }
    }
    instance.number = count_++;
    instance.place = "line " + std::to_string(csv_.line());
    if (instance.status.ok() && record.size() != *column_count_) {
      instance.status = InvalidArgument("expected " + std::to_string(*column_count_) +
                                        " columns, got " + std::to_string(record.size()));
    } else if (instance.status.ok()) {
      instance.source_json = Echo(record);
      instance.status = Convert(record, &instance.values);
    }
    if (!instance.status.ok()) {
      instance.values.clear();
      instance.status = instance.status.In(instance.place);
    }
    return std::optional<Instance>(std::move(instance));
  }

 private:
  // Elements of one value of the field; nullopt: any number.
  static std::optional<std::int64_t> ElementCount(const FieldSpec& field) {
    if (!field.shape.IsKnown()) return std::nullopt;
    return field.shape.elements();
  }

  static Shape OnesLike(const Shape& shape) {
    return Shape(std::vector<std::int64_t>(static_cast<std::size_t>(shape.rank()), 1));
  }

  std::string ColumnName(std::size_t column) const {
    return header_.empty() ? "column " + std::to_string(column + 1)
                           : "column '" + Printable(header_[column]) + "'";
  }

  void NoteIgnored(const std::vector<std::size_t>& columns) {
    if (columns.empty()) return;
    std::vector<std::string> names;
    names.reserve(columns.size());
    for (const std::size_t column : columns) names.push_back(ColumnName(column));
    notes_.push_back(IgnoredNote(names));
  }

  void NoteUnused() {
    std::vector<std::size_t> unused;
    for (std::size_t column = 0; column < header_.size(); ++column) {
      const auto uses = [column](const std::vector<std::size_t>& columns) {
        return std::ranges::find(columns, column) != columns.end();
      };
      const bool other = parser_.IsOtherMember(header_[column]);
      if (!other && std::ranges::none_of(columns_, uses)) unused.push_back(column);
    }
    NoteIgnored(unused);
  }

  // The header names every input; each has one element.
  Status MapFields() {
    column_count_ = header_.size();
    for (const FieldSpec& field : parser_.fields()) {
      auto found = std::ranges::find(header_, field.name);
      if (found == header_.end() && !field.alias.empty()) {
        found = std::ranges::find(header_, field.alias);
      }
      if (found == header_.end()) {
        return InvalidArgument("no column '" + Printable(field.name) + "' (the signature takes " +
                               Printable(parser_.FieldNames(), 200) + "; the header has " +
                               Printable(Join(header_, ", "), 200) + ")");
      }
      if (field.shape.has_rank() && !Compatible(field.shape, OnesLike(field.shape))) {
        return InvalidArgument("column '" + Printable(field.name) +
                               "': a cell holds one element, the input takes shape " +
                               field.shape.ToString());
      }
      columns_.push_back({static_cast<std::size_t>(found - header_.begin())});
    }
    NoteUnused();
    return OkStatus();
  }

  // The options name the elements of the one input.
  Status MapElements() {
    column_count_ = header_.size();
    columns_.emplace_back();
    for (const std::string& name : options_.element_names) {
      const auto found = std::ranges::find(header_, name);
      if (found == header_.end()) {
        return InvalidArgument("no column '" + Printable(name) + "'" + DidYouMean(name, header_));
      }
      columns_[0].push_back(static_cast<std::size_t>(found - header_.begin()));
    }
    feature_names_ = options_.element_names;
    NoteUnused();
    return CheckElementCount();
  }

  Status MapHeaderInOrder() {
    std::vector<std::size_t> elements = AllColumns(header_.size());
    std::erase_if(elements,
                  [&](std::size_t column) { return parser_.IsOtherMember(header_[column]); });
    WHYLIGHT_RETURN_IF_ERROR(MapPositions(elements));
    column_count_ = header_.size();
    for (const std::size_t column : columns_[0]) feature_names_.push_back(header_[column]);
    return OkStatus();
  }

  static std::vector<std::size_t> AllColumns(std::size_t count) {
    std::vector<std::size_t> columns(count);
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    return columns;
  }

  // The first of these columns are the elements of the one input.
  Status MapPositions(const std::vector<std::size_t>& columns) {
    column_count_ = columns.size();
    if (parser_.fields().size() > 1) {
      return InvalidArgument("no header: the first line must name the inputs " +
                             Printable(parser_.FieldNames(), 200));
    }
    const auto wanted = ElementCount(parser_.fields()[0]);
    const std::size_t used =
        wanted ? std::min(static_cast<std::size_t>(*wanted), columns.size()) : columns.size();
    const auto end = columns.begin() + static_cast<std::ptrdiff_t>(used);
    columns_.emplace_back(columns.begin(), end);
    NoteIgnored({end, columns.end()});
    return CheckElementCount();
  }

  Status CheckElementCount() {
    const FieldSpec& field = parser_.fields()[0];
    const auto wanted = ElementCount(field);
    const auto got = static_cast<std::int64_t>(columns_[0].size());
    if (wanted && *wanted != got) {
      return InvalidArgument("input '" + field.name + "' takes " + std::to_string(*wanted) +
                             " values, got " + std::to_string(got) + " columns");
    }
    if (!wanted && field.shape.has_rank() && field.shape.rank() > 1) {
      return InvalidArgument("input '" + field.name + "' of shape " + field.shape.ToString() +
                             " cannot be told from columns");
    }
    return OkStatus();
  }

  Status Convert(const Record& record, std::vector<Tensor>* values) const {
    for (std::size_t f = 0; f < columns_.size(); ++f) {
      const FieldSpec& field = parser_.fields()[f];
      // The cells become the JSON that such a value would have, so that one parser judges both.
      std::string json;
      JsonWriter writer(&json, {.non_finite = JsonWriterOptions::NonFinite::kToken});
      writer.BeginArray();
      for (const std::size_t column : columns_[f]) {
        WHYLIGHT_RETURN_IF_ERROR(
            WriteCell(record[column], field.dtype, writer).In(ColumnName(column)));
      }
      writer.EndArray();
      const FieldSpec flat{.name = field.name,
                           .dtype = field.dtype,
                           .shape = {static_cast<std::int64_t>(columns_[f].size())}};
      Result<Tensor> value = parser_.ParseField(json, flat, "");
      if (!value.ok()) return InElement(value.status(), columns_[f]);
      const Shape shape =
          field.shape.IsKnown() ? field.shape
          : field.shape.has_rank()
              ? Shape(std::vector<std::int64_t>(static_cast<std::size_t>(field.shape.rank()),
                                                value->shape().dim(0)))
          : columns_[f].size() == 1 && !header_.empty() ? Shape{}
                                                        : value->shape();
      values->push_back((*std::move(value)).Reshaped(shape));
    }
    return OkStatus();
  }

  // "[2]: expected ..." of the parser, with the column's name for the index.
  Status InElement(const Status& status, const std::vector<std::size_t>& columns) const {
    const std::string& message = status.message();
    std::size_t index = 0;
    const char* const begin = message.data() + (message.starts_with('[') ? 1 : 0);
    const auto [end, error] = std::from_chars(begin, message.data() + message.size(), index);
    const std::size_t colon = message.find("]: ");
    if (error != std::errc() || colon == std::string::npos || index >= columns.size()) {
      return status;
    }
    return Status(status.code(), ColumnName(columns[index]) + ": " + message.substr(colon + 3));
  }

  static Status WriteCell(const CsvCell& cell, DType dtype, JsonWriter& writer) {
    if (cell.text.empty() && !(cell.is_quoted && dtype == DType::kString)) {
      return InvalidArgument("the cell is empty");
    }
    if (dtype == DType::kString) {
      writer.String(cell.text);
      return OkStatus();
    }
    const std::string_view text = Trim(cell.text);
    if (dtype == DType::kBool) {
      const bool is_true = EqualsIgnoreCase(text, "true") || text == "1";
      if (!is_true && !EqualsIgnoreCase(text, "false") && text != "0") {
        return InvalidArgument("expected true or false, got \"" + Printable(text, 40) + "\"");
      }
      writer.Bool(is_true);
      return OkStatus();
    }
    if (IsJsonNumber(text)) {
      writer.Raw(text);
      return OkStatus();
    }
    if (!IsNumber(text)) {
      return InvalidArgument("expected a number, got \"" + Printable(text, 40) + "\"");
    }
    // Numbers in a form that JSON does not have: +3, .5, 5., 007, nan, inf.
    double value = 0;
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc()) {
      return InvalidArgument(Printable(text, 40) + " is out of range of a 64-bit float");
    }
    // An integer stays one: 007 and +3 lose their zeros and sign, not their digits.
    if (digits.find_first_not_of("-0123456789") == std::string_view::npos) {
      const bool is_negative = digits.starts_with('-');
      const std::size_t first = digits.find_first_not_of("-0");
      const std::string_view kept =
          first == std::string_view::npos ? std::string_view("0") : digits.substr(first);
      writer.Raw((is_negative ? "-" : "") + std::string(kept));
    } else {
      writer.Double(value);
    }
    return OkStatus();
  }

  std::string Echo(const Record& record) const {
    std::string json;
    JsonWriter writer(&json);
    if (header_.empty()) {
      writer.BeginArray();
    } else {
      writer.BeginObject();
    }
    for (std::size_t column = 0; column < record.size(); ++column) {
      if (!header_.empty()) writer.Key(header_[column]);
      const std::string& text = record[column].text;
      if (!record[column].is_quoted && IsJsonNumber(text)) {
        writer.Raw(text);
      } else {
        writer.String(text);
      }
    }
    if (header_.empty()) {
      writer.EndArray();
    } else {
      writer.EndObject();
    }
    return json;
  }

  const InstanceParser& parser_;
  const InstanceReaderOptions& options_;
  CsvReader csv_;
  std::vector<std::string> header_;  // Empty: none.
  std::optional<Record> first_row_;  // Read already, to see that it is no header.
  std::optional<std::size_t> column_count_;
  std::vector<std::vector<std::size_t>> columns_;  // Of each field, in the order of its elements.
  std::size_t count_ = 0;
};

}  // namespace

Result<std::unique_ptr<InstanceReader>> MakeCsvReader(const ReaderContext& context,
                                                      std::unique_ptr<LineReader> lines) {
  auto reader = std::make_unique<CsvInstanceReader>(context, std::move(lines));
  WHYLIGHT_RETURN_IF_ERROR(reader->ReadHeader());
  return std::unique_ptr<InstanceReader>(std::move(reader));
}

}  // namespace whylight
