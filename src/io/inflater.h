// Takes gzip (RFC 1952) and zlib (RFC 1950) streams apart, piece by piece. Private to io/.
//
// Threads An object belongs to one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "whylight/status.h"

namespace whylight {

class Inflater {
 public:
  Inflater();
  ~Inflater();

  // Appends what the first bytes of `input` were, at most a block, and returns how many bytes those
  // are. Streams may follow each other, as `cat a.gz b.gz` writes them.
  // Errors  kDataLoss: damaged, or no such stream.
  Result<std::size_t> Inflate(std::string_view input, std::string* output);
  // To be asked when the input has ended. Errors: kDataLoss in the middle of a stream.
  Status Finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace whylight
