#include "explain/metadata_file.h"

#include "io/files.h"

namespace whylight {

std::string MetadataPathFor(const Model& model, const std::string& given) {
  if (!given.empty()) return given;
  std::string beside = model.files().directory + "/explanation_metadata.json";
  return FileExists(beside) ? beside : "";
}

Result<ParsedMetadata> ReadMetadataFile(const std::string& path, ServiceLimits limits) {
  WHYLIGHT_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Result<ParsedMetadata> parsed = ParseExplanationMetadataText(text, limits);
  if (parsed.ok()) return parsed;
  return ParsedMetadata{.metadata = {},
                        .problems = {{.place = "", .message = parsed.status().message()}}};
}

}  // namespace whylight
