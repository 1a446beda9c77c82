// Rows of a Parquet file as instances.
#include <algorithm>
#include <optional>
#include <utility>

#include "io/arrow_column.h"
#include "io/arrow_library.h"
#include "io/flat_value.h"
#include "io/instance_readers.h"
#include "io/json.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

// Releases what the C data interface gave.
template <typename T>
class Released : public T {
 public:
  Released() : T() {}
  ~Released() { Reset(); }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;

  void Reset() {
    if (this->release != nullptr) this->release(this);
    static_cast<T&>(*this) = T();
  }
};

class ParquetInstanceReader : public InstanceReader {
 public:
  explicit ParquetInstanceReader(const ReaderContext& context)
      : parser_(context.parser), options_(context.options) {}
  ~ParquetInstanceReader() override {
    batch_.Reset();
    if (arrow_ != nullptr) arrow_->close(file_);
  }

  Status Open(const std::string& path) {
    WHYLIGHT_ASSIGN_OR_RETURN(arrow_, LoadArrowForParquet());
    WHYLIGHT_RETURN_IF_ERROR(TakeArrowError(arrow_->open(path.c_str(), &file_, &schema_)));
    WHYLIGHT_RETURN_IF_ERROR(NameColumns());
    WHYLIGHT_RETURN_IF_ERROR(ChooseColumns());
    std::vector<int> indices;
    indices.reserve(columns_.size());
    for (const Column& column : columns_) indices.push_back(column.index);
    return TakeArrowError(arrow_->select(file_, indices.data(), indices.size()));
  }

  Result<std::optional<Instance>> Next() override {
    while (row_ == batch_.length) {
      batch_.Reset();
      row_ = 0;
      WHYLIGHT_RETURN_IF_ERROR(
          TakeArrowError(arrow_->next(file_, &batch_)).In("row " + std::to_string(count_)));
      if (batch_.release == nullptr) return std::optional<Instance>();
    }
    return std::optional<Instance>(ReadRow(row_++));
  }

 private:
  struct Column {
    int index = 0;  // In the file.
    ArrowColumnType type;
    FlatValue value;  // Of the row that is being read.
  };

  Status NameColumns() {
    for (std::int64_t i = 0; i < schema_.n_children; ++i) {
      std::string name = schema_.children[i]->name;
      if (std::ranges::find(names_, name) != names_.end()) {
        return InvalidArgument("two columns '" + Printable(name) + "'");
      }
      names_.push_back(std::move(name));
    }
    return OkStatus();
  }

  // As a CSV header does: the columns name the inputs, or the elements of the one input.
  Status ChooseColumns() {
    const std::vector<FieldSpec>& fields = parser_.fields();
    const auto names_a_field = [&](const std::string& name) {
      return parser_.Find(name) != nullptr;
    };
    const FieldSpec& first = fields[0];
    const bool is_vector =
        fields.size() == 1 && !(first.shape.IsKnown() && first.shape.elements() == 1);
    const bool has_elements = is_vector && std::ranges::none_of(names_, names_a_field);
    std::vector<std::string> used;
    if (has_elements) {
      WHYLIGHT_RETURN_IF_ERROR(NameElements(first));
      used = feature_names_;
    } else {
      for (const FieldSpec& field : fields) {
        const bool has_name = std::ranges::find(names_, field.name) != names_.end();
        used.push_back(has_name || field.alias.empty() ? field.name : field.alias);
      }
      field_columns_ = used;
    }
    for (const std::string& name : used) WHYLIGHT_RETURN_IF_ERROR(UseColumn(name));
    std::ranges::sort(columns_, {}, &Column::index);
    NoteUnused();
    return CheckKinds();
  }

  Status NameElements(const FieldSpec& field) {
    const bool has_count = field.shape.IsKnown();
    const auto wanted = has_count ? static_cast<std::size_t>(field.shape.elements()) : 0;
    if (options_.element_names.empty()) {
      options_.element_names = names_;
      if (has_count) options_.element_names.resize(std::min(wanted, names_.size()));
    }
    feature_names_ = options_.element_names;
    if (!has_count || feature_names_.size() == wanted) return OkStatus();
    return InvalidArgument("input '" + field.name + "' takes " + std::to_string(wanted) +
                           " values, got " + std::to_string(feature_names_.size()) + " columns");
  }

