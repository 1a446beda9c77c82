#include "graph/import.h"

#include <charconv>
#include <optional>
#include <protozero/pbf_writer.hpp>
#include <utility>

#include "graph/attr_proto.h"
#include "util/wire.h"

namespace whylight {
namespace {

using protozero::pbf_reader;
using wire::Bytes;
using wire::Reader;
using wire::Varint;
using wire::View;

std::string Quote(std::string_view name) { return "'" + std::string(name) + "'"; }

// A node whose inputs are still names.
struct PendingNode {
  Node* node;
  std::vector<std::string_view> inputs;
};

Result<PendingNode> ReadNode(std::string_view bytes, Graph& graph) {
  std::string name, op, device;
  PendingNode pending{};
  Attrs attrs;
  pbf_reader message = Reader(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        name = message.get_string();
        break;
      case Bytes(2):
        op = message.get_string();
        break;
      case Bytes(3):
        pending.inputs.push_back(View(message));
        break;
      case Bytes(4):
        device = message.get_string();
        break;
      case Bytes(5):
        if (const Status status = DecodeAttrEntry(View(message), attrs); !status.ok()) {
          return status.In("node " + Quote(name));
        }
        break;
      default:
        message.skip();
    }
  }
  if (name.empty()) return InvalidArgument("a node of op " + Quote(op) + " has no name");
  if (graph.Find(name) != nullptr) return InvalidArgument("two nodes are named " + Quote(name));
  pending.node = graph.Add(std::move(name), std::move(op));
  pending.node->device = std::move(device);
  pending.node->attrs = std::move(attrs);
  return pending;
}

std::optional<int> ParseIndex(std::string_view digits) {
  int index = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end || index < 0) return std::nullopt;
  return index;
}

Status BadEdge(const Node& node, std::string_view input, const std::string& why) {
  return InvalidArgument("node " + Quote(node.name) + ": input " + Quote(input) + ": " + why);
}

// Resolves names to edges; `find` reads one data input.
template <typename Find>
Status Connect(const Graph& graph, const std::vector<PendingNode>& pending, Find find) {
  for (const auto& [node, inputs] : pending) {
    for (const std::string_view input : inputs) {
      if (input.starts_with('^')) {
        Node* const control = graph.Find(input.substr(1));
        if (control == nullptr) return BadEdge(*node, input, "there is no such node");
        node->control_inputs.push_back(control);
        continue;
      }
      Result<Output> output = find(input);
      if (!output.ok()) {
        return output.status().In("node " + Quote(node->name) + ": input " + Quote(input));
      }
      node->inputs.push_back(*output);
    }
  }
  return OkStatus();
}

// How many outputs nodes have; asked once for each.
class OutputCounts {
 public:
  explicit OutputCounts(const Graph& graph) : graph_(graph) {}

  // nullopt where only the runtime knows (an op that is not in the registry, a polymorphic body).
  std::optional<int> Of(const Node& node) {
    const auto [found, is_new] = counts_.try_emplace(&node);
    if (is_new) {
      const Result<std::vector<DType>> types = graph_.OutputTypes(node);
      if (types.ok()) found->second = static_cast<int>(types->size());
    }
    return found->second;
  }

 private:
  const Graph& graph_;
  std::unordered_map<const Node*, std::optional<int>> counts_;
};

Status CheckIndex(Output output, OutputCounts& counts) {
  const std::optional<int> count = counts.Of(*output.node);
  if (!count || output.index < *count) return OkStatus();
  return InvalidArgument(output.node->op + " " + Quote(output.node->name) + " has " +
                         std::to_string(*count) + " outputs");
}

// "name" or "name:1", as nodes of a GraphDef name their inputs.
Result<Output> FindTensor(const Graph& graph, std::string_view input, OutputCounts& counts) {
  Output output{graph.Find(input), 0};
  if (output.node == nullptr) {
    if (const auto colon = input.rfind(':'); colon != std::string_view::npos) {
      const std::optional<int> index = ParseIndex(input.substr(colon + 1));
      if (!index) return InvalidArgument("expected a number after the colon");
      output = {graph.Find(input.substr(0, colon)), *index};
    }
  }
  if (output.node == nullptr) return InvalidArgument("there is no such node");
  WHYLIGHT_RETURN_IF_ERROR(CheckIndex(output, counts));
  return output;
}

