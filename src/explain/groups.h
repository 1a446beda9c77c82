// Features of several inputs: those that the metadata joins by a group_name have one share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "whylight/explainer.h"
#include "whylight/status.h"

namespace whylight {

struct Feature {
  std::string name;                 // The group's, or the input's.
  std::vector<std::size_t> inputs;  // Into the names; several in a group only.
  bool is_group = false;            // Also a group of one.
};

// The features that explained inputs of these names make up, in the order of their first inputs.
std::vector<Feature> FeaturesOf(const std::vector<std::string>& names,
                                const ExplainOptions& options);

// Errors: kInvalidArgument for a group that is called like an explained input outside of it, since
// both would be one key of the answer.
Status CheckGroups(const std::vector<std::string>& names, const ExplainOptions& options);

// The features of an answer, one for each input, with those of a group joined to one number: the
// sum of all their shares. A game's group has its joint share at its first input already.
// Their standard errors likewise; the regions of its pictures one picture after another, with the
// members' names. What was explained is not shown.
std::vector<FeatureAttribution> JoinGroups(std::vector<FeatureAttribution> features,
                                           const ExplainOptions& options);

}  // namespace whylight
