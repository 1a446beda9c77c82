// The C interface of libwhylight_arrow.so, the one object that knows Arrow's C++ library. Tables
// cross it in Arrow's C data interface (https://arrow.apache.org/docs/format/CDataInterface.html).
//
// A function that can fail returns a message, to be given to free(), or nullptr. None throws.
// Threads A handle belongs to one thread.
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
};

// The name and the type of what dlsym() finds. The number changes with this header.
#define WHYLIGHT_ARROW_ENTRY "whylight_arrow_1"
typedef const WhylightArrow* (*WhylightArrowEntry)();

}  // extern "C"
