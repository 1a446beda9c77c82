// The request reader: instances from JSON Lines, JSON documents, CSV, TFRecord, Parquet, text and
// image files.
//
// A row that is wrong keeps its error and the others go on; what makes all rows unreadable (a file
// that is not there, a document that is no JSON) is the error of the call.
//
// Forms, told apart by the file's extension, then by content:
//   JSON Lines  one instance a line; blank lines are skipped. Read in memory for one line.
//   document    {"instances": [...]}, with an optional "signature_name" and "parameters"; a bare
//               array of instances; or one instance over several lines.
//   columns     {"inputs": {"age": [31, 44], "job": [...]}}: one value per input with a leading row
//               axis; {"inputs": [...]} if there is one input.
//   CSV         io/csv.h. The header names the inputs (each of one element), or the elements of the
//               one input that has many, in order; without a header (a first row of numbers) the
//               elements of the one input by position. Other columns, for an input of many elements
//               those at the end, are named in notes() and ignored. An empty cell is an error of
//               its row, but for "" in quotes as a string. Bool cells: true, false, 1, 0.
//   TFRecord    tf.Example a record (io/tfrecord.h, io/tf_example.h): a value for each input from
//               the feature of its name; other features of the first record are named in notes()
//               and ignored. If the one input is a string and the first record has no feature of
//               its name: each record's bytes, as parsing signatures take them. A feature is a flat
//               list, which takes the input's shape; an encoded picture is decoded for an input of
//               numbers; options.element_names work as for CSV.
//   Parquet     a value for each input from the column of its name, or columns that are the
//   elements
//               of the one input, as in CSV; nested lists give their shape, flat ones take the
//               input's. Other columns are named in notes() and not read. A null is a missing
//               value. Rows are streamed. Needs Arrow (io/arrow_library.h) and a regular file.
//   text        a file's bytes as the one string input (any extension that is none of the others).
//   image       a file's bytes if the one input takes strings, else decoded by `decode_image`.
// Files compressed by gzip are read as what they were, TFRecord also compressed by zlib.
// An instance is an object with a value for each input, or a bare value if there is one input. An
// input may itself be called "instances" or "inputs": the nesting of the value decides.
//
// Values: nested lists as deep as the input's shape. A bare value serves for shape [1]. Floats
// accept integers; integers accept integral numbers without point or exponent, in range; bool
// accepts true and false alone; strings accept strings and {"b64": "..."}. float32 and
// float64 are read correctly rounded from the text; beyond the range is an error, never an
// infinity.
//
// Errors of a row (kInvalidArgument), each with its place:
//   instances[2].image[0][3]: expected a number, got "old"
//   instances[2].age: missing (the signature takes age, job)
//   instances[0]: unknown key 'agee' (did you mean 'age'?)
//   line 3: age: 300 is out of range of uint8 [0, 255]
//   record 3: age: expected 4 values (the input's shape is [2,2]), got 3
// and of TFRecord kDataLoss: a wrong checksum, a file that ends within a record.
// Threads A reader belongs to one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "whylight/json.h"
#include "whylight/status.h"
#include "whylight/tensor.h"

