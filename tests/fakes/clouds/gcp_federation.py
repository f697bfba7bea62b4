"""sts.googleapis.com and iamcredentials.googleapis.com: other identities for Google's, and one of Google's for
another.

The signature of an AWS subject token is computed anew by botocore, with the keys of an Aws (see aws.py).
"""
import datetime
import json
import re
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from clouds.exchange import json_response
from clouds.gcp_oauth import read_jwt, signed_by
from clouds.gcp_tokens import (FULL, IAM, SCOPES, api_error, form_refused, oauth_error, permission_denied,
                               unauthenticated)

GET_ACCESS_TOKEN = "iam.serviceAccounts.getAccessToken"
DELEGATE = "iam.serviceAccounts.implicitDelegation"
TOKEN_CREATOR = {GET_ACCESS_TOKEN, DELEGATE}  # of roles/iam.serviceAccountTokenCreator
JWT, AWS = "urn:ietf:params:oauth:token-type:jwt", "urn:ietf:params:aws:token-type:aws4_request"


class Provider:
    """A provider of a workload identity pool: for tokens of an OIDC issuer, or for an AWS account."""

    def __init__(self, name, issuer=None, public_key=None, aws=None, condition=lambda subject: True):
        self.pool = f"projects/123456789012/locations/global/workloadIdentityPools/{name}"
        self.audience = f"//iam.googleapis.com/{self.pool}/providers/{name}"
        self.issuer, self.public_key = issuer, public_key
        self.aws = aws
        self.condition = condition

    def principal(self, subject):
        return f"principal://iam.googleapis.com/{self.pool}/subject/{subject}"

    def account_file(self, source, impersonate=None):
        """What gcloud iam workload-identity-pools create-cred-config writes."""
        file = {"universe_domain": "googleapis.com", "type": "external_account", "audience": self.audience,
                "subject_token_type": AWS if self.aws else JWT,
                "token_url": "https://sts.googleapis.com/v1/token", "credential_source": source}
        if impersonate:
            file["service_account_impersonation_url"] = (
                "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                f"{impersonate}:generateAccessToken")
        return json.dumps(file)


class SecurityTokenService:
    def __init__(self, host, tokens, now):
        self.providers = {}
        self._tokens, self._now = tokens, now
        host.on("POST", "/v1/token", self._exchange)

    def _exchange(self, request):
        form = request.form()
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:token-exchange"
        assert form["requested_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
        scopes = set(form["scope"].split())
        assert scopes and scopes <= SCOPES, scopes
        provider = self.providers.get(form["audience"])
        if not provider:
            return oauth_error(400, "invalid_target", "The target service indicated by the \"audience\" parameters "
                               "is invalid. This might either be because the pool or provider is disabled or deleted.")
        check = self._subject_of_aws if provider.aws else self._subject_of_jwt
        if form["subject_token_type"] != (AWS if provider.aws else JWT):
            return oauth_error(400, "invalid_request", "Invalid value for \"subject_token_type\".")
        subject, fault = check(provider, form["subject_token"])
        if fault:
            return oauth_error(400, "invalid_grant", fault)
        if not provider.condition(subject):
            return oauth_error(400, "unauthorized_client", "The given credential is rejected by the attribute "
                               "condition.")
        token = self._tokens.give(provider.principal(subject), scopes)
        return json_response(200, {"access_token": token.value, "token_type": "Bearer",
                                   "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                                   "expires_in": self._tokens.seconds_left(token)})

    def _subject_of_jwt(self, provider, token):
        try:
            header, claims, signed, signature = read_jwt(token)
        except ValueError:
            return None, "Unable to parse the ID Token."
        if header["alg"] != "RS256" or not signed_by(provider.public_key, signed, signature):
            return None, "The ID Token signature is not valid."
        if claims["iss"] != provider.issuer:
            return None, f"The issuer in ID Token {claims['iss']} does not match the expected ones: {provider.issuer}."
        if claims["aud"] != "https:" + provider.audience:
            return None, f"The audience in ID Token [{claims['aud']}] does not match the expected audience."
        if not claims["iat"] - 60 <= self._now() < claims["exp"]:
            return None, f"ID Token issued at {claims['iat']} is stale to sign-in."
        return claims["sub"], None

    def _subject_of_aws(self, provider, token):
        """Signs what the token says with botocore and compares."""
        asked = json.loads(urllib.parse.unquote(token))
        headers = {h["key"].lower(): h["value"] for h in asked["headers"]}
        url = urllib.parse.urlsplit(asked["url"])
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([a-z0-9-]+)/sts/aws4_request, ?"
                             r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})", headers["authorization"])
        if not match or asked["method"] != "POST" or url.scheme != "https":
            return None, "The AWS request is not well-formed."
        key, date, region, signed_names, _ = match.groups()
        if url.netloc != f"sts.{region}.amazonaws.com" or url.query != "Action=GetCallerIdentity&Version=2011-06-15":
            return None, "The AWS request is none of GetCallerIdentity."
        if headers.get("x-goog-cloud-target-resource") not in (provider.audience, "https:" + provider.audience):
            return None, "The AWS request is not made for this provider."
        stamp = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(
            tzinfo=datetime.timezone.utc)
        if abs(stamp.timestamp() - self._now()) > 900 or not headers["x-amz-date"].startswith(date):
            return None, "The AWS request is too old."
        identity = provider.aws.identity_of(key)
        if identity is None or headers.get("x-amz-security-token") != identity.session_token:
            return None, "Received non-200 response from AWS: InvalidClientTokenId"
        if identity.is_temporary and identity.ends <= self._now():
            return None, "Received non-200 response from AWS: ExpiredToken"
        again = botocore.awsrequest.AWSRequest(
            "POST", asked["url"], headers={n: headers[n] for n in signed_names.split(";")})
        signer = botocore.auth.SigV4Auth(
            botocore.credentials.Credentials(key, identity.secret_access_key, identity.session_token), "sts", region)
        again.context["timestamp"] = headers["x-amz-date"]
        signature = signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
        if signature != match[5]:
            return None, "Received non-200 response from AWS: SignatureDoesNotMatch"
        return identity.arn, None


class IamCredentials:
    def __init__(self, host, tokens, now, policy, accounts):
        self.long_lived = set()  # addresses that the organisation policy allows more than an hour
        self._tokens, self._now, self._policy, self._accounts = tokens, now, policy, accounts
        host.on("POST", r"/v1/projects/-/serviceAccounts/(?P<email>[^/:]+):generateAccessToken", self._generate)

    def _generate(self, request):
        if refusal := form_refused(request):
            return refusal
        source = self._tokens.find(request.bearer())
        if not source:
            return unauthenticated()
        assert source.scopes & {FULL, IAM}, "a token that may not use IAM"
        email = urllib.parse.unquote(request.match["email"])
        asked = request.json()
        delegates = [re.fullmatch(r"(?:projects/-/serviceAccounts/)?([^/]+)", d) for d in asked.get("delegates") or []]
        if not all(delegates):
            return api_error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        if not self._may_act(source.identity, [*(d[1] for d in delegates), email]):
            return permission_denied(GET_ACCESS_TOKEN, f"projects/-/serviceAccounts/{email}")
        life = int(re.fullmatch(r"(\d+)s", asked["lifetime"])[1])
        if life > (43200 if email in self.long_lived else 3600) or not set(asked["scope"]) <= SCOPES:
            return api_error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
        token = self._tokens.give(email, asked["scope"], life)
        expires = datetime.datetime.fromtimestamp(token.expires, datetime.timezone.utc)
        return json_response(200, {"accessToken": token.value, "expireTime": expires.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def _may_act(self, identity, chain):
        """Each in the chain lets the one before it delegate, and the last gives out its tokens."""
        for i, account in enumerate(chain):
            permission = DELEGATE if i + 1 < len(chain) else GET_ACCESS_TOKEN
            if account not in self._accounts or not self._policy.allows(identity, permission, account):
                return False
            identity = account
        return True
