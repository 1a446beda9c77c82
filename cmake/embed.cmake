# cmake -DIN=file -DOUT=file.cc -DNAME=OpList -DHEADER=graph/op_list.h -P embed.cmake
# The bytes of IN as whylight::kOpListBytes and ::kOpListSize, which HEADER declares.
# A string literal compiles many times faster than an array of numbers.
file(READ ${IN} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
file(WRITE ${OUT} "#include \"${HEADER}\"

namespace whylight {

const char k${NAME}Bytes[] = \"${bytes}\";
const unsigned long k${NAME}Size = ${size};

}  // namespace whylight
")
