// JSON Lines and JSON documents.
#include <algorithm>
#include <optional>
#include <utility>

#include "io/instance_readers.h"
#include "io/json.h"
#include "util/strings.h"

namespace whylight {
namespace {

Instance ParseInstance(const InstanceParser& parser, std::string_view json, const Place& place,
                       std::size_t first_line = 1) {
  Instance instance;
  instance.place = place.text;
  Result<std::vector<Tensor>> values = parser.Parse(json, place, first_line);
  if (values.ok()) {
    instance.values = *std::move(values);
  } else {
    instance.status = values.status();
  }
  JsonReader reader(json);
  reader.Skip();
  if (reader.Finish().ok()) instance.source_json = CompactJson(json);
  return instance;
}

class JsonLinesReader : public InstanceReader {
 public:
  JsonLinesReader(const ReaderContext& context, std::unique_ptr<LineReader> lines)
      : parser_(context.parser), lines_(std::move(lines)) {}

  Result<std::optional<Instance>> Next() override {
    std::string_view line;
    do {
      WHYLIGHT_ASSIGN_OR_RETURN(const bool has_line, lines_->Next(&line));
      if (!has_line) return std::optional<Instance>();
    } while (Trim(line).empty());
    const std::size_t number = lines_->number();
    Instance instance =
        ParseInstance(parser_, line, {.text = "line " + std::to_string(number)}, number);
    instance.number = count_++;
    return std::optional<Instance>(std::move(instance));
  }

 private:
  const InstanceParser& parser_;
  std::unique_ptr<LineReader> lines_;
  std::size_t count_ = 0;
};

// A document is read twice: once to check it and to find where each row's text stands, and once
// row by row, when it is asked for. So a request of many images is never in memory as numbers.
class JsonDocumentReader : public InstanceReader {
 public:
  JsonDocumentReader(const ReaderContext& context, std::string text)
      : parser_(context.parser), text_(std::move(text)) {}

  Status Scan() {
    JsonReader reader(text_);
    const bool is_object = reader.Peek() == JsonReader::Kind::kObject && !IsBase64Object(text_);
    if (!is_object) {
      const std::string_view value = reader.Skip();
      WHYLIGHT_RETURN_IF_ERROR(reader.Finish());
      if (value.starts_with('[') && parser_.IsListOfInstances(value)) {
        place_ = "instances";
        return ScanRows(value);
      }
      return ScanSingle(value);
    }
    std::vector<std::pair<std::string, std::string_view>> members;
    std::string key;
    KeySet keys;
    reader.BeginObject();
    while (reader.NextKey(&key)) {
      if (!keys.Insert(key)) reader.Fail("key \"" + Printable(key) + "\" stands twice");
      const std::string_view value = reader.Skip();
      members.emplace_back(key, value);
    }
    WHYLIGHT_RETURN_IF_ERROR(reader.Finish());
    return ScanMembers(members);
  }

  Result<std::optional<Instance>> Next() override {
    if (next_ == row_count_) return std::optional<Instance>();
    const std::size_t row = next_++;
    Instance instance = columns_.empty() ? ParseRow(row) : ParseColumns(row);
    instance.number = row;
    return std::optional<Instance>(std::move(instance));
  }

 private:
  using Rows = std::vector<std::string_view>;
  struct Column {
    const FieldSpec* field = nullptr;
    std::string place;  // "inputs.age"
    Rows rows;
  };

  static Rows Elements(std::string_view array) {
    Rows rows;
    JsonReader reader(array);
    reader.BeginArray();
    while (reader.NextElement()) rows.push_back(reader.Skip());
    return rows;
  }

  Status ScanSingle(std::string_view value) {
    place_ = "instance";
    is_single_ = true;
    rows_ = {value};
    row_count_ = 1;
    return OkStatus();
  }

  Status ScanRows(std::string_view array) {
    if (!array.starts_with('[')) {
      return InvalidArgument("instances: expected an array of instances, got " +
                             Printable(array, 40));
    }
    rows_ = Elements(array);
    row_count_ = rows_.size();
    if (rows_.empty()) return InvalidArgument("instances: expected at least one, got []");
    return OkStatus();
  }

  Status ScanMembers(const std::vector<std::pair<std::string, std::string_view>>& members) {
    std::optional<std::string_view> instances, inputs;
    for (const auto& [key, value] : members) {
      if (key == "instances" && parser_.IsRequestMember(key, value)) instances = value;
      if (key == "inputs" && parser_.IsRequestMember(key, value)) inputs = value;
    }
    if (!instances && !inputs) return ScanSingle(Trim(text_));
    if (instances && inputs) {
      return InvalidArgument("expected either \"instances\" or \"inputs\", got both");
    }
    for (const auto& [key, value] : members) {
      if (key == "instances" || key == "inputs") continue;
      Result<Json> member = ParseJson(value);
      if (!member.ok()) return member.status().In(Printable(key));
      if (key == "signature_name") {
        if (!member->is_string()) {
          return InvalidArgument("signature_name: expected a string, got " + Describe(*member));
        }
        signature_name_ = member->string();
      } else {
        request_.object().emplace_back(key, *std::move(member));
      }
    }
    if (instances) {
      place_ = "instances";
      return ScanRows(*instances);
    }
    return parser_.has_rows() ? ScanColumns(*inputs) : ScanSingle(*inputs);
  }

