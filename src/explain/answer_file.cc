#include "explain/answer_file.h"

#include <utility>

#include "io/json.h"

namespace whylight {
namespace {

constexpr char kResponse[] = "explanations";

bool IsOfErrors(std::string_view path) {
  return path.substr(path.rfind('/') + 1).find("errors") != std::string_view::npos;
}

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t") == std::string_view::npos;
}

// Explanation `i` of a response as the line of a batch file.
Json RowOfResponse(const Json& response, std::size_t i) {
  Json row = Json::Object();
  if (const Json* const predictions = response.Find("predictions");
      predictions != nullptr && predictions->is_array() && i < predictions->array().size()) {
    row.Set("prediction", predictions->array()[i]);
  }
  row.Set("explanation", response.Find(kResponse)->array()[i]);
  return row;
}

}  // namespace

Result<std::unique_ptr<LineReader>> OpenAnswers(const std::string& path) {
  WHYLIGHT_ASSIGN_OR_RETURN(std::unique_ptr<LineReader> lines, LineReader::Open(path));
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string_view head, lines->Peek(kGzipSignature.size()));
  if (head.starts_with(kGzipSignature)) lines->Decompress();
  return lines;
}

Result<std::unique_ptr<AnswerReader>> AnswerReader::Open(const std::string& path) {
  std::unique_ptr<AnswerReader> reader(new AnswerReader());
  if (IsDirectory(path)) {
    reader->names_files_ = true;
    WHYLIGHT_ASSIGN_OR_RETURN(const std::vector<std::string> files, ListFiles(path));
    for (const std::string& file : files) {
      if (!IsOfErrors(file)) reader->paths_.push_back(file);
    }
    if (reader->paths_.empty()) {
      return NotFound(path + ": no file of answers in this folder, such as explanation.results-*");
    }
  } else {
    reader->paths_.push_back(path);
  }
  WHYLIGHT_RETURN_IF_ERROR(reader->OpenNextFile());
  return reader;
}

Status AnswerReader::OpenNextFile() {
  const std::string path = std::move(paths_.front());
  paths_.pop_front();
  if (names_files_) prefix_ = path.substr(path.rfind('/') + 1) + ", ";
  WHYLIGHT_ASSIGN_OR_RETURN(lines_, OpenAnswers(path));
  return OkStatus();
}

Result<std::optional<PlacedRow>> AnswerReader::Next() {
  while (pending_.empty()) {
    if (lines_ == nullptr && paths_.empty()) return std::optional<PlacedRow>();
    if (lines_ == nullptr) WHYLIGHT_RETURN_IF_ERROR(OpenNextFile());
    WHYLIGHT_RETURN_IF_ERROR(ReadMore());
  }
  std::optional<PlacedRow> next = std::move(pending_.front());
  pending_.pop_front();
  return next;
}

Status AnswerReader::ReadMore() {
  std::string_view line;
  WHYLIGHT_ASSIGN_OR_RETURN(const bool is_line, lines_->Next(&line));
  if (!is_line) {
    lines_.reset();
    return OkStatus();
  }
  if (IsBlank(line)) return OkStatus();
  const bool is_first = lines_->number() == 1;
  Result<Json> json = ParseJson(line);
  if (json.ok() || !is_first) {
    // A document on one line is no line.
    const bool is_response = json.ok() && is_first && json->Find(kResponse) != nullptr;
    Take(is_response ? "" : "line " + std::to_string(lines_->number()), std::move(json));
    return OkStatus();
  }
  // The first line of a document, or a bad line of many.
  const std::string first(line);
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string rest, lines_->Rest());
  Result<Json> document = ParseJson(first + "\n" + rest);
  if (document.ok()) {
    lines_.reset();
    Take("", std::move(document));
    return OkStatus();
  }
  Take("line 1", json.status());
  lines_ = LineReader::OfText("\n" + rest);
  return OkStatus();
}

void AnswerReader::Take(const std::string& place, Result<Json> json) {
  const std::string at = prefix_ + place;
  if (!json.ok()) return pending_.push_back({at, json.status()});
  const bool is_alone =
      json->Find("attributions") != nullptr || json->Find("attributions_by_label") != nullptr;
  if (is_alone) json = Json(Json::Object{{"explanation", *std::move(json)}});
  const Json* const explanations = json->Find(kResponse);
  if (explanations == nullptr || !explanations->is_array()) {
    return pending_.push_back({at, AnsweredRowOf(*std::move(json))});
  }
  for (std::size_t i = 0; i < explanations->array().size(); ++i) {
    pending_.push_back(
        {at + (place.empty() ? "" : ", ") + kResponse + "[" + std::to_string(i) + "]",
         AnsweredRowOf(RowOfResponse(*json, i))});
  }
}

}  // namespace whylight
