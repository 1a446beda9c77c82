// Parquet, and the table of all functions of the module.
#include "io/arrow/module.h"

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/io/file.h>
#include <arrow/util/config.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "io/arrow/storage.h"
#include "io/arrow/try.h"

namespace {

using whylight::arrow_module::Try;

constexpr std::int64_t kBatchBytes = 8 << 20;
constexpr std::int64_t kMaxBatchRows = 4096;
constexpr std::int64_t kColumnBufferBytes = 1 << 18;

// Bytes on their way to somebody else's file.
class TakenStream : public arrow::io::OutputStream {
 public:
  TakenStream(WhylightTakeBytes take, void* context) : take_(take), context_(context) {}

  arrow::Status Write(const void* data, std::int64_t size) override {
    if (!take_(context_, data, static_cast<std::size_t>(size))) {
      return arrow::Status::IOError("the file cannot be written");
    }
    position_ += size;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

 private:
  WhylightTakeBytes take_;
  void* context_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

// The leaves of a column, which are Parquet's own columns.
void AddLeaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const parquet::arrow::SchemaField& child : field.children) AddLeaves(child, leaves);
}

// So many rows that a batch of these leaves has a few megabytes.
std::int64_t RowsOfABatch(const parquet::FileMetaData& metadata, const std::vector<int>& leaves) {
  std::int64_t most_bytes = 1;  // Of a row, in the row group whose rows are largest.
  for (int g = 0; g < metadata.num_row_groups(); ++g) {
    const auto group = metadata.RowGroup(g);
    std::int64_t bytes = 0;
    for (const int leaf : leaves) bytes += group->ColumnChunk(leaf)->total_uncompressed_size();
    most_bytes = std::max(most_bytes, bytes / std::max<std::int64_t>(group->num_rows(), 1));
  }
  return std::clamp<std::int64_t>(kBatchBytes / most_bytes, 1, kMaxBatchRows);
}

}  // namespace

struct WhylightParquetReader {
  std::unique_ptr<parquet::arrow::FileReader> file;
  std::unique_ptr<arrow::RecordBatchReader> batches;
};

struct WhylightParquetWriter {
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<TakenStream> stream;
  std::unique_ptr<parquet::arrow::FileWriter> file;
};

namespace {

char* Open(const char* path, WhylightParquetReader** reader, ArrowSchema* schema) {
  return Try([&]() -> arrow::Status {
    auto opened = std::make_unique<WhylightParquetReader>();
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::io::ReadableFile::Open(path));
    parquet::ReaderProperties properties;
    properties.enable_buffered_stream();  // Else all of a column's row group is read at once.
    properties.set_buffer_size(kColumnBufferBytes);
    properties.set_page_checksum_verification(true);
    parquet::ArrowReaderProperties arrow_properties;
    arrow_properties.set_use_threads(false);
    arrow_properties.set_pre_buffer(false);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(file, properties));
    ARROW_ASSIGN_OR_RAISE(opened->file, builder.properties(arrow_properties)->Build());
    std::shared_ptr<arrow::Schema> of_file;
    ARROW_RETURN_NOT_OK(opened->file->GetSchema(&of_file));
    ARROW_RETURN_NOT_OK(arrow::ExportSchema(*of_file, schema));
    *reader = opened.release();
    return arrow::Status::OK();
  });
}

char* Select(WhylightParquetReader* reader, const int* columns, std::size_t count) {
  return Try([&]() -> arrow::Status {
    parquet::arrow::FileReader& file = *reader->file;
    std::vector<int> leaves;
    for (std::size_t i = 0; i < count; ++i) {
      AddLeaves(file.manifest().schema_fields.at(static_cast<std::size_t>(columns[i])), leaves);
    }
    file.set_batch_size(RowsOfABatch(*file.parquet_reader()->metadata(), leaves));
    std::vector<int> groups(static_cast<std::size_t>(file.num_row_groups()));
    std::iota(groups.begin(), groups.end(), 0);
    ARROW_ASSIGN_OR_RAISE(reader->batches, file.GetRecordBatchReader(groups, leaves));
    return arrow::Status::OK();
  });
}

char* Next(WhylightParquetReader* reader, ArrowArray* out) {
  *out = ArrowArray();
  return Try([&]() -> arrow::Status {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->batches->ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    return arrow::ExportRecordBatch(*batch, out);
  });
}

void Close(WhylightParquetReader* reader) { delete reader; }

char* Create(ArrowSchema* schema, WhylightTakeBytes take, void* context,
             WhylightParquetWriter** writer) {
  return Try([&]() -> arrow::Status {
    auto created = std::make_unique<WhylightParquetWriter>();
    ARROW_ASSIGN_OR_RAISE(created->schema, arrow::ImportSchema(schema));
    created->stream = std::make_shared<TakenStream>(take, context);
    parquet::WriterProperties::Builder properties;
    properties.compression(parquet::Compression::SNAPPY);  // As pyarrow and pandas do.
    parquet::ArrowWriterProperties::Builder arrow_properties;
    arrow_properties.store_schema();  // And its metadata.
    ARROW_ASSIGN_OR_RAISE(created->file,
                          parquet::arrow::FileWriter::Open(
                              *created->schema, arrow::default_memory_pool(), created->stream,
                              properties.build(), arrow_properties.build()));
    *writer = created.release();
    return arrow::Status::OK();
  });
}

char* Write(WhylightParquetWriter* writer, ArrowArray* rows) {
  return Try([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto batch, arrow::ImportRecordBatch(rows, writer->schema));
    ARROW_ASSIGN_OR_RAISE(auto table, arrow::Table::FromRecordBatches({batch}));
    return writer->file->WriteTable(*table, std::max<std::int64_t>(batch->num_rows(), 1));
  });
}

char* Finish(WhylightParquetWriter* writer) {
  return Try([&]() -> arrow::Status { return writer->file->Close(); });
}

void Discard(WhylightParquetWriter* writer) {
  try {
    delete writer;  // Arrow closes a file that is not finished.
  } catch (const std::exception&) {
  }
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const WhylightArrow* whylight_arrow_2() {
  static const WhylightArrow module = {
      .arrow_version = ARROW_VERSION_STRING,
      .open = Open,
      .select = Select,
      .next = Next,
      .close = Close,
      .create = Create,
      .write = Write,
      .finish = Finish,
      .discard = Discard,
      .storage = whylight::arrow_module::kStorage,
  };
  return &module;
}
