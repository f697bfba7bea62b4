"""One Azure container registry: its token service, its permissions, and a real docker-registry behind."""
import math
import re
import secrets
import urllib.parse

from clouds.azure_jwt import Refused, Signer
from clouds.azure_entra import REGISTRY_AUDIENCE
from clouds.exchange import Response, json_response, registry_error

TOKEN_USER = "00000000-0000-0000-0000-000000000000"
ISSUER = "Azure Container Registry"
ROLES = {"AcrPull": {"pull", "metadata_read"},
         "AcrPush": {"pull", "push", "metadata_read", "metadata_write"},
         "AcrDelete": {"delete"},
         "Contributor": {"pull", "push", "delete", "metadata_read", "metadata_write"}}
# In ABAC mode; all others count for nothing then.
ABAC_ROLES = {"Container Registry Repository Reader": {"pull", "metadata_read"},
              "Container Registry Repository Writer": {"pull", "push", "metadata_read", "metadata_write"}}
SCOPE_MAP = {"content/read": "pull", "content/write": "push", "content/delete": "delete",
             "metadata/read": "metadata_read", "metadata/write": "metadata_write"}
NAME = "(?P<name>[a-z0-9/._-]+)"
PUT_LIMIT = 20 << 20


class ScopedToken:
    """A repository-scoped token; a test changes it as the registry's owner would."""

    def __init__(self, scope_map):
        self.scope_map = scope_map  # repository -> actions, as az acr scope-map has them
        self.enabled = True
        self.passwords = {}         # of "password1" and "password2"
        self.given = []             # those that are over, too

    def generate(self, which):
        """A new password in place of the one before."""
        assert which in ("password1", "password2")
        self.passwords[which] = secrets.token_urlsafe(39)
        self.given.append(self.passwords[which])
        return self.passwords[which]

    def takes(self, password):
        return self.enabled and password in self.passwords.values()

    def actions_on(self, repository):
        return {SCOPE_MAP[action] for action in self.scope_map.get(repository, ())}


