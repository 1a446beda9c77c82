#include "savedmodel/read_meta_graph.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "savedmodel/schema.h"
#include "util/quote.h"
#include "util/wire.h"

namespace whylight {
namespace {

using wire::Bytes;
using wire::CatchWire;
using wire::MapEntry;
using wire::Reader;
using wire::String;
using wire::Varint;
using wire::View;

// The readers below follow TensorFlow's .proto files, whose names the functions carry. They run
// inside CatchWire, over bytes that CheckWire has walked.

Shape ReadTensorShapeProto(std::string_view bytes) {
  std::vector<std::int64_t> dims;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(2): {  // dim
        std::int64_t size = 0;
        protozero::pbf_reader dim = Reader(View(reader));
        while (dim.next()) {
          if (dim.tag_and_type() == Varint(1)) {
            size = dim.get_int64();
          } else {
            dim.skip();
          }
        }
        dims.push_back(std::max(size, Shape::kUnknown));
        break;
      }
      case Varint(3):  // unknown_rank
        if (reader.get_bool()) return Shape::UnknownRank();
        break;
      default:
        reader.skip();
    }
  }
  return Shape(std::move(dims));
}

// CompositeTensor nests TensorInfo; only the names of its components are kept.
TensorInfo ReadTensorInfo(std::string_view bytes) {
  TensorInfo info;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        info.kind = TensorInfo::Kind::kDense;
        info.tensor = String(reader);
        info.components.clear();
        break;
      case Varint(2): {
        const int dtype = reader.get_int32();
        info.dtype = static_cast<DType>(dtype > kRefTypeOffset ? dtype - kRefTypeOffset : dtype);
        break;
      }
      case Bytes(3):
        info.shape = ReadTensorShapeProto(View(reader));
        break;
      case Bytes(4): {  // coo_sparse: values, indices, dense shape
        info.kind = TensorInfo::Kind::kSparse;
        info.tensor.clear();
        info.components.assign(3, "");
        protozero::pbf_reader sparse = Reader(View(reader));
        while (sparse.next()) {
          switch (sparse.tag_and_type()) {
            case Bytes(1):
              info.components[0] = String(sparse);
              break;
            case Bytes(2):
              info.components[1] = String(sparse);
              break;
            case Bytes(3):
              info.components[2] = String(sparse);
              break;
            default:
              sparse.skip();
          }
        }
        break;
      }
      case Bytes(5): {  // composite_tensor
        info.kind = TensorInfo::Kind::kComposite;
        info.tensor.clear();
        info.components.clear();
        protozero::pbf_reader composite = Reader(View(reader));
        while (composite.next()) {
          if (composite.tag_and_type() != Bytes(2)) {
            composite.skip();
            continue;
          }
          const std::string_view component = View(composite);
          std::string name;
          protozero::pbf_reader part = Reader(component);
          while (part.next()) {
            if (part.tag_and_type() == Bytes(1)) {
              name = String(part);
            } else {
              part.skip();
            }
          }
          info.components.push_back(std::move(name));
        }
        break;
      }
      default:
        reader.skip();
    }
  }
  return info;
}

SignatureDef ReadSignatureDef(std::string_view bytes) {
  SignatureDef signature;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1): {
        auto [key, value] = MapEntry(View(reader));
        signature.inputs[std::move(key)] = ReadTensorInfo(value);
        break;
      }
      case Bytes(2): {
        auto [key, value] = MapEntry(View(reader));
        signature.outputs[std::move(key)] = ReadTensorInfo(value);
        break;
      }
      case Bytes(3):
        signature.method_name = String(reader);
        break;
      default:
        reader.skip();
    }
  }
  return signature;
}

SaverDef ReadSaverDef(std::string_view bytes) {
  SaverDef saver;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        saver.filename_tensor = String(reader);
        break;
      case Bytes(3):
        saver.restore_op = String(reader);
        break;
      default:
        reader.skip();
    }
  }
  return saver;
}

// The `value` fields of a NodeList, BytesList or AnyList.
std::vector<std::string> ReadValues(std::string_view bytes) {
  std::vector<std::string> values;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    if (reader.tag_and_type() == Bytes(1)) {
      values.push_back(String(reader));
    } else {
      reader.skip();
    }
  }
  return values;
}

// The message inside an Any, without its type.
std::string ReadAny(std::string_view bytes) {
  std::string value;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    if (reader.tag_and_type() == Bytes(2)) {
      value = String(reader);
    } else {
      reader.skip();
    }
  }
  return value;
}

