#include "savedmodel/edit.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <set>

#include "util/quote.h"
#include "util/wire.h"

namespace whylight {
namespace {

using protozero::pbf_reader;
using protozero::pbf_writer;
using wire::Bytes;
using wire::MapEntry;
using wire::RewriteFields;
using wire::View;

constexpr std::size_t kMaxModelBytes = std::numeric_limits<std::int32_t>::max();

// A message of a few fields: Message(writer calls).
template <typename Write>
std::string Message(Write write) {
  std::string bytes;
  pbf_writer writer(bytes);
  write(writer);
  return bytes;
}

std::string StringField(std::uint32_t field, std::string_view value) {
  return Message([&](pbf_writer& writer) { writer.add_string(field, value.data(), value.size()); });
}

std::string MessageField(std::uint32_t field, std::string_view value) {
  return Message([&](pbf_writer& writer) { writer.add_bytes(field, value.data(), value.size()); });
}

std::string Entry(std::string_view key, std::string_view value) {
  return StringField(1, key) + MessageField(2, value);
}

// The functions below write TensorFlow's messages, whose names they carry.

std::string TensorShapeProto(const Shape& shape) {
  return Message([&](pbf_writer& writer) {
    if (!shape.has_rank()) writer.add_bool(3, true);
    for (const std::int64_t size : shape.dims()) {
      writer.add_message(
          2, Message([&](pbf_writer& dim) { dim.add_int64(1, std::max(size, Shape::kUnknown)); }));
    }
  });
}

std::string TensorInfoProto(const TensorInfo& info) {
  return Message([&](pbf_writer& writer) {
    writer.add_string(1, info.tensor);
    writer.add_enum(2, static_cast<int>(info.dtype));
    writer.add_message(3, TensorShapeProto(info.shape));
  });
}

std::string SignatureDefProto(const SignatureDef& signature) {
  return Message([&](pbf_writer& writer) {
    for (const auto& [key, info] : signature.inputs) {
      writer.add_message(1, Entry(key, TensorInfoProto(info)));
    }
    for (const auto& [key, info] : signature.outputs) {
      writer.add_message(2, Entry(key, TensorInfoProto(info)));
    }
    writer.add_string(3, signature.method_name);
  });
}

// StructuredValue, the nests of Python. Its fields: none 1, string 13, tensor spec 33, list 51,
// tuple 52, dict 53, named tuple 54.
std::string NoneValue() { return MessageField(1, ""); }

std::string SequenceValue(std::uint32_t kind, const std::vector<std::string>& values) {
  std::string items;
  for (const std::string& value : values) items += MessageField(1, value);
  return MessageField(kind, items);
}
std::string ListValue(const std::vector<std::string>& values) { return SequenceValue(51, values); }
std::string TupleValue(const std::vector<std::string>& values) { return SequenceValue(52, values); }

// {"name": TensorSpec(shape, dtype, name="name"), ...}
std::string TensorSpecDict(const std::map<std::string, TensorInfo>& infos) {
  std::string fields;
  for (const auto& [name, info] : infos) {
    const std::string spec = Message([&](pbf_writer& writer) {
      writer.add_string(1, name);
      writer.add_message(2, TensorShapeProto(info.shape));
      writer.add_enum(3, static_cast<int>(info.dtype));
    });
    fields += MessageField(1, Entry(name, MessageField(33, spec)));
  }
  return MessageField(53, fields);
}

// f(*, name, ...)
std::string FunctionSpec(const std::vector<std::string>& keywords) {
  std::vector<std::string> names;
  for (const std::string& keyword : keywords) names.push_back(StringField(13, keyword));
  const std::pair<const char*, std::string> parts[] = {{"args", ListValue({})},
                                                       {"varargs", NoneValue()},
                                                       {"varkw", NoneValue()},
                                                       {"defaults", NoneValue()},
                                                       {"kwonlyargs", ListValue(names)},
                                                       {"kwonlydefaults", NoneValue()},
                                                       {"annotations", MessageField(53, "")}};
  std::string tuple = StringField(1, "FullArgSpec");
  for (const auto& [name, value] : parts) tuple += MessageField(2, Entry(name, value));
  return MessageField(1, MessageField(54, tuple)) + MessageField(5, NoneValue());
}

std::string SavedConcreteFunction(const NewSignature& added) {
  return Message([&](pbf_writer& writer) {
    writer.add_packed_int32(2, added.bound_inputs.begin(), added.bound_inputs.end());
    writer.add_message(3, TupleValue({TupleValue({}), TensorSpecDict(added.signature.inputs)}));
    writer.add_message(4, TensorSpecDict(added.signature.outputs));
  });
}

// A SavedObject of kind bare_concrete_function. One input may be given without its name.
std::string BareConcreteFunction(const NewSignature& added) {
  std::vector<std::string> keywords;
  for (const auto& [name, info] : added.signature.inputs) keywords.push_back(name);
  return MessageField(8, Message([&](pbf_writer& writer) {
                        writer.add_string(1, added.function);
                        for (const std::string& keyword : keywords) writer.add_string(2, keyword);
                        if (keywords.size() == 1) writer.add_int64(3, 1);
                        writer.add_message(4, FunctionSpec(keywords));
                      }));
}

std::string ObjectReference(const SavedObject::Child& child) {
  return Message([&](pbf_writer& writer) {
    writer.add_int32(1, child.id);
    writer.add_string(2, child.name);
  });
}

class Editor {
 public:
  Editor(const MetaGraph& graph, const MetaGraphEdit& edit) : graph_(graph), edit_(edit) {}

