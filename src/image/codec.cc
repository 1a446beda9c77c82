#include "image/codec.h"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <png.h>
// Which needs <cstddef> and <cstdio>.
#include <jpeglib.h>

#include "util/strings.h"

// What libjpeg and libpng call stderr (CMakeLists.txt says why). They print nothing here.
extern "C" std::FILE* whylight_standard_error;
std::FILE* whylight_standard_error = stderr;

namespace whylight {
namespace {

constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegSignature = "\xff\xd8\xff";

const unsigned char* UnsignedBytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Status CheckPixels(std::int64_t width, std::int64_t height, const DecodeOptions& options) {
  if (width * height <= options.max_pixels) return OkStatus();  // Both are below 2^31.
  return ResourceExhausted("image: expected at most " + std::to_string(options.max_pixels) +
                           " pixels, got " + std::to_string(width) + " x " +
                           std::to_string(height));
}

// a * b / 255 to the nearest integer.
std::uint8_t MultiplyShares(unsigned a, unsigned b) {
  return static_cast<std::uint8_t>((a * b + 127) / 255);
}

// --- JPEG ---

// As libpng's, below: libjpeg's errors jump over frames without running destructors, so what calls
// setjmp, and all that libjpeg calls back, hold nothing but plain values.
struct JpegErrors {
  jpeg_error_mgr manager{};  // First: libjpeg hands over its address.
  std::jmp_buf jump{};
  std::array<char, JMSG_LENGTH_MAX> message{};  // The error, or the first warning.
  bool warned = false;
};

JpegErrors& ErrorsOf(j_common_ptr jpeg) { return *reinterpret_cast<JpegErrors*>(jpeg->err); }

[[noreturn]] void OnJpegError(j_common_ptr jpeg) {
  JpegErrors& errors = ErrorsOf(jpeg);
  jpeg->err->format_message(jpeg, errors.message.data());
  std::longjmp(errors.jump, 1);
}

void OnJpegMessage(j_common_ptr jpeg, int level) {
  JpegErrors& errors = ErrorsOf(jpeg);
  if (level >= 0 || errors.warned) return;  // A trace.
  errors.warned = true;
  jpeg->err->format_message(jpeg, errors.message.data());
}

void Install(JpegErrors& errors) {
  jpeg_std_error(&errors.manager);
  errors.manager.error_exit = OnJpegError;
  errors.manager.emit_message = OnJpegMessage;
}

// A scan of a few bytes costs a pass over all pixels: their number is limited.
constexpr int kMaxScans = 500;
void OnJpegProgress(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= kMaxScans) return;
  std::snprintf(ErrorsOf(jpeg).message.data(), JMSG_LENGTH_MAX, "more than %d scans", kMaxScans);
  std::longjmp(ErrorsOf(jpeg).jump, 1);
}

struct JpegReader {
  jpeg_decompress_struct jpeg{};
  JpegErrors errors;
  jpeg_progress_mgr progress{};

  JpegReader() {
    Install(errors);
    jpeg.err = &errors.manager;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg); }
};

bool ReadJpegHeader(JpegReader* reader, std::string_view bytes) {
  if (setjmp(reader->errors.jump) != 0) return false;
  jpeg_create_decompress(&reader->jpeg);
  reader->progress.progress_monitor = OnJpegProgress;
  reader->jpeg.progress = &reader->progress;
  jpeg_mem_src(&reader->jpeg, UnsignedBytes(bytes), bytes.size());
  jpeg_read_header(&reader->jpeg, TRUE);
  return true;
}

// As `color_space`, row by row.
bool ReadJpegPixels(JpegReader* reader, J_COLOR_SPACE color_space, std::uint8_t* pixels) {
  if (setjmp(reader->errors.jump) != 0) return false;
  reader->jpeg.out_color_space = color_space;
  jpeg_start_decompress(&reader->jpeg);
  const std::size_t row_bytes = std::size_t{reader->jpeg.output_width} *
                                static_cast<std::size_t>(reader->jpeg.output_components);
  while (reader->jpeg.output_scanline < reader->jpeg.output_height) {
    JSAMPROW row = pixels + row_bytes * reader->jpeg.output_scanline;
    jpeg_read_scanlines(&reader->jpeg, &row, 1);
  }
  jpeg_finish_decompress(&reader->jpeg);
  return true;
}

// libjpeg reports the first thing it found odd. If that is bytes before the end marker (0xd9), the
// last scan had already been read in full.
bool IsDamaged(const JpegErrors& errors) {
  return errors.warned &&
         std::string_view(errors.message.data()).find("extraneous bytes before marker 0xd9") ==
             std::string_view::npos;
}

// Adobe stores inks inverted, 255 for none: colour = ink * black / 255.
Image CmykToRgb(const std::vector<std::uint8_t>& cmyk, int width, int height) {
  Image image(width, height, 3);
  std::uint8_t* to = image.pixels.data();
  for (std::size_t i = 0; i < cmyk.size(); i += 4, to += 3) {
    for (std::size_t c = 0; c < 3; ++c) to[c] = MultiplyShares(cmyk[i + c], cmyk[i + 3]);
  }
  return image;
}

