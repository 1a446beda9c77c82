// What a service or its library said of a call, in words that help. Private to io/remote/.
#pragma once

#include <string>
#include <string_view>

#include "io/remote/uri.h"
#include "whylight/status.h"

namespace whylight {

// "cannot read gs://b/a"
std::string Cannot(std::string_view action, const RemoteUri& uri);

// `said` is the library's message. "cannot read gs://b/a: <the service's words>", then what to do.
// Codes   kNotFound, kPermissionDenied, kUnauthenticated, kUnavailable (after retries of
//         `seconds`), kDataLoss, kUnknown.
Status RemoteError(std::string_view action, const RemoteUri& uri, std::string_view said,
                   double seconds);

// Of RunWatched: kDeadlineExceeded, kCancelled.
Status RemoteTimeout(std::string_view action, const RemoteUri& uri, const Status& why,
                     double seconds);

// "the service account file key.json (GOOGLE_APPLICATION_CREDENTIALS)", "no credentials".
std::string CredentialsFor(const RemoteUri& uri);

}  // namespace whylight
