#include "runtime/tensorflow/stderr_guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>

namespace whylight::tf {
namespace {

constexpr int kFatal[] = {SIGABRT, SIGILL, SIGSEGV};

// What a signal handler may reach must be static; there is one guard at a time.
int saved_stderr = -1;
int held_back = -1;
struct sigaction before[std::size(kFatal)];

void Restore() {
  for (std::size_t i = 0; i < std::size(kFatal); ++i) sigaction(kFatal[i], &before[i], nullptr);
  dup2(saved_stderr, STDERR_FILENO);
}

// Calls nothing that is not safe in a signal handler.
void PrintAndDie(int signal) {
  Restore();
  char buffer[4096];
  off_t offset = 0;
  for (ssize_t n; (n = pread(held_back, buffer, sizeof(buffer), offset)) > 0; offset += n) {
    if (write(STDERR_FILENO, buffer, static_cast<std::size_t>(n)) < 0) break;
  }
  raise(signal);  // Blocked until this handler returns; then the earlier action takes it.
}

}  // namespace

StderrGuard::StderrGuard() {
  std::fflush(stderr);
  held_back = memfd_create("stderr", MFD_CLOEXEC);
  saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (held_back < 0 || saved_stderr < 0) return;
  struct sigaction action = {};
  action.sa_handler = PrintAndDie;
  for (std::size_t i = 0; i < std::size(kFatal); ++i) sigaction(kFatal[i], &action, &before[i]);
  dup2(held_back, STDERR_FILENO);
}

StderrGuard::~StderrGuard() {
  if (held_back >= 0 && saved_stderr >= 0) {
    std::fflush(stderr);
    Restore();
  }
  if (held_back >= 0) close(held_back);
  if (saved_stderr >= 0) close(saved_stderr);
  held_back = saved_stderr = -1;
}

}  // namespace whylight::tf