Result<Image> DecodeJpeg(std::string_view bytes, const DecodeOptions& options) {
  JpegReader reader;
  const auto damaged = [&] {
    return InvalidArgument("image: damaged or truncated JPEG: " +
                           Printable(reader.errors.message.data()));
  };
  if (!ReadJpegHeader(&reader, bytes)) return damaged();
  const auto width = static_cast<int>(reader.jpeg.image_width);
  const auto height = static_cast<int>(reader.jpeg.image_height);
  WHYLIGHT_RETURN_IF_ERROR(CheckPixels(width, height, options));
  const auto decode = [&](J_COLOR_SPACE color_space, std::vector<std::uint8_t>& pixels) -> Status {
    const bool read = ReadJpegPixels(&reader, color_space, pixels.data());
    return read && !IsDamaged(reader.errors) ? OkStatus() : damaged();
  };
  const J_COLOR_SPACE stored = reader.jpeg.jpeg_color_space;
  if (stored == JCS_CMYK || stored == JCS_YCCK) {
    std::vector<std::uint8_t> cmyk(static_cast<std::size_t>(width) *
                                   static_cast<std::size_t>(height) * 4);
    WHYLIGHT_RETURN_IF_ERROR(decode(JCS_CMYK, cmyk));
    return CmykToRgb(cmyk, width, height);
  }
  const bool is_grey = stored == JCS_GRAYSCALE;
  Image image(width, height, is_grey ? 1 : 3);
  WHYLIGHT_RETURN_IF_ERROR(decode(is_grey ? JCS_GRAYSCALE : JCS_RGB, image.pixels));
  return image;
}

struct JpegWriter {
  jpeg_compress_struct jpeg{};
  JpegErrors errors;
  unsigned char* buffer = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's type.

  JpegWriter() {
    Install(errors);
    jpeg.err = &errors.manager;
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;
  ~JpegWriter() {
    jpeg_destroy_compress(&jpeg);
    std::free(buffer);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg allocated it so.
  }
};

bool WriteJpeg(JpegWriter* writer, const Image& image, int quality) {
  if (setjmp(writer->errors.jump) != 0) return false;
  jpeg_compress_struct* const jpeg = &writer->jpeg;
  jpeg_create_compress(jpeg);
  jpeg_mem_dest(jpeg, &writer->buffer, &writer->size);
  jpeg->image_width = static_cast<JDIMENSION>(image.width);
  jpeg->image_height = static_cast<JDIMENSION>(image.height);
  jpeg->input_components = image.channels;
  jpeg->in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  // 4:4:4, whatever the default is.
  jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(jpeg, TRUE);
  const auto row_bytes = static_cast<std::size_t>(image.width * image.channels);
  while (jpeg->next_scanline < jpeg->image_height) {
    // libjpeg reads through a pointer that is not const.
    auto* row = const_cast<JSAMPROW>(image.pixels.data() + row_bytes * jpeg->next_scanline);
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
  return true;
}

// --- PNG ---

// What libpng's frames touch. Its errors jump over frames without running destructors, so the
// functions that call setjmp, and all that libpng calls back, hold nothing but plain values; what
// has a destructor stands in DecodePng, above them.
struct PngReader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::string_view rest;  // Not yet read.
  std::array<char, 128> error{};

  PngReader() = default;
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void OnPngError(png_structp png, png_const_charp message) {
  auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
  std::snprintf(reader->error.data(), reader->error.size(), "%s", message);
  png_longjmp(png, 1);
}

void OnPngWarning(png_structp, png_const_charp) {}

void OnPngRead(png_structp png, png_bytep to, std::size_t count) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader->rest.size()) png_error(png, "the data ends too early");
  std::memcpy(to, reader->rest.data(), count);
  reader->rest.remove_prefix(count);
}

bool ReadPngHeader(PngReader* reader) {
  if (setjmp(png_jmpbuf(reader->png)) != 0) return false;
  png_set_read_fn(reader->png, reader, OnPngRead);
  // The limit is on pixels and has a message of ours.
  constexpr png_uint_32 kNoLimit = std::numeric_limits<std::int32_t>::max();
  png_set_user_limits(reader->png, kNoLimit, kNoLimit);
  // Text and colour profiles are skipped unread: nothing there is shown, and they are compressed.
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_crc_action(reader->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_read_info(reader->png, reader->info);
  return true;
}

// From here on a pixel is 8 bits of grey, grey + alpha, RGB or RGBA.
bool SetPngTransforms(PngReader* reader) {
  if (setjmp(png_jmpbuf(reader->png)) != 0) return false;
  png_set_expand(reader->png);
  png_set_scale_16(reader->png);
  png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  return true;
}

void ReadPngPasses(PngReader* reader, std::uint8_t* pixels) {
  const std::size_t row_bytes = png_get_rowbytes(reader->png, reader->info);
  const png_uint_32 height = png_get_image_height(reader->png, reader->info);
  const int passes =
      png_get_interlace_type(reader->png, reader->info) == PNG_INTERLACE_ADAM7 ? 7 : 1;
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 y = 0; y < height; ++y) {
      png_read_row(reader->png, pixels + row_bytes * y, nullptr);
    }
  }
  png_read_end(reader->png, nullptr);  // Its checksums and the end chunk: else it was truncated.
}

