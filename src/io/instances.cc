#include "io/instances.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "io/instance_readers.h"
#include "io/json.h"
#include "io/json_reader.h"
#include "io/remote/uri.h"
#include "io/tfrecord.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kSniffBytes = std::size_t{1} << 16;
constexpr std::size_t kMagicBytes = 16;  // Enough for IsCompressed.

bool IsImageExtension(std::string_view extension) {
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

bool IsParquetExtension(std::string_view extension) {
  return extension == ".parquet" || extension == ".pq";
}

// As they are named, "data.tfrecord-00000-of-00010" too.
bool IsTfRecordExtension(std::string_view extension) {
  return extension.starts_with(".tfrecord") || extension == ".tfrec";
}

// Whether a file that begins so is compressed.
bool IsCompressed(std::string_view bytes, bool may_be_zlib) {
  if (IsTfRecord(bytes)) return false;  // A length may look like anything.
  if (bytes.starts_with(kGzipSignature)) return true;
  // A zlib header: deflate, windows of 32 KB, a multiple of 31.
  return may_be_zlib && bytes.size() > 1 && bytes[0] == 0x78 &&
         (0x78 * 256 + static_cast<unsigned char>(bytes[1])) % 31 == 0;
}

class FileInstanceReader : public InstanceReader {
 public:
  explicit FileInstanceReader(Instance instance) : instance_(std::move(instance)) {}
  Result<std::optional<Instance>> Next() override { return std::exchange(instance_, std::nullopt); }

 private:
  std::optional<Instance> instance_;
};

// One line of it and whether anything but space comes after.
struct FirstLine {
  std::string_view text;
  bool is_last = true;
};
Result<FirstLine> PeekFirstLine(LineReader& lines) {
  std::size_t wanted = kSniffBytes;
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::string_view ahead, lines.Peek(wanted));
    const bool is_all = ahead.size() < wanted;
    if (ahead.starts_with("\xef\xbb\xbf")) ahead.remove_prefix(3);
    const std::size_t begin = std::min(ahead.find_first_not_of(" \t\r\n"), ahead.size());
    const std::size_t end = ahead.find_first_of("\r\n", begin);
    if (end == std::string_view::npos) {
      if (is_all) return FirstLine{.text = ahead.substr(begin)};
    } else if (is_all || ahead.find_first_not_of(" \t\r\n", end) != std::string_view::npos) {
      return FirstLine{.text = ahead.substr(begin, end - begin),
                       .is_last = Trim(ahead.substr(end)).empty()};
    }
    wanted *= 2;
  }
}

// Tells JSON Lines from a document: Lines if the first line is a value by itself and no request.
InstanceFormat DetectJson(const FirstLine& line, const InstanceParser& parser) {
  JsonReader reader(line.text);
  reader.Skip();
  if (!reader.Finish().ok()) return InstanceFormat::kJson;
  JsonReader top(line.text);
  if (top.Peek() == JsonReader::Kind::kObject) {
    std::string key;
    top.BeginObject();
    while (top.NextKey(&key)) {
      const std::string_view value = top.Skip();
      if ((key == "instances" || key == "inputs") && parser.IsRequestMember(key, value)) {
        return InstanceFormat::kJson;
      }
    }
    return InstanceFormat::kJsonLines;
  }
  const bool is_array = top.Peek() == JsonReader::Kind::kArray;
  return is_array && line.is_last ? InstanceFormat::kJson : InstanceFormat::kJsonLines;
}

bool IsCsvHeader(std::string_view line, const InstanceParser& parser) {
  for (const std::string_view cell : Split(line, ',')) {
    std::string_view name = Trim(cell);
    if (name.size() > 1 && name.starts_with('"') && name.ends_with('"')) {
      name = name.substr(1, name.size() - 2);
    }
    if (parser.Find(name) != nullptr) return true;
  }
  return false;
}

