// TensorFlow's C API as a table of function pointers, filled from a library that is opened at run
// time. Nothing links TensorFlow and no header of it is needed to build.
//
// The library exports its own protobuf, Abseil, gRPC, zlib and more, so it is opened with
// RTLD_LOCAL: our symbols and its symbols never meet. It is never closed: its threads and its
// static objects do not survive that.
//
// Source  The declarations repeat tensorflow/c/{c_api,tf_buffer,tf_datatype,tf_status,tf_tensor,
//         tf_tstring}.h, Copyright The TensorFlow Authors, Apache License 2.0. That API is stable:
//         TensorFlow promises it across 2.x, and 2.15 and 2.21 were compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "whylight/status.h"

namespace whylight::tf {

struct TF_DeviceList;
struct TF_Graph;
struct TF_ImportGraphDefOptions;
struct TF_Operation;
struct TF_Session;
struct TF_SessionOptions;
struct TF_Status;
struct TF_Tensor;

using TF_Code = int;      // An enum of int's size; the numbers are StatusCode's.
using TF_DataType = int;  // Likewise; DType's numbers, plus 100 for a reference.

struct TF_Buffer {
  const void* data;
  std::size_t length;
  void (*data_deallocator)(void* data, std::size_t length);
};

struct TF_Output {
  TF_Operation* oper;
  int index;
};

// One element of a string tensor. The inside belongs to TensorFlow; the size is the same on every
// 64-bit platform, in all versions since 2.4. It must go through StringInit before anything else.
struct TF_TString {
  alignas(8) std::byte inside[24];
};

using TF_Deallocator = void (*)(void* data, std::size_t length, void* arg);

// X(name without TF_, type of the result, parameters)
#define WHYLIGHT_TF_C_API(X)                                                                      \
  X(Version, const char*, ())                                                                     \
  X(NewStatus, TF_Status*, ())                                                                    \
  X(DeleteStatus, void, (TF_Status*))                                                             \
  X(GetCode, TF_Code, (const TF_Status*))                                                         \
  X(Message, const char*, (const TF_Status*))                                                     \
  X(DeleteBuffer, void, (TF_Buffer*))                                                             \
  X(GetAllOpList, TF_Buffer*, ())                                                                 \
  X(GetRegisteredKernelsForOp, TF_Buffer*, (const char* op, TF_Status*))                          \
  X(NewTensor, TF_Tensor*,                                                                        \
    (TF_DataType, const std::int64_t* dims, int num_dims, void* data, std::size_t length,         \
     TF_Deallocator, void* arg))                                                                  \
  X(AllocateTensor, TF_Tensor*,                                                                   \
    (TF_DataType, const std::int64_t* dims, int num_dims, std::size_t length))                    \
  X(DeleteTensor, void, (TF_Tensor*))                                                             \
  X(TensorType, TF_DataType, (const TF_Tensor*))                                                  \
  X(NumDims, int, (const TF_Tensor*))                                                             \
  X(Dim, std::int64_t, (const TF_Tensor*, int axis))                                              \
  X(TensorByteSize, std::size_t, (const TF_Tensor*))                                              \
  X(TensorData, void*, (const TF_Tensor*))                                                        \
  X(StringInit, void, (TF_TString*))                                                              \
  X(StringCopy, void, (TF_TString*, const char* from, std::size_t size))                          \
  X(StringGetDataPointer, const char*, (const TF_TString*))                                       \
  X(StringGetSize, std::size_t, (const TF_TString*))                                              \
  X(StringDealloc, void, (TF_TString*))                                                           \
  X(NewGraph, TF_Graph*, ())                                                                      \
  X(DeleteGraph, void, (TF_Graph*))                                                               \
  X(NewImportGraphDefOptions, TF_ImportGraphDefOptions*, ())                                      \
  X(DeleteImportGraphDefOptions, void, (TF_ImportGraphDefOptions*))                               \
  X(ImportGraphDefOptionsSetDefaultDevice, void, (TF_ImportGraphDefOptions*, const char* device)) \
  X(GraphImportGraphDef, void,                                                                    \
    (TF_Graph*, const TF_Buffer* graph_def, const TF_ImportGraphDefOptions*, TF_Status*))         \
  X(GraphOperationByName, TF_Operation*, (TF_Graph*, const char* name))                           \
  X(GraphGetTensorNumDims, int, (TF_Graph*, TF_Output, TF_Status*))                               \
  X(GraphGetTensorShape, void,                                                                    \
    (TF_Graph*, TF_Output, std::int64_t* dims, int num_dims, TF_Status*))                         \
  X(OperationNumOutputs, int, (TF_Operation*))                                                    \
  X(OperationOutputType, TF_DataType, (TF_Output))                                                \
  X(NewSessionOptions, TF_SessionOptions*, ())                                                    \
  X(DeleteSessionOptions, void, (TF_SessionOptions*))                                             \
  X(SetConfig, void, (TF_SessionOptions*, const void* proto, std::size_t length, TF_Status*))     \
  X(NewSession, TF_Session*, (TF_Graph*, const TF_SessionOptions*, TF_Status*))                   \
  X(CloseSession, void, (TF_Session*, TF_Status*))                                                \
  X(DeleteSession, void, (TF_Session*, TF_Status*))                                               \
  X(SessionRun, void,                                                                             \
    (TF_Session*, const TF_Buffer* run_options, const TF_Output* inputs,                          \
     TF_Tensor* const* input_values, int num_inputs, const TF_Output* outputs,                    \
     TF_Tensor** output_values, int num_outputs, const TF_Operation* const* targets,              \
     int num_targets, TF_Buffer* run_metadata, TF_Status*))                                       \
  X(SessionListDevices, TF_DeviceList*, (TF_Session*, TF_Status*))                                \
  X(DeleteDeviceList, void, (TF_DeviceList*))                                                     \
  X(DeviceListCount, int, (const TF_DeviceList*))                                                 \
  X(DeviceListName, const char*, (const TF_DeviceList*, int index, TF_Status*))

// Threads: as TensorFlow's functions of these names; the table itself is never written again.
struct CApi {
#define WHYLIGHT_TF_MEMBER(name, result, parameters) result(*name) parameters = nullptr;
  WHYLIGHT_TF_C_API(WHYLIGHT_TF_MEMBER)
#undef WHYLIGHT_TF_MEMBER
};

// Opens the library and fills the table. The library stays loaded, also when this fails.
// Errors: kUnavailable: a file that is cut off, the dynamic loader's reason, or the function that
// is missing, or a major version other than 2. The message does not repeat the library's name.
Result<CApi> LoadCApi(const std::string& library);

}  // namespace whylight::tf
