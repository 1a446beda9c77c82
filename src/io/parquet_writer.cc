// Rows into a Parquet file.
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <utility>

#include "io/arrow_library.h"
#include "io/row_writer.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kRowGroupBytes = std::size_t{32} << 20;
constexpr std::int64_t kRowGroupRows = 1 << 16;

// The C data interface's letter for the elements; nullptr for a dtype without one.
const char* FormatOf(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "b";
    case DType::kInt8:
      return "c";
    case DType::kUInt8:
      return "C";
    case DType::kInt16:
      return "s";
    case DType::kUInt16:
      return "S";
    case DType::kInt32:
      return "i";
    case DType::kUInt32:
      return "I";
    case DType::kInt64:
      return "l";
    case DType::kUInt64:
      return "L";
    case DType::kFloat16:
      return "e";
    case DType::kFloat32:
    case DType::kBFloat16:
      return "f";
    case DType::kFloat64:
      return "g";
    case DType::kString:
      return "u";
    default:
      return nullptr;
  }
}

// A tree of the C data interface that lives until Arrow is done with it. Arrow releases the root;
// the release of the others has nothing left to do.
template <typename T>
struct Exported {
  T c = {};
  std::vector<std::unique_ptr<Exported>> children;
  std::vector<T*> child_pointers;
  // What `c` points to.
  std::string format, name, metadata;
  std::vector<const void*> buffers;
  std::function<void()> free;  // Of a root.

  T* Finish() {
    for (const std::unique_ptr<Exported>& child : children)
      child_pointers.push_back(child->Finish());
    c.n_children = static_cast<std::int64_t>(children.size());
    c.children = child_pointers.data();
    c.release = [](T* released) { released->release = nullptr; };
    if constexpr (std::is_same_v<T, ArrowSchema>) {
      c.format = format.c_str();
      c.name = name.c_str();
      c.metadata = metadata.empty() ? nullptr : metadata.data();
    } else {
      c.n_buffers = static_cast<std::int64_t>(buffers.size());
      c.buffers = buffers.data();
    }
    return &c;
  }
};

// Takes the root over into `to`, whose release frees the whole tree.
template <typename T>
void HandOver(std::unique_ptr<Exported<T>> root, T* to) {
  root->Finish();
  *to = root->c;
  to->private_data = root.release();
  to->release = [](T* released) {
    delete static_cast<Exported<T>*>(released->private_data);
    released->release = nullptr;
  };
}

void SetBit(std::string& bits, std::int64_t index) {
  bits.resize(std::max(bits.size(), static_cast<std::size_t>(index / 8 + 1)));
  bits[static_cast<std::size_t>(index / 8)] |= static_cast<char>(1 << index % 8);
}

void AppendOffset(std::string& offsets, std::int64_t offset) {
  const auto narrow = static_cast<std::int32_t>(offset);
  offsets.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
}

// The values of a column in the row group that is being filled.
class ColumnBuffer {
 public:
  ColumnBuffer(std::string name, const Tensor& first)
      : name_(std::move(name)), dtype_(first.dtype()), is_list_(first.shape().rank() > 0) {
    Clear();
  }

  const std::string& name() const { return name_; }
  std::size_t bytes() const { return data_.size() + string_ends_.size() + list_ends_.size(); }
  std::int64_t rows() const { return rows_; }

  Status Add(const Tensor& value) {
    if (value.dtype() != dtype_ || (value.shape().rank() > 0) != is_list_) {
      return FailedPrecondition(Printable(name_, 120) + ": expected " + TypeText(dtype_, is_list_) +
                                " as in the first row, got " +
                                TypeText(value.dtype(), value.shape().rank() > 0) +
                                "; write TFRecord or JSON Lines");
    }
    SetBit(valid_, rows_);
    AddElements(value);
    EndRow();
    return OkStatus();
  }

  void AddNull() {
    if (!is_list_) AddElements(Tensor(dtype_, Shape{}));  // The place of a value must be there.
    ++nulls_;
    EndRow();
  }

  // Text or bytes, once and for all row groups, by what is in this one.
  void ChooseText() { is_text_ = IsText(); }
  Status CheckText() const {
    if (!is_text_ || IsText()) return OkStatus();
    return FailedPrecondition(Printable(name_, 120) +
                              ": expected text as in the first rows, got bytes that are not UTF-8; "
                              "write TFRecord or JSON Lines");
  }