Result<InstanceFormat> Detect(LineReader& lines, std::string_view extension,
                              const InstanceParser& parser) {
  if (extension == ".jsonl" || extension == ".ndjson") return InstanceFormat::kJsonLines;
  if (extension == ".csv") return InstanceFormat::kCsv;
  if (IsTfRecordExtension(extension)) return InstanceFormat::kTfRecord;
  if (IsParquetExtension(extension)) return InstanceFormat::kParquet;
  if (extension == ".txt") return InstanceFormat::kText;
  if (IsImageExtension(extension)) return InstanceFormat::kImage;
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view ahead, lines.Peek(kSniffBytes));
  if (IsImage(ahead)) return InstanceFormat::kImage;
  if (IsTfRecord(ahead)) return InstanceFormat::kTfRecord;
  if (ahead.starts_with("PAR1")) return InstanceFormat::kParquet;
  const bool is_json = extension == ".json";
  if (!is_json && !extension.empty() && parser.TakesOneString()) return InstanceFormat::kText;
  WHYLIGHT_ASSIGN_OR_RETURN(const FirstLine line, PeekFirstLine(lines));
  if (is_json || line.text.starts_with('{') || line.text.starts_with('[')) {
    return DetectJson(line, parser);
  }
  if (IsCsvHeader(line.text, parser)) return InstanceFormat::kCsv;
  if (line.text.starts_with('"')) return InstanceFormat::kJsonLines;
  if (parser.TakesOneString()) return InstanceFormat::kText;
  return line.text.find(',') != std::string_view::npos ? InstanceFormat::kCsv
                                                       : InstanceFormat::kJsonLines;
}

// Files with these extensions, and those that might be anything, are looked at; the bytes of other
// files are taken as they are.
Status DecompressIfCompressed(InstanceFormat format, std::string_view extension, bool is_gz,
                              LineReader& lines) {
  const bool is_tfrecord = format == InstanceFormat::kTfRecord || IsTfRecordExtension(extension);
  if (!is_tfrecord && !is_gz && !extension.empty()) return OkStatus();
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view ahead, lines.Peek(kMagicBytes));
  if (IsCompressed(ahead, is_tfrecord)) lines.Decompress();
  return OkStatus();
}

// Parquet is read from its end: an object, from a copy that has no name once it is open.
Result<std::unique_ptr<InstanceReader>> MakeRemoteParquetReader(const ReaderContext& context,
                                                                LineReader& bytes) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string copy, bytes.CopyRest());
  Result<std::unique_ptr<InstanceReader>> reader = MakeParquetReader(context, copy);
  std::remove(copy.c_str());
  return reader;
}

Result<std::unique_ptr<InstanceReader>> MakeReader(const ReaderContext& context,
                                                   std::unique_ptr<LineReader> lines,
                                                   const std::string& path) {
  std::string extension = Extension(path);
  const bool is_gz = extension == ".gz";
  if (is_gz) extension = Extension(std::string_view(path).substr(0, path.size() - 3));
  WHYLIGHT_RETURN_IF_ERROR(
      DecompressIfCompressed(context.options.format, extension, is_gz, *lines));
  InstanceFormat format = context.options.format;
  if (format == InstanceFormat::kAuto) {
    WHYLIGHT_ASSIGN_OR_RETURN(format, Detect(*lines, extension, context.parser));
  }
  if (format == InstanceFormat::kCsv) return MakeCsvReader(context, std::move(lines));
  if (format == InstanceFormat::kJsonLines) return MakeJsonLinesReader(context, std::move(lines));
  if (format == InstanceFormat::kTfRecord) return MakeTfRecordReader(context, std::move(lines));
  if (format == InstanceFormat::kParquet) {
    if (IsRemote(path)) return MakeRemoteParquetReader(context, *lines);
    if (IsRegularFile(path)) return MakeParquetReader(context, path);
    return InvalidArgument("Parquet is read from its end: save it in a file and give its name");
  }
  WHYLIGHT_ASSIGN_OR_RETURN(std::string text, lines->Rest());
  if (format == InstanceFormat::kText) return MakeTextReader(context, std::move(text));
  if (format == InstanceFormat::kImage) return MakeImageReader(context, std::move(text));
  return MakeJsonDocumentReader(context, std::move(text));
}