// FunctionDef.ArgAttrs with its key.
Status ReadArgAttrs(std::string_view entry, std::map<std::uint32_t, Attrs>& arg_attrs) {
  std::uint32_t index = 0;
  std::string_view value;
  pbf_reader message = Reader(entry);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Varint(1):
        index = message.get_uint32();
        break;
      case Bytes(2):
        value = View(message);
        break;
      default:
        message.skip();
    }
  }
  pbf_reader attrs = Reader(value);
  while (wire::NextBytes(attrs, 1)) {
    WHYLIGHT_RETURN_IF_ERROR(DecodeAttrEntry(View(attrs), arg_attrs[index]));
  }
  return OkStatus();
}

// What a signature says of a resource argument: the types and shapes behind its handle.
struct HandleData {
  std::vector<DType> dtypes;
  std::vector<Shape> shapes;
};

// The handle data of each argument, and the names of the control outputs, of a signature's OpDef.
struct SignatureExtras {
  std::vector<HandleData> handles;
  std::vector<std::string> control_outputs;
};

Result<HandleData> ReadHandleData(pbf_reader arg) {
  HandleData handle;
  while (wire::NextBytes(arg, 7)) {
    DType dtype = DType::kInvalid;
    Shape shape;
    pbf_reader data = arg.get_message();
    while (data.next()) {
      switch (data.tag_and_type()) {
        case Varint(1):
          dtype = static_cast<DType>(data.get_enum());
          break;
        case Bytes(2): {
          WHYLIGHT_ASSIGN_OR_RETURN(shape, DecodeShape(View(data)));
          break;
        }
        default:
          data.skip();
      }
    }
    handle.dtypes.push_back(dtype);
    handle.shapes.push_back(std::move(shape));
  }
  return handle;
}

Result<SignatureExtras> ReadSignatureExtras(std::string_view op_def) {
  SignatureExtras extras;
  pbf_reader message = Reader(op_def);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(2): {
        WHYLIGHT_ASSIGN_OR_RETURN(HandleData handle, ReadHandleData(message.get_message()));
        extras.handles.push_back(std::move(handle));
        break;
      }
      case Bytes(20):
        extras.control_outputs.push_back(message.get_string());
        break;
      default:
        message.skip();
    }
  }
  return extras;
}

// The parts of a FunctionDef, as they stand on the wire.
struct FunctionParts {
  std::string_view signature;
  std::vector<std::string_view> nodes;
  std::map<std::string, std::string> ret;
  std::map<std::string, std::string> control_ret;
  std::map<std::uint32_t, Attrs> arg_attrs;
};

Result<FunctionParts> ReadFunctionParts(std::string_view bytes) {
  FunctionParts parts;
  pbf_reader message = Reader(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        parts.signature = View(message);
        break;
      case Bytes(3):
        parts.nodes.push_back(View(message));
        break;
      case Bytes(4):
        parts.ret.insert(wire::MapEntry(View(message)));
        break;
      case Bytes(6):
        parts.control_ret.insert(wire::MapEntry(View(message)));
        break;
      case Bytes(7):
        WHYLIGHT_RETURN_IF_ERROR(ReadArgAttrs(View(message), parts.arg_attrs));
        break;
      default:
        message.skip();
    }
  }
  return parts;
}

// An AttrValue that stands for an attribute of the function.
RawAttr Placeholder(const std::string& attr) {
  RawAttr raw;
  protozero::pbf_writer(raw.bytes).add_string(9, attr);
  return raw;
}

// Builds the graph of one function body.
class BodyImporter {
 public:
  BodyImporter(FunctionBody& body, const FunctionParts& parts) : body_(body), parts_(parts) {}

  Status Run() {
    WHYLIGHT_ASSIGN_OR_RETURN(signature_, ParseOpDef(parts_.signature));
    WHYLIGHT_ASSIGN_OR_RETURN(extras_, ReadSignatureExtras(parts_.signature));
    body_.name = signature_.name;
    WHYLIGHT_RETURN_IF_ERROR(AddArgs());
    std::vector<PendingNode> pending;
    for (const std::string_view bytes : parts_.nodes) {
      WHYLIGHT_ASSIGN_OR_RETURN(PendingNode node, ReadNode(bytes, body_.graph));
      pending.push_back(std::move(node));
    }
    WHYLIGHT_RETURN_IF_ERROR(
        Connect(body_.graph, pending, [this](std::string_view input) { return Find(input); }));
    WHYLIGHT_RETURN_IF_ERROR(AddResults());
    return AddControlResults();
  }

