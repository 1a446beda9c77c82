#include "cli/explain_table.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "explain/explanation_json.h"
#include "explain/names.h"
#include "explain/select.h"
#include "explain/sums.h"
#include "explain/warnings.h"
#include "image/image_tensor.h"
#include "render/heat_map.h"
#include "render/terminal_text.h"
#include "render/waterfall.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr std::size_t kAllElements = 30;
constexpr std::size_t kTopElements = 10;
constexpr int kBlockPx = 8;

// A line of the list: what it is called, the value that was explained, its share.
struct Entry {
  std::string name;
  std::string value;
  double attribution = 0;
  double error = 0;  // Standard error; 0: none, or none is known of.
};

std::string ErrorText(double error) {
  if (error <= 0) return "";
  return "±" + (std::isfinite(error) ? FormatNumber(error) : "?");
}

std::string ValueText(const Tensor& tensor, std::size_t index) {
  if (tensor.is_string()) return "\"" + Printable(tensor.strings()[index], 24) + "\"";
  if (index >= tensor.elements()) return "";
  return FormatNumber(tensor.Number(index));
}

bool IsPieces(const FeatureAttribution& feature) {
  return HasPieces(feature) && feature.element_names.empty();
}

bool IsPicture(const FeatureAttribution& feature) {
  const Shape& shape = feature.values.shape();
  return shape.rank() == 3 && (shape.dim(2) == 1 || shape.dim(2) == 3) && shape.dim(0) >= 8 &&
         shape.dim(1) >= 8 && !feature.input.is_string();
}

Entry TotalOf(const FeatureAttribution& feature) {
  return {.name = feature.name, .value = "", .attribution = SumOf(feature)};
}

double LargestOf(const std::vector<Entry>& entries) {
  double largest = 0;
  for (const Entry& entry : entries) largest = std::max(largest, std::abs(entry.attribution));
  return largest;
}

// How wide names and values are.
struct EntryWidths {
  std::size_t name = 8, value = 0, error = 0;
};

EntryWidths WidthsOf(const std::vector<Entry>& entries) {
  EntryWidths widths;
  for (const Entry& entry : entries) {
    widths.name = std::max(widths.name, Columns(entry.name));
    widths.value = std::max(widths.value, Columns(entry.value));
    widths.error = std::max(widths.error, Columns(ErrorText(entry.error)));
  }
  return widths;
}

std::string EntryLine(const Entry& entry, const EntryWidths& widths) {
  return "  " + Padded(entry.name, widths.name) + "  " + Padded(entry.value, widths.value) + "  " +
         Padded(Signed(entry.attribution), 11) + " " +
         (widths.error > 0 ? Padded(ErrorText(entry.error), widths.error) + "  " : "");
}

std::string OthersText(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " other" : " others");
}

// A bar from one score to another on a scale of `columns` characters.
std::string SpanBar(double from, double to, const char* block,
                    const std::function<int(double)>& column) {
  const int first = column(std::min(from, to));
  const int last = std::max(column(std::max(from, to)), first + 1);
  std::string bar(static_cast<std::size_t>(first), ' ');
  for (int i = first; i < last; ++i) bar += block;
  return bar;
}

// From F(x) above to F(baseline) below.
std::string WaterfallLines(const OutputAttribution& attribution, const std::vector<Entry>& entries,
                           const TableStyle& style) {
  constexpr int kBarColumns = 40;
  std::vector<double> totals;
  for (const Entry& entry : entries) totals.push_back(entry.attribution);
  const std::vector<WaterfallStep> steps =
      Waterfall(attribution.baseline_output, attribution.instance_output, totals,
                entries.size() > kAllElements ? kTopElements : entries.size());
  double lo = std::min(attribution.baseline_output, attribution.instance_output);
  double hi = std::max(attribution.baseline_output, attribution.instance_output);
  std::vector<Entry> drawn;
  for (const WaterfallStep& step : steps) {
    lo = std::min({lo, step.from, step.to});
    hi = std::max({hi, step.from, step.to});
    const bool is_feature = step.kind == WaterfallStep::Kind::kFeature;
    Entry& entry = drawn.emplace_back(is_feature ? entries[step.feature] : Entry());
    entry.attribution = step.to - step.from;
    if (step.kind == WaterfallStep::Kind::kOthers) entry.name = OthersText(step.feature);
    if (step.kind == WaterfallStep::Kind::kGap) entry.name = "not attributed";
  }
  const auto column = [&](double score) {
    return hi > lo ? static_cast<int>(std::lround((score - lo) / (hi - lo) * kBarColumns)) : 0;
  };
  EntryWidths widths = WidthsOf(drawn);
  widths.name = std::max<std::size_t>(widths.name, 11);  // "F(baseline)"
  const auto end = [&](const char* name, double score) {
    return "  " + Padded(name, widths.name) + "  " +
           Padded(FormatNumber(score),
                  widths.value + 14 + (widths.error > 0 ? widths.error + 2 : 0)) +
           std::string(static_cast<std::size_t>(column(score)), ' ') + "│\n";
  };
  std::string text = end("F(x)", attribution.instance_output);
  for (std::size_t i = steps.size(); i-- > 0;) {
    const bool is_gap = steps[i].kind == WaterfallStep::Kind::kGap;
    const std::string bar = SpanBar(steps[i].from, steps[i].to, is_gap ? "░" : "█", column);
    text += EntryLine(drawn[i], widths) +
            (is_gap ? bar : Colored(bar, drawn[i].attribution, style)) + "\n";
  }
  return text + end("F(baseline)", attribution.baseline_output);
}