Collection ReadCollectionDef(std::string_view bytes) {
  Collection collection;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        collection.nodes = ReadValues(View(reader));
        break;
      case Bytes(2):
        collection.bytes = ReadValues(View(reader));
        break;
      case Bytes(5):
        collection.bytes.clear();
        for (const std::string& any : ReadValues(View(reader))) {
          collection.bytes.push_back(ReadAny(any));
        }
        break;
      default:
        reader.skip();
    }
  }
  return collection;
}

AssetFile ReadAssetFileDef(std::string_view bytes) {
  AssetFile asset;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        asset.tensor = ReadTensorInfo(View(reader)).tensor;
        break;
      case Bytes(2):
        asset.filename = String(reader);
        break;
      default:
        reader.skip();
    }
  }
  return asset;
}

SavedObject::Child ReadObjectReference(std::string_view bytes) {
  SavedObject::Child child;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Varint(1):
        child.id = reader.get_int32();
        break;
      case Bytes(2):
        child.name = String(reader);
        break;
      default:
        reader.skip();
    }
  }
  return child;
}

void ReadSavedVariable(std::string_view bytes, SavedObject& object) {
  object.kind = SavedObject::Kind::kVariable;
  object.shape = Shape();
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Varint(1):
        object.dtype = static_cast<DType>(reader.get_int32());
        break;
      case Bytes(2):
        object.shape = ReadTensorShapeProto(View(reader));
        break;
      case Bytes(6):
        object.variable_name = String(reader);
        break;
      default:
        reader.skip();
    }
  }
}

void ReadCapturedTensor(std::string_view bytes, SavedObject& object) {
  object.kind = SavedObject::Kind::kCapturedTensor;
  object.concrete_functions = {""};
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        object.captured_tensor = String(reader);
        break;
      case Bytes(2):
        object.concrete_functions[0] = String(reader);
        break;
      default:
        reader.skip();
    }
  }
}

SavedObject ReadSavedObject(std::string_view bytes) {
  SavedObject object;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        object.children.push_back(ReadObjectReference(View(reader)));
        break;
      case Bytes(5): {  // asset
        object.kind = SavedObject::Kind::kAsset;
        object.asset_index = 0;  // Proto3 does not write a zero.
        protozero::pbf_reader asset = Reader(View(reader));
        while (asset.next()) {
          if (asset.tag_and_type() == Varint(1)) {
            object.asset_index = asset.get_int32();
          } else {
            asset.skip();
          }
        }
        break;
      }
      case Bytes(6):  // function
      case Bytes(8):  // bare_concrete_function: its one name has the same number
        object.kind = SavedObject::Kind::kFunction;
        object.concrete_functions = ReadValues(View(reader));
        break;
      case Bytes(7):
        ReadSavedVariable(View(reader), object);
        break;
      case Bytes(9): {  // constant
        object.kind = SavedObject::Kind::kConstant;
        const std::vector<std::string> operation = ReadValues(View(reader));
        if (!operation.empty()) object.constant_operation = operation.back();
        break;
      }
      case Bytes(10):
        object.kind = SavedObject::Kind::kResource;
        reader.skip();
        break;
      case Bytes(12):
        ReadCapturedTensor(View(reader), object);
        break;
      default:
        reader.skip();
    }
  }
  return object;
}

// A TypeSpecProto's class, its name and the number of plain tensors that it flattens to.
CompositeArgument ReadTypeSpecProto(std::string_view bytes) {
  CompositeArgument argument;
  constexpr int kSparseTensorSpec = 1, kRaggedTensorSpec = 3;
  int type = 0;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Varint(1):
        type = reader.get_enum();
        break;
      case Bytes(3):
        argument.type = String(reader);
        break;
      case Varint(4):
        argument.count = reader.get_int32();
        break;
      default:
        reader.skip();
    }
  }
  // Before TensorFlow 2.5 the number was not written.
  if (argument.count <= 0) argument.count = type == kSparseTensorSpec ? 3 : 2;
  if (argument.type.empty()) {
    argument.type = type == kSparseTensorSpec   ? "SparseTensorSpec"
                    : type == kRaggedTensorSpec ? "RaggedTensorSpec"
                                                : "TypeSpec";
  }
  return argument;
}

