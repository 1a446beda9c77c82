// What this process may use of the machine: the limits of its control group (v1 and v2), not only
// the machine's own figures, since a container sees all of the host's cores and memory.
//
// `root` stands before every path that is read ("/proc", "/sys/fs/cgroup"), for tests.
// Threads: safe. Files that are missing or malformed count as no limit.
//
// Source  Linux, Documentation/admin-guide/cgroup-{v1,v2}; proc(5).
#pragma once

#include <cstdint>
#include <filesystem>

namespace whylight {

// min(cores in the affinity mask, ceil(CPU quota / period) of the group and of those around it), at
// least 1.
int AllowedCores(const std::filesystem::path& root = "/");

// Bytes that this process could ever hold: min(the machine's memory, the groups' limits).
// 0 when neither is known.
std::int64_t AllowedMemory(const std::filesystem::path& root = "/");

// Bytes that can be had now without swapping: min(MemAvailable, limit - used + file cache of each
// group), at least 0. 0 also when nothing is known.
std::int64_t AvailableMemory(const std::filesystem::path& root = "/");

// Bytes of this process in memory now, and at most so far; 0 when unknown.
std::int64_t ResidentMemory(const std::filesystem::path& root = "/");
std::int64_t PeakResidentMemory(const std::filesystem::path& root = "/");

}  // namespace whylight