std::string EntryLines(std::vector<Entry> entries, const TableStyle& style) {
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    return std::abs(a.attribution) > std::abs(b.attribution);
  });
  const double largest = LargestOf(entries);
  const std::size_t all = entries.size();
  const std::size_t shown = all > kAllElements ? kTopElements : all;
  double rest = 0;
  for (std::size_t i = shown; i < all; ++i) rest += entries[i].attribution;
  entries.resize(shown);
  if (shown < all) {
    entries.push_back({.name = OthersText(all - shown), .value = "", .attribution = rest});
  }
  const EntryWidths widths = WidthsOf(entries);
  std::string text;
  for (const Entry& entry : entries) {
    text += EntryLine(entry, widths) +
            Colored(Bar(std::min(std::abs(entry.attribution), largest), largest), entry.attribution,
                    style) +
            "\n";
  }
  return text;
}

// Lines, if all but the last end so.
bool AreLines(std::span<const std::string> pieces) {
  return std::ranges::all_of(pieces.first(pieces.size() - 1),
                             [](const std::string& piece) { return piece.ends_with('\n'); });
}

// The text, its words on their colours, and the strongest of them.
std::string WordLines(const FeatureAttribution& feature, const TableStyle& style) {
  const std::span<const std::string> words = feature.input.strings();
  const std::span<const double> values = feature.values.data<double>();
  const std::string drawn = DrawTokensInTerminal(
      words, values, {.columns = std::max(1, style.columns - 2), .colors = style.colors});
  std::string text;
  for (std::size_t begin = 0; begin < drawn.size();) {
    const std::size_t end = drawn.find('\n', begin) + 1;
    text += "  " + drawn.substr(begin, end - begin);
    begin = end;
  }
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t shown = words[i].find_last_not_of(" \t\r\n") + 1;
    entries.push_back(
        {.name = Printable(words[i].substr(0, shown > 0 ? shown : words[i].size()), 24),
         .value = "",
         .attribution = values[i],
         .error = i < feature.standard_errors.elements() ? feature.standard_errors.data<double>()[i]
                                                         : 0});
  }
  return text + "\n" + EntryLines(std::move(entries), style);
}

// The text as it is, each piece behind its share and a mark in its colour.
std::string PieceLines(const FeatureAttribution& feature, const TableStyle& style) {
  double largest = 0;
  const std::span<const double> values = feature.values.data<double>();
  for (const double value : values) largest = std::max(largest, std::abs(value));
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double share = largest > 0 ? std::abs(values[i]) / largest : 0;
    const char* mark = share > 0.66 ? "█" : share > 0.33 ? "▌" : share > 0.05 ? "▎" : " ";
    std::string margin = Padded(Signed(values[i]), 11) + mark;
    const std::string_view piece = feature.input.strings()[i];
    text += "  " + (share > 0.05 ? Colored(margin, values[i], style) : Dim(margin, style)) + " " +
            Printable(piece.substr(0, piece.find_last_not_of("\r\n") + 1),
                      static_cast<std::size_t>(std::max(20, style.columns - 18))) +
            "\n";
  }
  return text;
}

// The picture beside its heat map in blocks of `block_px`; "" without colours.
std::string DrawnPicture(const FeatureAttribution& feature, const TableStyle& style,
                         int block_px = 1) {
  if (style.colors == ColorDepth::kNone || feature.values.shape().rank() != 3) return "";
  const Result<Image> picture = TensorToImage(feature.input);
  const Result<HeatMap> map = DrawHeatMap(feature.values, {.block_px = block_px});
  if (!picture.ok() || !map.ok()) return "";
  const std::string blocks =
      block_px > 1 ? ", " + std::to_string(block_px) + " px blocks" : std::string();
  const Result<std::string> drawn =
      DrawInTerminal({{.title = feature.name, .image = *picture},
                      {.title = "attribution" + blocks, .image = map->image}},
                     {.max_columns = style.columns, .max_lines = 24, .colors = style.colors});
  return drawn.ok() ? *drawn : "";
}

