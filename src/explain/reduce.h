// What comes back for an input, by its encoding: from a share for each element of the explained
// tensor to a share for each feature.
//
//   identity                the shares as they are
//   bag_of_features         a share for each index
//   bag_of_features_sparse  for each index that is not 0 in the instance
//   indicator               likewise; one that holds a single 1 (one-hot) gets the shares of all,
//                           since the others are 0 because it is not
//   combined_embedding      their sum: one number
//   concat_embedding        a number for each id: sums over its row of the embedding
//
// The sum of what comes back is the sum of the shares, so completeness holds: an index whose value
// is 0 and whose baseline is not keeps its share (it has one: the baseline's value is missed), and
// stands in the answer too.
#pragma once

#include <cstdint>

#include "whylight/explainer.h"

namespace whylight {

// Turns feature.values, in the shape of feature.input, into the shares of the encoding's features.
// Their standard errors, if there are any, go along; that of a sum is at most the sum, which is
// what it becomes.
// `ids`: how many ids the input has, where that is known, else 0: for an encoded tensor of rank 1.
// Names of elements go with their elements; shares that are not of single elements (whole inputs as
// players) stay as they are.
void ReduceByEncoding(Encoding encoding, std::int64_t ids, FeatureAttribution& feature);

}  // namespace whylight
