// One instance: JSON text to tensors. Private to io/ and metadata/; the contract is that of
// io/instances.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/instances.h"
#include "io/json_reader.h"
#include "whylight/status.h"

namespace whylight {

// Where a value stands, as messages say it. A path ("instances[2]") is continued by ".age[0]",
// anything else ("line 3") by ": age[0]".
struct Place {
  std::string text;
  bool is_path = false;

  std::string Member(std::string_view name) const;  // "instances[2].age"
};

class InstanceParser {
 public:
  InstanceParser(std::vector<FieldSpec> fields, bool allow_non_finite)
      : fields_(std::move(fields)), allow_non_finite_(allow_non_finite) {}

  const std::vector<FieldSpec>& fields() const { return fields_; }
  bool has_rows() const { return has_rows_; }
  void set_has_rows(bool has_rows) { has_rows_ = has_rows; }
  void set_other_members(std::vector<std::string> names) { other_members_ = std::move(names); }
  bool IsOtherMember(std::string_view name) const;
  void set_other_keys(std::string text) { other_keys_ = std::move(text); }
  std::string FieldNames() const;  // "age, job"
  // By its name or its alias; nullptr if there is none.
  const FieldSpec* Find(std::string_view name) const;
  bool TakesOneString() const;  // A single input of one string.

  // An object with a value per field, or a bare value. Syntax errors count lines from `first_line`.
  Result<std::vector<Tensor>> Parse(std::string_view json, const Place& place,
                                    std::size_t first_line = 1) const;
  // The value of one field. `place` is the value's own.
  Result<Tensor> ParseField(std::string_view json, const FieldSpec& field,
                            const std::string& place) const;

  // Whether a valid JSON array is a list of instances rather than the bare value of one.
  bool IsListOfInstances(std::string_view json) const;
  // Whether a member "instances" or "inputs" with this value makes its object a request, rather
  // than an instance with an input of that name.
  bool IsRequestMember(std::string_view key, std::string_view value) const;

 private:
  Result<Tensor> ReadField(JsonReader& reader, const FieldSpec& field,
                           const std::string& place) const;
  // "(the signature takes age, job)"; more where a request may be written in other keys too.
  std::string KeysText(std::string_view instance) const;

  std::vector<FieldSpec> fields_;
  bool allow_non_finite_ = false;
  bool has_rows_ = true;
  std::vector<std::string> other_members_;
  std::string other_keys_;
};

// Whether `json` begins an object whose first key is "b64".
bool IsBase64Object(std::string_view json);

}  // namespace whylight
