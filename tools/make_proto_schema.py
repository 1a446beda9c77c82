#!/usr/bin/env python3
"""Writes src/savedmodel/schema_table.inc from the descriptors in an installed TensorFlow.

    python tools/make_proto_schema.py > src/savedmodel/schema_table.inc

Only the message classes are imported, not TensorFlow itself.
"""

import importlib.util
import pathlib
import sys
import types

# Any values seen in the collections of TF1 models, beside what SavedModel reaches by itself.
ANY_TYPES = (
    ("tensorflow.core.framework.variable_pb2", "VariableDef"),
    ("tensorflow.core.protobuf.control_flow_pb2", "ControlFlowContextDef"),
    ("tensorflow.core.protobuf.queue_runner_pb2", "QueueRunnerDef"),
)


def main() -> None:
    spec = importlib.util.find_spec("tensorflow")
    if spec is None or spec.origin is None:
        sys.exit("TensorFlow is not installed for this Python")
    package = types.ModuleType("tensorflow")
    package.__path__ = [str(pathlib.Path(spec.origin).parent)]
    sys.modules["tensorflow"] = package

    root = importlib.import_module("tensorflow.core.protobuf.saved_model_pb2").SavedModel
    messages: list = []
    enums: list = []

    def visit(message) -> None:
        if message in messages:
            return
        messages.append(message)
        for field in message.fields:
            if field.enum_type is not None and field.enum_type not in enums:
                enums.append(field.enum_type)
            if field.message_type is not None:
                visit(field.message_type)

    visit(root.DESCRIPTOR)
    for module, name in ANY_TYPES:
        visit(getattr(importlib.import_module(module), name).DESCRIPTOR)

    # FieldDescriptor.TYPE_*
    kinds = {
        1: "kDouble", 2: "kFloat", 3: "kInt64", 4: "kUInt64", 5: "kInt32", 6: "kFixed64",
        7: "kFixed32", 8: "kBool", 9: "kString", 11: "kMessage", 12: "kBytes", 13: "kUInt32",
        14: "kEnum", 18: "kSInt64",
    }
    print("// Written by tools/make_proto_schema.py; do not edit.")
    print("\nconstexpr FieldSchema kFields[] = {")
    first = 0
    starts = []
    for message in messages:
        print(f"    // {message.full_name}")
        starts.append((first, len(message.fields)))
        first += len(message.fields)
        for field in sorted(message.fields, key=lambda f: f.number):
            type_index = -1
            if field.message_type is not None:
                type_index = messages.index(field.message_type)
            elif field.enum_type is not None:
                type_index = enums.index(field.enum_type)
            repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == 3
            packable = field.type not in (9, 11, 12)
            form = "kSingle"
            if repeated:
                form = "kPacked" if packable else "kRepeated"
            print(f'    {{"{field.name}", {field.number}, FieldKind::{kinds[field.type]}, '
                  f"FieldForm::{form}, {type_index}}},")
    print("};\n\nconstexpr MessageSchema kMessages[] = {")
    for message, (start, count) in zip(messages, starts):
        print(f'    {{"{message.full_name}", {start}, {count}}},')
    print("};\n\nconstexpr EnumValue kEnumValues[] = {")
    first = 0
    enum_rows = []
    for enum in enums:
        print(f"    // {enum.full_name}")
        enum_rows.append((first, len(enum.values)))
        first += len(enum.values)
        for value in enum.values:
            print(f'    {{"{value.name}", {value.number}}},')
    print("};\n\nconstexpr EnumSchema kEnums[] = {")
    for start, count in enum_rows:
        print(f"    {{{start}, {count}}},")
    print("};")


if __name__ == "__main__":
    main()
