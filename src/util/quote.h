// Names from files and users inside messages.
#pragma once

#include <string>
#include <string_view>

namespace whylight {

// `text` in single quotes, with control characters, quotes and backslashes as C escapes, so that
// a message stays one line whatever a file or a folder is called: 'a\nb'.
std::string Quote(std::string_view text);

}  // namespace whylight