// The composite arguments of a function, from the nest of its arguments. `next` counts the
// plain tensors so far, in the order in which TensorFlow flattens a nest: dictionaries by key.
void ReadStructuredValue(std::string_view bytes, int& next, std::vector<CompositeArgument>& out) {
  const auto read_list = [&](std::string_view list) {
    protozero::pbf_reader reader = Reader(list);
    while (reader.next()) {
      if (reader.tag_and_type() == Bytes(1)) {
        ReadStructuredValue(View(reader), next, out);
      } else {
        reader.skip();
      }
    }
  };
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(33):  // tensor_spec_value
      case Bytes(35):  // bounded_tensor_spec_value
        ++next;
        reader.skip();
        break;
      case Bytes(34): {  // type_spec_value
        CompositeArgument argument = ReadTypeSpecProto(View(reader));
        argument.first = next;
        next += std::min(argument.count, 1 << 16);
        out.push_back(std::move(argument));
        break;
      }
      case Bytes(51):  // list_value
      case Bytes(52):  // tuple_value
        read_list(View(reader));
        break;
      case Bytes(53): {  // dict_value
        std::map<std::string, std::string_view> fields;
        protozero::pbf_reader dict = Reader(View(reader));
        while (dict.next()) {
          if (dict.tag_and_type() == Bytes(1)) {
            fields.insert(MapEntry(View(dict)));
          } else {
            dict.skip();
          }
        }
        for (const auto& [key, value] : fields) ReadStructuredValue(value, next, out);
        break;
      }
      case Bytes(54): {  // named_tuple_value: in the order of its pairs
        protozero::pbf_reader tuple = Reader(View(reader));
        while (tuple.next()) {
          if (tuple.tag_and_type() == Bytes(2)) {
            ReadStructuredValue(MapEntry(View(tuple)).second, next, out);
          } else {
            tuple.skip();
          }
        }
        break;
      }
      default:
        reader.skip();
    }
  }
}

// Which entries of a flat list of tensors and None are tensors; nullopt for any other value.
std::optional<std::vector<bool>> ReadFlatList(std::string_view bytes) {
  std::vector<bool> is_tensor;
  protozero::pbf_reader reader = Reader(bytes);
  if (!reader.next()) return std::nullopt;
  if (reader.tag_and_type() != Bytes(51) && reader.tag_and_type() != Bytes(52)) return std::nullopt;
  protozero::pbf_reader list = Reader(View(reader));
  while (list.next()) {
    if (list.tag_and_type() != Bytes(1)) {
      list.skip();
      continue;
    }
    protozero::pbf_reader value = Reader(View(list));
    if (!value.next()) return std::nullopt;
    if (value.tag_and_type() != Bytes(1) && value.tag_and_type() != Bytes(33)) return std::nullopt;
    is_tensor.push_back(value.tag_and_type() == Bytes(33));
  }
  return is_tensor;
}

void ReadSavedConcreteFunction(std::string_view bytes, const std::string& name,
                               ObjectGraph& objects) {
  std::vector<int>& bound = objects.bound_inputs[name];
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Varint(2):
        bound.push_back(reader.get_int32());
        break;
      case Bytes(2):
        for (const int id : reader.get_packed_int32()) bound.push_back(id);
        break;
      case Bytes(3): {  // canonicalized_input_signature
        int next = 0;
        std::vector<CompositeArgument> arguments;
        ReadStructuredValue(View(reader), next, arguments);
        if (!arguments.empty()) objects.composite_arguments[name] = std::move(arguments);
        break;
      }
      case Bytes(4): {  // output_signature
        const std::optional<std::vector<bool>> list = ReadFlatList(View(reader));
        if (list && std::ranges::count(*list, false) > 0) objects.returns_tensor[name] = *list;
        break;
      }
      default:
        reader.skip();
    }
  }
}

ObjectGraph ReadSavedObjectGraph(std::string_view bytes) {
  ObjectGraph objects;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        objects.nodes.push_back(ReadSavedObject(View(reader)));
        break;
      case Bytes(2): {
        const auto [name, value] = MapEntry(View(reader));
        ReadSavedConcreteFunction(value, name, objects);
        break;
      }
      default:
        reader.skip();
    }
  }
  return objects;
}

void ReadMetaInfoDef(std::string_view bytes, MetaGraph& graph) {
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(2):
        graph.stripped_op_list = View(reader);
        break;
      case Bytes(4):
        graph.tags.push_back(String(reader));
        break;
      case Bytes(5):
        graph.tensorflow_version = String(reader);
        break;
      default:
        reader.skip();
    }
  }
  std::sort(graph.tags.begin(), graph.tags.end());
}

MetaGraph ReadMetaGraphDef(std::string_view bytes) {
  MetaGraph graph;
  protozero::pbf_reader reader = Reader(bytes);
  while (reader.next()) {
    switch (reader.tag_and_type()) {
      case Bytes(1):
        ReadMetaInfoDef(View(reader), graph);
        break;
      case Bytes(2):
        graph.graph_def = View(reader);
        break;
      case Bytes(3):
        graph.saver = ReadSaverDef(View(reader));
        break;
      case Bytes(4): {
        auto [key, value] = MapEntry(View(reader));
        graph.collections[std::move(key)] = ReadCollectionDef(value);
        break;
      }
      case Bytes(5): {
        auto [key, value] = MapEntry(View(reader));
        SignatureDef signature = ReadSignatureDef(value);
        signature.key = key;
        graph.signatures[std::move(key)] = std::move(signature);
        break;
      }
      case Bytes(6):
        graph.assets.push_back(ReadAssetFileDef(View(reader)));
        break;
      case Bytes(7):
        graph.objects = ReadSavedObjectGraph(View(reader));
        break;
      default:
        reader.skip();
    }
  }
  if (graph.assets.empty()) {
    if (const auto it = graph.collections.find("saved_model_assets");
        it != graph.collections.end()) {
      for (const std::string& asset : it->second.bytes) {
        graph.assets.push_back(ReadAssetFileDef(asset));
      }
    }
  }
  return graph;
}