namespace whylight {

// One input of the signature that requests are written for.
struct FieldSpec {
  std::string name;
  DType dtype = DType::kInvalid;
  Shape shape = Shape::UnknownRank();  // Of one instance, without row axis; may hold unknowns.
  std::string alias;  // Another name that requests may use: serving_default's for the same value.
};

struct Instance {
  std::size_t number = 0;  // From 0, over all files.
  // "instances[2]", "line 3", "row 3" of columns, "record 3", "cats/7.jpg"; "b.csv: line 3" of
  // several files.
  std::string place;
  std::vector<Tensor> values;  // In the order of the specs, no row axis. Empty unless status is OK.
  // The instance as given, compact: an object by column for CSV, by feature for a tf.Example, a
  // string for a text file, {"b64": ...} for an image and for a record that is a value. Always
  // JSON, but for NaN tokens that were allowed; "null" if unreadable.
  std::string source_json = "null";
  Status status;
};

enum class InstanceFormat { kAuto, kJsonLines, kJson, kCsv, kTfRecord, kParquet, kText, kImage };

struct InstanceReaderOptions {
  InstanceFormat format = InstanceFormat::kAuto;
  // NaN and Infinity: tokens in JSON (TensorFlow Serving reads them), nan and inf in CSV.
  bool allow_non_finite = false;
  // The signature has no axis of rows (parts of ragged and sparse tensors): {"inputs": ...} is one
  // instance, and shapes are those of whole tensors.
  bool has_rows = true;
  // CSV, TFRecord, Parquet: names of the elements of the one vector input (metadata's
  // index_feature_mapping). Set: columns are taken by these names, in whatever order they stand.
  std::vector<std::string> element_names;
  // Members of an instance, and columns, that it may have beside its inputs and that nobody is told
  // of: they stand in source_json.
  std::vector<std::string> other_members;
  // Said with the keys of the fields where a request has others: "serving_default takes bytes,
  // ...".
  std::string other_keys;
  // Turns the bytes of an image file into a tensor for the field. Unset: image files are refused
  // unless the field takes strings. See image/image_tensor.h for one.
  std::function<Result<Tensor>(std::string_view bytes, const FieldSpec& field)> decode_image;
};

class InstanceReader {
 public:
  virtual ~InstanceReader() = default;

  // The next instance, good or bad; nullopt at the end. After an error: the same error.
  virtual Result<std::optional<Instance>> Next() = 0;

  // "signature_name" of a document; empty without one. Known before the first Next().
  const std::string& signature_name() const { return signature_name_; }
  // The other members of a document ("parameters", "explanationSpecOverride"), as they stand there.
  const Json& request() const { return request_; }
  // Names of the elements of the one vector input, from a CSV header; else empty.
  const std::vector<std::string>& feature_names() const { return feature_names_; }
  // Whether Next() may wait for whoever writes: standard input, a pipe.
  bool may_wait() const { return may_wait_; }
  // What a user should be told once: "column 'label' is not an input and is ignored".
  const std::vector<std::string>& notes() const { return notes_; }

 protected:
  std::string signature_name_;
  Json request_ = Json::Object();
  std::vector<std::string> feature_names_;
  std::vector<std::string> notes_;
  bool may_wait_ = false;
};

// Files, directories (their files, sorted, without "_SUCCESS" and others that begin so) or "-" for
// standard input; read one after another. A directory and several files give one sequence of
// instances. Errors  kNotFound; kInvalidArgument: `fields` empty or of a dtype that has no text
// form, a form
//         that does not fit the fields ("an image file needs a single input, the signature takes
//         age, job"), a malformed document.
Result<std::unique_ptr<InstanceReader>> OpenInstances(const std::vector<std::string>& paths,
                                                      std::vector<FieldSpec> fields,
                                                      const InstanceReaderOptions& options = {});

// Whether a member of a request document is its explanationSpecOverride, in either spelling.
bool IsSpecOverride(std::string_view member);

// What a request document asks for beside its instances. Empty if the first of `paths` is another
// form, or cannot be read twice (standard input, a pipe).
struct RequestHead {
  std::string signature_name;
  Json spec_override;  // "explanationSpecOverride"; null without one.
};
// Errors: kNotFound and its like.
Result<RequestHead> PeekRequest(const std::vector<std::string>& paths);

// The body of a request. `format` kAuto tells JSON forms apart; files are kCsv and so on.
Result<std::unique_ptr<InstanceReader>> ReadInstances(std::string text,
                                                      std::vector<FieldSpec> fields,
                                                      const InstanceReaderOptions& options = {});

// All of a reader's instances.
Result<std::vector<Instance>> ReadAll(InstanceReader& reader);

}  // namespace whylight