Status CheckFields(const std::vector<FieldSpec>& fields) {
  if (fields.empty()) return InvalidArgument("the signature takes no inputs");
  for (const FieldSpec& field : fields) {
    if (!IsNumeric(field.dtype) && field.dtype != DType::kBool && field.dtype != DType::kString) {
      return InvalidArgument("input '" + field.name + "': values of dtype " +
                             DTypeName(field.dtype) + " cannot be written in a request");
    }
  }
  return OkStatus();
}

// The readers of several sources, one after another.
class SequenceReader : public InstanceReader {
 public:
  SequenceReader(std::vector<std::string> paths, std::vector<FieldSpec> fields,
                 const InstanceReaderOptions& options)
      : paths_(std::move(paths)),
        options_(options),
        parser_(std::move(fields), options.allow_non_finite) {
    parser_.set_has_rows(options.has_rows);
    parser_.set_other_members(options.other_members);
    parser_.set_other_keys(options.other_keys);
    may_wait_ = !std::ranges::all_of(
        paths_, [](const std::string& path) { return IsRemote(path) || IsRegularFile(path); });
  }

  Status OpenFirst(std::unique_ptr<LineReader> text) {
    if (text != nullptr) {
      WHYLIGHT_ASSIGN_OR_RETURN(reader_, MakeReader(Context(), std::move(text), ""));
    } else {
      WHYLIGHT_RETURN_IF_ERROR(OpenNext());
    }
    signature_name_ = reader_->signature_name();
    request_ = reader_->request();
    Adopt();
    return OkStatus();
  }

  void AddNote(std::string note) { notes_.push_back(std::move(note)); }

  Result<std::optional<Instance>> Next() override {
    if (!status_.ok()) return status_;
    Result<std::optional<Instance>> next = NextOfAny();
    if (!next.ok()) status_ = next.status();
    return next;
  }

 private:
  ReaderContext Context() const { return {.parser = parser_, .options = options_}; }

  Status OpenNext() {
    const std::string& path = paths_[next_path_++];
    const std::string name = path == "-" ? "standard input" : path;
    WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<LineReader> lines, LineReader::Open(path));
    Result<std::unique_ptr<InstanceReader>> reader =
        MakeReader(Context(), std::move(lines), path == "-" ? "" : path);
    if (!reader.ok()) return reader.status().In(Printable(name, 300));
    reader_ = *std::move(reader);
    return OkStatus();
  }

  void Adopt() {
    feature_names_ = reader_->feature_names();
    for (const std::string& note : reader_->notes()) {
      if (std::ranges::find(notes_, note) == notes_.end()) notes_.push_back(note);
    }
  }

  Result<std::optional<Instance>> NextOfAny() {
    while (true) {
      Result<std::optional<Instance>> next = reader_->Next();
      const bool has_path = next_path_ > 0 && paths_[next_path_ - 1] != "-";
      if (!next.ok()) {
        return has_path ? next.status().In(Printable(paths_[next_path_ - 1], 300)) : next;
      }
      if (next->has_value()) {
        Instance& instance = **next;
        instance.number = count_++;
        if (has_path) AddPath(paths_[next_path_ - 1], instance);
        return next;
      }
      if (next_path_ == paths_.size()) return next;
      const std::vector<std::string> names = feature_names_;
      WHYLIGHT_RETURN_IF_ERROR(OpenNext());
      Adopt();
      const std::string& path = paths_[next_path_ - 1];
      if (feature_names_ != names) {
        return InvalidArgument(Printable(path, 300) + ": the header has other columns than " +
                               Printable(paths_[next_path_ - 2], 300));
      }
      if (reader_->signature_name() != signature_name_) {
        return InvalidArgument(Printable(path, 300) + ": signature_name '" +
                               Printable(reader_->signature_name()) + "' differs from '" +
                               Printable(signature_name_) + "' in the files before it");
      }
    }
  }

  // A whole file has no place within it. The place of a row is enough if there is one file.
  void AddPath(const std::string& path, Instance& instance) const {
    const std::string shown = Printable(path, 300);
    if (instance.place.empty()) {
      instance.place = shown;
    } else if (paths_.size() > 1) {
      instance.place = shown + ": " + instance.place;
    } else {
      return;
    }
    if (!instance.status.ok()) instance.status = instance.status.In(shown);
  }

  std::vector<std::string> paths_;  // Empty: one text, open already.
  InstanceReaderOptions options_;
  InstanceParser parser_;
  std::unique_ptr<InstanceReader> reader_;
  std::size_t next_path_ = 0;
  std::size_t count_ = 0;
  Status status_;
};

}  // namespace