  Result<std::string> Run(std::string_view meta_graph) {
    std::map<std::string, std::string> signatures;  // Old key -> SignatureDef.
    WHYLIGHT_ASSIGN_OR_RETURN(
        std::string bytes,
        RewriteFields(meta_graph, [&](pbf_reader& field, std::string& out) -> Result<bool> {
          switch (field.tag_and_type()) {
            case Bytes(2): {
              WHYLIGHT_ASSIGN_OR_RETURN(const std::string graph_def, GraphDef(View(field)));
              out += MessageField(2, graph_def);
              return true;
            }
            case Bytes(5): {
              const auto [key, value] = MapEntry(View(field));
              signatures.emplace(key, value);
              const std::optional<std::string> now = NewKey(key);
              if (now) out += MessageField(5, Entry(*now, value));
              return true;
            }
            case Bytes(7): {
              if (!graph_.is_tf2()) return false;
              WHYLIGHT_ASSIGN_OR_RETURN(const std::string objects, ObjectGraph(View(field)));
              out += MessageField(7, objects);
              return true;
            }
            default:
              return false;
          }
        }));
    for (const NewSignature& added : edit_.add) {
      const std::string value =
          added.same_as.empty() ? SignatureDefProto(added.signature) : signatures[added.same_as];
      bytes += MessageField(5, Entry(added.key, value));
    }
    return bytes;
  }

 private:
  // What a key is called afterwards; nothing if it goes.
  std::optional<std::string> NewKey(const std::string& key) const {
    if (std::ranges::count(edit_.drop, key) > 0) return std::nullopt;
    const auto renamed = edit_.rename.find(key);
    return renamed == edit_.rename.end() ? key : renamed->second;
  }

  Result<std::string> GraphDef(std::string_view bytes) const {
    std::string functions;
    for (const std::string& function : edit_.functions) functions += MessageField(1, function);
    bool has_library = false;
    WHYLIGHT_ASSIGN_OR_RETURN(
        std::string graph,
        RewriteFields(bytes, [&](pbf_reader& field, std::string& out) -> Result<bool> {
          if (field.tag_and_type() != Bytes(2) || has_library) return false;
          has_library = true;
          out += MessageField(2, std::string(View(field)) + functions);
          return true;
        }));
    for (const std::string& more : edit_.graphs) {
      pbf_reader nodes = wire::Reader(more);
      while (wire::NextBytes(nodes, 1)) graph += MessageField(1, View(nodes));
    }
    if (!has_library && !functions.empty()) graph += MessageField(2, functions);
    return graph;
  }

