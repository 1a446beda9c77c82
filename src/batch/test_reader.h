// For tests: instances without a file.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "io/instances.h"

namespace whylight {

// Gives the instances that were added, then its end: nothing, or an error.
class TestReader : public InstanceReader {
 public:
  void Add(Tensor value, std::string source_json = "null") {
    Instance instance = NewInstance(std::move(source_json));
    instance.values.push_back(std::move(value));
    instances_.push_back(std::move(instance));
  }
  void AddBad(Status status) {
    Instance instance = NewInstance("null");
    instance.status = std::move(status);
    instances_.push_back(std::move(instance));
  }
  void MayWait() { may_wait_ = true; }
  void EndWith(Status error) { end_ = std::move(error); }

  Result<std::optional<Instance>> Next() override {
    if (instances_.empty()) {
      return end_.ok() ? Result<std::optional<Instance>>(std::nullopt) : end_;
    }
    std::optional<Instance> instance = std::move(instances_.front());
    instances_.pop_front();
    return instance;
  }

 private:
  Instance NewInstance(std::string source_json) {
    Instance instance{.number = count_, .source_json = std::move(source_json)};
    instance.place = "line " + std::to_string(++count_);
    return instance;
  }

  std::deque<Instance> instances_;
  std::size_t count_ = 0;
  Status end_;
};

}  // namespace whylight
