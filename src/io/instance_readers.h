// The readers behind OpenInstances, one for each form. Private to io/.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/files.h"
#include "io/instance_parser.h"
#include "io/instances.h"
#include "io/json.h"
#include "whylight/status.h"

namespace whylight {

// What every reader is made of. `parser` and `options` outlive the reader.
struct ReaderContext {
  const InstanceParser& parser;
  const InstanceReaderOptions& options;
};

// How an instance's source_json is written of values that were not JSON.
inline JsonWriterOptions EchoOptions(const InstanceReaderOptions& options) {
  return {.non_finite = options.allow_non_finite ? JsonWriterOptions::NonFinite::kToken
                                                 : JsonWriterOptions::NonFinite::kNull};
}

std::unique_ptr<InstanceReader> MakeJsonLinesReader(const ReaderContext& context,
                                                    std::unique_ptr<LineReader> lines);

// Checks all of the text first, so that a request is refused as a whole or not at all.
Result<std::unique_ptr<InstanceReader>> MakeJsonDocumentReader(const ReaderContext& context,
                                                               std::string text);

Result<std::unique_ptr<InstanceReader>> MakeCsvReader(const ReaderContext& context,
                                                      std::unique_ptr<LineReader> lines);

Result<std::unique_ptr<InstanceReader>> MakeTfRecordReader(const ReaderContext& context,
                                                           std::unique_ptr<LineReader> bytes);

// `path` is of a regular file: Parquet is read from its end.
Result<std::unique_ptr<InstanceReader>> MakeParquetReader(const ReaderContext& context,
                                                          const std::string& path);

// "column 'a', column 'b' are no inputs and are ignored"
std::string IgnoredNote(const std::vector<std::string>& shown);

// Whether the bytes begin as a JPEG or a PNG does.
bool IsImage(std::string_view bytes);

// A value for a field that takes one string.
Tensor StringTensor(const FieldSpec& field, std::string bytes);

// One instance: the bytes as they are, or through options.decode_image.
Result<std::unique_ptr<InstanceReader>> MakeTextReader(const ReaderContext& context,
                                                       std::string bytes);
Result<std::unique_ptr<InstanceReader>> MakeImageReader(const ReaderContext& context,
                                                        std::string bytes);

}  // namespace whylight
