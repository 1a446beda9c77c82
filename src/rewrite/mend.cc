#include "rewrite/mend.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "model/keys.h"
#include "savedmodel/read_meta_graph.h"
#include "util/strings.h"

namespace whylight {
namespace {

// A word of a command line, quoted where a shell would take it apart.
std::string ShellWord(const std::string& text) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("_-./:=,+@%").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

class Mender {
 public:
  Mender(const Model& model, const CheckReport& report)
      : model_(model), report_(report), keys_(ServingKeys(model.meta())) {}

  // The first change that mends `rule`, or nothing.
  std::optional<SignatureChanges> For(const std::string& rule) const {
    struct Row {
      const char* rule;
      std::vector<SignatureChanges> (Mender::*candidates)() const;
    };
    static constexpr Row kRows[] = {
        {"several-signatures", &Mender::Choosing},      {"misspelled-key", &Mender::Renaming},
        {"preprocess-without-model", &Mender::Pairing}, {"preprocess-mismatch", &Mender::Matching},
        {"no-numeric-output", &Mender::Scoring},        {"serialized-input", &Mender::Splitting},
        {"no-gradient-input", &Mender::Splitting},      {"cut-gradient", &Mender::Splitting},
    };
    const auto row = std::ranges::find(kRows, rule, [](const Row& r) { return r.rule; });
    if (row == std::end(kRows)) return std::nullopt;
    for (SignatureChanges& changes : (this->*row->candidates)()) {
      if (Mends(changes)) return std::move(changes);
    }
    return std::nullopt;
  }

 private:
  bool Has(const std::string& key) const { return std::ranges::count(keys_, key) > 0; }

  const SignatureDef& At(const std::string& key) const { return model_.meta().signatures.at(key); }

  // Whether the changed model can be explained, by the rules that look at signatures.
  bool Mends(const SignatureChanges& changes) const {
    const Result<SignaturePlan> plan = PlanSignatures(model_, changes);
    if (!plan.ok()) return false;
    const Result<std::string> bytes = EditMetaGraph(model_.files(), model_.meta(), plan->edit);
    if (!bytes.ok()) return false;
    const Result<std::vector<MetaGraph>> graphs = ReadMetaGraphs(*bytes);
    if (!graphs.ok()) return false;
    const auto same = std::ranges::find(*graphs, model_.meta().tags, &MetaGraph::tags);
    return same != graphs->end() && ChooseSignature(*same).verdict == Verdict::kExplain;
  }

  std::vector<SignatureChanges> Renaming() const {
    SignatureChanges changes;
    for (const std::string& key : keys_) {
      const std::string meant = MeantKey(key);
      if (!meant.empty() && !Has(meant)) changes.rename.push_back(key + "=" + meant);
    }
    if (changes.rename.empty()) return {};
    return {changes};
  }

  // serving_default before the others.
  std::vector<std::string> KeysInOrder() const {
    std::vector<std::string> keys = keys_;
    std::ranges::stable_partition(keys, [](const std::string& key) { return key == kServingKey; });
    return keys;
  }

  std::vector<SignatureChanges> Aliases() const {
    std::vector<SignatureChanges> aliases;
    for (const std::string& key : KeysInOrder()) {
      if (key == kPreprocessKey || key == kModelKey) continue;
      aliases.push_back({.xai_model = key});
    }
    return aliases;
  }

