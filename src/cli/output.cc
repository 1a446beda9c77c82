#include "cli/output.h"

#include <cstdio>

#include "explain/explanation_json.h"
#include "io/remote/uri.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kShownFailures = 5;
constexpr double kSecondsBeforeProgress = 0.5;

// "parquet" for "out.parquet"; "" for what is written as lines.
std::string FormatOf(const std::string& path) {
  const std::string extension = Extension(path);
  if (extension == ".tfrecord" || extension == ".tfrecords") return "tfrecord";
  if (extension == ".csv") return "csv";
  return extension == ".parquet" || extension == ".pq" ? "parquet" : "";
}

}  // namespace

Result<std::unique_ptr<AnswerWriter>> AnswerWriter::Open(const Options& options) {
  if (Extension(options.path) == ".gz") {
    return InvalidArgument("--output " + Printable(options.path, 300) +
                           ": compressed files are read, not written; leave out .gz");
  }
  std::unique_ptr<AnswerWriter> writer(new AnswerWriter);
  WHYLIGHT_ASSIGN_OR_RETURN(writer->out_, LineWriter::Open(options.path));
  const std::string format = options.format.empty() ? FormatOf(options.path) : options.format;
  if (format == "tfrecord") writer->rows_ = MakeTfRecordWriter(*writer->out_);
  if (format == "parquet") {
    WHYLIGHT_ASSIGN_OR_RETURN(writer->rows_, MakeParquetWriter(*writer->out_, options.description));
  }
  if (writer->rows_ != nullptr) writer->form_ = AnswerForm::kRows;
  if (format == "csv") {
    writer->rows_ = MakeCsvWriter(*writer->out_);
    writer->form_ = AnswerForm::kCells;
  }
  return writer;
}

Status AnswerWriter::Close() {
  if (rows_ != nullptr) WHYLIGHT_RETURN_IF_ERROR(rows_->Close());
  return out_->Close();
}

Status FailureLog::Add(const Instance& instance, const Status& why) {
  if (++count_ <= kShownFailures) {
    const bool placed = why.message().starts_with(instance.place);
    std::fprintf(stderr, "whylight: %s%s%s\n", placed ? "" : instance.place.c_str(),
                 placed ? "" : ": ", why.message().c_str());
  }
  if (path_.empty()) return OkStatus();
  if (writer_ == nullptr) {
    WHYLIGHT_ASSIGN_OR_RETURN(writer_, LineWriter::Open(path_));
  }
  return writer_->Write(ErrorLine(instance.source_json, instance.place, why));
}

Status FailureLog::Close() {
  if (count_ == 0) return OkStatus();
  if (count_ > kShownFailures) {
    std::fprintf(stderr, "whylight: and %zu more\n", count_ - kShownFailures);
  }
  if (writer_ != nullptr) WHYLIGHT_RETURN_IF_ERROR(writer_->Close());
  std::fprintf(stderr, "whylight: %zu row%s failed%s%s\n", count_, count_ == 1 ? "" : "s",
               path_.empty() ? "" : "; with reasons in ", path_.c_str());
  return OkStatus();
}

std::string ErrorPathFor(const std::string& output_path) {
  if (output_path.empty() || output_path == "-") return "";
  const std::string_view plain = WithoutOptions(output_path);
  return WithEnding(output_path, plain.substr(plain.size() - Extension(plain).size()),
                    ".errors.jsonl");
}

Progress::Progress(std::size_t total)
    : total_(total),
      active_(IsTerminal(StandardStream::kError)),
      start_(std::chrono::steady_clock::now()) {}

void Progress::Show(const BatchCounts& counts) {
  if (!active_) return;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (seconds < kSecondsBeforeProgress) return;
  const std::size_t rows = counts.done + counts.failed;
  const double rate = static_cast<double>(rows) / seconds;
  drawn_ = true;
  if (total_ < rows) {
    std::fprintf(stderr, "\r\033[K  %zu rows   %.3g/s", rows, rate);
    return;
  }
  constexpr int kWidth = 24;
  const int filled = static_cast<int>(kWidth * rows / std::max<std::size_t>(total_, 1));
  std::string bar;
  for (int i = 0; i < kWidth; ++i) bar += i < filled ? "━" : "╌";
  const auto left = static_cast<long>(static_cast<double>(total_ - rows) / rate);
  std::fprintf(stderr, "\r\033[K  %s %zu of %zu rows   %.3g/s   %02ld:%02ld left", bar.c_str(),
               rows, total_, rate, left / 60, left % 60);
}

void Progress::Clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

std::size_t CountInstances(const std::vector<std::string>& paths) {
  std::size_t count = 0;
  for (const std::string& path : paths) {
    if (IsRemote(path)) return 0;
    if (IsDirectory(path)) {
      const Result<std::vector<std::string>> files = ListFiles(path);
      if (files.ok()) count += files->size();
      continue;
    }
    const std::string extension = Extension(path);
    if (extension != ".jsonl" && extension != ".csv" && extension != ".ndjson") return 0;
    if (!IsRegularFile(path)) return 0;  // What a pipe holds can be read only once.
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                         std::fclose);
    if (file == nullptr) return 0;
    char block[1 << 16];
    std::size_t lines = 0, got = 0;
    char last = '\n';
    while ((got = std::fread(block, 1, sizeof block, file.get())) > 0) {
      for (std::size_t i = 0; i < got; ++i) lines += block[i] == '\n' ? 1 : 0;
      last = block[got - 1];
    }
    count += lines + (last == '\n' ? 0 : 1) - (extension == ".csv" && lines > 0 ? 1 : 0);
  }
  return count;
}

}  // namespace whylight
