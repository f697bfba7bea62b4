"""An emulated Docker Hub: its token server, its registry, and where that keeps its blobs.

    hub = DockerHub(cloud, RegistryProxy(registry.port))
    token = hub.access_token("acme", "write")     # dckr_pat_...; "read" or "admin" too
    hub.password("acme", "secret")

Names have two parts, and the first of them is who may push there; everybody may pull.  Texts, headers and codes
are Docker's.
"""
import itertools
import secrets

from clouds.bearer_tokens import BearerTokens, wanted
from clouds.exchange import Response, json_response, registry_error
from clouds.quirks import Quirks

AUTH, REGISTRY, BLOBS = "auth.docker.io", "registry-1.docker.io", "production.cloudflare.docker.com"
SERVICE = "registry.docker.io"
MAY = {"read": {"pull"}, "write": {"pull", "push"}, "admin": {"pull", "push", "delete"}}
PROBE = "ratelimitpreview/test"  # whose HEAD tells the limit
LIMITED = ("You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
           "https://www.docker.com/increase-rate-limits")


class DockerHub:
    """Three hosts on an emulator, in front of a RegistryProxy.

    Switches: pulls, of manifests in six hours, None for no limit; abuse, the number of requests that get the bare 429;
    retry_after, the seconds that every 429 asks for; token_lifetime, those that a registry token lives;
    forget_at_uploads, the numbers of the blob uploads at which all registry tokens are over;
    out_of_private_repositories, for the refusal of a plan that is used up."""

    def __init__(self, emulator, store):
        self.store = store
        self.quirks = Quirks(pulls=None, abuse=0, retry_after=0, token_lifetime=300, forget_at_uploads=(),
                             out_of_private_repositories=False)
        self.registry_tokens = BearerTokens(emulator.now, "hub-")
        self.pulled = 0
        self._logins = {}  # (user, password): what it may
        self._given = []
        emulator.secrets.also(lambda: [*self._given, *self.registry_tokens.given])
        self._uploads = itertools.count(1)
        emulator.host(AUTH).on("GET", "/token", self._token)
        registry = emulator.host(REGISTRY)
        registry.on("GET", "/v2/", self._answer(lambda request, grants: json_response(200, {})))
        registry.on("*", "/v2/(?P<name>.+)/(?:blobs|manifests|tags|referrers)/.*", self._answer(self._repository))
        emulator.host(BLOBS).on("GET", "/v2/.*", self._blob)

    def password(self, user, password):
        return self._add(user, password, MAY["admin"])

    def access_token(self, user, permission="write", kind="dckr_pat_"):
        """A personal access token; kind "dckr_oat_" is an organisation's, whose name is its user."""
        return self._add(user, kind + secrets.token_hex(16), MAY[permission])

    def _add(self, user, token, actions):
        self._logins[user, token] = actions
        self._given.append(token)
        return token

    def revoke(self, user, token):
        """The token is no longer taken, and neither are those that the registry gave for it."""
        del self._logins[user, token]
        self.registry_tokens.forget_all()

    def _abused(self):
        """Whether this request is one too many."""
        if self.quirks.abuse <= 0:
            return False
        self.quirks.abuse -= 1
        return True

    def _retry_after(self):
        return {"Retry-After": str(self.quirks.retry_after)}

    # The token server: GET with Basic, or without a login.

    def _token(self, request):
        if self._abused():
            return Response(429, b"Too Many Requests\n", self._retry_after())
        if request.parameter("service") != SERVICE:
            return json_response(400, {"details": "unknown service"})
        login = request.basic()
        if login and login not in self._logins:
            return json_response(401, {"details": "incorrect username or password"})
        grants = set()
        for name, actions in wanted(request):
            grants |= {(name, action) for action in actions & self._allowed(login, name)}
            lacking = actions - self._logins[login] if login else set()
            if lacking and name.partition("/")[0] == login[0]:
                return json_response(401, {"details": "access token has insufficient scopes"})
        token = self.registry_tokens.give(grants, self.quirks.token_lifetime)
        return json_response(200, {"token": token, "access_token": token,
                                   "expires_in": self.quirks.token_lifetime, "issued_at": "2026-11-23T12:00:00Z"})

    def _allowed(self, login, name):
        if login and name.partition("/")[0] == login[0]:
            return self._logins[login]
        return MAY["read"]

    # The registry.

    def _answer(self, handler):
        def answer(request):
            if self._abused():
                return Response(429, b"Too Many Requests\n", self._retry_after())
            grants = self.registry_tokens.grants_of(request)
            if grants is None:
                return self._unauthorized(request, 'error="invalid_token"' if request.bearer() else "")
            return handler(request, grants)
        return answer

    @staticmethod
    def _unauthorized(request, error):
        name = request.match.groupdict().get("name")
        action = "pull" if request.method in ("GET", "HEAD") else "push"
        challenge = [f'Bearer realm="https://{AUTH}/token"', f'service="{SERVICE}"']
        if name:
            challenge.append(f'scope="repository:{name}:{"pull" if action == "pull" else "pull,push"}"')
        challenge += [error] if error else []
        detail = [{"Type": "repository", "Class": "", "Name": name, "Action": action}] if name else None
        return registry_error(401, "UNAUTHORIZED", "authentication required", detail, {
            "Www-Authenticate": ",".join(challenge), "Docker-Distribution-Api-Version": "registry/2.0"})

    def _repository(self, request, grants):
        name = request.match["name"]
        assert name.count("/") == 1, f"{request!r}: names here have two parts"
        action = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(request.method, "push")
        if (name, action) not in grants:
            return self._unauthorized(request, 'error="insufficient_scope"')
        if action == "push" and self.quirks.out_of_private_repositories:
            return registry_error(403, "DENIED", "requested access to the resource is denied")
        if request.method == "POST" and next(self._uploads) in self.quirks.forget_at_uploads:
            self.registry_tokens.forget_all()
            return self._unauthorized(request, 'error="invalid_token"')
        if "/manifests/" in request.path and action == "pull":
            return self._manifest(request, name)
        if "/blobs/sha256:" in request.path and request.method == "GET":
            return Response(307, headers={"Location": f"https://{BLOBS}{request.path}?verify=1-x"})
        return self.store.forward(request)

    def _manifest(self, request, name):
        """GET counts as a pull, HEAD tells how many are left."""
        if request.method == "GET":
            if self.quirks.pulls is not None and self.pulled >= self.quirks.pulls:
                return registry_error(429, "TOOMANYREQUESTS", LIMITED, headers={**self._limit(), **self._retry_after()})
            self.pulled += 1
        response = Response(200) if name == PROBE else self.store.forward(request)
        response.headers.update(self._limit())
        return response

    def _limit(self):
        if self.quirks.pulls is None:
            return {}
        left = max(0, self.quirks.pulls - self.pulled)
        return {"ratelimit-limit": f"{self.quirks.pulls};w=21600", "ratelimit-remaining": f"{left};w=21600",
                "docker-ratelimit-source": "192.0.2.1"}

    def _blob(self, request):
        assert "Authorization" not in request.headers, "the blobs' host was sent the registry's credential"
        assert request.parameter("verify"), request
        return self.store.forward(request, path=request.path)