 private:
  Status AddArgs() {
    for (std::size_t i = 0; i < signature_.inputs.size(); ++i) {
      const ArgDef& arg = signature_.inputs[i];
      if (!arg.number_attr.empty() || !arg.type_list_attr.empty()) {
        return Unimplemented("argument " + Quote(arg.name) + " is a list");
      }
      if (arg.name.empty() || body_.graph.Find(arg.name) != nullptr) {
        return InvalidArgument("two arguments are named " + Quote(arg.name));
      }
      Node* const node = body_.graph.Add(arg.name, "_Arg");
      if (arg.type_attr.empty()) {
        node->attrs["T"] = arg.type;
      } else {
        node->attrs["T"] = Placeholder(arg.type_attr);
      }
      node->attrs["index"] = static_cast<std::int64_t>(i);
      if (const HandleData& handle = extras_.handles[i]; !handle.dtypes.empty()) {
        node->attrs["_handle_dtypes"] = handle.dtypes;
        node->attrs["_handle_shapes"] = handle.shapes;
      }
      if (const auto found = parts_.arg_attrs.find(static_cast<std::uint32_t>(i));
          found != parts_.arg_attrs.end()) {
        for (const auto& [name, value] : found->second) {
          if (name.starts_with('_')) node->attrs[name] = value;
        }
      }
      body_.args.push_back(node);
    }
    return OkStatus();
  }

  Status AddResults() {
    for (const ArgDef& result : signature_.outputs) {
      if (!result.number_attr.empty() || !result.type_list_attr.empty()) {
        return Unimplemented("result " + Quote(result.name) + " is a list");
      }
      const auto found = parts_.ret.find(result.name);
      if (found == parts_.ret.end()) {
        return InvalidArgument("result " + Quote(result.name) + " is not in the map of results");
      }
      Result<Output> output = Find(found->second);
      if (!output.ok()) {
        return output.status().In("result " + Quote(result.name) + ": tensor " +
                                  Quote(found->second));
      }
      body_.results.push_back(*output);
    }
    return OkStatus();
  }

  Status AddControlResults() {
    std::set<const Node*> seen;
    const auto add = [&](const std::string& result, const std::string& name) -> Status {
      Node* const node = body_.graph.Find(name);
      if (node == nullptr) {
        return InvalidArgument("control result " + Quote(result) + ": there is no node " +
                               Quote(name));
      }
      if (seen.insert(node).second) body_.control_results.push_back(node);
      return OkStatus();
    };
    for (const std::string& result : extras_.control_outputs) {  // In the signature's order,
      if (const auto found = parts_.control_ret.find(result); found != parts_.control_ret.end()) {
        WHYLIGHT_RETURN_IF_ERROR(add(result, found->second));
      }
    }
    for (const auto& [result, name] : parts_.control_ret) {  // then what it does not list.
      WHYLIGHT_RETURN_IF_ERROR(add(result, name));
    }
    return OkStatus();
  }

  // "argument", "node:result" or "node:result:1": the index counts within the named result.
  Result<Output> Find(std::string_view input) {
    const std::size_t first = input.find(':');
    Node* const node = body_.graph.Find(input.substr(0, first));
    if (node == nullptr) return InvalidArgument("there is no such node");
    if (first == std::string_view::npos) return Output{node, 0};
    std::string_view result = input.substr(first + 1);
    int within = 0;
    if (const std::size_t second = result.find(':'); second != std::string_view::npos) {
      const std::optional<int> index = ParseIndex(result.substr(second + 1));
      if (!index) return InvalidArgument("expected a number after the last colon");
      within = *index;
      result = result.substr(0, second);
    }
    if (const std::optional<int> flat = ParseIndex(result)) {  // "node:1", as in a GraphDef.
      const Output output{node, *flat};
      WHYLIGHT_RETURN_IF_ERROR(CheckIndex(output, counts_));
      return output;
    }
    const Result<OpRegistry::Slots> slots = body_.graph.registry().OutputSlots(*node, result);
    if (slots.status().code() == StatusCode::kNotFound) {
      return InvalidArgument(slots.status().message());
    }
    if (!slots.ok()) return slots.status();
    if (within >= slots->count) {
      return InvalidArgument(node->op + " " + Quote(node->name) + ": output " + Quote(result) +
                             " has " + std::to_string(slots->count) + " tensors");
    }
    return Output{node, slots->first + within};
  }

