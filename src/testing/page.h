// Parts of pages in docs/ that tests print.
#pragma once

#include <gtest/gtest.h>

#include <string>

namespace whylight {

// Whether docs/`page` has `text` between the lines "<!-- PART: ... -->" and "<!-- end of PART -->".
// With WHYLIGHT_WRITE_DOCS in the environment the page is written so first: how one brings it up
// to date.
testing::AssertionResult PageHolds(const std::string& page, const std::string& part,
                                   const std::string& text);

// What stands there now; empty if there is no such part.
std::string PartOfPage(const std::string& page, const std::string& part);

}  // namespace whylight