  Result<std::string> ObjectGraph(std::string_view bytes) {
    const std::vector<SavedObject>& nodes = graph_.objects.nodes;
    const auto map = std::ranges::find(nodes.front().children, "signatures",
                                       [](const SavedObject::Child& child) { return child.name; });
    if (map == nodes.front().children.end()) {
      return Unimplemented("the object graph has no map of signatures: save the model again");
    }
    int id = 0;
    WHYLIGHT_ASSIGN_OR_RETURN(
        std::string objects,
        RewriteFields(bytes, [&](pbf_reader& field, std::string& out) -> Result<bool> {
          if (field.tag_and_type() != Bytes(1) || id++ != map->id) return false;
          WHYLIGHT_ASSIGN_OR_RETURN(const std::string signatures, SignatureMap(View(field)));
          out += MessageField(1, signatures);
          return true;
        }));
    for (const NewSignature& added : edit_.add) {
      if (!added.same_as.empty()) continue;
      objects += MessageField(1, BareConcreteFunction(added));
      objects += MessageField(2, Entry(added.function, SavedConcreteFunction(added)));
    }
    return objects;
  }

  // The children of the map of signatures: one for each key.
  Result<std::string> SignatureMap(std::string_view bytes) const {
    std::map<std::string, int, std::less<>> ids;  // Old key -> object.
    WHYLIGHT_ASSIGN_OR_RETURN(
        std::string map,
        RewriteFields(bytes, [&](pbf_reader& field, std::string& out) -> Result<bool> {
          if (field.tag_and_type() != Bytes(1)) return false;
          SavedObject::Child child = Reference(View(field));
          ids.emplace(child.name, child.id);
          const std::optional<std::string> now = NewKey(child.name);
          if (!now) return true;
          child.name = *now;
          out += MessageField(1, ObjectReference(child));
          return true;
        }));
    int next_id = static_cast<int>(graph_.objects.nodes.size());
    for (const NewSignature& added : edit_.add) {
      if (added.same_as.empty()) {
        map += MessageField(1, ObjectReference({.id = next_id++, .name = added.key}));
        continue;
      }
      const auto same = ids.find(added.same_as);
      if (same == ids.end()) {
        return Unimplemented("signature " + Quote(added.same_as) +
                             " is not in the object graph's map of signatures");
      }
      map += MessageField(1, ObjectReference({.id = same->second, .name = added.key}));
    }
    return map;
  }

  static SavedObject::Child Reference(std::string_view bytes) {
    SavedObject::Child child;
    pbf_reader reader = wire::Reader(bytes);
    while (reader.next()) {
      switch (reader.tag_and_type()) {
        case wire::Varint(1):
          child.id = reader.get_int32();
          break;
        case Bytes(2):
          child.name = wire::String(reader);
          break;
        default:
          reader.skip();
      }
    }
    return child;
  }

  const MetaGraph& graph_;
  const MetaGraphEdit& edit_;
};

Result<std::string> Edit(const SavedModel& model, const MetaGraph& graph,
                         const MetaGraphEdit& edit) {
  std::size_t index = 0;
  return RewriteFields(*model.file, [&](pbf_reader& field, std::string& out) -> Result<bool> {
    if (field.tag_and_type() != Bytes(2)) return false;
    if (&model.meta_graphs[index++] != &graph) return false;
    WHYLIGHT_ASSIGN_OR_RETURN(const std::string meta_graph, Editor(graph, edit).Run(View(field)));
    out += MessageField(2, meta_graph);
    return true;
  });
}

}  // namespace

Result<std::string> EditMetaGraph(const SavedModel& model, const MetaGraph& graph,
                                  const MetaGraphEdit& edit) {
  Result<std::string> bytes = Status(StatusCode::kInternal, "not edited");
  WHYLIGHT_RETURN_IF_ERROR(wire::CatchWire([&] { bytes = Edit(model, graph, edit); }));
  if (bytes.ok() && bytes->size() > kMaxModelBytes) {
    return ResourceExhausted("the edited saved_model.pb would have " +
                             std::to_string(bytes->size()) + " bytes; the limit is 2147483647");
  }
  return bytes;
}

}  // namespace whylight