  std::unique_ptr<Exported<ArrowSchema>> Schema() const {
    auto element = std::make_unique<Exported<ArrowSchema>>();
    element->format = dtype_ == DType::kString && !is_text_ ? "z" : FormatOf(dtype_);
    element->name = is_list_ ? "element" : name_;
    element->c.flags = kNullable;
    if (!is_list_) return element;
    auto list = std::make_unique<Exported<ArrowSchema>>();
    list->format = "+l";
    list->name = name_;
    list->c.flags = kNullable;
    list->children.push_back(std::move(element));
    return list;
  }

  // Points into the column: it stays as it is until the array is released.
  std::unique_ptr<Exported<ArrowArray>> Array() const {
    auto element = std::make_unique<Exported<ArrowArray>>();
    element->c.length = elements_;
    element->buffers = {nullptr};
    if (dtype_ == DType::kString) element->buffers.push_back(string_ends_.data());
    element->buffers.push_back(data_.data());
    Exported<ArrowArray>* top = element.get();
    std::unique_ptr<Exported<ArrowArray>> list;
    if (is_list_) {
      list = std::make_unique<Exported<ArrowArray>>();
      list->buffers = {nullptr, list_ends_.data()};
      list->children.push_back(std::move(element));
      top = list.get();
    }
    top->c.length = rows_;
    top->c.null_count = nulls_;
    if (nulls_ > 0) top->buffers[0] = valid_.data();
    return is_list_ ? std::move(list) : std::move(element);
  }

  void Clear() {
    rows_ = elements_ = nulls_ = 0;
    valid_.clear();
    data_.clear();
    string_ends_.clear();
    list_ends_.clear();
    AppendOffset(string_ends_, 0);
    AppendOffset(list_ends_, 0);
  }

 private:
  static constexpr std::int64_t kNullable = 2;  // ARROW_FLAG_NULLABLE

  static std::string TypeText(DType dtype, bool is_list) {
    return is_list ? "a list of " + DTypeName(dtype) : "one " + DTypeName(dtype);
  }

  void AddElements(const Tensor& value) {
    const auto count = static_cast<std::int64_t>(value.elements());
    if (dtype_ == DType::kString) {
      for (const std::string& text : value.strings()) {
        data_ += text;
        AppendOffset(string_ends_, static_cast<std::int64_t>(data_.size()));
      }
    } else if (dtype_ == DType::kBool) {
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t bit = elements_ + i;
        data_.resize(static_cast<std::size_t>(bit / 8 + 1));
        if (value.data<bool>()[static_cast<std::size_t>(i)]) SetBit(data_, bit);
      }
    } else if (dtype_ == DType::kBFloat16) {
      for (std::size_t i = 0; i < value.elements(); ++i) {
        const auto number = static_cast<float>(value.Number(i));
        data_.append(reinterpret_cast<const char*>(&number), sizeof number);
      }
    } else {
      data_.append(reinterpret_cast<const char*>(value.bytes().data()), value.bytes().size());
    }
    elements_ += count;
  }

  void EndRow() {
    AppendOffset(list_ends_, elements_);
    ++rows_;
    valid_.resize(static_cast<std::size_t>((rows_ + 7) / 8));
  }

  bool IsText() const {
    std::int32_t begin = 0;
    for (std::int64_t i = 1; i <= elements_ && dtype_ == DType::kString; ++i) {
      std::int32_t end = 0;
      std::memcpy(&end, string_ends_.data() + i * std::int64_t{sizeof end}, sizeof end);
      const auto size = static_cast<std::size_t>(end - begin);
      if (!IsValidUtf8(std::string_view(data_).substr(static_cast<std::size_t>(begin), size))) {
        return false;
      }
      begin = end;
    }
    return true;
  }

  std::string name_;
  DType dtype_;
  bool is_list_;
  bool is_text_ = true;
  std::int64_t rows_ = 0;
  std::int64_t elements_ = 0;
  std::int64_t nulls_ = 0;
  std::string valid_;        // A bit for each row.
  std::string data_;         // Elements, or the bytes of all strings.
  std::string string_ends_;  // int32: 0, then the end of each string.
  std::string list_ends_;    // int32: 0, then the end of each row's elements.
};

class ParquetWriter : public RowWriter {
 public:
  ParquetWriter(const WhylightArrow& arrow, LineWriter& out, std::string description)
      : arrow_(arrow), out_(out), description_(std::move(description)) {}
  ~ParquetWriter() override {
    // Arrow would end a file that is not finished as if it were.
    status_ = Status(StatusCode::kCancelled, "the file is given up");
    arrow_.discard(file_);
  }