  Status UseColumn(const std::string& name) {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) {
      const std::string hint = DidYouMean(name, names_);
      return InvalidArgument(
          "no column '" + Printable(name) + "'" +
          (hint.empty()
               ? " (the signature takes " + Printable(parser_.FieldNames(), 200) +
                     "; the file has " +
                     (names_.empty() ? "no columns" : Printable(Join(names_, ", "), 200)) + ")"
               : hint));
    }
    const auto index = static_cast<int>(found - names_.begin());
    if (std::ranges::find(columns_, index, &Column::index) != columns_.end()) return OkStatus();
    const Result<ArrowColumnType> type = ArrowColumnType::Of(*schema_.children[index]);
    if (!type.ok()) return type.status().In("column '" + Printable(name) + "'");
    columns_.push_back({.index = index, .type = *type, .value = {}});
    return OkStatus();
  }

  void NoteUnused() {
    std::vector<std::string> unused;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const bool is_used =
          std::ranges::find(columns_, static_cast<int>(i), &Column::index) != columns_.end();
      if (!is_used) unused.push_back("column '" + Printable(names_[i]) + "'");
    }
    if (!unused.empty()) notes_.push_back(IgnoredNote(unused));
  }

  // A column of another kind than its input takes would be wrong in every row.
  Status CheckKinds() {
    for (const Column& column : columns_) {
      const FieldSpec* const named = parser_.Find(names_[static_cast<std::size_t>(column.index)]);
      const FieldSpec& field = named == nullptr ? parser_.fields()[0] : *named;
      const FlatValue none = column.type.NoValues();
      const bool may_be_picture =
          std::holds_alternative<std::vector<std::string_view>>(none.list) && options_.decode_image;
      if (may_be_picture) continue;
      const FieldSpec empty{.name = field.name, .dtype = field.dtype, .shape = {0}};
      WHYLIGHT_RETURN_IF_ERROR(FlatToTensor(none, empty, ColumnName(column), options_).status());
    }
    return OkStatus();
  }

  std::string ColumnName(const Column& column) const {
    return "column '" + Printable(names_[static_cast<std::size_t>(column.index)]) + "'";
  }

  Instance ReadRow(std::int64_t row) {
    Instance instance;
    instance.place = "row " + std::to_string(count_++);
    const Place place{.text = instance.place};
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      Column& column = columns_[c];
      Result<FlatValue> value = column.type.Read(*batch_.children[c], batch_.offset + row);
      if (!value.ok()) {
        const std::string& name = names_[static_cast<std::size_t>(column.index)];
        instance.status =
            Status(value.status().code(), place.Member(name) + value.status().message());
        return instance;
      }
      column.value = *std::move(value);
    }
    Result<std::vector<Tensor>> values = ReadFields(place);
    if (values.ok()) {
      instance.values = *std::move(values);
    } else {
      instance.status = values.status();
    }
    instance.source_json = Echo();
    return instance;
  }

  const FlatValue* Find(std::string_view name) const {
    const auto found = std::ranges::find_if(columns_, [&](const Column& column) {
      return names_[static_cast<std::size_t>(column.index)] == name;
    });
    return found == columns_.end() ? nullptr : &found->value;
  }

  Result<std::vector<Tensor>> ReadFields(const Place& place) const {
    std::vector<Tensor> values;
    if (field_columns_.empty()) {
      WHYLIGHT_ASSIGN_OR_RETURN(
          Tensor value, FlatElementsToTensor(
                            parser_.fields()[0], [&](std::string_view name) { return Find(name); },
                            [&](std::string_view name) { return place.Member(name); }, options_));
      values.push_back(std::move(value));
      return values;
    }
    for (std::size_t f = 0; f < field_columns_.size(); ++f) {
      WHYLIGHT_ASSIGN_OR_RETURN(Tensor value,
                                FlatToTensor(*Find(field_columns_[f]), parser_.fields()[f],
                                             place.Member(field_columns_[f]), options_));
      values.push_back(std::move(value));
    }
    return values;
  }

  // The columns that were read, as a request for them is written.
  std::string Echo() const {
    std::string json;
    JsonWriter w(&json, EchoOptions(options_));
    w.BeginObject();
    for (const Column& column : columns_) {
      w.Key(names_[static_cast<std::size_t>(column.index)]);
      WriteFlat(w, column.value, column.value.shape ? &*column.value.shape : nullptr);
    }
    w.EndObject();
    return json;
  }

  const InstanceParser& parser_;
  InstanceReaderOptions options_;  // With the names of the elements that the columns give.
  const WhylightArrow* arrow_ = nullptr;
  WhylightParquetReader* file_ = nullptr;
  Released<ArrowSchema> schema_;
  Released<ArrowArray> batch_;
  std::vector<std::string> names_;          // Of all columns of the file.
  std::vector<Column> columns_;             // Those that are read, in the file's order.
  std::vector<std::string> field_columns_;  // Of each field; empty: elements of the one field.
  std::int64_t row_ = 0;                    // Of the batch.
  std::size_t count_ = 0;
};

}  // namespace

Result<std::unique_ptr<InstanceReader>> MakeParquetReader(const ReaderContext& context,
                                                          const std::string& path) {
  auto reader = std::make_unique<ParquetInstanceReader>(context);
  WHYLIGHT_RETURN_IF_ERROR(reader->Open(path));
  return std::unique_ptr<InstanceReader>(std::move(reader));
}

}  // namespace whylight
