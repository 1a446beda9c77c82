#include "util/system.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace whylight {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMb = std::int64_t{1} << 20;

using Files = std::vector<std::pair<std::string, std::string>>;

class FakeMachine {
 public:
  explicit FakeMachine(const Files& files) {
    std::string pattern = testing::TempDir() + "machine.XXXXXX";
    root_ = mkdtemp(pattern.data());
    for (const auto& [name, text] : files) {
      fs::create_directories((root_ / name).parent_path());
      std::ofstream(root_ / name) << text;
    }
  }
  ~FakeMachine() { fs::remove_all(root_); }
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  const fs::path& root() const { return root_; }

 private:
  fs::path root_;
};

struct CoresCase {
  const char* name;
  Files files;
  int want;
};
void PrintTo(const CoresCase& row, std::ostream* os) { *os << row.name; }

class AllowedCoresTest : public testing::TestWithParam<CoresCase> {};

TEST_P(AllowedCoresTest, IsTheLeastOfAffinityAndQuotas) {
  const FakeMachine machine(GetParam().files);
  EXPECT_EQ(AllowedCores(machine.root()), GetParam().want);
}

const std::pair<std::string, std::string> kEight = {"proc/self/status",
                                                    "Name:\tx\nCpus_allowed_list:\t0-7\n"};
const std::pair<std::string, std::string> kInV2 = {"proc/self/cgroup", "0::/a/b\n"};

INSTANTIATE_TEST_SUITE_P(
    , AllowedCoresTest,
    testing::Values(
        CoresCase{"affinity", {kEight}, 8},
        CoresCase{
            "affinity_with_gaps", {{"proc/self/status", "Cpus_allowed_list:\t0-2,5,8-9\n"}}, 6},
        CoresCase{"v2_no_quota", {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "max 100000\n"}}, 8},
        CoresCase{"v2_quota", {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "300000 100000\n"}}, 3},
        CoresCase{
            "v2_rounds_up", {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"}}, 2},
        CoresCase{
            "v2_below_one", {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "5000 100000\n"}}, 1},
        CoresCase{"v2_of_the_parent",
                  {kEight,
                   kInV2,
                   {"sys/fs/cgroup/a/b/cpu.max", "600000 100000\n"},
                   {"sys/fs/cgroup/a/cpu.max", "200000 100000\n"}},
                  2},
        CoresCase{"v2_seen_as_the_mount",
                  {kEight, kInV2, {"sys/fs/cgroup/cpu.max", "400000 100000\n"}},
                  4},
        CoresCase{"v2_outside_the_namespace",
                  {kEight,
                   {"proc/self/cgroup", "0::/../../other\n"},
                   {"sys/fs/cgroup/cpu.max", "400000 100000\n"}},
                  4},
        CoresCase{"v2_beyond_the_machine",
                  {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "9900000 100000\n"}},
                  8},
        CoresCase{"v1_quota",
                  {kEight,
                   {"proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/c\n"},
                   {"sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "250000\n"},
                   {"sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n"}},
                  3},
        CoresCase{"v1_no_quota",
                  {kEight,
                   {"proc/self/cgroup", "4:cpu,cpuacct:/c\n"},
                   {"sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "-1\n"},
                   {"sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n"}},
                  8},
        CoresCase{"v1_cpuset_is_not_cpu",
                  {kEight,
                   {"proc/self/cgroup", "4:cpuset:/c\n"},
                   {"sys/fs/cgroup/cpuset/c/cpu.cfs_quota_us", "100000\n"},
                   {"sys/fs/cgroup/cpuset/c/cpu.cfs_period_us", "100000\n"}},
                  8},
        CoresCase{"malformed_quota", {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "many\n"}}, 8},
        CoresCase{
            "period_of_zero", {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "100000 0\n"}}, 8},
        CoresCase{"no_period", {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "100000"}}, 8},
        CoresCase{"malformed_group", {kEight, {"proc/self/cgroup", "::\n0\n\n:"}}, 8},
        CoresCase{"huge_quota",
                  {kEight, kInV2, {"sys/fs/cgroup/a/b/cpu.max", "99999999999999999999 100000\n"}},
                  8}),
    [](const auto& row) { return row.param.name; });

TEST(AllowedCoresFallbackTest, CountsTheMachineWhenNothingCanBeRead) {
  const int machine = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_EQ(AllowedCores(FakeMachine(Files()).root()), machine);
  EXPECT_EQ(
      AllowedCores(FakeMachine(Files{{"proc/self/status", "Cpus_allowed_list:\t7-3\n"}}).root()),
      machine);
}

