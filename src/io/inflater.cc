#include "io/inflater.h"

#include <zlib.h>

namespace whylight {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 18;
constexpr int kGzipOrZlib = MAX_WBITS + 32;  // Told from the header.

}  // namespace

struct Inflater::State {
  z_stream stream{};
  bool is_within = false;  // A stream has begun and not ended.
};

Inflater::Inflater() : state_(std::make_unique<State>()) {
  WHYLIGHT_CHECK(inflateInit2(&state_->stream, kGzipOrZlib) == Z_OK);
}

Inflater::~Inflater() { inflateEnd(&state_->stream); }

Result<std::size_t> Inflater::Inflate(std::string_view input, std::string* output) {
  input = input.substr(0, kBlockBytes);
  z_stream& stream = state_->stream;
  const std::size_t size = output->size();
  output->resize(size + kBlockBytes);
  stream.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(input.data()));
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(output->data() + size);
  stream.avail_out = kBlockBytes;
  state_->is_within = true;
  const int code = inflate(&stream, Z_NO_FLUSH);
  output->resize(size + kBlockBytes - stream.avail_out);
  if (code == Z_STREAM_END) {
    state_->is_within = false;
    inflateReset(&stream);
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    return DataLoss(std::string("the compressed data are damaged (") +
                    (stream.msg != nullptr ? stream.msg : "zlib gives no reason") + ")");
  }
  return input.size() - stream.avail_in;
}

Status Inflater::Finish() const {
  if (!state_->is_within) return OkStatus();
  return DataLoss("the compressed data end in the middle");
}

}  // namespace whylight
