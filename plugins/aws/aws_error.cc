#include "plugins/aws/aws_error.h"

#include <algorithm>

#include "plugins/aws/xml.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/upstream_error.h"

namespace gantry::aws {
namespace {

struct Kind {
  gantry_code code;
  const char* reason;
};
constexpr Kind kAuthRejected = {GANTRY_FAILED_PRECONDITION, "UPSTREAM_AUTH_REJECTED"};
constexpr Kind kDenied = {GANTRY_PERMISSION_DENIED, "UPSTREAM_DENIED"};
constexpr Kind kThrottled = {GANTRY_UNAVAILABLE, "UPSTREAM_THROTTLED"};
constexpr Kind kUnavailable = {GANTRY_UNAVAILABLE, "UPSTREAM_UNAVAILABLE"};
// Of STS alone, which is asked for nothing but what the connector says.
constexpr Kind kUnusable = {GANTRY_FAILED_PRECONDITION, "CONNECTOR_UNUSABLE"};

// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/CommonErrors.html and that of STS.
constexpr struct {
  std::string_view code;
  Kind kind;
} kKinds[] = {
    {"UnrecognizedClientException", kAuthRejected},
    {"InvalidSignatureException", kAuthRejected},
    {"MissingAuthenticationTokenException", kAuthRejected},
    {"MissingAuthenticationToken", kAuthRejected},
    {"ExpiredTokenException", kAuthRejected},
    {"InvalidClientTokenId", kAuthRejected},
    {"SignatureDoesNotMatch", kAuthRejected},
    {"ExpiredToken", kAuthRejected},
    {"InvalidIdentityToken", kAuthRejected},
    {"AccessDeniedException", kDenied},
    {"AccessDenied", kDenied},
    {"IDPRejectedClaim", kDenied},
    {"RegionDisabledException", kDenied},
    {"ValidationError", kUnusable},
    {"MalformedPolicyDocument", kUnusable},
    {"PackedPolicyTooLarge", kUnusable},
    {"ThrottlingException", kThrottled},
    {"Throttling", kThrottled},
    {"TooManyRequestsException", kThrottled},
    {"RequestLimitExceeded", kThrottled},
    {"ServerException", kUnavailable},
    {"IDPCommunicationError", kUnavailable},
    {"RepositoryNotFoundException", {GANTRY_NOT_FOUND, "REPOSITORY_NOT_FOUND"}},
    {"LimitExceededException", {GANTRY_RESOURCE_EXHAUSTED, "UPSTREAM_QUOTA"}},
};

// "com.amazonaws.ecr#X" and "X:http://…" are both "X".
std::string PlainCode(std::string code) {
  code = code.substr(0, code.find(':'));
  return code.substr(code.find('#') + 1);
}

}  // namespace

sdk::Status AwsError(std::string_view host, std::string_view what,
                     const sdk::HttpResponse& response) {
  std::string code, text;
  if (const sdk::Json body = sdk::Json::Parse(response.body)) {
    code = body["__type"].Text();
    text = body["message"].Text().empty() ? body["Message"].Text() : body["message"].Text();
  } else {
    code = XmlText(response.body, "Code");
    text = XmlText(response.body, "Message");
  }
  // What follows repeats the request with its session token.
  text.erase(std::min(text.find("The Canonical String"), text.size()));
  if (code.empty()) code = response.Header("x-amzn-ErrorType").value_or("");
  code = PlainCode(std::move(code));

  sdk::Status status = sdk::UpstreamError(host, what, response, code, text);
  if (const auto id = response.Header("x-amzn-RequestId")) {
    status.metadata.emplace_back("upstreamRequestId", *id);
  }
  const auto known = std::find_if(std::begin(kKinds), std::end(kKinds),
                                  [&](const auto& row) { return row.code == code; });
  if (known != std::end(kKinds)) {
    status.code = known->kind.code;
    status.reason = known->kind.reason;
  }
  return status;
}

std::string_view AwsCodeOf(const sdk::Status& status) {
  return sdk::MetadataOf(status, "upstreamCode");
}

}  // namespace gantry::aws
