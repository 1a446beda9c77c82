#include "explain/request_fields.h"

#include <algorithm>
#include <string>
#include <utility>

namespace whylight {
namespace {

// `fields` are those of `preprocess`.
void AddServingNames(const MetaGraph& meta, const SignatureDef& preprocess,
                     std::vector<RequestField>& fields) {
  const auto serving = meta.signatures.find("serving_default");
  if (serving == meta.signatures.end() || serving->second.inputs.size() != fields.size()) return;
  std::vector<std::string> aliases;
  for (const RequestField& field : fields) {
    const TensorInfo& wanted = preprocess.inputs.at(field.name);
    std::string match;
    for (const auto& [name, info] : serving->second.inputs) {
      if (info.dtype != wanted.dtype || !Compatible(info.shape, wanted.shape)) continue;
      if (!match.empty()) return;  // Two could be meant.
      match = name;
    }
    if (match.empty() || std::ranges::find(aliases, match) != aliases.end()) return;
    aliases.push_back(std::move(match));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (aliases[i] != fields[i].name) fields[i].alias = aliases[i];
  }
}

}  // namespace

std::vector<RequestField> RequestFieldsOf(const Program& program) {
  std::vector<RequestField> fields;
  for (const Port& port : program.request) {
    const bool rows = program.request_layout.kind != RowLayout::Kind::kNone;
    const bool strip = rows && port.shape.has_rank() && port.shape.rank() > 0;
    fields.push_back({.name = port.name,
                      .dtype = port.dtype,
                      .shape = strip ? port.shape.WithoutFirst() : port.shape});
  }
  return fields;
}

std::vector<RequestField> RequestFieldsOf(const Program& program, const MetaGraph& meta,
                                          const Choice& choice) {
  std::vector<RequestField> fields = RequestFieldsOf(program);
  if (choice.preprocess != nullptr) AddServingNames(meta, *choice.preprocess, fields);
  return fields;
}

}  // namespace whylight
