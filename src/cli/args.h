// The options of one subcommand. A thin face of CLI11, so that only args.cc pays for its headers.
//
// References given to the members must outlive Parse().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "whylight/status.h"

namespace whylight {

class Args {
 public:
  virtual ~Args() = default;

  // `flags` as CLI11 writes them: "--steps,--num-integral-steps", "-o,--output", "MODEL". Help that
  // begins with "FILE: " calls the value FILE; without such a word it is TEXT.
  virtual void Text(const std::string& flags, std::string& value, const std::string& help) = 0;
  // Smaller ones are refused. `value` keeps its default, whatever it is.
  virtual void Integer(const std::string& flags, int& value, const std::string& help,
                       int minimum) = 0;
  // At least 1.
  void Count(const std::string& flags, int& value, const std::string& help) {
    Integer(flags, value, help, 1);
  }
  // Finite ones.
  virtual void Number(const std::string& flags, double& value, const std::string& help) = 0;
  virtual void Seed(const std::string& flags, std::uint64_t& value, const std::string& help) = 0;
  virtual void Flag(const std::string& flags, bool& value, const std::string& help) = 0;
  // May be given several times, with one value each.
  virtual void List(const std::string& flags, std::vector<std::string>& values,
                    const std::string& help) = 0;
  virtual void Choice(const std::string& flags, std::string& value,
                      const std::vector<std::string>& choices, const std::string& help) = 0;
  // `--flag` alone is the first choice, `--flag=CHOICE` another; a choice without the = is none.
  virtual void FlagOrChoice(const std::string& flag, std::string& value,
                            const std::vector<std::string>& choices, const std::string& help) = 0;
  // Options declared from here on stand under this heading in --help.
  virtual void Group(const std::string& title) = 0;
  virtual void Require(const std::string& flag) = 0;
  virtual void Examples(const std::string& text) = 0;  // Stands at the end of --help.
  virtual bool Given(const std::string& flag) const = 0;
};

// What a parsed command line asks for.
struct Invocation {
  std::function<int()> run;  // Set if a subcommand is to be run.
  int exit_code = 0;         // Otherwise: help was shown, or the use was wrong.
};

class CommandLine {
 public:
  CommandLine(std::string name, std::string description);
  ~CommandLine();

  // Declares a subcommand: `declare` adds its options and returns what runs it.
  using Declare = std::function<std::function<int()>(Args&)>;
  void Add(const std::string& name, const std::string& description, const Declare& declare,
           const std::vector<std::string>& aliases = {});
  // Printed by --version.
  void Version(std::function<std::string()> text);

  // Prints help, version or what is wrong (with the nearest option or command), or says what to
  // run. Wrong use is exit code 2.
  Invocation Parse(int argc, const char* const* argv);

  // For shell completion: commands, the options of each, and what these take.
  struct Option {
    std::string name;  // "--format"
    bool takes_value = false;
    std::vector<std::string> choices;  // Empty: anything.
  };
  struct Command {
    std::string name;
    std::string description;
    std::vector<std::string> aliases;
    std::vector<Option> options;
    std::vector<std::string> words;  // What its argument may be; empty: a file.
  };
  std::vector<Command> Commands() const;
  // The text of `whylight COMMAND --help`, for the documentation.
  std::string Help(const std::string& command) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace whylight
