// Protocol buffers in text form (saved_model.pbtxt), turned into their wire form, so that one
// reader serves both.
//
// Fields may come in any order and are written as they come, packed ones at the end of their
// message. Understood: comments, nested messages in {} or <>, lists in [], adjacent strings,
// escapes, enum names and numbers, hexadecimal and octal integers, inf and nan, and Any in its
// expanded form for the messages of schema.h.
// Source  https://protobuf.dev/reference/protobuf/textformat-spec/
#pragma once

#include <string>
#include <string_view>

#include "savedmodel/schema.h"

namespace whylight {

// Errors: kDataLoss, with line and column: a syntax error, an unknown field, a value that does
// not fit its field, messages nested more than 100 deep.
Result<std::string> TextToWire(const MessageSchema& message, std::string_view text);

}  // namespace whylight
