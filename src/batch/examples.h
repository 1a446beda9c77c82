// Rows of a data file as examples to search.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/instances.h"
#include "whylight/explainer.h"

namespace whylight {

// What an example may have beside the model's inputs, as Vertex' index files have it:
//   "restricts": [{"namespace": "class", "allow": ["cat"], "deny": []}], "crowding_tag": "page 3"
// and the member that says its id. To be given to the reader as other_members.
std::vector<std::string> ExampleMembers(const std::string& id_key);

// {"cat", "!dog"}: the token after a '!' is one that examples must not have.
Restriction RestrictionOf(std::string name_space, const std::vector<std::string>& tokens);

// What says the id: `given`, else the input "id" that models of Vertex take and give back, else "".
std::string IdKeyFor(const std::string& given, const std::vector<RequestField>& fields);

// All instances, some at a time, in order. The id is the member or column `id_key`, a string or a
// number as it is written; without a key the instance's place.
// Errors: of reading, or of the first bad instance; kInvalidArgument with its place: no id, or one
// of another type; restricts of another form. A status of `take`.
Status ReadExamples(InstanceReader& reader, const std::string& id_key,
                    const std::function<Status(std::vector<Example>)>& take);

}  // namespace whylight
