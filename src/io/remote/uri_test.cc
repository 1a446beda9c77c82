#include "io/remote/uri.h"

#include <gtest/gtest.h>

#include <ostream>

namespace whylight {
namespace {

TEST(IsRemote, KnowsTheSchemesOfBuckets) {
  EXPECT_TRUE(IsRemote("gs://bucket/a"));
  EXPECT_TRUE(IsRemote("s3://bucket"));
  for (const char* const path :
       {"gs:/bucket", "/gs://bucket", "http://a/b", "gs", "", "-", "xgs://a"}) {
    EXPECT_FALSE(IsRemote(path)) << path;
  }
}

struct Case {
  const char* name;
  const char* uri;
  RemoteUri want;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class ParseTest : public testing::TestWithParam<Case> {};

TEST_P(ParseTest, TakesApartAndPutsTogether) {
  const Result<RemoteUri> got = RemoteUri::Parse(GetParam().uri);
  ASSERT_TRUE(got.ok()) << got.status().message();
  const RemoteUri& want = GetParam().want;
  EXPECT_EQ(got->scheme, want.scheme);
  EXPECT_EQ(got->is_anonymous, want.is_anonymous);
  EXPECT_EQ(got->bucket, want.bucket);
  EXPECT_EQ(got->object, want.object);
  EXPECT_EQ(got->query, want.query);
  const Result<RemoteUri> again = RemoteUri::Parse(got->ToString());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->ToString(), got->ToString());
}

RemoteUri Uri(std::string scheme, bool is_anonymous, std::string bucket, std::string object,
              std::string query = "") {
  return {.scheme = std::move(scheme),
          .is_anonymous = is_anonymous,
          .bucket = std::move(bucket),
          .object = std::move(object),
          .query = std::move(query)};
}

INSTANTIATE_TEST_SUITE_P(
    , ParseTest,
    testing::Values(Case{"object", "gs://b/a/c.txt", Uri("gs", false, "b", "a/c.txt")},
                    Case{"bucket", "s3://b.c-d_e", Uri("s3", false, "b.c-d_e", "")},
                    Case{"slashes_at_the_end", "gs://b/a//", Uri("gs", false, "b", "a")},
                    Case{"anonymous", "gs://anonymous@b/a", Uri("gs", true, "b", "a")},
                    Case{"options", "gs://b/a?scheme=http&endpoint_override=h:1",
                         Uri("gs", false, "b", "a", "scheme=http&endpoint_override=h:1")},
                    Case{"question_without_options", "gs://b/why?", Uri("gs", false, "b", "why?")},
                    Case{"question_and_options", "gs://b/why?.csv?scheme=http",
                         Uri("gs", false, "b", "why?.csv", "scheme=http")},
                    Case{"nothing_is_encoded", "gs://b/a b%20#1@2",
                         Uri("gs", false, "b", "a b%20#1@2")}),
    [](const auto& row) { return row.param.name; });

TEST(ParseErrors, RefusesWhatNamesNoBucket) {
  for (const char* const uri : {"gs://", "gs:///a", "gs://anonymous@/a", "gs://b c/a", "local"}) {
    EXPECT_EQ(RemoteUri::Parse(uri).status().code(), StatusCode::kInvalidArgument) << uri;
  }
}

TEST(ParseErrors, RefusesKeysAndDoesNotRepeatThem) {
  const Status refused = RemoteUri::Parse("s3://KEY:SECRET@b/a").status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message().find("SECRET"), std::string::npos);
}

TEST(RemoteUri, IsShownWithoutUserAndOptions) {
  const Result<RemoteUri> uri = RemoteUri::Parse("gs://anonymous@b/a/c?scheme=http");
  ASSERT_TRUE(uri.ok());
  EXPECT_EQ(uri->Shown(), "gs://b/a/c");
  EXPECT_EQ(uri->Path(), "b/a/c");
  EXPECT_EQ(uri->Name(), "c");
  EXPECT_EQ(uri->Parent().ToString(), "gs://anonymous@b/a?scheme=http");
  EXPECT_EQ(uri->Parent().Parent().ToString(), "gs://anonymous@b?scheme=http");
  EXPECT_EQ(uri->Below("d/e").Path(), "b/a/c/d/e");
  EXPECT_EQ(uri->Option("scheme"), "http");
  EXPECT_EQ(uri->Option("sch"), "");
}

TEST(Paths, AreChangedInFrontOfOptions) {
  EXPECT_EQ(PathBelow("a", "b"), "a/b");
  EXPECT_EQ(PathBelow("a/", "b"), "a/b");
  EXPECT_EQ(PathBelow("gs://c/a?scheme=http", "b"), "gs://c/a/b?scheme=http");
  EXPECT_EQ(WithEnding("a.jsonl", ".jsonl", ".html"), "a.html");
  EXPECT_EQ(WithEnding("a.txt", ".jsonl", ".html"), "a.txt.html");
  EXPECT_EQ(WithEnding("gs://c/a.jsonl?x=.jsonl", ".jsonl", ".html"), "gs://c/a.html?x=.jsonl");
  EXPECT_EQ(WithoutOptions("a?b=c"), "a?b=c");
}

}  // namespace
}  // namespace whylight