std::string PictureLines(const FeatureAttribution& feature, const TableStyle& style) {
  const Result<Tensor> summed = SumChannels(feature.values);
  if (!summed.ok()) return "  " + summed.status().message() + "\n";
  const std::string text = DrawnPicture(feature, style, kBlockPx);
  const Result<HeatMap> map = DrawHeatMap(feature.values, {.block_px = kBlockPx});
  if (!map.ok()) return text + "  " + map.status().message() + "\n";
  std::vector<Entry> entries;
  const std::int64_t columns = map->blocks.shape().dim(1);
  const std::span<const double> blocks = map->blocks.data<double>();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::int64_t y = static_cast<std::int64_t>(i) / columns * kBlockPx;
    const std::int64_t x = static_cast<std::int64_t>(i) % columns * kBlockPx;
    const std::int64_t last_y = std::min(y + kBlockPx, feature.values.shape().dim(0)) - 1;
    const std::int64_t last_x = std::min(x + kBlockPx, feature.values.shape().dim(1)) - 1;
    entries.push_back({.name = "rows " + std::to_string(y) + "-" + std::to_string(last_y) +
                               ", columns " + std::to_string(x) + "-" + std::to_string(last_x),
                       .value = "",
                       .attribution = blocks[i]});
  }
  return text + EntryLines(std::move(entries), style);
}

// "region 1", "photo the rest"
std::string RegionName(const RegionAttribution& region) {
  const std::string name = region.is_rest ? "the rest" : "region " + std::to_string(region.rank);
  return region.input.empty() ? name : region.input + " " + name;
}

// Where a region lies, its share of the area, and what each of its pixels got; in order of rank.
std::string RegionLines(const FeatureAttribution& feature, const TableStyle& style) {
  const std::size_t shown = std::min(feature.regions.size(), kTopElements);
  double largest = 0;
  for (const RegionAttribution& region : feature.regions) {
    largest = std::max(largest, std::abs(region.attribution));
  }
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) {
    const RegionAttribution& region = feature.regions[i];
    std::int64_t left = region.width, right = 0;
    for (const PixelSpan& span : region.pixels) {
      left = std::min(left, span.first % region.width);
      right = std::max(right, span.first % region.width + span.length - 1);
    }
    const std::int64_t top = region.pixels.front().first / region.width;
    const std::int64_t bottom = region.pixels.back().first / region.width;
    text += "  " + Padded(RegionName(region), 10) + "  " +
            Padded("rows " + std::to_string(top) + "-" + std::to_string(bottom) + ", columns " +
                       std::to_string(left) + "-" + std::to_string(right),
                   31) +
            "  " + Padded(FormatNumber(100 * region.area) + " %", 9) + "  " +
            Padded(Signed(region.attribution), 11) + " " +
            Colored(Bar(std::abs(region.attribution), largest), region.attribution, style) + "\n";
  }
  if (shown < feature.regions.size()) {
    text += "  " + std::to_string(feature.regions.size() - shown) + " more regions\n";
  }
  return text;
}

std::string SamplingText(const Sampling& sampling) {
  if (sampling.samples > 0) return std::to_string(sampling.samples) + " samples";
  std::string coalitions = std::to_string(sampling.coalitions) + " coalitions";
  if (sampling.exact) return "exact, " + coalitions;
  if (sampling.paths > 0) return std::to_string(sampling.paths) + " paths, " + coalitions;
  return coalitions;
}

std::string HeadLine(const OutputAttribution& attribution) {
  std::string text = LabelText(attribution);
  text += "   ";
  if (attribution.has_baseline) {
    text += "F(baseline) " + FormatNumber(attribution.baseline_output) + " -> ";
  }
  text += "F(x) " + FormatNumber(attribution.instance_output);
  // Attributions of regions do not sum to the difference: of each pixel the strongest channel
  // counts.
  const bool sums_up = attribution.has_baseline &&
                       std::ranges::all_of(attribution.features, [](const FeatureAttribution& f) {
                         return f.regions.empty();
                       });
  if (sums_up) {
    text += "   sum " + Signed(SumOf(attribution)) + "   gap " + Signed(GapOf(attribution));
  }
  text += "   error " + FormatNumber(100 * attribution.approximation_error) + " %";
  if (attribution.effort) {
    text += "   " + std::to_string(attribution.effort->steps) + " points, attributions to " +
            FormatNumber(100 * attribution.effort->estimated_error) + " %";
  }
  if (attribution.sampling) text += "   " + SamplingText(*attribution.sampling);
  return text;
}