// An asset is read from below assets/ and from nowhere else.
Status CheckAssets(const MetaGraph& graph) {
  for (const AssetFile& asset : graph.assets) {
    const std::filesystem::path path(asset.filename);
    const bool inside = !path.is_absolute() && asset.filename.find('\0') == std::string::npos &&
                        std::find(path.begin(), path.end(), "..") == path.end();
    if (inside) continue;
    return DataLoss("asset " + Quote(asset.filename) + " does not lie below the folder assets");
  }
  return OkStatus();
}

// Ids that point outside are damage: everything behind this reader indexes with them.
Status CheckObjectGraph(const MetaGraph& graph) {
  const ObjectGraph& objects = graph.objects;
  const auto exists = [&](int id) {
    return id >= 0 && static_cast<std::size_t>(id) < objects.nodes.size();
  };
  const std::string count = std::to_string(objects.nodes.size());
  for (std::size_t i = 0; i < objects.nodes.size(); ++i) {
    const SavedObject& object = objects.nodes[i];
    for (const SavedObject::Child& child : object.children) {
      if (exists(child.id)) continue;
      return DataLoss("object_graph_def.nodes[" + std::to_string(i) + "]: child " +
                      Quote(child.name) + " is node " + std::to_string(child.id) + " of " + count);
    }
    if (object.kind == SavedObject::Kind::kAsset &&
        (object.asset_index < 0 ||
         static_cast<std::size_t>(object.asset_index) >= graph.assets.size())) {
      return DataLoss("object_graph_def.nodes[" + std::to_string(i) + "]: asset " +
                      std::to_string(object.asset_index) + " of " +
                      std::to_string(graph.assets.size()));
    }
  }
  for (const auto& [name, ids] : objects.bound_inputs) {
    for (const int id : ids) {
      if (exists(id)) continue;
      return DataLoss("object_graph_def.concrete_functions[" + Quote(name) +
                      "]: a bound input is node " + std::to_string(id) + " of " + count);
    }
  }
  return OkStatus();
}

// The top level again, for its numbers: which field does not fit into the file.
std::string FirstOverrun(std::string_view bytes) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  try {
    while (p != end) {
      const char* const start = p;
      const std::uint64_t tag = protozero::decode_varint(&p, end);
      if ((tag & 7) == 0) {
        protozero::decode_varint(&p, end);
        continue;
      }
      if ((tag & 7) != 2) break;
      const std::uint64_t length = protozero::decode_varint(&p, end);
      const auto left = static_cast<std::uint64_t>(end - p);
      if (length > left) {
        return "the field at byte " + std::to_string(start - bytes.data()) + " says " +
               std::to_string(length) + " bytes, " + std::to_string(left) + " are left";
      }
      p += length;
    }
  } catch (const protozero::exception&) {
    return {};
  }
  return {};
}

}  // namespace

Result<std::vector<MetaGraph>> ReadMetaGraphs(std::string_view bytes) {
  const MessageSchema* schema = FindMessage("tensorflow.SavedModel");
  WHYLIGHT_CHECK(schema != nullptr);
  if (const Status status = CheckWire(*schema, bytes); !status.ok()) {
    const std::string overrun = FirstOverrun(bytes);
    return DataLoss(status.message() + (overrun.empty() ? "" : ": " + overrun));
  }
  std::vector<MetaGraph> graphs;
  WHYLIGHT_RETURN_IF_ERROR(CatchWire([&] {
    protozero::pbf_reader reader = Reader(bytes);
    while (reader.next()) {
      if (reader.tag_and_type() == Bytes(2)) {
        graphs.push_back(ReadMetaGraphDef(View(reader)));
      } else {
        reader.skip();
      }
    }
  }));
  if (graphs.empty()) return DataLoss("there is no meta graph in it");
  for (const MetaGraph& graph : graphs) {
    WHYLIGHT_RETURN_IF_ERROR(CheckAssets(graph));
    WHYLIGHT_RETURN_IF_ERROR(CheckObjectGraph(graph));
  }
  return graphs;
}

}  // namespace whylight
