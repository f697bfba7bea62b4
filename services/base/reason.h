// Machine-readable reasons: google.rpc.ErrorInfo.reason under domain "gantry".
//
// Each constant has a value of the same name in proto/gantry/v1/error_reason.proto, where its code
// and meaning are documented; a test holds the two lists together.
#pragma once

#include <string_view>

namespace gantry::reason {

// The request itself.
inline constexpr std::string_view kInvalidArgument = "INVALID_ARGUMENT";
inline constexpr std::string_view kInvalidReference = "INVALID_REFERENCE";
inline constexpr std::string_view kRequestIdReused = "REQUEST_ID_REUSED";
inline constexpr std::string_view kRequestInProgress = "REQUEST_IN_PROGRESS";
inline constexpr std::string_view kCancelled = "CANCELLED";
inline constexpr std::string_view kDeadlineExceeded = "DEADLINE_EXCEEDED";
inline constexpr std::string_view kOverloaded = "OVERLOADED";
inline constexpr std::string_view kDraining = "DRAINING";
inline constexpr std::string_view kInternal = "INTERNAL";

// Configured things.
inline constexpr std::string_view kRegistryNotFound = "REGISTRY_NOT_FOUND";
inline constexpr std::string_view kRegistryExists = "REGISTRY_EXISTS";
inline constexpr std::string_view kConnectorNotFound = "CONNECTOR_NOT_FOUND";
inline constexpr std::string_view kConnectorExists = "CONNECTOR_EXISTS";
inline constexpr std::string_view kConnectorInUse = "CONNECTOR_IN_USE";
inline constexpr std::string_view kConnectorMismatch = "CONNECTOR_MISMATCH";
inline constexpr std::string_view kEtagMismatch = "ETAG_MISMATCH";
inline constexpr std::string_view kInvalidConfig = "INVALID_CONFIG";
inline constexpr std::string_view kImplicitLoginNotAllowed = "IMPLICIT_LOGIN_NOT_ALLOWED";
inline constexpr std::string_view kConnectorUnusable = "CONNECTOR_UNUSABLE";
inline constexpr std::string_view kLocalNotFound = "LOCAL_NOT_FOUND";
inline constexpr std::string_view kConnectorExpired = "CONNECTOR_EXPIRED";
inline constexpr std::string_view kLongLivedCredential = "LONG_LIVED_CREDENTIAL";

// Flavors.
inline constexpr std::string_view kFlavorNotFound = "FLAVOR_NOT_FOUND";
inline constexpr std::string_view kFlavorNotLoaded = "FLAVOR_NOT_LOADED";
inline constexpr std::string_view kFlavorException = "FLAVOR_EXCEPTION";
inline constexpr std::string_view kFlavorMisbehaved = "FLAVOR_MISBEHAVED";
inline constexpr std::string_view kFlavorUnsupported = "FLAVOR_UNSUPPORTED";

// The registry on the other side.
inline constexpr std::string_view kUpstreamAuthRejected = "UPSTREAM_AUTH_REJECTED";
inline constexpr std::string_view kUpstreamDenied = "UPSTREAM_DENIED";
inline constexpr std::string_view kUpstreamThrottled = "UPSTREAM_THROTTLED";
inline constexpr std::string_view kUpstreamUnavailable = "UPSTREAM_UNAVAILABLE";
inline constexpr std::string_view kUpstreamProtocol = "UPSTREAM_PROTOCOL";
inline constexpr std::string_view kUpstreamQuota = "UPSTREAM_QUOTA";
inline constexpr std::string_view kUpstreamConflict = "UPSTREAM_CONFLICT";
inline constexpr std::string_view kUpstreamRejected = "UPSTREAM_REJECTED";
inline constexpr std::string_view kUpstreamTls = "UPSTREAM_TLS";
inline constexpr std::string_view kRepositoryNotFound = "REPOSITORY_NOT_FOUND";
inline constexpr std::string_view kImageNotFound = "IMAGE_NOT_FOUND";
inline constexpr std::string_view kIntegrity = "INTEGRITY";
inline constexpr std::string_view kAddressRefused = "ADDRESS_REFUSED";
inline constexpr std::string_view kCredentialHelper = "CREDENTIAL_HELPER";

// The image that was offered.
inline constexpr std::string_view kSourceNotFound = "SOURCE_NOT_FOUND";
inline constexpr std::string_view kSourceNotAllowed = "SOURCE_NOT_ALLOWED";
inline constexpr std::string_view kSourceUnreadable = "SOURCE_UNREADABLE";
inline constexpr std::string_view kSourceInvalid = "SOURCE_INVALID";
inline constexpr std::string_view kSourceAmbiguous = "SOURCE_AMBIGUOUS";
inline constexpr std::string_view kSourceChanged = "SOURCE_CHANGED";
inline constexpr std::string_view kDigestMismatch = "DIGEST_MISMATCH";

// State.
inline constexpr std::string_view kStoreUnavailable = "STORE_UNAVAILABLE";
inline constexpr std::string_view kStoreFull = "STORE_FULL";
inline constexpr std::string_view kStoreCorrupt = "STORE_CORRUPT";
inline constexpr std::string_view kSealingKey = "SEALING_KEY";

}  // namespace gantry::reason
