"""Microsoft Entra's token endpoint and the services that pass its tokens on to machines.

Refuses as Entra does: with its own codes, and for every parameter that is missing, repeated or unknown.
"""
import time
import urllib.parse

from clouds.azure_jwt import Refused, Signer, claims_of
from clouds.exchange import json_response

REGISTRY_AUDIENCE = "https://containerregistry.azure.net"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"
COMMON = {"grant_type", "client_id", "scope"}
PROOFS = ({"client_secret"}, {"client_assertion", "client_assertion_type"})


class Principal:
    """An application or managed identity; a test changes it as an administrator would."""

    def __init__(self, tenant, client_id, object_id, secret=None, federated=()):
        self.tenant, self.client_id, self.object_id, self.secret = tenant, client_id, object_id, secret
        self.secret_expired = False
        self.federated = list(federated)  # (issuer, subject)
        self.roles = {}                   # registry host -> role, "*" for every registry
        self.resource_id = None           # of a managed identity


class Entra:
    """One cloud's sign-in."""

    def __init__(self, emulator, quirks, authority, api_audience):
        self._now, self._quirks, self._authority = emulator.now, quirks, authority
        self.audiences = {REGISTRY_AUDIENCE, api_audience}
        self.signer = Signer()
        self.issuers = {}     # URL -> Signer, of workloads' tokens
        self.principals = []
        emulator.host(authority).on("POST", "/(?P<tenant>[^/]+)/oauth2/v2.0/token", self._token)

    def find(self, **wanted):
        return next((p for p in self.principals
                     if all(getattr(p, name) == value for name, value in wanted.items())), None)

    def token(self, principal, audience):
        """An access token, and its expiry in seconds since 1970."""
        now = int(self._now())
        expires = now + self._quirks.entra_seconds
        return self.signer.sign({
            "aud": audience, "iss": f"https://sts.windows.net/{principal.tenant}/", "iat": now, "nbf": now,
            "exp": expires, "appid": principal.client_id, "oid": principal.object_id,
            "tid": principal.tenant, "ver": "1.0"}), expires

    def _token(self, request):
        if self._quirks.entra_throttled:
            return json_response(429, {"error": "temporarily_unavailable"},
                                 {"Retry-After": str(self._quirks.retry_after)})
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            return refusal(400, "invalid_request", 900144, "The request body is no form.")
        form = urllib.parse.parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        if not any(set(form) == COMMON | proof for proof in PROOFS) or any(len(v) > 1 for v in form.values()):
            return refusal(400, "invalid_request", 900144,
                           f"The request body must contain other parameters than {sorted(form)}.")
        form = {name: values[0] for name, values in form.items()}
        if form["grant_type"] != "client_credentials":
            return refusal(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        tenant, client_id = request.match["tenant"], form["client_id"]
        if not any(p.tenant == tenant for p in self.principals):
            return refusal(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        principal = self.find(tenant=tenant, client_id=client_id)
        if principal is None:
            return refusal(400, "unauthorized_client", 700016,
                           f"Application with identifier '{client_id}' was not found in the directory '{tenant}'.")
        if self._quirks.conditional_access:
            return refusal(400, "access_denied", 53003, "Access has been blocked by Conditional Access policies.")
        refused = (self._judge_assertion(form, principal) if "client_assertion" in form
                   else self._judge_secret(form, principal))
        if refused:
            return refused
        resource, slash, default = form["scope"].rpartition("/")
        if (slash, default) != ("/", ".default") or not self._knows(resource):
            return refusal(400, "invalid_resource", 500011,
                           f"The resource principal named {resource} was not found in the tenant named {tenant}.")
        token, expires = self.token(principal, resource)
        seconds = expires - int(self._now())
        return json_response(200, {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
                                   "access_token": token})

    def _knows(self, resource):
        unknown = {REGISTRY_AUDIENCE} if self._quirks.registry_resource_unknown else set()
        return resource in self.audiences - unknown

    @staticmethod
    def _judge_secret(form, principal):
        if form["client_secret"] != principal.secret:
            return refusal(401, "invalid_client", 7000215,
                           "Invalid client secret provided. Ensure the secret being sent in the request is the "
                           f"client secret value, not the client secret ID, for app '{principal.client_id}'.")
        if principal.secret_expired:
            return refusal(401, "invalid_client", 7000222,
                           f"The provided client secret keys for app '{principal.client_id}' are expired.")
        return None

    def _judge_assertion(self, form, principal):
        if form["client_assertion_type"] != ASSERTION_TYPE:
            return refusal(400, "invalid_request", 900144, "client_assertion_type is another.")
        if not principal.federated:
            return refusal(401, "invalid_client", 70021, "No matching federated identity record found for "
                                                         "presented assertion.")
        try:
            said = claims_of(form["client_assertion"])
        except (IndexError, ValueError):
            return refusal(401, "invalid_client", 50027, "JWT token is invalid or malformed.")
        issuers = {issuer for issuer, _ in principal.federated}
        if said.get("iss") not in issuers:
            return refusal(401, "invalid_client", 700211, "No matching federated identity record found for "
                                                          f"presented assertion issuer '{said.get('iss')}'.")
        if said.get("aud") not in (EXCHANGE_AUDIENCE, [EXCHANGE_AUDIENCE]):
            return refusal(401, "invalid_client", 700212, "No matching federated identity record found for "
                                                          f"presented assertion audience '{said.get('aud')}'.")
        if (said["iss"], said.get("sub")) not in principal.federated:
            return refusal(401, "invalid_client", 700213, "No matching federated identity record found for "
                                                          f"presented assertion subject '{said.get('sub')}'.")
        try:
            self.issuers[said["iss"]].verify(form["client_assertion"], self._now())
        except Refused as why:
            return refusal(401, "invalid_client", 700024,
                           f"Client assertion is not within its valid time range: {why}.")
        return None


def refusal(status, error, code, text):
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    return json_response(status, {
        "error": error, "error_codes": [code], "timestamp": stamp, "trace_id": "t", "correlation_id": "c",
        "error_description": f"AADSTS{code}: {text} Trace ID: t Correlation ID: c Timestamp: {stamp}"})


class MachineServices:
    """The metadata service of a virtual machine, and App Service's own."""

    APP_SERVICE = "http://localhost:42356/msi/token"
    APP_SERVICE_HEADER = "the-identity-header"

    def __init__(self, emulator, quirks, entra):
        self._now, self._quirks, self._entra = emulator.now, quirks, entra
        self.system_assigned = None
        self.failures = []  # statuses to answer before anything else
        emulator.host("169.254.169.254", plain=True).on(
            "GET", "/metadata/identity/oauth2/token", self._virtual_machine)
        emulator.host("localhost", plain=True, port=42356).on("GET", "/msi/token", self._app_service)

    def _virtual_machine(self, request):
        if request.headers.get("Metadata") != "true" or request.headers.get("X-Forwarded-For"):
            return json_response(400, {"error": "invalid_request",
                                       "error_description": "Required metadata header not specified"})
        return self._answer(request, "2018-02-01", "msi_res_id")

    def _app_service(self, request):
        if request.headers.get("X-IDENTITY-HEADER") != self.APP_SERVICE_HEADER:
            return json_response(401, {"statusCode": 401, "message": "the identity header is missing"})
        return self._answer(request, "2019-08-01", "mi_res_id")

    def _answer(self, request, version, resource_id):
        if self.failures:
            return json_response(self.failures.pop(0), {"error": "unavailable"})
        if request.parameter("api-version") != version:
            return json_response(400, {"error": "invalid_request", "error_description": "api-version"})
        names = {"client_id": "client_id", "object_id": "object_id", resource_id: "resource_id"}
        if not set(request.query) - {"api-version", "resource"} <= set(names):
            return json_response(400, {"error": "invalid_request", "error_description": "unknown parameter"})
        chosen = {names[n]: request.parameter(n) for n in names if request.parameter(n)}
        principal = self._entra.find(**chosen) if chosen else self.system_assigned
        if principal is None:
            return json_response(400, {"error": "invalid_request", "error_description": "Identity not found"})
        resource = request.parameter("resource").rstrip("/")
        if resource not in self._entra.audiences:
            return json_response(400, {"error": "invalid_resource",
                                       "error_description": f"AADSTS500011: {resource} was not found"})
        token, expires = self._entra.token(principal, resource)
        life = str(expires - int(self._now()))
        return json_response(200, {"access_token": token, "client_id": principal.client_id, "resource": resource,
                                   "expires_in": life, "ext_expires_in": life, "expires_on": str(expires),
                                   "not_before": str(int(self._now())), "token_type": "Bearer"})
