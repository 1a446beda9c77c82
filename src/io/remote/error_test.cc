#include "io/remote/error.h"

#include <gtest/gtest.h>

#include <ostream>

namespace whylight {
namespace {

struct Case {
  const char* name;
  const char* said;  // As google-cloud-cpp 2.37 and Arrow 26 say it.
  StatusCode code;
  const char* piece;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class RemoteErrorTest : public testing::TestWithParam<Case> {};

TEST_P(RemoteErrorTest, HasTheCodeAndTheServicesWords) {
  const Result<RemoteUri> uri = RemoteUri::Parse("gs://anonymous@b/a");
  ASSERT_TRUE(uri.ok());
  const Status status = RemoteError("read", *uri, GetParam().said, 60);
  EXPECT_EQ(status.code(), GetParam().code);
  EXPECT_TRUE(status.message().starts_with("cannot read gs://b/a: ")) << status.message();
  EXPECT_NE(status.message().find(GetParam().piece), std::string::npos) << status.message();
  EXPECT_EQ(status.message().find("error_info"), std::string::npos) << status.message();
}

INSTANTIATE_TEST_SUITE_P(
    , RemoteErrorTest,
    testing::Values(
        Case{"forbidden",
             "google::cloud::Status(PERMISSION_DENIED: Permanent error, with a last message of "
             "{\"error\": {\"code\": 403, \"message\": \"no access\"}} error_info={reason=})",
             StatusCode::kPermissionDenied, "(403): no access. Used: no credentials"},
        Case{"words_that_are_no_json",
             "google::cloud::Status(UNAUTHENTICATED: Permanent error, with a last message of "
             "Invalid Credentials error_info={reason=})",
             StatusCode::kUnauthenticated, "found): Invalid Credentials."},
        Case{"no_token",
             "google::cloud::Status(UNAVAILABLE: Retry policy exhausted, with a last message of "
             "Could not create a OAuth2 access token to authenticate the request. error_info={})",
             StatusCode::kUnauthenticated, "Could not create a OAuth2 access token"},
        Case{"exhausted",
             "google::cloud::Status(UNAVAILABLE: Retry policy exhausted, with a last message of "
             "Backend Error error_info={reason=})",
             StatusCode::kUnavailable, "tried again for 60 s: Backend Error"},
        Case{"damaged",
             "google::cloud::Status(DATA_LOSS: xsgetn(): mismatched hashes in download, "
             "computed=a, received=b error_info={reason=DATA_LOSS})",
             StatusCode::kDataLoss, "mismatched hashes"},
        Case{"s3_denied",
             "When reading information for key 'a' in bucket 'b': AWS Error ACCESS_DENIED during "
             "HeadObject operation: No response body.",
             StatusCode::kPermissionDenied, "AWS Error ACCESS_DENIED"},
        Case{"s3_absent", "Path does not exist 'b/a'", StatusCode::kNotFound, "not found"},
        Case{"anything_else", "a new error", StatusCode::kUnknown, "a new error"}),
    [](const auto& row) { return row.param.name; });

TEST(RemoteTimeout, TellsAStopFromSilence) {
  const Result<RemoteUri> uri = RemoteUri::Parse("gs://b/a");
  ASSERT_TRUE(uri.ok());
  const Status stopped =
      RemoteTimeout("read", *uri, Status(StatusCode::kCancelled, "stopped on request"), 3);
  EXPECT_EQ(stopped.code(), StatusCode::kCancelled);
  const Status silent =
      RemoteTimeout("read", *uri, Status(StatusCode::kDeadlineExceeded, "no answer"), 3);
  EXPECT_EQ(silent.code(), StatusCode::kUnavailable);
  EXPECT_NE(silent.message().find("no answer within 3 s"), std::string::npos);
}

}  // namespace
}  // namespace whylight
