#include "cli/args.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>

#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

constexpr int kWrongUse = 2;

// "--input" of "-i,--input": how a message calls the option.
std::string MainFlag(const std::string& flags) {
  const std::size_t first = flags.find("--");
  return first == std::string::npos ? flags : flags.substr(first, flags.find(',', first) - first);
}

// CLI11's own conversions wrap a negative seed and say nothing of what they would take.
template <typename T>
CLI::Option* AddInteger(CLI::App& app, const std::string& flags, T& value, const std::string& help,
                        T minimum) {
  const auto parse = [&value, minimum, flag = MainFlag(flags)](const std::string& text) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= minimum) {
      value = number;
      return;
    }
    const bool is_large = error == std::errc::result_out_of_range && !text.starts_with('-');
    throw CLI::ValidationError(
        flag, "expected an integer of " +
                  (is_large ? std::to_string(std::numeric_limits<T>::max()) + " or less"
                            : std::to_string(minimum) + " or more") +
                  ", got \"" + text + "\"");
  };
  return app.add_option_function<std::string>(flags, parse, help);
}

class CliArgs : public Args {
 public:
  explicit CliArgs(CLI::App* app) : app_(app) {}

  void Text(const std::string& flags, std::string& value, const std::string& help) override {
    Finish(app_->add_option(flags, value), flags, help);
  }
  void Integer(const std::string& flags, int& value, const std::string& help,
               int minimum) override {
    Finish(AddInteger(*app_, flags, value, help, minimum), flags, "N: " + help);
  }
  void Number(const std::string& flags, double& value, const std::string& help) override {
    const auto parse = [&value, flag = MainFlag(flags)](const std::string& text) {
      double number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
        throw CLI::ValidationError(flag, "expected a number, got \"" + text + "\"");
      }
      value = number;
    };
    Finish(app_->add_option_function<std::string>(flags, parse), flags, "X: " + help);
  }
  void Seed(const std::string& flags, std::uint64_t& value, const std::string& help) override {
    Finish(AddInteger(*app_, flags, value, help, std::uint64_t{0}), flags, "N: " + help);
  }
  void Flag(const std::string& flags, bool& value, const std::string& help) override {
    app_->add_flag(flags, value, help)->group(group_);
  }
  void List(const std::string& flags, std::vector<std::string>& values,
            const std::string& help) override {
    CLI::Option* option = app_->add_option(flags, values);
    option->type_size(1);
    option->expected(1, CLI::detail::expected_max_vector_size);
    option->allow_extra_args(flags[0] != '-');
    Finish(option, flags, help);
  }
  void Choice(const std::string& flags, std::string& value, const std::vector<std::string>& choices,
              const std::string& help) override {
    Finish(Restricted(app_->add_option(flags, value), flags, choices), flags,
           Alternatives(choices) + ": " + help);
  }
  void FlagOrChoice(const std::string& flag, std::string& value,
                    const std::vector<std::string>& choices, const std::string& help) override {
    CLI::Option* option = app_->add_flag(flag + "{" + choices[0] + "}", value);
    Finish(Restricted(option, flag, choices), flag, "[=" + Alternatives(choices) + "]: " + help);
  }
  void Group(const std::string& title) override { group_ = title; }
  void Require(const std::string& flag) override { app_->get_option(flag)->required(); }
  void Examples(const std::string& text) override { app_->footer("Examples:\n" + text); }
  bool Given(const std::string& flag) const override {
    const CLI::Option* option = app_->get_option_no_throw(flag);
    return option != nullptr && option->count() > 0;
  }

  CommandLine::Command Describe() const;

 private:
  static std::string Alternatives(const std::vector<std::string>& choices) {
    return Join(choices, "|");
  }
  // Takes one of these, and completion offers them.
  CLI::Option* Restricted(CLI::Option* option, const std::string& flags,
                          const std::vector<std::string>& choices) {
    choices_[MainFlag(flags)] = choices;
    return option->check([choices](const std::string& given) -> std::string {
      for (const std::string& choice : choices) {
        if (choice == given) return "";
      }
      return "expected " + Alternatives(choices) + ", got \"" + given + "\"" +
             DidYouMean(given, choices);
    });
  }

  // Help is "what it does" or "TYPE: what it does".
  void Finish(CLI::Option* option, const std::string& flags, const std::string& help) {
    std::string type = "TEXT", text = help;
    const std::size_t colon = help.find(": ");
    if (colon != std::string::npos && help.find(' ') > colon) {
      type = help.substr(0, colon);
      text = help.substr(colon + 2);
    }
    // Not as a type_name(), which CLI11 follows by "..." where an option may be given again.
    if (flags[0] == '-') option->option_text(type);
    option->description(text);
    option->group(flags[0] == '-' ? group_ : "Positionals");
  }

  CLI::App* app_;
  std::string group_ = "Options";
  std::map<std::string, std::vector<std::string>> choices_;  // By option, or argument.
};

// CLI11's help without its runs of blank lines and its blanks at the ends of lines.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { label("REQUIRED", ""); }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text;
    for (const char c : CLI::Formatter::make_help(app, std::move(name), mode)) {
      if (c == '\n') text.resize(text.find_last_not_of(' ') + 1);
      if (c != '\n' || !text.ends_with("\n\n")) text += c;
    }
    text.resize(text.find_last_not_of('\n') + 1);
    return text + "\n";
  }
  // Without the value that a bare flag has, "--flag{value}".
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    const std::string name = CLI::Formatter::make_option_name(option, is_positional);
    return name.substr(0, name.find('{'));
  }
};

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

CommandLine::Command CliArgs::Describe() const {
  CommandLine::Command command{.name = app_->get_name(),
                               .description = app_->get_description(),
                               .aliases = app_->get_aliases(),
                               .options = {},
                               .words = {}};
  for (const CLI::Option* option : app_->get_options()) {
    const bool takes_value = option->get_type_size() != 0;
    for (const std::string& name : option->get_lnames()) {
      const auto choices = choices_.find("--" + name);
      command.options.push_back(
          {.name = "--" + name,
           .takes_value = takes_value,
           .choices = choices == choices_.end() ? std::vector<std::string>() : choices->second});
    }
    const auto words = choices_.find(option->get_name(true));
    if (option->get_positional() && words != choices_.end()) command.words = words->second;
  }
  return command;
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
  impl_->app.formatter(std::make_shared<HelpFormatter>());
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
  for (const std::unique_ptr<CliArgs>& args : impl_->args) commands.push_back(args->Describe());
  return commands;
}

std::string CommandLine::Help(const std::string& command) const {
  if (command.empty()) return impl_->app.help();
  for (const auto& [app, run] : impl_->runs) {
    if (app->get_name() == command) return app->help(impl_->app.get_name());
  }
  return "";
}

}  // namespace whylight
