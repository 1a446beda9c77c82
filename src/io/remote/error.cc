#include "io/remote/error.h"

#include <cstdio>
#include <cstdlib>

#include "io/files.h"
#include "io/json.h"
#include "util/strings.h"

namespace whylight {
namespace {

struct Sign {
  std::string_view text;
  StatusCode code;
};
// Of google-cloud-cpp, the AWS SDK and Arrow; the first that is found counts.
constexpr Sign kSigns[] = {
    {"Could not create a OAuth2 access token", StatusCode::kUnauthenticated},
    {"(UNAUTHENTICATED", StatusCode::kUnauthenticated},
    {"(PERMISSION_DENIED", StatusCode::kPermissionDenied},
    {"AWS Error ACCESS_DENIED", StatusCode::kPermissionDenied},
    {"AWS Error INVALID_ACCESS_KEY_ID", StatusCode::kUnauthenticated},
    {"AWS Error SIGNATURE_DOES_NOT_MATCH", StatusCode::kUnauthenticated},
    {"HTTP status 403", StatusCode::kPermissionDenied},
    {"HTTP status 401", StatusCode::kUnauthenticated},
    {"(NOT_FOUND", StatusCode::kNotFound},
    {"AWS Error NO_SUCH", StatusCode::kNotFound},
    {"AWS Error RESOURCE_NOT_FOUND", StatusCode::kNotFound},
    {"HTTP status 404", StatusCode::kNotFound},
    {"Path does not exist", StatusCode::kNotFound},
    {"No such file or directory", StatusCode::kNotFound},
    {"(DATA_LOSS", StatusCode::kDataLoss},
    {"(UNAVAILABLE", StatusCode::kUnavailable},
    {"(DEADLINE_EXCEEDED", StatusCode::kUnavailable},
    {"Retry policy exhausted", StatusCode::kUnavailable},
    {"AWS Error", StatusCode::kUnavailable},
};

StatusCode CodeOf(std::string_view said) {
  for (const Sign& sign : kSigns) {
    if (said.find(sign.text) != std::string_view::npos) return sign.code;
  }
  return StatusCode::kUnknown;
}

std::string_view Between(std::string_view text, std::string_view before, std::string_view behind) {
  const std::size_t begin = text.find(before);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + before.size());
  return text.substr(0, text.find(behind));
}

// The service's own words, out of "google::cloud::Status(PERMISSION_DENIED: Permanent error, with a
// last message of {...} error_info={...})".
std::string WordsOf(std::string_view said) {
  constexpr std::string_view kInfo = " error_info=", kStatus = "google::cloud::Status(";
  std::string_view words = Between(said, "with a last message of ", kInfo);
  if (words.empty()) words = Between(said, "The underlying error message was: ", kInfo);
  if (words.empty()) words = Between(said, kStatus, kInfo);
  if (words.empty()) words = said;
  words = Trim(words);
  while (words.ends_with('.')) words.remove_suffix(1);  // A sentence goes on behind them.
  const Result<Json> json = ParseJson(words);
  const Json* error = json.ok() ? json->Find("error") : nullptr;
  const Json* message = error == nullptr ? nullptr : error->Find("message");
  const bool is_told = message != nullptr && message->is_string();
  return Printable(is_told ? std::string_view(message->string()) : words, 300);
}

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

std::string GoogleCredentials() {
  if (IsSet("GOOGLE_APPLICATION_CREDENTIALS")) {
    return "the file " + Printable(std::getenv("GOOGLE_APPLICATION_CREDENTIALS"), 300) +
           " (GOOGLE_APPLICATION_CREDENTIALS)";
  }
  const std::string home = IsSet("HOME") ? std::getenv("HOME") : "";
  const std::string file = home + "/.config/gcloud/application_default_credentials.json";
  if (FileExists(file)) return "the file " + Printable(file, 300);
  return "those of the machine, from the metadata server of Google Cloud";
}

std::string AmazonCredentials() {
  if (IsSet("AWS_ACCESS_KEY_ID")) return "those of AWS_ACCESS_KEY_ID";
  return "those that the AWS SDK found (a profile, or the machine's role)";
}

std::string HowToGiveOthers(const RemoteUri& uri) {
  RemoteUri open = uri;
  open.is_anonymous = true;
  const std::string of_public = uri.is_anonymous ? ""
                                                 : ", or for a public bucket write " + uri.scheme +
                                                       "://anonymous@" + Printable(uri.Path(), 200);
  if (uri.scheme == "s3") {
    return "Others: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE" + of_public;
  }
  return "Others: set GOOGLE_APPLICATION_CREDENTIALS to a service account's key file, run `gcloud "
         "auth application-default login`" +
         of_public;
}

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

// What a role must allow, in Google's names.
std::string_view PermissionFor(std::string_view action) {
  if (action == "list") return "storage.objects.list";
  return action == "write" ? "storage.objects.create and .delete" : "storage.objects.get";
}

}  // namespace

std::string Cannot(std::string_view action, const RemoteUri& uri) {
  return "cannot " + std::string(action) + " " + uri.Shown();
}

std::string CredentialsFor(const RemoteUri& uri) {
  if (uri.is_anonymous) return "no credentials";
  return uri.scheme == "s3" ? AmazonCredentials() : GoogleCredentials();
}

Status RemoteError(std::string_view action, const RemoteUri& uri, std::string_view said,
                   double seconds) {
  const StatusCode code = CodeOf(said);
  const std::string begin = Cannot(action, uri) + ": ", words = WordsOf(said);
  switch (code) {
    case StatusCode::kUnauthenticated:
      return Status(
          code, begin + "the credentials were not accepted (401, or none were found): " + words +
                    ". Used: " + CredentialsFor(uri) + ". " + HowToGiveOthers(uri));
    case StatusCode::kPermissionDenied: {
      const std::string needed =
          uri.scheme == "gs" ? "; needed: " + std::string(PermissionFor(action)) : "";
      return Status(code, begin + "permission denied (403): " + words + ". Used: " +
                              CredentialsFor(uri) + needed + ". " + HowToGiveOthers(uri));
    }
    case StatusCode::kNotFound:
      return Status(code, begin + "not found");
    case StatusCode::kDataLoss:
      return Status(code, begin + "what arrived is damaged or cut off, its checksum is wrong: " +
                              words + ". Try again");
    case StatusCode::kUnavailable:
      return Status(code, begin + "no good answer, tried again for " + Seconds(seconds) + ": " +
                              words + ". Is the network up? WHYLIGHT_RETRY_SECONDS sets how long");
    default:
      return Status(code, begin + words);
  }
}

Status RemoteTimeout(std::string_view action, const RemoteUri& uri, const Status& why,
                     double seconds) {
  if (why.code() != StatusCode::kDeadlineExceeded) return why.In(Cannot(action, uri));
  return Unavailable(Cannot(action, uri) + ": no answer within " + Seconds(seconds) +
                     ". Is the network up? WHYLIGHT_RETRY_SECONDS sets how long to try (three "
                     "times that is waited for one answer)");
}

}  // namespace whylight