std::string IgnoredNote(const std::vector<std::string>& shown) {
  return Join(shown, ", ") +
         (shown.size() == 1 ? " is no input and is ignored" : " are no inputs and are ignored");
}

bool IsImage(std::string_view bytes) {
  return bytes.starts_with("\xff\xd8\xff") || bytes.starts_with("\x89PNG\r\n\x1a\n");
}

Tensor StringTensor(const FieldSpec& field, std::string bytes) {
  std::vector<std::string> values;
  values.push_back(std::move(bytes));
  return Tensor::Strings(field.shape == Shape{1} ? field.shape : Shape{}, std::move(values));
}

Result<std::unique_ptr<InstanceReader>> MakeTextReader(const ReaderContext& context,
                                                       std::string bytes) {
  if (!context.parser.TakesOneString()) {
    return InvalidArgument("a text file needs a signature with a single string, this one takes " +
                           context.parser.FieldNames());
  }
  Instance instance;
  instance.source_json.clear();
  JsonWriter(&instance.source_json).String(bytes);
  instance.values.push_back(StringTensor(context.parser.fields()[0], std::move(bytes)));
  return std::unique_ptr<InstanceReader>(new FileInstanceReader(std::move(instance)));
}

Result<std::unique_ptr<InstanceReader>> MakeImageReader(const ReaderContext& context,
                                                        std::string bytes) {
  const InstanceParser& parser = context.parser;
  if (parser.fields().size() != 1) {
    return InvalidArgument("an image file needs a signature with a single input, this one takes " +
                           parser.FieldNames());
  }
  const FieldSpec& field = parser.fields()[0];
  if (!parser.TakesOneString() && !context.options.decode_image) {
    return InvalidArgument("input '" + field.name + "' takes " + DTypeName(field.dtype) +
                           " of shape " + field.shape.ToString() + ": no image decoder is set");
  }
  Instance instance;
  instance.source_json.clear();
  JsonWriter(&instance.source_json).Base64(bytes);
  Result<Tensor> value = parser.TakesOneString()
                             ? Result<Tensor>(StringTensor(field, std::move(bytes)))
                             : context.options.decode_image(bytes, field);
  if (value.ok()) {
    instance.values.push_back(*std::move(value));
  } else {
    instance.status = value.status();
  }
  return std::unique_ptr<InstanceReader>(new FileInstanceReader(std::move(instance)));
}

