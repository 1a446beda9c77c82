// A picture with its attribution, as the page of a row shows it.
//
// Threads No state.
#pragma once

#include <string>

#include "explain/pictures.h"

namespace whylight {

// How reports draw: pixels of both signs over the picture in grey, so that all colour is
// attribution; XRAI's regions and other positive maps in viridis.
VisualizationOptions ReportVisualization(VisualizationOptions options);

// The object of a picture (web/src/report/data.ts); empty for a feature that is none. Pictures
// above kMaxShownSide are made smaller. Errors  kInvalidArgument: what DrawOverlay says, with the
// name.
inline constexpr int kMaxShownSide = 640;
Result<std::string> PictureJson(const FeatureAttribution& feature, const PictureDrawer& drawer);

}  // namespace whylight
