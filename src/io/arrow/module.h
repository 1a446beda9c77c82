// The C interface of libwhylight_arrow.so, the one object that knows Arrow's C++ library. Tables
// cross it in Arrow's C data interface (https://arrow.apache.org/docs/format/CDataInterface.html).
//
// A function that can fail returns a message, to be given to free(), or nullptr. None throws.
// Threads A handle belongs to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif

struct WhylightParquetReader;
struct WhylightParquetWriter;

// Takes bytes of a file in their order; false: an error of the taker, which ends the file.
typedef bool (*WhylightTakeBytes)(void* context, const void* bytes, std::size_t size);

struct WhylightBucket;
struct WhylightDownload;
struct WhylightUpload;

struct WhylightObject {
  const char* path;  // "bucket/folder/name", in no way encoded.
  bool is_folder;
  bool is_object;  // Neither: nothing there.
  std::int64_t size;
  std::int64_t modified_ns;  // Since 1970; 0 if it is not told.
};
typedef void (*WhylightTakeObject)(void* context, const WhylightObject* object);

struct WhylightBucketOptions {
  const char* uri;       // "gs://bucket?endpoint_override=...": Arrow's own options behind the ?.
  bool is_anonymous;     // Else as the provider's libraries find credentials.
  double retry_seconds;  // For one call.
};

// Objects of gs:// and s3://. A path begins with the bucket.
struct WhylightStorage {
  char* (*connect)(const WhylightBucketOptions* options, WhylightBucket** bucket);
  void (*disconnect)(WhylightBucket* bucket);
  char* (*stat)(WhylightBucket* bucket, const char* path, WhylightTakeObject take, void* context);
  // What lies in a folder, or below it at any depth; nothing is no error.
  char* (*list)(WhylightBucket* bucket, const char* path, bool is_deep, WhylightTakeObject take,
                void* context);

  // Bytes in their order; 0 of them at the end, when their checksum was found right.
  char* (*open)(WhylightBucket* bucket, const char* path, WhylightDownload** download);
  char* (*read)(WhylightDownload* download, void* to, std::size_t size, std::size_t* count);
  // What the bytes are stored as: "gzip" are unpacked on their way; "" as they are.
  char* (*encoding)(WhylightDownload* download, char** encoding);  // To be given to free().
  void (*close)(WhylightDownload* download);

  // An object appears when finish() has returned, not before.
  char* (*create)(WhylightBucket* bucket, const char* path, WhylightUpload** upload);
  char* (*write)(WhylightUpload* upload, const void* bytes, std::size_t size);
  char* (*finish)(WhylightUpload* upload);
  void (*discard)(WhylightUpload* upload);  // Of one that is not finished nothing is seen.
};

struct WhylightArrow {
  const char* arrow_version;  // "26.0.1"

  // `schema` is that of all columns, a struct. The caller releases it.
  char* (*open)(const char* path, WhylightParquetReader** reader, ArrowSchema* schema);
  // To be called once: what next() gives are these columns, by their index in the schema,
  // ascending.
  char* (*select)(WhylightParquetReader* reader, const int* columns, std::size_t count);
  // Rows that follow, as a struct of the columns, whose buffers were checked against each other;
  // one with release == nullptr at the end. The caller releases it. Memory for a few megabytes of
  // rows, whatever the row groups are.
  char* (*next)(WhylightParquetReader* reader, ArrowArray* batch);
  void (*close)(WhylightParquetReader* reader);  // nullptr is let be.

  // `schema` is a struct and is taken over; `context` goes to `take`.
  char* (*create)(ArrowSchema* schema, WhylightTakeBytes take, void* context,
                  WhylightParquetWriter** writer);
  // A row group: a struct of the schema's columns, which is taken over.
  char* (*write)(WhylightParquetWriter* writer, ArrowArray* batch);
  char* (*finish)(WhylightParquetWriter* writer);  // Writes what stands at the end of the file.
  void (*discard)(WhylightParquetWriter* writer);  // Frees it, finished or not; nullptr is let be.

  WhylightStorage storage;
};

// The name and the type of what dlsym() finds. The number changes with this header.
#define WHYLIGHT_ARROW_ENTRY "whylight_arrow_2"
typedef const WhylightArrow* (*WhylightArrowEntry)();

}  // extern "C"