bool ReadPngPixels(PngReader* reader, std::uint8_t* pixels) {
  if (setjmp(png_jmpbuf(reader->png)) != 0) return false;
  ReadPngPasses(reader, pixels);
  return true;
}

// In place: c = c * a + 255 * (1 - a), alpha the last of `channels`, which is dropped.
void CompositeOnWhite(std::vector<std::uint8_t>& pixels, std::size_t channels) {
  const std::size_t colors = channels - 1;
  const std::size_t count = pixels.size() / channels;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* from = pixels.data() + i * channels;
    const unsigned alpha = from[colors];
    for (std::size_t c = 0; c < colors; ++c) {
      const unsigned distance = MultiplyShares(255U - from[c], alpha);
      pixels[i * colors + c] = static_cast<std::uint8_t>(255U - distance);
    }
  }
  pixels.resize(count * colors);
}

Result<Image> DecodePng(std::string_view bytes, const DecodeOptions& options) {
  PngReader reader;
  reader.rest = bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, OnPngError, OnPngWarning);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) return ResourceExhausted("image: no memory for a PNG decoder");
  const auto damaged = [&] {
    return InvalidArgument("image: damaged or truncated PNG: " + Printable(reader.error.data()));
  };

  if (!ReadPngHeader(&reader)) return damaged();
  const png_uint_32 width = png_get_image_width(reader.png, reader.info);
  const png_uint_32 height = png_get_image_height(reader.png, reader.info);
  WHYLIGHT_RETURN_IF_ERROR(CheckPixels(width, height, options));
  if (!SetPngTransforms(&reader)) return damaged();

  const int channels = png_get_channels(reader.png, reader.info);
  Image image(static_cast<int>(width), static_cast<int>(height), channels);
  if (!ReadPngPixels(&reader, image.pixels.data())) return damaged();
  if (channels == 2 || channels == 4) {
    CompositeOnWhite(image.pixels, static_cast<std::size_t>(channels));
    image.channels = channels - 1;
  }
  return image;
}

void CheckEncodable(const Image& image) {
  WHYLIGHT_CHECK(image.width >= 1 && image.height >= 1);
  WHYLIGHT_CHECK(image.channels == 1 || image.channels == 3);
  WHYLIGHT_CHECK(image.pixels.size() == static_cast<std::size_t>(image.width) *
                                            static_cast<std::size_t>(image.height) *
                                            static_cast<std::size_t>(image.channels));
}

}  // namespace

ImageFormat DetectImageFormat(std::string_view bytes) {
  if (bytes.starts_with(kJpegSignature)) return ImageFormat::kJpeg;
  if (bytes.starts_with(kPngSignature)) return ImageFormat::kPng;
  return ImageFormat::kUnknown;
}

Result<Image> DecodeImage(std::string_view bytes, const DecodeOptions& options) {
  switch (DetectImageFormat(bytes)) {
    case ImageFormat::kJpeg:
      return DecodeJpeg(bytes, options);
    case ImageFormat::kPng:
      return DecodePng(bytes, options);
    case ImageFormat::kUnknown:
      break;
  }
  std::string message = "image: expected a JPEG or PNG file, got " + std::to_string(bytes.size()) +
                        (bytes.size() == 1 ? " byte" : " bytes");
  if (!bytes.empty()) message += " that begin with \"" + Printable(bytes.substr(0, 8)) + "\"";
  return InvalidArgument(std::move(message));
}

std::string EncodePng(const Image& image) {
  CheckEncodable(image);
  png_image header{};
  header.version = PNG_IMAGE_VERSION;
  header.width = static_cast<png_uint_32>(image.width);
  header.height = static_cast<png_uint_32>(image.height);
  header.format = image.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
  std::string bytes(size, '\0');
  const int written =
      png_image_write_to_memory(&header, bytes.data(), &size, /*convert_to_8_bit=*/0,
                                image.pixels.data(), /*row_stride=*/0, /*colormap=*/nullptr);
  png_image_free(&header);
  WHYLIGHT_CHECK(written != 0);
  bytes.resize(size);
  return bytes;
}

std::string EncodeJpeg(const Image& image, int quality) {
  CheckEncodable(image);
  WHYLIGHT_CHECK(std::max(image.width, image.height) <= kMaxJpegSide);
  JpegWriter writer;
  WHYLIGHT_CHECK(WriteJpeg(&writer, image, std::clamp(quality, 1, 100)));
  return {reinterpret_cast<const char*>(writer.buffer), writer.size};
}

}  // namespace whylight
