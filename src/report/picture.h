// A picture with its attribution, as the page of a row shows it.
//
// Threads No state.
#pragma once

#include "explain/pictures.h"
#include "io/json.h"

namespace whylight {

// How reports draw: pixels of both signs over the picture in grey, so that all colour is
// attribution; XRAI's regions and other positive maps in viridis.
VisualizationOptions ReportVisualization(VisualizationOptions options);

// Members of the open object of a picture (web/src/report/data.ts); false, and none, for a feature
// that is no picture. Pictures above kMaxShownSide are made smaller.
// Errors  kInvalidArgument, before anything is written: what DrawOverlay says, with the name.
inline constexpr int kMaxShownSide = 640;
Result<bool> WritePicture(const FeatureAttribution& feature, const PictureDrawer& drawer,
                          JsonWriter& w);

}  // namespace whylight
