// whylight completion SHELL, whylight help COMMAND.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "util/edit_distance.h"
#include "util/strings.h"

namespace whylight {
namespace {

std::string Words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> NamesOf(const std::vector<CommandLine::Command>& commands) {
  std::vector<std::string> names;
  names.reserve(commands.size());
  for (const CommandLine::Command& command : commands) names.push_back(command.name);
  return names;
}

// With the other names of a command: "inspect|show".
std::string Pattern(const CommandLine::Command& command) {
  std::string text = command.name;
  for (const std::string& alias : command.aliases) text += "|" + alias;
  return text;
}

std::string Bash(const std::vector<CommandLine::Command>& commands) {
  std::string names = "--help --version", options, values;
  for (const CommandLine::Command& command : commands) {
    names += " " + command.name;
    for (const std::string& alias : command.aliases) names += " " + alias;
    const std::string pattern = Pattern(command);
    std::vector<std::string> flags;
    for (const CommandLine::Option& option : command.options) {
      flags.push_back(option.name);
      if (option.choices.empty()) continue;
      for (const std::string_view name : Split(pattern, '|')) {
        values += "    " + std::string(name) + ":" + option.name + ") words=\"" +
                  Words(option.choices) + "\" ;;\n";
      }
    }
    options += "    " + pattern + ") options=\"" + Words(flags) + "\" words=\"" +
               Words(command.words) + "\" ;;\n";
  }
  return "_whylight() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local options= words=\n"
         "  COMPREPLY=()\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
         "    COMPREPLY=($(compgen -W \"" +
         names +
         "\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case ${COMP_WORDS[1]} in\n" +
         options +
         "  esac\n"
         "  case ${COMP_WORDS[1]}:$previous in\n" +
         values +
         "  esac\n"
         "  case $word in\n"
         "    -*) words=$options ;;\n"
         "  esac\n"
         "  if [ -n \"$words\" ]; then\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  local IFS=$'\\n'\n"  // Names of files may hold blanks.
         "  COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "}\n"
         "complete -o filenames -F _whylight whylight\n";
}

std::string Zsh(const std::vector<CommandLine::Command>& commands) {
  return "#compdef whylight\nautoload -U +X bashcompinit && bashcompinit\n" + Bash(commands);
}

// In single quotes, as fish reads them.
std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Fish(const std::vector<CommandLine::Command>& commands) {
  std::string text;
  for (const CommandLine::Command& command : commands) {
    std::vector<std::string> names = command.aliases;
    names.insert(names.begin(), command.name);
    for (const std::string& name : names) {
      text += "complete -c whylight -f -n __fish_use_subcommand -a " + name + " -d " +
              FishQuoted(command.description) + "\n";
    }
    const std::string seen =
        "complete -c whylight -n '__fish_seen_subcommand_from " + Words(names) + "'";
    if (!command.words.empty()) text += seen + " -f -a '" + Words(command.words) + "'\n";
    for (const CommandLine::Option& option : command.options) {
      text += seen + " -l " + option.name.substr(2);
      if (!option.choices.empty()) {
        text += " -x -a '" + Words(option.choices) + "'";
      } else if (option.takes_value) {
        text += " -r";
      }
      text += "\n";
    }
  }
  return text;
}

}  // namespace

std::function<int()> DeclareCompletion(Args& args, const CommandLine& line) {
  auto shell = std::make_shared<std::string>();
  args.Choice("SHELL", *shell, {"bash", "zsh", "fish"}, "bash, zsh or fish");
  args.Require("SHELL");
  args.Examples(
      "  source <(whylight completion bash)\n"
      "  whylight completion fish > ~/.config/fish/completions/whylight.fish");
  return [shell, &line] {
    std::vector<CommandLine::Command> commands = line.Commands();
    for (CommandLine::Command& command : commands) {
      if (command.name == "help") command.words = NamesOf(commands);
    }
    const std::string text = *shell == "bash"  ? Bash(commands)
                             : *shell == "zsh" ? Zsh(commands)
                                               : Fish(commands);
    std::fputs(text.c_str(), stdout);
    return 0;
  };
}

std::function<int()> DeclareHelp(Args& args, const CommandLine& line) {
  auto name = std::make_shared<std::string>();
  auto markdown = std::make_shared<bool>(false);
  args.Text("COMMAND", *name, "The command to show");
  args.Flag("--markdown", *markdown, "All commands as a page of documentation");
  return [name, markdown, &line] {
    if (*markdown) {
      std::printf("# Command line\n\nMade by `whylight help --markdown`.\n\n```\n%s```\n",
                  line.Help("").c_str());
      for (const CommandLine::Command& command : line.Commands()) {
        std::printf("\n## %s\n\n```\n%s```\n", command.name.c_str(),
                    line.Help(command.name).c_str());
      }
      return 0;
    }
    const std::string text = line.Help(*name);
    if (text.empty()) {
      return Fail(InvalidArgument("no command '" + *name + "'" +
                                  DidYouMean(*name, NamesOf(line.Commands()))));
    }
    std::fputs(text.c_str(), stdout);
    return 0;
  };
}

}  // namespace whylight