// "virginica 0.93", or the number of an output that has but one.
std::string TopText(const std::optional<TopElement>& top) {
  if (!top) return "";
  std::string score = FormatNumber(top->score);
  if (!top->label.empty()) return Printable(top->label, 24) + " " + score;
  if (top->index.empty()) return score;
  return "[" + IndexText(top->index) + "] " + score;
}

std::string RowText(const Row& row) {
  std::vector<std::string> values;
  for (const Tensor& value : row) {
    for (std::size_t i = 0; i < value.elements(); ++i) values.push_back(ValueText(value, i));
  }
  return Join(values, ", ");
}

std::string NeighborLines(const std::vector<Neighbor>& neighbors, const TableStyle& style) {
  std::vector<std::vector<std::string>> lines = {{"", "id", "distance", "prediction"}};
  for (std::size_t i = 0; i < neighbors.size(); ++i) {
    const Neighbor& neighbor = neighbors[i];
    lines.push_back({std::to_string(i + 1), Printable(neighbor.id, 40),
                     FormatNumber(neighbor.distance), TopText(neighbor.prediction)});
  }
  std::vector<std::size_t> columns(lines[0].size());
  for (const std::vector<std::string>& line : lines) {
    for (std::size_t c = 0; c < line.size(); ++c) {
      columns[c] = std::max(columns[c], Columns(line[c]));
    }
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string line = "  ";
    for (std::size_t c = 0; c < columns.size(); ++c) line += Padded(lines[i][c], columns[c]) + "  ";
    if (i > 0) line += RowText(neighbors[i - 1].values);
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    text += (i == 0 ? Dim(line, style) : line) + "\n";
  }
  return text;
}

std::string WarningLine(const Warning& warning, const TableStyle& style) {
  std::string text = "  ! " + warning.message + " [" + warning.rule + "]";
  if (style.colors != ColorDepth::kNone) text = "\033[33m" + text + "\033[0m";
  text += "\n";
  if (!warning.fix.empty()) text += "    " + warning.fix + "\n";
  return text;
}

// A line of a summary, sorted by `absolute`.
struct MeanEntry {
  std::string name;
  double absolute = 0;
  double mean = 0;
};

std::string MeanLines(std::vector<MeanEntry> entries, const TableStyle& style) {
  std::ranges::stable_sort(entries, std::greater(), &MeanEntry::absolute);
  const double largest = entries.empty() ? 0 : entries[0].absolute;
  const std::size_t all = entries.size();
  const std::size_t shown = all > kAllElements ? kTopElements : all;
  if (shown < all) {
    MeanEntry rest{.name = OthersText(all - shown)};
    for (std::size_t i = shown; i < all; ++i) {
      rest.absolute += entries[i].absolute;
      rest.mean += entries[i].mean;
    }
    entries.resize(shown);
    entries.push_back(std::move(rest));
  }
  std::size_t columns = 8;
  for (const MeanEntry& entry : entries) columns = std::max(columns, Columns(entry.name));
  std::string text = "  " + Padded("", columns) + "  mean |a|    mean a\n";
  for (const MeanEntry& entry : entries) {
    text += "  " + Padded(entry.name, columns) + "  " + Padded(FormatNumber(entry.absolute), 10) +
            "  " + Padded(Signed(entry.mean), 11) + " " +
            Colored(Bar(std::min(entry.absolute, largest), largest), entry.mean, style) + "\n";
  }
  return text;
}

std::string LabelLines(const LabelSummary& label, const std::string& title,
                       const TableStyle& style) {
  const OutputAttribution& mean = label.mean;
  std::string text = "\n" + title + "   " + std::to_string(label.count) +
                     (label.count == 1 ? " attribution" : " attributions") +
                     "   mean F(baseline) " + FormatNumber(mean.baseline_output) + " -> F(x) " +
                     FormatNumber(mean.instance_output);
  if (label.unknown_errors < label.count) {
    text += "   error mean " + FormatNumber(100 * mean.approximation_error) + " %, max " +
            FormatNumber(100 * label.max_error) + " %";
  }
  if (label.unknown_errors > 0) {
    text += "   error not known of " + std::to_string(label.unknown_errors);
  }
  text += "\n";
  std::vector<MeanEntry> entries;
  for (std::size_t f = 0; f < mean.features.size(); ++f) {
    const FeatureAttribution& feature = mean.features[f];
    const std::string& why = label.by_feature[f];
    for (std::size_t i = 0; i < feature.values.elements(); ++i) {
      entries.push_back({.name = ElementName(feature, i) + (why.empty() ? "" : " (sum)"),
                         .absolute = label.mean_absolute[f].data<double>()[i],
                         .mean = feature.values.data<double>()[i]});
    }
  }
  text += MeanLines(std::move(entries), style);
  for (std::size_t f = 0; f < mean.features.size(); ++f) {
    if (label.by_feature[f].empty()) continue;
    text += "  " + mean.features[f].name + ": by the sum of its elements (" + label.by_feature[f] +
            ")\n";
  }
  return text;
}

}  // namespace

