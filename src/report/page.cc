#include "report/page.h"

#include "whylight/status.h"

namespace whylight {
namespace {

constexpr std::string_view kPlace = "<!-- whylight-data -->";

// In JSON "<" stands in strings alone, where it may be written so.
void AppendBlock(std::string_view type, std::string_view id, std::string_view json,
                 std::string& page) {
  page.append("<script type=\"").append(type).append("\" id=\"").append(id).append("\">");
  for (const char c : json) {
    if (c == '<') {
      page += "\\u003c";
    } else {
      page += c;
    }
  }
  page += "</script>\n";
}

}  // namespace

std::string ReportPage(std::string_view data, std::string_view details) {
  const std::string_view whole(kReportPageBytes, kReportPageSize);
  const std::size_t place = whole.find(kPlace);
  WHYLIGHT_CHECK(place != std::string_view::npos);
  std::string page(whole.substr(0, place));
  page.reserve(whole.size() + data.size() + details.size() + 1024);
  AppendBlock("application/json", "whylight-report", data, page);
  AppendBlock("text/plain", "whylight-details", details, page);
  page += whole.substr(place + kPlace.size());
  return page;
}

}  // namespace whylight
