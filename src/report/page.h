// A report as one HTML file: the page of web/, which the program holds, and the data.
//
// Threads No state.
#pragma once

#include <string>
#include <string_view>

#include "report/report.h"

namespace whylight {

// The page with the blocks of data in it. What is in them cannot end a block or begin a tag.
std::string ReportPage(std::string_view data, std::string_view details);

// web/dist/report.html, as it was when the program was built.
extern const char kReportPageBytes[];
extern const unsigned long kReportPageSize;

}  // namespace whylight
