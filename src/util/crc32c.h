// CRC-32C (Castagnoli), the checksum of TensorFlow's checkpoints and TFRecord files.
//
// Polynomial 0x1EDC6F41, reflected, initial value and final xor 0xFFFFFFFF (RFC 3720, B.4).
// Threads No state.
#pragma once

#include <cstdint>
#include <string_view>

namespace whylight {

// Of `data` behind bytes whose checksum is `crc`: Crc32c(b, Crc32c(a)) == Crc32c(a + b).
std::uint32_t Crc32c(std::string_view data, std::uint32_t crc = 0);

// The form in which files store it, so that the checksum of data that holds checksums stays
// good: rotated right by 15 bits, plus 0xA282EAD8.
std::uint32_t MaskCrc32c(std::uint32_t crc);
std::uint32_t UnmaskCrc32c(std::uint32_t masked);

}  // namespace whylight
