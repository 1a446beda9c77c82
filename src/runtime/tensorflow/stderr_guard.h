// Turns file descriptor 2 away while TensorFlow's library is loaded.
#pragma once

namespace whylight::tf {

// TensorFlow 2.21 prints lines during dlopen whatever TF_CPP_MIN_LOG_LEVEL says, because its log
// is not set up yet. While one of these lives, what the process writes to standard error goes to
// memory and is dropped, except when the process dies: a SIGABRT, SIGILL or SIGSEGV (a processor
// without AVX; two copies of protobuf) first prints what was held back, then takes its course.
//
// Threads: the descriptor and the handlers are the process's: one guard at a time, and other
// threads' messages are lost meanwhile (0.2 to 1 s). Where no memory file can be made, nothing is
// turned away.
class StderrGuard {
 public:
  StderrGuard();
  ~StderrGuard();
  StderrGuard(const StderrGuard&) = delete;
  StderrGuard& operator=(const StderrGuard&) = delete;
};

}  // namespace whylight::tf