std::string PlanText(const Provenance& provenance, const TableStyle& style) {
  const ExplainPlan& plan = provenance.plan;
  std::string text = "signature  " + (plan.preprocess.empty() ? "" : plan.preprocess + " -> ") +
                     plan.signature + ": " + plan.reason + "\n";
  if (!plan.output.empty()) text += "output     " + plan.output + "\n";
  text += "method     " + plan.method;
  for (const MethodSetting& setting : plan.settings) {
    if (!setting.text.empty()) text += ", " + setting.text;
  }
  text += "\n";
  for (std::size_t i = 0; i < plan.baselines.size(); ++i) {
    const BaselineNote& note = plan.baselines[i];
    text += (i == 0 ? "baseline   " : "           ") + note.input + ": " + note.text + " (" +
            note.origin + ")\n";
  }
  for (std::size_t i = 0; i < plan.held.size(); ++i) {
    text += (i == 0 ? "held       " : "           ") + plan.held[i] + "\n";
  }
  for (const Warning& warning : plan.warnings) text += WarningLine(warning, style);
  return text;
}

std::string ExplanationText(const Instance& instance, const Explanation& explanation,
                            const TableStyle& style, TableChart chart) {
  std::string text;
  if (explanation.neighbors) {
    text += "\n" + instance.place + "   " + std::to_string(explanation.neighbors->size()) +
            (explanation.neighbors->size() == 1 ? " neighbour\n" : " neighbours\n") +
            NeighborLines(*explanation.neighbors, style);
  }
  if (explanation.embedding) {
    text += "\n" + instance.place + "   embedding\n  " + RowText({*explanation.embedding}) + "\n";
  }
  for (const OutputAttribution& attribution : explanation.attributions) {
    text += "\n" + instance.place + "   " + HeadLine(attribution) + "\n";
    const bool is_waterfall = chart == TableChart::kWaterfall && attribution.has_baseline;
    std::vector<Entry> entries;
    for (const FeatureAttribution& feature : attribution.features) {
      const bool is_group = feature.values.shape().rank() == 0;
      if (!feature.regions.empty() && !is_group) {
        text += DrawnPicture(feature, style) + RegionLines(feature, style);
      } else if (IsPieces(feature)) {
        const bool in_a_row =
            style.colors != ColorDepth::kNone && !AreLines(feature.input.strings());
        text += in_a_row ? WordLines(feature, style) : PieceLines(feature, style);
      } else if (IsPicture(feature)) {
        text += PictureLines(feature, style);
      } else {
        for (std::size_t i = 0; i < feature.values.elements(); ++i) {
          const bool same = feature.input.elements() == feature.values.elements();
          entries.push_back({.name = ElementName(feature, i),
                             .value = same ? ValueText(feature.input, i) : "",
                             .attribution = feature.values.data<double>()[i],
                             .error = i < feature.standard_errors.elements()
                                          ? feature.standard_errors.data<double>()[i]
                                          : 0});
        }
        text += RegionLines(feature, style);
        continue;
      }
      // A step of the waterfall like others, below its picture or text.
      if (is_waterfall) entries.push_back(TotalOf(feature));
    }
    if (!entries.empty()) {
      text += is_waterfall ? WaterfallLines(attribution, entries, style)
                           : EntryLines(std::move(entries), style);
    }
    for (const Warning& warning : attribution.warnings) text += WarningLine(warning, style);
  }
  return text;
}

std::string SummaryText(const Summary& summary, const TableStyle& style) {
  const std::vector<LabelSummary> labels = summary.Labels();
  std::string text;
  for (const LabelSummary& label : labels) text += LabelLines(label, LabelText(label.mean), style);
  if (labels.size() > 1) text += LabelLines(summary.All(), "all labels", style);
  return text;
}

}  // namespace whylight
