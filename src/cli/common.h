// What the subcommands share: options of the machine, opening things, exit codes, Ctrl-C.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/args.h"
#include "whylight/runtime.h"

namespace whylight {

// Opens TensorFlow in `directory` (or wherever it is found); main.cc knows how.
struct RuntimeRequest {
  std::string directory;
  bool verbose = false;
};
using OpenRuntime = std::function<Result<std::unique_ptr<Runtime>>(const RuntimeRequest&)>;

// --tensorflow, --device, --threads, --memory, -v.
struct MachineArgs {
  RuntimeRequest runtime;
  std::string device = "cpu";
  int threads = 0;
  std::string memory;

  void Declare(Args& args);
  // Errors: kInvalidArgument for a device or size that cannot be read.
  Result<SessionOptions> Session() const;
  Result<std::int64_t> MemoryLimit() const;  // 0 if none was given.
};

// "4G", "512M", "1.5GiB", "1000000": powers of 1024 for K, M, G, T, as memory is counted.
Result<std::int64_t> ParseBytes(const std::string& text);

// "a,b" -> {"a", "b"}; empty pieces are left out.
std::vector<std::string> SplitList(const std::string& text);
// `text` is a file with one name a line, or names separated by commas.
// Errors: kNotFound for what looks like a file (a/b, names.txt) and is none; kInvalidArgument if
// there are no names in it.
Result<std::vector<std::string>> NamesFrom(const std::string& text);

// 0 done; 2 wrong use or bad input; 3 the model cannot be explained as asked; 70 a defect of
// ours; 130 stopped by Ctrl-C, 143 by SIGTERM. (1, some rows failed, is no status.)
int ExitCode(const Status& status);

// Prints "whylight: <message>" to standard error and returns the exit code. Whoever reads standard
// output and stops doing so has seen enough: that is no error to talk of, and 141 is what a shell
// says of a program that a closed pipe ended.
int Fail(const Status& status);

// What a command printed must have arrived: writes out what is left in standard output's buffer.
// Returns `exit_code`; 2, with a message, after an error such as a full disk.
int FinishStandardOutput(int exit_code);
// The other end of the pipe behind standard output is closed, as `| head -1` does.
bool StandardOutputHasNoReader();

// The first Ctrl-C (or SIGTERM) asks for a stop between two runs of the model; a second one ends
// the process at once.
void CatchInterrupts();
bool Interrupted();

}  // namespace whylight