class Registry:
    """The front of one login server.  `entra` verifies its callers."""

    def __init__(self, emulator, quirks, entra, host, store, storage_host):
        self.host = host
        self.admin_enabled, self.admin_password = False, f"admin-password-of-{host}"
        self.locked = set()  # "repository" or "repository:tag" with writeEnabled false
        self.tokens = {}     # user name -> ScopedToken
        self._throttled = (0, 0)  # the quirk as it was last seen, and its end
        self._now, self._quirks, self._entra, self._store = emulator.now, quirks, entra, store
        self.signer = Signer()
        self._storage_host = storage_host
        front = emulator.host(host)
        front.on("POST", "/oauth2/exchange", self._behind_firewall(self._exchange))
        front.on("POST", "/oauth2/token", self._behind_firewall(self._token_for_refresh_token))
        front.on("GET", "/oauth2/token", self._behind_firewall(self._token_for_password))
        front.on("*", "/v2/.*", self._behind_firewall(self._registry))
        emulator.host(storage_host).on("GET", "/v2/.*", self._storage)

    def token(self, name, scope_map):
        """Creates a repository-scoped token, as yet without a password; its name is the user name."""
        self.tokens[name] = ScopedToken(scope_map)
        return self.tokens[name]

    def _behind_firewall(self, handler):
        def guarded(request):
            if self._quirks.firewall:
                return registry_error(403, "DENIED", "client with IP '127.0.0.1' is not allowed access. Refer "
                                                     "https://aka.ms/acr/firewall to grant access.")
            wait = self._seconds_to_wait()
            if wait > 0:
                return registry_error(429, "TOOMANYREQUESTS", "too many requests", headers={"Retry-After": str(wait)})
            return handler(request)
        return guarded

    def _seconds_to_wait(self):
        """Of the quirk's seconds, which count down from the first request on."""
        if self._throttled[0] != self._quirks.throttled:
            self._throttled = self._quirks.throttled, self._now() + self._quirks.throttled
        return math.ceil(self._throttled[1] - self._now())

    # The token service

    def _form(self, request, required, optional=()):
        if request.headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Refused("the body is no form")
        fields = urllib.parse.parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        if not set(required) <= set(fields) <= {*required, *optional} or not all(
                len(v) == 1 or name == "scope" for name, v in fields.items()):
            raise Refused(f"the fields are {sorted(fields)}")
        if fields["service"] != [self.host]:
            raise Refused(f"the service is {fields['service']}")
        return fields

    def _exchange(self, request):
        try:
            form = self._form(request, ("grant_type", "service", "access_token"), ("tenant",))
            if form["grant_type"] != ["access_token"]:
                raise Refused("the grant type is another")
        except Refused as why:
            return registry_error(400, "INVALID_REQUEST", str(why))
        audiences = set(self._entra.audiences)
        if self._quirks.arm_disabled:
            audiences = {REGISTRY_AUDIENCE}
        if self._quirks.registry_audience_refused:
            audiences -= {REGISTRY_AUDIENCE}
        audiences |= {audience + "/" for audience in audiences}
        try:
            claims = self._entra.signer.verify(form["access_token"][0], self._now(), aud=audiences)
            if form.get("tenant", [claims["tid"]]) != [claims["tid"]]:
                raise Refused("the tenant is another")
        except Refused:
            return self._unauthorized()
        principal = self._entra.find(client_id=claims["appid"])
        if not self._role_of(principal):
            return self._unauthorized()
        more = {"aad_identity": principal.object_id} if self._quirks.abac else {}
        return json_response(200, {"refresh_token": self._sign(
            principal.client_id, "refresh_token", self._quirks.refresh_seconds, **more)})

    def _token_for_refresh_token(self, request):
        try:
            form = self._form(request, ("grant_type", "service", "scope", "refresh_token"), ("client_id",))
            if form["grant_type"] != ["refresh_token"]:
                raise Refused("the grant type is another")
        except Refused as why:
            return registry_error(400, "INVALID_REQUEST", str(why))
        try:
            claims = self._verify(form["refresh_token"][0], grant_type="refresh_token")
        except Refused:
            return self._unauthorized()
        return self._access_token(claims["sub"], " ".join(form["scope"]))

    def _token_for_password(self, request):
        if request.parameter("service") != self.host:
            return registry_error(400, "INVALID_REQUEST", "the service is another")
        login = request.basic()
        scope = " ".join(request.query.get("scope", []))
        try:
            if login is None:
                raise Refused("no login")
            user, password = login
            if user == TOKEN_USER:
                claims = self._verify(password)
                within = claims.get("access") if claims["grant_type"] == "access_token" else None
                return self._access_token(claims["sub"], scope, within, claims["exp"])
            return self._access_token(self._password_user(user, password), scope)
        except Refused as why:
            return self._unauthorized(str(why) if "admin" in str(why) else "")

    def _password_user(self, user, password):
        if user == self.host.partition(".")[0]:
            if not self.admin_enabled:
                raise Refused("admin user is disabled")
            if password == self.admin_password:
                return user
        if user in self.tokens and self.tokens[user].takes(password):
            return user
        principal = self._entra.find(client_id=user)
        if principal is None or principal.secret != password or principal.secret_expired:
            raise Refused("wrong user or password")
        return user

    def _access_token(self, subject, scope, within=None, ends=None):
        access = []
        for one in scope.split():
            kind, _, rest = one.partition(":")
            name, _, actions = rest.rpartition(":")
            granted = set(actions.split(",")) & self._actions_of(subject, name)
            if within is not None:
                granted &= {a for entry in within if entry["name"] in (name, "*") for a in entry["actions"]}
            if "*" in name and self._quirks.abac:
                granted = set()
            if granted:
                access.append({"type": kind, "name": name, "actions": sorted(granted)})
        seconds = self._quirks.access_seconds
        if ends is not None:
            seconds = min(seconds, ends - int(self._now()))
        return json_response(200, {"access_token": self._sign(subject, "access_token", seconds, access=access)})

    def _actions_of(self, subject, name):
        """What the subject may do in the repository of that name, or with "*" in all of them."""
        if subject == self.host.partition(".")[0]:
            return ROLES["Contributor"] | {"*"} if self.admin_enabled else set()
        if subject in self.tokens:
            return self.tokens[subject].actions_on(name)
        roles = ABAC_ROLES if self._quirks.abac else ROLES
        return roles.get(self._role_of(self._entra.find(client_id=subject)), set())

    def _role_of(self, principal):
        return principal and (principal.roles.get(self.host) or principal.roles.get("*"))

    def _sign(self, subject, grant_type, seconds, **claims):
        now = int(self._now())
        return self.signer.sign({"sub": subject, "nbf": now, "iat": now, "exp": now + seconds, "iss": ISSUER,
                                 "aud": self.host, "version": "1.0", "grant_type": grant_type, "roles": [], **claims})

    def _verify(self, token, **expected):
        return self.signer.verify(token, self._now(), iss=ISSUER, aud=self.host, **expected)

    # /v2/

    def _registry(self, request):
        kind, name, action = needed(request)
        scope = f"{kind}:{name}:{'pull,push' if action == 'push' else action}" if kind else None
        detail = [{"Type": kind, "Name": name, "Action": action}] if kind else None
        try:
            if request.basic():
                user = self._password_user(*request.basic())
                if user in self.tokens:  # https://github.com/Azure/acr/issues/466
                    raise Refused("tokens log in at /oauth2/token alone")
                granted = self._actions_of(user, name)
            elif request.bearer():
                claims = self._verify(request.bearer(), grant_type="access_token")
                granted = {a for entry in claims["access"] if entry["type"] == kind
                           and entry["name"] in (name, "*") for a in entry["actions"]}
            else:
                return self._unauthorized(scope=scope, detail=detail)
        except Refused as why:
            return self._unauthorized(str(why) if "admin" in str(why) else "", scope, detail, "invalid_token")
        if kind and not granted & {action, "*"}:
            return self._unauthorized("", scope, detail, "insufficient_scope")
        return self._refused_upload(request) or self._refused_by_lock(request, name, action) or self._stored(request)

    def _refused_upload(self, request):
        size = int(request.headers.get("Content-Length", 0))
        if request.method == "PATCH" and request.is_chunked and request.headers.get("Content-Range"):
            return registry_error(400, "CONTENT_LENGTH_INVALID", "The Content-Length header is missing or invalid.")
        whole = request.method == "PATCH" and not request.headers.get("Content-Range")
        limit = PUT_LIMIT if request.method == "PUT" else self._quirks.stream_limit if whole else None
        if limit is not None and size > limit:
            return Response(413, b"<html><head><title>413 Request Entity Too Large</title></head><body><center>"
                                 b"<h1>413 Request Entity Too Large</h1></center><hr><center>"
                                 b"AzureContainerRegistry</center></body></html>", {"Content-Type": "text/html"})
        return None

    def _refused_by_lock(self, request, name, action):
        if action != "push" or not {name, f"{name}:{request.path.rsplit('/', 1)[1]}"} & self.locked:
            return None
        return registry_error(405, "REGISTRY_DISALLOWED_OPERATION", "The operation is disallowed on this registry, "
                              "repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-"
                              "my-pull-or-push-request-fail-with-disallowed-operation", {})

    def _stored(self, request):
        """Blobs are fetched from storage, which takes a signature in the URL and no other login."""
        if request.method == "GET" and re.fullmatch("/v2/.*/blobs/sha256:[0-9a-f]{64}", request.path):
            return Response(307, headers={
                "Location": f"https://{self._storage_host}{request.path}?sig=signature-of-the-storage"})
        return self._store.forward(request)

    def _storage(self, request):
        if request.headers.get("Authorization") or request.parameter("sig") != "signature-of-the-storage":
            return Response(400, b"<Error><Code>InvalidAuthenticationInfo</Code></Error>")
        return self._store.forward(request, path=request.path)

    def _unauthorized(self, why="", scope=None, detail=None, error=None):
        challenge = f'Bearer realm="https://{self.host}/oauth2/token",service="{self.host}"'
        if scope:
            challenge += f',scope="{scope}"'
        if error:
            challenge += f',error="{error}"'
        text = f"authentication required{': ' + why if why else ''}, visit https://aka.ms/acr/authorization for " \
               "more information."
        return registry_error(401, "UNAUTHORIZED", text, detail, {"WWW-Authenticate": challenge})


def needed(request):
    """(type, name, action) of a request of the distribution protocol; Nones for a mere login."""
    if request.path == "/v2/":
        return None, None, None
    if request.path == "/v2/_catalog":
        return "registry", "catalog", "*"
    name = re.fullmatch(f"/v2/{NAME}/(tags/list|manifests/.*|blobs/.*|referrers/.*)", request.path)["name"]
    if request.path.endswith("/tags/list"):
        return "repository", name, "metadata_read"
    if "/blobs/uploads/" in request.path or request.method in ("PUT", "POST", "PATCH"):
        return "repository", name, "push"
    return "repository", name, "delete" if request.method == "DELETE" else "pull"
