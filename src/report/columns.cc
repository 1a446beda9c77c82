#include "report/columns.h"

#include <bit>
#include <string_view>

#include "util/base64.h"

namespace whylight {
namespace {

static_assert(std::endian::native == std::endian::little, "columns are little-endian");

template <typename Number>
void Write(JsonWriter& w, std::string_view type, std::span<const Number> values) {
  w.BeginObject();
  w.String(type, EncodeColumn(std::as_bytes(values)));
  w.EndObject();
}

}  // namespace

void WriteColumn(JsonWriter& w, std::span<const double> values) { Write(w, "f64", values); }
void WriteColumn(JsonWriter& w, std::span<const float> values) { Write(w, "f32", values); }
void WriteColumn(JsonWriter& w, std::span<const std::uint32_t> values) { Write(w, "u32", values); }

std::string EncodeColumn(std::span<const std::byte> bytes) {
  return Base64Encode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace whylight