  Status Write(const std::vector<RowValue>& row) override {
    if (columns_.empty()) WHYLIGHT_RETURN_IF_ERROR(MakeColumns(row));
    for (const RowValue& value : row) {
      const auto found = index_.find(value.name);
      if (found == index_.end()) {
        return FailedPrecondition(Printable(value.name, 120) +
                                  ": a column that the first row did not have, and Parquet has one "
                                  "set of columns; write TFRecord or JSON Lines");
      }
      ColumnBuffer& column = columns_[found->second];
      if (column.rows() > rows_) return TwoOfAName(value.name);
      WHYLIGHT_RETURN_IF_ERROR(column.Add(value.value));
    }
    ++rows_;
    std::size_t bytes = 0;
    for (ColumnBuffer& column : columns_) {
      if (column.rows() < rows_) column.AddNull();
      bytes += column.bytes();
    }
    return bytes < kRowGroupBytes && rows_ < kRowGroupRows ? OkStatus() : WriteRowGroup();
  }

  Status Close() override {
    WHYLIGHT_RETURN_IF_ERROR(WriteRowGroup());
    if (file_ == nullptr) WHYLIGHT_RETURN_IF_ERROR(Create());  // A file without rows is one too.
    return Outcome(arrow_.finish(file_));
  }

 private:
  Status MakeColumns(const std::vector<RowValue>& row) {
    for (const RowValue& value : row) {
      if (FormatOf(value.value.dtype()) == nullptr) {
        return Unimplemented(Printable(value.name, 120) + ": Parquet has no place for " +
                             DTypeName(value.value.dtype()) + "; write JSON Lines");
      }
      if (!index_.try_emplace(value.name, columns_.size()).second) return TwoOfAName(value.name);
      columns_.emplace_back(value.name, value.value);
    }
    return OkStatus();
  }

  static Status TwoOfAName(const std::string& name) {
    return FailedPrecondition(Printable(name, 120) + ": two values of this name; write JSON Lines");
  }

  // The file is made with its first row group, which tells text from bytes.
  Status Create() {
    auto root = std::make_unique<Exported<ArrowSchema>>();
    root->format = "+s";
    if (!description_.empty()) root->metadata = Metadata("whylight", description_);
    for (ColumnBuffer& column : columns_) {
      column.ChooseText();
      root->children.push_back(column.Schema());
    }
    ArrowSchema schema;
    HandOver(std::move(root), &schema);
    const WhylightTakeBytes take = [](void* context, const void* bytes, std::size_t size) {
      auto* const writer = static_cast<ParquetWriter*>(context);
      if (!writer->status_.ok()) return false;
      writer->status_ = writer->out_.WriteBytes({static_cast<const char*>(bytes), size});
      return writer->status_.ok();
    };
    return Outcome(arrow_.create(&schema, take, this, &file_));
  }

  Status WriteRowGroup() {
    if (rows_ == 0) return OkStatus();
    if (file_ == nullptr) WHYLIGHT_RETURN_IF_ERROR(Create());
    auto root = std::make_unique<Exported<ArrowArray>>();
    root->c.length = rows_;
    root->buffers = {nullptr};
    for (const ColumnBuffer& column : columns_) {
      WHYLIGHT_RETURN_IF_ERROR(column.CheckText());
      root->children.push_back(column.Array());
    }
    ArrowArray batch;
    HandOver(std::move(root), &batch);
    WHYLIGHT_RETURN_IF_ERROR(Outcome(arrow_.write(file_, &batch)));
    for (ColumnBuffer& column : columns_) column.Clear();
    rows_ = 0;
    return OkStatus();
  }

  // The reason of the file that took the bytes is better than Arrow's.
  Status Outcome(char* message) const {
    const Status status = TakeArrowError(message);
    return status_.ok() ? status : status_;
  }

  // Of the C data interface: a count of pairs, and each text behind its length.
  static std::string Metadata(std::string_view key, std::string_view value) {
    std::string bytes;
    AppendOffset(bytes, 1);
    for (const std::string_view text : {key, value}) {
      AppendOffset(bytes, std::ssize(text));
      bytes += text;
    }
    return bytes;
  }

  const WhylightArrow& arrow_;
  LineWriter& out_;
  std::string description_;
  std::vector<ColumnBuffer> columns_;
  std::map<std::string, std::size_t> index_;
  std::int64_t rows_ = 0;  // Of the row group that is being filled.
  WhylightParquetWriter* file_ = nullptr;
  Status status_;  // Of the bytes that `out_` took so far.
};

}  // namespace

Result<std::unique_ptr<RowWriter>> MakeParquetWriter(LineWriter& out, std::string description) {
  WHYLIGHT_ASSIGN_OR_RETURN(const WhylightArrow* const arrow, LoadArrowForParquet());
  return std::unique_ptr<RowWriter>(
      std::make_unique<ParquetWriter>(*arrow, out, std::move(description)));
}

}  // namespace whylight
