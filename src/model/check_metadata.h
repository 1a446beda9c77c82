// Explanation metadata judged beside the model that it is for, from the files alone.
//
//   metadata-form      an unknown key, a wrong type, a broken cross rule            refuse or
//   warning metadata-name      a tensor, key or output that the model does not have         refuse
//   metadata-dtype     a tensor of a dtype that cannot be what it is said to be     refuse
//   metadata-shape     baselines, names or labels of another size than the tensor   refuse
//   metadata-encoding  an encoding that does not fit the tensor, or needs another   refuse or note
//   metadata-framework the framework is not the one that wrote the model            warning
//   metadata-held      inputs that the file leaves out keep the instance's value    note
#pragma once

#include "model/check.h"
#include "model/model.h"
#include "whylight/metadata.h"

namespace whylight {

// Adds everything that is wrong with `parsed` for the function that `report`, CheckModel's, is
// about. Places are paths in the file, in its own spelling: "inputs.age.encoded_tensor_name". An
// error turns the verdict kExplain to kRefuse. Without a chosen function only the form is judged.
void CheckMetadata(const Model& model, const ParsedMetadata& parsed, CheckReport& report);

}  // namespace whylight
