// The part of the module that knows buckets. Private to the module.
#pragma once

#include "io/arrow/module.h"

namespace whylight::arrow_module {

extern const WhylightStorage kStorage;

}  // namespace whylight::arrow_module