  Status ScanColumns(std::string_view inputs) {
    const std::vector<FieldSpec>& fields = parser_.fields();
    const bool is_object = inputs.starts_with('{') && !IsBase64Object(inputs);
    if (!is_object) {
      if (fields.size() > 1) {
        return InvalidArgument("inputs: expected an object with " + parser_.FieldNames() +
                               ", got " + Printable(inputs, 40));
      }
      columns_.push_back({.field = &fields[0], .place = "inputs"});
      return ScanColumn(inputs, columns_[0]);
    }
    JsonReader reader(inputs);
    std::string key;
    columns_.resize(fields.size());
    reader.BeginObject();
    while (reader.NextKey(&key)) {
      const FieldSpec* const field = parser_.Find(key);
      if (field == nullptr) {
        return InvalidArgument("inputs: unknown key '" + Printable(key) +
                               "' (the signature takes " + parser_.FieldNames() + ")");
      }
      Column& column = columns_[static_cast<std::size_t>(field - fields.data())];
      const std::string place = "inputs." + Printable(key, 120);
      if (column.field != nullptr) return InvalidArgument(place + ": stands twice");
      column.field = field;
      column.place = place;
      WHYLIGHT_RETURN_IF_ERROR(ScanColumn(reader.Skip(), column));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (columns_[i].field != nullptr) continue;
      return InvalidArgument("inputs." + Printable(fields[i].name, 120) +
                             ": missing (the signature takes " + parser_.FieldNames() + ")");
    }
    return OkStatus();
  }

  Status ScanColumn(std::string_view value, Column& column) {
    if (!value.starts_with('[')) {
      return InvalidArgument(column.place + ": expected a list with a value for each row, got " +
                             Printable(value, 40));
    }
    column.rows = Elements(value);
    const auto counted = [](const Column& c) { return !c.rows.empty(); };
    const auto first = std::ranges::find_if(columns_, counted);
    if (column.rows.empty())
      return InvalidArgument(column.place + ": expected at least one row, got []");
    if (first->rows.size() != column.rows.size()) {
      return InvalidArgument("inputs: every input needs as many rows, got " +
                             std::to_string(first->rows.size()) + " in " + first->place + " and " +
                             std::to_string(column.rows.size()) + " in " + column.place);
    }
    row_count_ = column.rows.size();
    return OkStatus();
  }

  Instance ParseRow(std::size_t row) const {
    Place place{.text = place_, .is_path = true};
    if (!is_single_) place.text += "[" + std::to_string(row) + "]";
    return ParseInstance(parser_, rows_[row], place);
  }

  Instance ParseColumns(std::size_t row) const {
    Instance instance;
    instance.place = "row " + std::to_string(row);
    instance.source_json.clear();
    JsonWriter writer(&instance.source_json);
    const bool is_object = columns_.size() > 1 || columns_[0].place != "inputs";
    if (is_object) writer.BeginObject();
    for (const Column& column : columns_) {
      Result<Tensor> value = parser_.ParseField(column.rows[row], *column.field,
                                                column.place + "[" + std::to_string(row) + "]");
      if (value.ok()) {
        instance.values.push_back(*std::move(value));
      } else if (instance.status.ok()) {
        instance.status = value.status();
      }
      if (is_object) writer.Key(column.field->name);
      writer.Raw(CompactJson(column.rows[row]));
    }
    if (is_object) writer.EndObject();
    if (!instance.status.ok()) instance.values.clear();
    return instance;
  }

  const InstanceParser& parser_;
  std::string text_;
  std::string place_;  // "instances"
  bool is_single_ = false;
  Rows rows_;
  std::vector<Column> columns_;  // Of the column form; in the order of the fields.
  std::size_t row_count_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<InstanceReader> MakeJsonLinesReader(const ReaderContext& context,
                                                    std::unique_ptr<LineReader> lines) {
  return std::make_unique<JsonLinesReader>(context, std::move(lines));
}

Result<std::unique_ptr<InstanceReader>> MakeJsonDocumentReader(const ReaderContext& context,
                                                               std::string text) {
  auto reader = std::make_unique<JsonDocumentReader>(context, std::move(text));
  WHYLIGHT_RETURN_IF_ERROR(reader->Scan());
  return std::unique_ptr<InstanceReader>(std::move(reader));
}

}  // namespace whylight