  static void Append(std::vector<SignatureChanges>& to, std::vector<SignatureChanges> from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  std::vector<SignatureChanges> SplitOf(const std::string& key) const {
    const Result<SignatureGraph> graph = OpenSignatureGraph(model_, At(key));
    if (!graph.ok()) return {};
    const Result<SplitProposal> split = FindSplit(*graph);
    if (!split.ok() || split->points.empty()) return {};
    return {ChangesFor(model_, key, *split)};
  }

  // What serves requests, split.
  std::vector<SignatureChanges> SplitServing() const {
    const Result<const SignatureDef*> serving = ChoosePredictSignature(model_.meta(), "");
    if (!serving.ok()) return {};
    return SplitOf((*serving)->key);
  }

  std::vector<SignatureChanges> Choosing() const {
    std::vector<SignatureChanges> candidates = Renaming();
    Append(candidates, Aliases());
    Append(candidates, SplitServing());
    return candidates;
  }

  // A signature that takes the request itself is the whole, not what comes behind xai_preprocess.
  bool TakesRequest(const std::string& key) const {
    const auto& request = At(kPreprocessKey).inputs;
    const auto& inputs = At(key).inputs;
    return std::ranges::equal(request, inputs, [](const auto& a, const auto& b) {
      return a.first == b.first && a.second.dtype == b.second.dtype;
    });
  }

  std::vector<SignatureChanges> Pairing() const {
    std::vector<SignatureChanges> candidates = Choosing();
    std::erase_if(candidates, [&](const SignatureChanges& changes) {
      return !changes.xai_model.empty() && TakesRequest(changes.xai_model);
    });
    candidates.push_back({.drop = {kPreprocessKey}});
    return candidates;
  }

  // Other names for what xai_preprocess returns, where types and shapes say which is meant.
  std::vector<SignatureChanges> Matching() const {
    SignatureChanges renamed;
    const auto& outputs = At(kPreprocessKey).outputs;
    const auto& inputs = At(kModelKey).inputs;
    for (const auto& [name, output] : outputs) {
      if (inputs.contains(name)) continue;
      std::vector<std::string> fitting;
      for (const auto& [wanted, input] : inputs) {
        if (!outputs.contains(wanted) && input.dtype == output.dtype &&
            Compatible(input.shape, output.shape)) {
          fitting.push_back(wanted);
        }
      }
      if (fitting.size() == 1) {
        renamed.rename.push_back(std::string(kPreprocessKey) + ":" + name + "=" + fitting[0]);
      }
    }
    std::vector<SignatureChanges> candidates;
    if (!renamed.rename.empty()) candidates.push_back(std::move(renamed));
    Append(candidates, SplitServing());
    candidates.push_back({.drop = {kModelKey, kPreprocessKey}});
    return candidates;
  }

  // The signature whose inputs or outputs are the trouble.
  const std::string& Judged() const { return report_.signature; }

  std::vector<SignatureChanges> Scoring() const {
    if (Judged().empty()) return {};
    const Result<SignatureGraph> graph = OpenSignatureGraph(model_, At(Judged()));
    if (!graph.ok()) return {};
    std::vector<SignatureChanges> candidates;
    for (const SplitPoint& score : FindScores(*graph)) {
      SignatureChanges changes{.signature = Judged(),
                               .model_outputs = {score.name + "=" + score.tensor}};
      if (Has(kModelKey)) changes.drop.push_back(kModelKey);
      candidates.push_back(std::move(changes));
    }
    return candidates;
  }

  // Behind a preprocessing the whole way is split anew.
  std::vector<SignatureChanges> Splitting() const {
    const bool whole = !Judged().empty() && report_.preprocess.empty();
    return whole ? SplitOf(Judged()) : SplitServing();
  }

  const Model& model_;
  const CheckReport& report_;
  const std::vector<std::string> keys_;
};

}  // namespace

std::string SignatureCommand(const std::string& path, const SignatureChanges& changes) {
  std::string out = path;
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  std::string command = "whylight signature " + ShellWord(path) + " -o " + ShellWord(out + "_xai");
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) command += std::string(" ") + option + " " + ShellWord(value);
  };
  for (const std::string& key : changes.drop) add("--drop", key);
  for (const std::string& text : changes.rename) add("--rename", text);
  add("--xai-model", changes.xai_model);
  add("--signature", changes.signature);
  add("--xai-preprocess-until", Join(changes.preprocess_until, ","));
  add("--xai-model-inputs", Join(changes.model_inputs, ","));
  add("--xai-model-outputs", Join(changes.model_outputs, ","));
  return command;
}

SignatureChanges ChangesFor(const Model& model, const std::string& key,
                            const SplitProposal& split) {
  SignatureChanges changes{.signature = key, .preprocess_until = split.arguments()};
  for (const char* taken : {kModelKey, kPreprocessKey}) {
    if (model.meta().signatures.contains(taken)) changes.drop.emplace_back(taken);
  }
  return changes;
}

void AddSignatureCommands(const Model& model, const std::string& path, CheckReport& report) {
  const Mender mender(model, report);
  std::map<std::string, std::optional<SignatureChanges>> mends;  // By rule: found once.
  for (Problem& problem : report.problems) {
    auto [mend, is_new] = mends.try_emplace(problem.rule);
    if (is_new) mend->second = mender.For(problem.rule);
    if (!mend->second) continue;
    const std::string command = SignatureCommand(path, *mend->second);
    problem.fix = problem.fix.empty() ? command : command + "\n# or: " + problem.fix;
  }
}

}  // namespace whylight
