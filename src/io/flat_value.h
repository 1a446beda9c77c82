// Typed lists of values, as a feature of a tf.Example and a cell of a Parquet column hold them, and
// the tensors that they are for a signature's inputs. Private to io/.
//
// Threads No state.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "io/instances.h"
#include "io/json.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// monostate: no value of any kind (a feature without a list, a null). Strings are views of what the
// reader holds.
using FlatList = std::variant<std::monostate, std::vector<std::string_view>,
                              std::vector<std::int64_t>, std::vector<std::uint64_t>,
                              std::vector<float>, std::vector<double>, std::vector<bool>>;

struct FlatValue {
  FlatList list;
  std::optional<Shape> shape;  // Where the form says it; else the field's shape is taken.
  std::string form;            // "a float_list", for messages.

  std::size_t size() const;
};

// The value of a field. Numbers are taken as a JSON request's are: floats accept integers, integers
// integers alone, all in range; bool accepts bool, 0 and 1; strings accept strings alone. An input
// of numbers accepts one encoded picture, through options.decode_image. A list of the right number
// of elements is given the field's shape; one unknown axis is told from the number.
// Errors  kInvalidArgument, which begins with `place`: "record 3: age[2]: expected ...".
Result<Tensor> FlatToTensor(const FlatValue& value, const FieldSpec& field,
                            const std::string& place, const InstanceReaderOptions& options);

// Finds a value by its name; nullptr if there is none.
using FindFlat = std::function<const FlatValue*(std::string_view name)>;

// The vector that options.element_names name the elements of, each a value of its own.
// `place_of` gives a name's place. Errors: as FlatToTensor; "missing".
Result<Tensor> FlatElementsToTensor(const FieldSpec& field, const FindFlat& find,
                                    const std::function<std::string(std::string_view)>& place_of,
                                    const InstanceReaderOptions& options);

// The value as a request has it: nested as `shape` says, a flat list without one, and one value of
// a flat list bare.
void WriteFlat(JsonWriter& w, const FlatValue& value, const Shape* shape);

}  // namespace whylight
