#include "cli/args.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "util/edit_distance.h"

namespace whylight {
namespace {

constexpr int kWrongUse = 2;

class CliArgs : public Args {
 public:
  explicit CliArgs(CLI::App* app) : app_(app) {}

  void Text(const std::string& flags, std::string& value, const std::string& help) override {
    Finish(app_->add_option(flags, value, help), flags, "TEXT");
  }
  void Integer(const std::string& flags, int& value, const std::string& help) override {
    Finish(app_->add_option(flags, value, help), flags, "N");
  }
  void Seed(const std::string& flags, std::uint64_t& value, const std::string& help) override {
    Finish(app_->add_option(flags, value, help), flags, "N");
  }
  void Flag(const std::string& flags, bool& value, const std::string& help) override {
    app_->add_flag(flags, value, help)->group(group_);
  }
  void List(const std::string& flags, std::vector<std::string>& values,
            const std::string& help) override {
    CLI::Option* option = app_->add_option(flags, values, help);
    option->type_size(1);
    option->expected(1, CLI::detail::expected_max_vector_size);
    option->allow_extra_args(flags[0] != '-');
    Finish(option, flags, "TEXT ...");
  }
  void Choice(const std::string& flags, std::string& value, const std::vector<std::string>& choices,
              const std::string& help) override {
    std::string names;
    for (const std::string& choice : choices) names += (names.empty() ? "" : "|") + choice;
    CLI::Option* option = app_->add_option(flags, value, help);
    option->check([choices, names](const std::string& given) -> std::string {
      for (const std::string& choice : choices) {
        if (choice == given) return "";
      }
      return "expected " + names + ", got \"" + given + "\"" + DidYouMean(given, choices);
    });
    Finish(option, flags, names);
  }
  void Group(const std::string& title) override { group_ = title; }
  void Require(const std::string& flag) override { app_->get_option(flag)->required(); }
  void Examples(const std::string& text) override { app_->footer("Examples:\n" + text); }
  bool Given(const std::string& flag) const override { return app_->count(flag) > 0; }

 private:
  void Finish(CLI::Option* option, const std::string& flags, const std::string& type) {
    option->type_name(flags[0] == '-' ? type : "");
    option->group(flags[0] == '-' ? group_ : "Positionals");
  }

  CLI::App* app_;
  std::string group_ = "Options";
};

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

}  // namespace

struct CommandLine::Impl {
  explicit Impl(const std::string& description) : app(description) {}
  CLI::App app;
  std::vector<std::unique_ptr<CliArgs>> args;
  std::vector<std::pair<CLI::App*, std::function<int()>>> runs;
};

CommandLine::CommandLine(std::string name, std::string description)
    : impl_(std::make_unique<Impl>(description)) {
  impl_->app.name(std::move(name));
  impl_->app.require_subcommand(0, 1);
  impl_->app.get_formatter()->column_width(34);
}

CommandLine::~CommandLine() = default;

void CommandLine::Add(const std::string& name, const std::string& description,
                      const Declare& declare, const std::vector<std::string>& aliases) {
  CLI::App* command = impl_->app.add_subcommand(name, description);
  for (const std::string& alias : aliases) command->alias(alias);
  impl_->args.push_back(std::make_unique<CliArgs>(command));
  impl_->runs.emplace_back(command, declare(*impl_->args.back()));
}

void CommandLine::Version(std::function<std::string()> text) {
  impl_->app.add_flag_callback(
      "--version", [text = std::move(text)] { throw CLI::CallForVersion(text(), 0); },
      "Print the versions of this program and of TensorFlow");
}

Invocation CommandLine::Parse(int argc, const char* const* argv) {
  CLI::App& app = impl_->app;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return {.run = {}, .exit_code = app.exit(error)};
    const CLI::App* at = &app;
    for (const auto& [command, run] : impl_->runs) {
      if (command->parsed()) at = command;
    }
    std::cerr << "whylight: " << error.what();
    // What was not understood is the first thing that nobody has a name for.
    std::vector<std::string> known = OptionNames(*at);
    if (at == &app) {
      for (const auto& [command, run] : impl_->runs) known.push_back(command->get_name());
    }
    for (int i = 1; i < argc; ++i) {
      const std::string word = argv[i];
      const std::string name = word.substr(0, word.find('='));
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      if (at != &app && !name.starts_with("--")) continue;
      const std::string near = Suggest(name, known);
      if (near.empty()) continue;
      std::cerr << " (did you mean '" << near << "'?)";
      break;
    }
    std::cerr << "\nSee: whylight " << (at == &app ? "" : at->get_name() + " ") << "--help\n";
    return {.run = {}, .exit_code = kWrongUse};
  }
  for (auto& [command, run] : impl_->runs) {
    if (command->parsed()) return {.run = run};
  }
  std::cout << app.help();
  return {.run = {}, .exit_code = kWrongUse};
}

std::vector<CommandLine::Command> CommandLine::Commands() const {
  std::vector<Command> commands;
  for (const auto& [command, run] : impl_->runs) {
    commands.push_back({.name = command->get_name(),
                        .description = command->get_description(),
                        .options = OptionNames(*command)});
  }
  return commands;
}

std::string CommandLine::Help(const std::string& command) const {
  if (command.empty()) return impl_->app.help();
  for (const auto& [app, run] : impl_->runs) {
    if (app->get_name() == command) return app->help("whylight " + command);
  }
  return "";
}

}  // namespace whylight
