# cmake -DIN=file -DOUT=file.cc -P embed.cmake: the bytes of IN as whylight::kOpListBytes.
# A string literal compiles many times faster than an array of numbers.
file(READ ${IN} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
file(WRITE ${OUT} "#include \"graph/op_list.h\"

namespace whylight {

const char kOpListBytes[] = \"${bytes}\";
const unsigned long kOpListSize = ${size};

}  // namespace whylight
")