struct MemoryCase {
  const char* name;
  Files files;
  std::int64_t allowed;
  std::int64_t available;
};
void PrintTo(const MemoryCase& row, std::ostream* os) { *os << row.name; }

class MemoryTest : public testing::TestWithParam<MemoryCase> {};

TEST_P(MemoryTest, IsTheLeastOfMachineAndGroups) {
  const FakeMachine machine(GetParam().files);
  EXPECT_EQ(AllowedMemory(machine.root()), GetParam().allowed);
  EXPECT_EQ(AvailableMemory(machine.root()), GetParam().available);
}

// 1000 MB, of which 600 MB can be had.
const std::pair<std::string, std::string> kMachine = {
    "proc/meminfo", "MemTotal: 1024000 kB\nMemFree: 5 kB\nMemAvailable:   614400 kB\n"};

INSTANTIATE_TEST_SUITE_P(
    , MemoryTest,
    testing::Values(
        MemoryCase{"machine", {kMachine}, 1000 * kMb, 600 * kMb},
        MemoryCase{"v2_max",
                   {kMachine, kInV2, {"sys/fs/cgroup/a/b/memory.max", "max\n"}},
                   1000 * kMb,
                   600 * kMb},
        MemoryCase{"v2_limit",
                   {kMachine,
                    kInV2,
                    {"sys/fs/cgroup/a/b/memory.max", "104857600\n"},
                    {"sys/fs/cgroup/a/b/memory.current", "41943040\n"},
                    {"sys/fs/cgroup/a/b/memory.stat", "anon 1\ninactive_file 10485760\n"}},
                   100 * kMb,
                   70 * kMb},
        MemoryCase{"v2_limit_of_the_parent",
                   {kMachine,
                    kInV2,
                    {"sys/fs/cgroup/a/b/memory.max", "max\n"},
                    {"sys/fs/cgroup/a/memory.max", "209715200\n"},
                    {"sys/fs/cgroup/a/memory.current", "0\n"}},
                   200 * kMb,
                   200 * kMb},
        MemoryCase{"v2_exhausted",
                   {kMachine,
                    kInV2,
                    {"sys/fs/cgroup/a/b/memory.max", "104857600\n"},
                    {"sys/fs/cgroup/a/b/memory.current", "204857600\n"}},
                   100 * kMb,
                   0},
        MemoryCase{"v1_limit",
                   {kMachine,
                    {"proc/self/cgroup", "5:memory:/m\n"},
                    {"sys/fs/cgroup/memory/m/memory.limit_in_bytes", "104857600\n"},
                    {"sys/fs/cgroup/memory/m/memory.usage_in_bytes", "52428800\n"},
                    {"sys/fs/cgroup/memory/m/memory.stat", "total_inactive_file 1048576\n"}},
                   100 * kMb,
                   51 * kMb},
        MemoryCase{"v1_without_limit",
                   {kMachine,
                    {"proc/self/cgroup", "5:memory:/m\n"},
                    {"sys/fs/cgroup/memory/m/memory.limit_in_bytes", "9223372036854771712\n"}},
                   1000 * kMb,
                   600 * kMb},
        MemoryCase{"malformed", {{"proc/meminfo", "MemTotal: lots\nMemAvailable: -3 kB\n"}}, 0, 0},
        MemoryCase{"nothing_to_read", {}, 0, 0}),
    [](const auto& row) { return row.param.name; });

TEST(ResidentMemoryTest, ReadsTheProcessStatus) {
  const FakeMachine machine(Files{{"proc/self/status", "VmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n"}});
  EXPECT_EQ(ResidentMemory(machine.root()), kMb);
  EXPECT_EQ(PeakResidentMemory(machine.root()), 2 * kMb);
  EXPECT_EQ(ResidentMemory(FakeMachine(Files()).root()), 0);
}

TEST(ResidentMemoryTest, ThisProcessGrowsAndKeepsItsPeak) {
  const std::int64_t before = ResidentMemory();
  {
    const std::vector<char> block(64 * kMb, 1);
    EXPECT_GE(ResidentMemory(), before + 60 * kMb);
  }
  EXPECT_GE(PeakResidentMemory(), before + 60 * kMb);
  EXPECT_GE(AllowedMemory(), AvailableMemory());
  EXPECT_GE(AllowedCores(), 1);
}

}  // namespace
}  // namespace whylight
