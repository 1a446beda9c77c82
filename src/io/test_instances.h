// What the tests of readers share.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/instances.h"
#include "io/json.h"

namespace whylight {

inline FieldSpec Field(std::string name, DType dtype, Shape shape = {}) {
  return {.name = std::move(name), .dtype = dtype, .shape = std::move(shape)};
}

// What a reader gives, as text: "place: values as JSON" or the error, one a line.
inline std::string ReadAsText(Result<std::unique_ptr<InstanceReader>> reader,
                              const std::vector<FieldSpec>& fields,
                              StatusCode bad_row = StatusCode::kInvalidArgument) {
  if (!reader.ok()) return "refused: " + reader.status().message();
  std::string out;
  while (true) {
    Result<std::optional<Instance>> next = (*reader)->Next();
    if (!next.ok()) return out + "stopped: " + next.status().message();
    if (!next->has_value()) return out;
    const Instance& instance = **next;
    if (!out.empty()) out += '\n';
    if (!instance.status.ok()) {
      EXPECT_EQ(instance.status.code(), bad_row);
      EXPECT_TRUE(instance.values.empty());
      out += instance.status.message();
      continue;
    }
    out += instance.place + ":";
    JsonWriter writer(&out, {.non_finite = JsonWriterOptions::NonFinite::kToken});
    for (std::size_t i = 0; i < fields.size(); ++i) {
      EXPECT_EQ(instance.values[i].dtype(), fields[i].dtype);
      EXPECT_TRUE(Compatible(instance.values[i].shape(), fields[i].shape)) << instance.place;
      out += ' ';
      writer.Value(instance.values[i]);
    }
  }
}

inline std::string ReadText(const std::string& text, const std::vector<FieldSpec>& fields,
                            const InstanceReaderOptions& options = {}) {
  return ReadAsText(ReadInstances(text, fields, options), fields);
}

}  // namespace whylight
