#include "graph/deduction.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace whylight {
namespace {

bool IsList(const ArgDef& arg) { return !arg.number_attr.empty() || !arg.type_list_attr.empty(); }

std::string Plural(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// Finds the attributes of a new node that follow from its inputs.
class AttrDeduction {
 public:
  AttrDeduction(const OpDef& op, const std::vector<DType>& types, Attrs& attrs)
      : op_(op), types_(types), attrs_(attrs) {}

  Status Run() {
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::size_t> lengths, Lengths());
    std::size_t next = 0;
    for (std::size_t i = 0; i < op_.inputs.size(); ++i) {
      const ArgDef& arg = op_.inputs[i];
      const std::vector<DType> of_arg(
          types_.begin() + static_cast<std::ptrdiff_t>(next),
          types_.begin() + static_cast<std::ptrdiff_t>(next + lengths[i]));
      WHYLIGHT_RETURN_IF_ERROR(Bind(arg, of_arg, next));
      next += lengths[i];
    }
    for (const AttrDef& attr : op_.attrs) {
      if (!attr.default_value && !attrs_.contains(attr.name)) {
        return InvalidArgument("attribute " + attr.name + " (" + attr.type + ") is missing");
      }
    }
    for (const auto& [name, value] : attrs_) {
      if (!name.starts_with('_') && op_.FindAttr(name) == nullptr) {
        return InvalidArgument("there is no attribute " + name);
      }
    }
    return OkStatus();
  }

 private:
  // How many inputs each argument takes. Lists whose length nobody gave share what is left; they
  // can do so only if they are of one and the same length attribute.
  Result<std::vector<std::size_t>> Lengths() const {
    std::vector<std::size_t> lengths(op_.inputs.size(), 1);
    std::vector<std::size_t> open;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < op_.inputs.size(); ++i) {
      const ArgDef& arg = op_.inputs[i];
      if (IsList(arg)) {
        const std::optional<std::size_t> given = GivenLength(arg);
        if (!given) {
          open.push_back(i);
          continue;
        }
        lengths[i] = *given;
      }
      taken += lengths[i];
    }
    const bool one_attr = std::all_of(open.begin(), open.end(), [&](std::size_t i) {
      return !op_.inputs[i].number_attr.empty() &&
             op_.inputs[i].number_attr == op_.inputs[open.front()].number_attr;
    });
    if (open.size() > 1 && !one_attr) {
      return InvalidArgument(
          "the lengths of its lists do not follow from the inputs: give the attributes");
    }
    const std::size_t left = types_.size() >= taken ? types_.size() - taken : 0;
    for (const std::size_t i : open) {
      lengths[i] = left / open.size();
      taken += lengths[i];
    }
    if (taken != types_.size()) {
      return InvalidArgument("expected " + std::string(open.empty() ? "" : "at least ") +
                             Plural(taken, "input") + ", got " + std::to_string(types_.size()));
    }
    return lengths;
  }

  std::optional<std::size_t> GivenLength(const ArgDef& arg) const {
    const auto& name = arg.number_attr.empty() ? arg.type_list_attr : arg.number_attr;
    const auto found = attrs_.find(name);
    if (found == attrs_.end()) return std::nullopt;
    if (const auto* length = std::get_if<std::int64_t>(&found->second)) {
      return static_cast<std::size_t>(std::max<std::int64_t>(*length, 0));
    }
    if (const auto* list = std::get_if<std::vector<DType>>(&found->second)) return list->size();
    if (std::holds_alternative<EmptyList>(found->second)) return 0;
    return std::nullopt;
  }

  Status Bind(const ArgDef& arg, const std::vector<DType>& types, std::size_t first) {
    if (!arg.type_list_attr.empty()) {
      const bool all_known = std::find(types.begin(), types.end(), DType::kInvalid) == types.end();
      if (!all_known) return OkStatus();
      const AttrValue& value = attrs_.try_emplace(arg.type_list_attr, types).first->second;
      const auto* given = std::get_if<std::vector<DType>>(&value);
      if (given == nullptr || types.empty() || *given == types) return OkStatus();
      return InvalidArgument("inputs for " + arg.name + ": their types differ from " +
                             arg.type_list_attr + "=" + AttrToString(value) + ": " +
                             AttrToString(types));
    }
    if (!arg.number_attr.empty()) {
      attrs_.try_emplace(arg.number_attr, static_cast<std::int64_t>(types.size()));
    }
    DType expected = arg.type;
    if (!arg.type_attr.empty()) {
      const auto known = std::find_if(types.begin(), types.end(),
                                      [](DType type) { return type != DType::kInvalid; });
      if (known == types.end() && !attrs_.contains(arg.type_attr)) return OkStatus();
      const AttrValue& value =
          attrs_.try_emplace(arg.type_attr, known == types.end() ? DType::kInvalid : *known)
              .first->second;
      const DType* const given = std::get_if<DType>(&value);
      if (given == nullptr) {
        return InvalidArgument("attribute " + arg.type_attr + ": expected a type, got " +
                               AttrToString(value));
      }
      expected = *given;
    }
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (types[i] == expected || types[i] == DType::kInvalid) continue;
      return InvalidArgument("input " + std::to_string(first + i) + " (" + arg.name +
                             "): expected " + DTypeName(expected) + ", got " + DTypeName(types[i]));
    }
    return OkStatus();
  }

  const OpDef& op_;
  const std::vector<DType>& types_;
  Attrs& attrs_;
};

}  // namespace

Status DeduceAttrs(const OpDef& op, const std::vector<DType>& input_types, Attrs& attrs) {
  return AttrDeduction(op, input_types, attrs).Run();
}

}  // namespace whylight
