#include "explain/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

namespace whylight {
namespace {

struct Element {
  std::size_t input = 0, index = 0;
};

Status CheckRows(std::span<const Row> rows, std::span<const std::string> names) {
  if (rows.empty()) return InvalidArgument("the data hold no rows");
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Tensor &first = rows[0][i], &value = rows[r][i];
      if (value.dtype() != first.dtype() || value.shape() != first.shape()) {
        return InvalidArgument("'" + names[i] + "' has another shape in row " + std::to_string(r) +
                               " than in row 0: " + value.shape().ToString() + " beside " +
                               first.shape().ToString());
      }
      if (!IsFloating(value.dtype())) continue;
      for (std::size_t k = 0; k < value.elements(); ++k) {
        if (std::isfinite(value.Number(k))) continue;
        return InvalidArgument("'" + names[i] + "' holds " + std::to_string(value.Number(k)) +
                               " in row " + std::to_string(r) +
                               "; a baseline needs finite numbers");
      }
    }
  }
  return OkStatus();
}

double NumberAt(const Row& row, const Element& element) {
  return row[element.input].Number(element.index);
}

// Every row has one 1 among elements [first, end), and 0 else; 0 if no such end follows `first`.
std::size_t EndOfOneHot(std::span<const Row> rows, std::span<const Element> elements,
                        std::size_t first) {
  std::vector<bool> has_one(rows.size());
  std::size_t with_one = 0;
  for (std::size_t e = first; e < elements.size(); ++e) {
    const std::size_t before = with_one;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const double value = NumberAt(rows[r], elements[e]);
      if (value != 0 && value != 1) return 0;
      if (value == 0) continue;
      if (has_one[r]) return 0;
      has_one[r] = true;
      ++with_one;
    }
    if (e == first && with_one == before) return 0;
    if (with_one == rows.size()) return e > first ? e + 1 : 0;
  }
  return 0;
}

class Builder {
 public:
  Builder(std::span<const Row> rows, std::size_t inputs) : rows_(rows), statistics_(inputs) {
    for (std::size_t i = 0; i < inputs; ++i) {
      const Tensor& like = rows[0][i];
      InputStatistics& of = statistics_[i];
      of.mean = of.median = of.min = of.max = Tensor(like.dtype(), like.shape());
      of.is_category.assign(like.elements(), !IsFloating(like.dtype()));
      if (!IsFloating(like.dtype())) of.why_category = DTypeName(like.dtype());
    }
  }

  std::vector<InputStatistics> Build() && {
    TakeOneHotGroups();
    for (std::size_t i = 0; i < statistics_.size(); ++i) {
      for (std::size_t k = 0; k < statistics_[i].mean.elements(); ++k) {
        if (IsFloating(rows_[0][i].dtype())) {
          if (!statistics_[i].is_category[k]) TakeNumbers({.input = i, .index = k});
        } else if (rows_[0][i].is_string()) {
          TakeStrings({.input = i, .index = k});
        } else {
          TakeIds({.input = i, .index = k});
        }
      }
    }
    return std::move(statistics_);
  }

 private:
  void TakeOneHotGroups() {
    std::vector<Element> run;
    for (std::size_t i = 0; i <= statistics_.size(); ++i) {
      const bool ends = i == statistics_.size() || !IsFloating(rows_[0][i].dtype()) ||
                        rows_[0][i].shape().rank() > 1;
      if (ends) {
        for (std::size_t first = 0; first < run.size();) {
          const std::size_t end = EndOfOneHot(rows_, run, first);
          if (end > 0) TakeOneHot(std::span(run).subspan(first, end - first));
          first = std::max(end, first + 1);
        }
        run.clear();
        continue;
      }
      for (std::size_t k = 0; k < rows_[0][i].elements(); ++k) run.push_back({i, k});
    }
  }

  void TakeOneHot(std::span<const Element> group) {
    std::size_t best = 0, most = 0;
    for (std::size_t e = 0; e < group.size(); ++e) {
      const auto count = static_cast<std::size_t>(std::ranges::count_if(
          rows_, [&](const Row& row) { return NumberAt(row, group[e]) == 1; }));
      if (count > most) {
        most = count;
        best = e;
      }
    }
    for (std::size_t e = 0; e < group.size(); ++e) {
      InputStatistics& of = statistics_[group[e].input];
      of.is_category[group[e].index] = true;
      for (Tensor* to : {&of.mean, &of.median, &of.min, &of.max}) {
        to->SetNumber(group[e].index, e == best ? 1 : 0);
      }
    }
    for (std::size_t e = 0; e < group.size();) {
      std::size_t end = e + 1;
      while (end < group.size() && group[end].input == group[e].input) ++end;
      InputStatistics& of = statistics_[group[e].input];
      if (!of.why_category.empty()) of.why_category += ", ";
      of.why_category += end - e == 1 && of.mean.elements() == 1
                             ? "one-hot"
                             : "elements " + std::to_string(group[e].index) + " to " +
                                   std::to_string(group[end - 1].index) + " are one-hot";
      e = end;
    }
  }

  void TakeNumbers(const Element& at) {
    InputStatistics& of = statistics_[at.input];
    std::vector<double> column;
    double sum = 0;
    for (const Row& row : rows_) {
      column.push_back(NumberAt(row, at));
      sum += column.back();
    }
    std::ranges::sort(column);
    const std::size_t half = column.size() / 2;
    const double median =
        column.size() % 2 == 1 ? column[half] : column[half - 1] / 2 + column[half] / 2;
    of.mean.SetNumber(at.index, sum / static_cast<double>(column.size()));
    of.median.SetNumber(at.index, median);
    of.min.SetNumber(at.index, column.front());
    of.max.SetNumber(at.index, column.back());
  }

  void TakeIds(const Element& at) {
    InputStatistics& of = statistics_[at.input];
    std::map<double, std::size_t> counts;
    for (const Row& row : rows_) ++counts[NumberAt(row, at)];
    const auto most = std::ranges::max_element(
        counts, {}, [](const std::pair<const double, std::size_t>& one) { return one.second; });
    of.mean.SetNumber(at.index, most->first);
    of.median.SetNumber(at.index, most->first);
    of.min.SetNumber(at.index, counts.begin()->first);
    of.max.SetNumber(at.index, counts.rbegin()->first);
  }

  void TakeStrings(const Element& at) {
    InputStatistics& of = statistics_[at.input];
    std::map<std::string_view, std::size_t> counts;
    for (const Row& row : rows_) ++counts[row[at.input].strings()[at.index]];
    const auto most = std::ranges::max_element(
        counts, {},
        [](const std::pair<const std::string_view, std::size_t>& one) { return one.second; });
    for (Tensor* to : {&of.mean, &of.median, &of.min, &of.max}) {
      to->strings()[at.index] = std::string(most->first);
    }
  }

  std::span<const Row> rows_;
  std::vector<InputStatistics> statistics_;
};

}  // namespace

Result<std::vector<InputStatistics>> StatisticsOf(std::span<const Row> rows,
                                                  std::span<const std::string> names) {
  WHYLIGHT_RETURN_IF_ERROR(CheckRows(rows, names));
  return Builder(rows, names.size()).Build();
}

}  // namespace whylight
