// Makes values of TF1's TensorArrays.
#pragma once

#include "graph/passes/pass.h"

namespace whylight {

// A TensorArrayV3 is a mutable object behind a handle, and a float (its flow) orders what is done
// with it. It becomes a TensorList, a value that takes the place of the flow:
//
//   TensorArrayV3(size)                 TensorListReserve(element_shape, size)
//   ...WriteV3(h, i, value, flow)       TensorListSetItem(list, i, value), growing where the array
//                                       may (dynamic_size)
//   ...ReadV3(h, i, flow)               TensorListGetItem(list, i, element_shape)
//   ...GatherV3(h, indices, flow)       TensorListGather(list, indices, element_shape)
//   ...ScatterV3(h, indices, v, flow)   TensorListScatterIntoExistingList(list, v, indices)
//   ...ConcatV3(h, flow)                TensorListConcatV2(list, [?] + element_shape_except0, {})
//   ...SplitV3(h, value, lengths, flow) TensorListSplit(value, [?] + ..., lengths)
//   ...SizeV3(h, flow)                  TensorListLength(list)
//   ...CloseV3(h)                       NoOp
//
// Nodes keep their names; Enter, Merge, Switch, NextIteration, Exit and Identity pass the list on
// as they did the flow; those of the handle go. A run that TensorFlow would have refused (a second
// write or read of one element) may pass.
//
// Left alone, as a whole: an array whose handle or flow goes anywhere else (gradients, a function),
// is fed or fetched; one with two writes that the flow does not order, or that somebody waits for
// by a control edge: they would not see one another's elements; one of resources or variants.
class TensorArraysToLists : public Pass {
 public:
  std::string_view name() const override { return "tensor_arrays_to_lists"; }
  Result<bool> Run(Graph& graph, PassContext& context) override;
};

}  // namespace whylight
