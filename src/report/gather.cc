#include "report/gather.h"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <numeric>
#include <utility>

#include "attribution/list.h"
#include "attribution/random.h"
#include "explain/answer_file.h"
#include "explain/picture_inputs.h"
#include "explain/pictures.h"
#include "explain/read_explanation.h"
#include "explain/select.h"
#include "io/files.h"
#include "io/json.h"
#include "io/remote/uri.h"
#include "report/page.h"
#include "report/picture.h"

namespace whylight {
namespace {

constexpr std::size_t kMaxFailures = 100;

struct Line {
  std::int64_t number = 0;  // In its file, from 1.
  std::int64_t place = 0;   // Among all, from 0.
  std::string text;
};

std::string NowInUtc() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string FileName(const std::string& path) {
  const std::string_view plain = WithoutOptions(path);
  return path == "-" ? "standard input" : std::string(plain.substr(plain.rfind('/') + 1));
}

// A sample of lines in which each is as likely as any other (Vitter's algorithm R).
class Sample {
 public:
  Sample(std::int64_t size, std::uint64_t seed) : size_(size), random_(seed) {}

  void Add(std::int64_t number, std::string_view text) {
    const std::int64_t place = seen_++;
    std::int64_t to = place;
    if (place >= size_) to = random_.Below(static_cast<std::uint32_t>(seen_));
    if (to >= size_) return;
    if (place < size_) lines_.emplace_back();
    lines_[static_cast<std::size_t>(to)] = {number, place, std::string(text)};
  }

  std::int64_t seen() const { return seen_; }
  std::vector<Line> InOrder() && {
    std::ranges::sort(lines_, {}, &Line::place);
    return std::move(lines_);
  }

 private:
  std::int64_t size_, seen_ = 0;
  SplitMix64 random_;
  std::vector<Line> lines_;
};

// Calls `take` with each line that is not blank. Errors: of reading, of `take`.
Status ForEachLine(const std::string& path,
                   const std::function<Status(std::int64_t number, std::string_view)>& take) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::unique_ptr<LineReader> lines, OpenAnswers(path));
  std::string_view line;
  while (true) {
    WHYLIGHT_ASSIGN_OR_RETURN(const bool is_line, lines->Next(&line));
    if (!is_line) return OkStatus();
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    WHYLIGHT_RETURN_IF_ERROR(take(static_cast<std::int64_t>(lines->number()), line));
  }
}

Status ReadFailures(const std::string& path, ReportHead& head) {
  const std::string failures = AnswersPathWith(".errors.jsonl", path);
  if (path == "-" || !IsRegularFile(failures)) return OkStatus();
  return ForEachLine(failures, [&](std::int64_t number, std::string_view line) {
    ++head.failure_count;
    if (head.failures.size() == kMaxFailures) return OkStatus();
    const Result<Json> json = ParseJson(line);
    const Json* error = json.ok() ? json->Find("error") : nullptr;
    const Json* message = error == nullptr ? nullptr : error->Find("message");
    const Json* place = error == nullptr ? nullptr : error->Find("place");
    const bool is_told = message != nullptr && message->is_string();
    const bool is_placed = place != nullptr && place->is_string() && !place->string().empty();
    head.failures.push_back({.line = number,
                             .message = (is_placed ? place->string() + ": " : "") +
                                        (is_told ? message->string() : "unreadable")});
    return OkStatus();
  });
}

}  // namespace

std::string AnswersPathWith(std::string_view ending, const std::string& path) {
  return WithEnding(WithEnding(path, ".gz", ""), ".jsonl", ending);
}

Json ShownPrediction(const Json& prediction) {
  constexpr std::size_t kMany = 1000, kShown = 20;
  if (prediction.is_object()) {
    Json shown = Json::Object();
    for (const auto& [name, value] : prediction.object()) shown.Set(name, ShownPrediction(value));
    return shown;
  }
  const std::optional<Tensor> tensor = TensorOfJson(prediction);
  if (!tensor || tensor->is_string() || tensor->elements() <= kMany) return prediction;
  std::vector<std::size_t> order(tensor->elements());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::partial_sort(order, order.begin() + kShown, std::ranges::greater(),
                            [&](std::size_t i) { return tensor->Number(i); });
  Json::Array shown;
  for (const std::size_t i : std::span(order).first(kShown)) {
    Json::Array index;
    for (const std::int64_t place : IndexOf(static_cast<std::int64_t>(i), tensor->shape())) {
      index.emplace_back(place);
    }
    shown.push_back(Json::Object{{"index", index}, {"value", tensor->Number(i)}});
  }
  return shown;
}

Result<GatheredReport> GatherReport(const GatherOptions& options) {
  ReportHead head{.title = options.title, .created = NowInUtc()};
  Sample sample(options.max_rows, options.seed);
  const auto check = [&] {
    return options.cancelled && options.cancelled()
               ? Status(StatusCode::kCancelled, "stopped on request")
               : OkStatus();
  };
  for (const std::string& path : options.paths) {
    const std::int64_t before = sample.seen();
    WHYLIGHT_RETURN_IF_ERROR(ForEachLine(path, [&](std::int64_t number, std::string_view line) {
      sample.Add(number, line);
      return check();
    }));
    head.sources.push_back({.name = FileName(path), .rows = sample.seen() - before});
    WHYLIGHT_RETURN_IF_ERROR(ReadFailures(path, head));
  }
  head.total_rows = sample.seen();
  if (head.title.empty()) {
    for (const ReportHead::Source& source : head.sources) {
      head.title += (head.title.empty() ? "" : ", ") + source.name;
    }
  }

  GatheredReport gathered{.total = sample.seen()};
  std::int64_t pictures = 0;
  PictureDrawer::Options drawing = options.drawing;
  drawing.adjust = [](const VisualizationOptions& as_said) -> Result<VisualizationOptions> {
    return ReportVisualization(as_said);
  };
  PictureDrawer drawer(std::move(drawing));
  Report report([&](const FeatureAttribution& feature) -> Result<std::string> {
    if (pictures == options.max_pictures) return std::string();
    WHYLIGHT_ASSIGN_OR_RETURN(std::string picture, PictureJson(feature, drawer));
    pictures += picture.empty() ? 0 : 1;
    return picture;
  });
  for (const Line& line : std::move(sample).InOrder()) {
    WHYLIGHT_RETURN_IF_ERROR(check());
    Result<AnsweredRow> row = ReadExplanation(line.text);
    if (!row.ok()) {
      if (gathered.unread++ == 0) {
        gathered.first_unread = row.status().In("line " + std::to_string(line.number));
      }
      ++head.failure_count;
      if (head.failures.size() < kMaxFailures) {
        head.failures.push_back({.line = line.number, .message = row.status().message()});
      }
      continue;
    }
    // One that is not there is shown by its numbers.
    static_cast<void>(FindPictures(*row));
    const std::string name = row->method();
    drawer.SetMethod(name);
    const MethodInfo* method = FindMethod(name);
    report.Add({.line = line.number,
                .run = WriteJson(row->run),
                .prediction = WriteJson(ShownPrediction(row->prediction)),
                .is_complete = method == nullptr || method->is_complete,
                .explanation = row->explanation});
  }
  gathered.rows = static_cast<std::int64_t>(report.rows());
  if (gathered.rows == 0 && gathered.unread > 0) return gathered.first_unread;
  if (gathered.rows == 0) {
    return InvalidArgument("no answers to report of: " + head.title + " has no line");
  }
  gathered.page = ReportPage(report.Data(head), report.details());
  return gathered;
}

}  // namespace whylight
