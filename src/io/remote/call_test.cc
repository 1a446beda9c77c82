#include "io/remote/call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "io/files.h"

namespace whylight {
namespace {

constexpr double kLong = 60, kShort = 0.01;

TEST(RunWatched, GivesTheCallsOwnStatusAndValue) {
  EXPECT_TRUE(RunWatched(kLong, [] { return OkStatus(); }).ok());
  EXPECT_EQ(RunWatched(kLong, [] { return DataLoss("bad"); }), DataLoss("bad"));
  const Result<std::string> value = Watched<std::string>(kLong, [](std::string& text) {
    text = "here";
    return OkStatus();
  });
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(*value, "here");
}

// A call that ends when it is told to, which must live on until then.
struct Slow {
  std::shared_ptr<std::promise<void>> end = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::atomic<bool>> ended = std::make_shared<std::atomic<bool>>(false);

  Status Run(double seconds) const {
    return RunWatched(seconds, [end = end, ended = ended] {
      end->get_future().wait();
      *ended = true;
      return OkStatus();
    });
  }
  void Finish() const {
    end->set_value();
    while (IsCallRunning()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
};

TEST(RunWatched, LeavesACallAloneThatTakesTooLong) {
  const Slow slow;
  EXPECT_EQ(slow.Run(kShort).code(), StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(IsCallRunning());
  EXPECT_FALSE(*slow.ended);
  slow.Finish();
  EXPECT_TRUE(*slow.ended);
}

TEST(RunWatched, EndsWhenReadsAreCancelled) {
  const Slow slow;
  CancelReadsWhen([] { return true; });
  EXPECT_EQ(slow.Run(kLong).code(), StatusCode::kCancelled);
  CancelReadsWhen(nullptr);
  slow.Finish();
}

}  // namespace
}  // namespace whylight