Result<std::unique_ptr<InstanceReader>> OpenInstances(const std::vector<std::string>& paths,
                                                      std::vector<FieldSpec> fields,
                                                      const InstanceReaderOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckFields(fields));
  if (paths.empty()) return InvalidArgument("no instances: expected a file, a directory or -");
  std::vector<std::string> files, notes;
  for (const std::string& path : paths) {
    WHYLIGHT_ASSIGN_OR_RETURN(const PathKind kind, path == "-" ? PathKind::kOther : KindOf(path));
    if (kind != PathKind::kDirectory) {
      if (kind == PathKind::kNothing && !IsRemote(path)) {  // Opening an object says more.
        return NotFound("cannot read " + Printable(path, 300) + ": no such file");
      }
      files.push_back(path);
      continue;
    }
    WHYLIGHT_ASSIGN_OR_RETURN(std::vector<std::string> listed, ListFiles(path));
    // Spark's and Hive's own files beside the rows: _SUCCESS, _metadata.
    std::erase_if(listed, [](const std::string& file) {
      return std::string_view(file).substr(file.rfind('/') + 1).starts_with('_');
    });
    const auto is_image = [](const std::string& file) { return IsImageExtension(Extension(file)); };
    const auto images = static_cast<std::size_t>(std::ranges::count_if(listed, is_image));
    if (images > 0 && images < listed.size()) {
      notes.push_back(Printable(path, 300) + ": " + std::to_string(listed.size() - images) +
                      " files beside the images are ignored");
      std::erase_if(listed, [&](const std::string& file) { return !is_image(file); });
    }
    if (listed.empty()) return NotFound(Printable(path, 300) + ": a directory without files");
    files.insert(files.end(), listed.begin(), listed.end());
  }
  auto reader = std::make_unique<SequenceReader>(std::move(files), std::move(fields), options);
  for (std::string& note : notes) reader->AddNote(std::move(note));
  WHYLIGHT_RETURN_IF_ERROR(reader->OpenFirst(nullptr));
  return std::unique_ptr<InstanceReader>(std::move(reader));
}

bool IsSpecOverride(std::string_view member) {
  return member == "explanationSpecOverride" || member == "explanation_spec_override";
}

Result<RequestHead> PeekRequest(const std::vector<std::string>& paths) {
  RequestHead head;
  if (paths.empty()) return head;
  const std::string extension = Extension(paths[0]);
  if (!extension.empty() && extension != ".json") return head;
  WHYLIGHT_ASSIGN_OR_RETURN(const PathKind kind, KindOf(paths[0]));
  if (kind != PathKind::kFile) return head;
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, LineReader::Open(paths[0]));
  WHYLIGHT_ASSIGN_OR_RETURN(const FirstLine line, PeekFirstLine(*lines));
  if (!line.text.starts_with('{')) return head;
  // A first line that is whole is a document by itself, or a row of JSON Lines: enough is read.
  std::string text(line.text);
  JsonReader whole(text);
  whole.Skip();
  if (!whole.Finish().ok()) {
    WHYLIGHT_ASSIGN_OR_RETURN(text, lines->Rest());
  }
  JsonReader reader(text);
  std::string key;
  bool is_request = false;
  reader.BeginObject();
  while (reader.NextKey(&key)) {
    is_request = is_request || key == "instances" || key == "inputs";
    if (key == "signature_name" && reader.Peek() == JsonReader::Kind::kString) {
      reader.String(&head.signature_name);
    } else if (IsSpecOverride(key)) {
      const Result<Json> spec = ParseJson(reader.Skip());
      if (spec.ok()) head.spec_override = *spec;
    } else {
      reader.Skip();
    }
  }
  // What is no JSON is for the reader of the instances to say.
  return reader.Finish().ok() && is_request ? head : RequestHead();
}

Result<std::unique_ptr<InstanceReader>> ReadInstances(std::string text,
                                                      std::vector<FieldSpec> fields,
                                                      const InstanceReaderOptions& options) {
  WHYLIGHT_RETURN_IF_ERROR(CheckFields(fields));
  auto reader =
      std::make_unique<SequenceReader>(std::vector<std::string>(), std::move(fields), options);
  WHYLIGHT_RETURN_IF_ERROR(reader->OpenFirst(LineReader::OfText(std::move(text))));
  return std::unique_ptr<InstanceReader>(std::move(reader));
}

Result<std::vector<Instance>> ReadAll(InstanceReader& reader) {
  std::vector<Instance> instances;
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(std::optional<Instance> next, reader.Next());
    if (!next) return instances;
    instances.push_back(*std::move(next));
  }
}

}  // namespace whylight