  FunctionBody& body_;
  const FunctionParts& parts_;
  OpDef signature_;
  SignatureExtras extras_;
  OutputCounts counts_{body_.graph};
};

// A RegisteredGradient: op type -> function.
std::pair<std::string, std::string> ReadRegisteredGradient(pbf_reader message) {
  std::pair<std::string, std::string> gradient;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1):
        gradient.second = message.get_string();
        break;
      case Bytes(2):
        gradient.first = message.get_string();
        break;
      default:
        message.skip();
    }
  }
  return gradient;
}

Status ReadLibrary(pbf_reader message, FunctionLibrary& library) {
  while (message.next()) {
    switch (message.tag_and_type()) {
      case Bytes(1): {
        FunctionDef function;
        function.bytes = message.get_string();
        WHYLIGHT_ASSIGN_OR_RETURN(const OpDef signature, FunctionSignature(function));
        function.name = signature.name;
        library.Add(std::move(function));
        break;
      }
      case Bytes(2): {
        const std::string_view gradient = View(message);
        library.gradients[wire::MapEntry(gradient).first] = gradient;
        break;
      }
      case Bytes(3):
        library.registered_gradients.insert(ReadRegisteredGradient(message.get_message()));
        break;
      default:
        message.skip();
    }
  }
  return OkStatus();
}

}  // namespace

Result<Graph> ImportGraph(std::string_view graph_def, const OpRegistry& registry) {
  try {
    Graph graph(registry);
    std::vector<PendingNode> pending;
    pbf_reader message = Reader(graph_def);
    while (message.next()) {
      switch (message.tag_and_type()) {
        case Bytes(1): {
          WHYLIGHT_ASSIGN_OR_RETURN(PendingNode node, ReadNode(View(message), graph));
          pending.push_back(std::move(node));
          break;
        }
        case Bytes(2):
          WHYLIGHT_RETURN_IF_ERROR(ReadLibrary(message.get_message(), graph.library));
          break;
        case Bytes(4): {  // versions
          pbf_reader versions = message.get_message();
          while (versions.next()) {
            switch (versions.tag_and_type()) {
              case Varint(1):
                graph.producer = versions.get_int32();
                break;
              case Varint(2):
                graph.min_consumer = versions.get_int32();
                break;
              default:
                versions.skip();
            }
          }
          break;
        }
        default:
          message.skip();
      }
    }
    OutputCounts counts(graph);
    WHYLIGHT_RETURN_IF_ERROR(Connect(
        graph, pending, [&](std::string_view input) { return FindTensor(graph, input, counts); }));
    return graph;
  } catch (const protozero::exception& e) {
    return DataLoss(std::string("malformed GraphDef: ") + e.what());
  }
}

Result<FunctionBody> ImportFunction(const FunctionDef& function, const OpRegistry& registry) {
  const std::string place = "function " + Quote(function.name);
  try {
    WHYLIGHT_ASSIGN_OR_RETURN(const FunctionParts parts, ReadFunctionParts(function.bytes));
    FunctionBody body{.graph = Graph(registry)};
    const Status status = BodyImporter(body, parts).Run();
    if (!status.ok()) return status.In(place);
    return body;
  } catch (const protozero::exception& e) {
    return DataLoss(place + ": malformed FunctionDef: " + e.what());
  }
}

Result<OpDef> FunctionSignature(const FunctionDef& function) {
  try {
    pbf_reader message = Reader(function.bytes);
    while (wire::NextBytes(message, 1)) return ParseOpDef(View(message));
    return DataLoss("function " + Quote(function.name) + " has no signature");
  } catch (const protozero::exception& e) {
    return DataLoss("function " + Quote(function.name) + ": malformed FunctionDef: " + e.what());
  }
}

}  // namespace whylight
