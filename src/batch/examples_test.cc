#include "batch/examples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch/test_reader.h"

namespace whylight {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Result<std::vector<Example>> Read(const std::vector<std::string>& rows, const std::string& id_key) {
  TestReader reader;
  for (const std::string& row : rows) reader.Add(Tensor::Scalar<float>(1), row);
  std::vector<Example> all;
  const Status status = ReadExamples(reader, id_key, [&](std::vector<Example> some) {
    std::ranges::move(some, std::back_inserter(all));
    return OkStatus();
  });
  if (!status.ok()) return status;
  return all;
}

std::vector<std::string> IdsOf(const Result<std::vector<Example>>& examples) {
  std::vector<std::string> ids;
  if (!examples.ok()) return {examples.status().message()};
  for (const Example& example : *examples) ids.push_back(example.id);
  return ids;
}

TEST(ExamplesTest, AnIdIsAMemberOrThePlace) {
  EXPECT_THAT(IdsOf(Read({R"({"x":1,"name":"a"})", R"({"name":42})", R"({"name":4.50})"}, "name")),
              ElementsAre("a", "42", "4.50"));
  EXPECT_THAT(IdsOf(Read({R"({"x":1,"name":"a"})", "[1]", "null"}, "")),
              ElementsAre("line 1", "line 2", "line 3"));
}

TEST(ExamplesTest, ReadsAllInOrderHoweverMany) {
  std::vector<std::string> rows, ids;
  for (int i = 0; i < 100; ++i) {
    ids.push_back(std::to_string(i));
    rows.push_back("{\"i\":" + ids.back() + "}");
  }
  EXPECT_EQ(IdsOf(Read(rows, "i")), ids);
  EXPECT_THAT(IdsOf(Read({}, "i")), IsEmpty());
}

TEST(ExamplesTest, ReadsRestrictsAndCrowdingTag) {
  const auto examples = Read(
      {R"({"restricts":[{"namespace":"class","allow":["cat","pet"]},{"namespace":"size","deny":["big"]}],
           "crowding_tag":"page 3"})",
       "{}"},
      "");
  ASSERT_TRUE(examples.ok()) << examples.status().message();
  const Example& example = (*examples)[0];
  EXPECT_EQ(example.crowding_tag, "page 3");
  ASSERT_THAT(example.restricts, SizeIs(2));
  EXPECT_EQ(example.restricts[0].name_space, "class");
  EXPECT_THAT(example.restricts[0].allow, ElementsAre("cat", "pet"));
  EXPECT_THAT(example.restricts[0].deny, IsEmpty());
  EXPECT_THAT(example.restricts[1].deny, ElementsAre("big"));
  EXPECT_THAT((*examples)[1].restricts, IsEmpty());
  EXPECT_EQ((*examples)[1].crowding_tag, "");
}

TEST(ExamplesTest, NamesTheReaderWhatToReadOver) {
  EXPECT_THAT(ExampleMembers(""), ElementsAre("restricts", "crowding_tag"));
  EXPECT_THAT(ExampleMembers("name"), ElementsAre("restricts", "crowding_tag", "name"));
}

struct BadExample {
  const char* name;
  const char* row;
  const char* message;
};
void PrintTo(const BadExample& bad, std::ostream* os) { *os << bad.name; }
class BadExampleTest : public testing::TestWithParam<BadExample> {};

TEST_P(BadExampleTest, IsRefusedWithItsPlace) {
  const Status status = Read({R"({"name":"a"})", GetParam().row}, "name").status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("line 2: "));
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , BadExampleTest,
    testing::Values(BadExample{"no_id", R"({"x":1})", "no 'name' (--id-key)"},
                    BadExample{"no_object", "[1]", "no 'name' (--id-key)"},
                    BadExample{"id_of_another_type", R"({"name":[1]})",
                               "name: expected a string or a number"},
                    BadExample{"tag_of_another_type", R"({"name":1,"crowding_tag":3})",
                               "crowding_tag: expected a string, got a number"},
                    BadExample{"restricts_no_list", R"({"name":1,"restricts":{}})",
                               "restricts: expected a list, got an object"},
                    BadExample{"restrict_no_object", R"({"name":1,"restricts":["a"]})",
                               "restricts[0]: expected an object"},
                    BadExample{"restrict_misspelt", R"({"name":1,"restricts":[{"allowed":[]}]})",
                               "restricts[0].allowed: expected namespace"},
                    BadExample{"token_no_string", R"({"name":1,"restricts":[{"allow":[1]}]})",
                               "restricts[0].allow: expected a list of strings, got a number"}),
    [](const auto& row) { return row.param.name; });

TEST(ExamplesTest, StopsAtABadRowAndAtTheTakersStatus) {
  TestReader reader;
  reader.Add(Tensor::Scalar<float>(1));
  reader.AddBad(InvalidArgument("line 2: x: expected a number"));
  const auto take = [](std::vector<Example>) { return OkStatus(); };
  EXPECT_EQ(ReadExamples(reader, "", take).message(), "line 2: x: expected a number");
  TestReader full;
  full.Add(Tensor::Scalar<float>(1));
  EXPECT_EQ(
      ReadExamples(full, "", [](std::vector<Example>) { return ResourceExhausted("too many"); })
          .code(),
      StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace whylight
