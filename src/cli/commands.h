// The subcommands. Each is declared in its own file and named in main.cc's list.
#pragma once

#include "cli/args.h"
#include "cli/common.h"

namespace whylight {

// Each declares its options on `args` and returns what runs it with the exit code.
std::function<int()> DeclareInspect(Args& args, const OpenRuntime& open);
std::function<int()> DeclareCheck(Args& args, const OpenRuntime& open);
std::function<int()> DeclarePredict(Args& args, const OpenRuntime& open);
std::function<int()> DeclareExplain(Args& args, const OpenRuntime& open);
std::function<int()> DeclareCompare(Args& args, const OpenRuntime& open);
std::function<int()> DeclareDiff(Args& args, const OpenRuntime& open);
std::function<int()> DeclareReport(Args& args, const OpenRuntime& open);
std::function<int()> DeclareRender(Args& args, const OpenRuntime& open);
std::function<int()> DeclareMetadata(Args& args, const OpenRuntime& open);
std::function<int()> DeclareSignature(Args& args, const OpenRuntime& open);
std::function<int()> DeclareCache(Args& args, const OpenRuntime& open);
std::function<int()> DeclareDoctor(Args& args, const OpenRuntime& open);
std::function<int()> DeclareCompletion(Args& args, const CommandLine& line);
std::function<int()> DeclareHelp(Args& args, const CommandLine& line);

}  // namespace whylight
