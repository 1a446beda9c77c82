// whylight completion SHELL, whylight help COMMAND.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "util/edit_distance.h"

namespace whylight {
namespace {

std::string Words(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> NamesOf(const std::vector<CommandLine::Command>& commands) {
  std::vector<std::string> names;
  for (const CommandLine::Command& command : commands) names.push_back(command.name);
  return names;
}

std::string Bash(const std::vector<CommandLine::Command>& commands) {
  std::string text =
      "_whylight() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]}\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"" +
      Words(NamesOf(commands)) +
      "\" -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  local options=\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const CommandLine::Command& command : commands) {
    text += "    " + command.name + ") options=\"" + Words(command.options) + "\" ;;\n";
  }
  return text +
         "  esac\n"
         "  case $word in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _whylight whylight\n";
}

std::string Zsh(const std::vector<CommandLine::Command>& commands) {
  return "#compdef whylight\nautoload -U +X bashcompinit && bashcompinit\n" + Bash(commands);
}

std::string Fish(const std::vector<CommandLine::Command>& commands) {
  std::string text;
  for (const CommandLine::Command& command : commands) {
    text += "complete -c whylight -n __fish_use_subcommand -a " + command.name + " -d '" +
            command.description + "'\n";
    for (const std::string& option : command.options) {
      text += "complete -c whylight -n '__fish_seen_subcommand_from " + command.name + "' -l " +
              option.substr(2) + "\n";
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
    const std::vector<CommandLine::Command> commands = line.Commands();
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
      std::printf("# Command line\n\nMade from `--help`; do not edit.\n\n```\n%s```\n",
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
