"""GitHub's container registry and the part of its API that tells what a token may do.

As strict as GitHub: a token is one that was issued here, of a kind that packages take, before its end, with
the scope that the request needs, for packages of its owner.  Texts and codes are GitHub's.
"""
import datetime
import itertools
import secrets

from clouds.bearer_tokens import BearerTokens, wanted
from clouds.exchange import Response, json_response, registry_error
from clouds.quirks import Quirks

PART_LIMIT = 4 << 20
API_VERSION = "2022-11-28"  # the one that is taken where none is named
CHALLENGE = 'Bearer realm="https://{0}/token",service="{0}",scope="{1}"'


class Token:
    """A credential that GitHub has issued; `kind` is its prefix."""

    def __init__(self, owner, kind="ghp_", scopes=("write:packages",), ends=None):
        self.owner, self.kind, self.scopes, self.ends = owner, kind, scopes, ends
        self.text = kind + secrets.token_hex(18)


class GitHub:
    """A site's registry and API on an emulator, in front of a RegistryProxy; without names, github.com's.

    Switches: token_lifetime, the seconds that a registry token lives; refuse_push, the text of GitHub's 403
    to every push, such as "permission_denied: write_package"; throttled, the number of requests to write that
    meet GitHub's secondary rate limit, told to last for retry_after seconds; forget_at_uploads, the numbers of the blob uploads at which all registry
    tokens are over; revoke_at_upload, the one at which GitHub's tokens are too, as a GITHUB_TOKEN is when its
    job ends."""

    def __init__(self, emulator, store, host="ghcr.io", api="api.github.com/"):
        self.emulator, self.store, self.host = emulator, store, host
        self.quirks = Quirks(token_lifetime=300, refuse_push=None, throttled=0, retry_after=0, forget_at_uploads=(),
                             revoke_at_upload=None)
        self._issued, self._given = {}, []
        self.registry_tokens = BearerTokens(emulator.now, "registry-")
        emulator.secrets.also(lambda: [*self._given, *self.registry_tokens.given])
        self._uploads = itertools.count(1)
        registry = emulator.host(host)
        registry.on("GET", "/token", self._token)
        registry.on("*", "/v2/", self._logged_in(lambda request, grants: json_response(200, {})))
        registry.on("GET", "/v2/_catalog", lambda r: Response(404, b"404 page not found\n"))
        registry.on("GET", "/v2/(?P<name>.+)/referrers/.*", self._referrers)
        registry.on("*", "/v2/(?P<name>.+)/(?:blobs|manifests|tags)/.*", self._logged_in(self._repository))
        api_host, _, api_path = api.partition("/")
        emulator.host(api_host).on("GET", "/" + api_path, self._api_root)

    def issue(self, *args, **kwargs):
        """Makes a token (see Token) and returns its text."""
        token = Token(*args, **kwargs)
        self._issued[token.text] = token
        self._given.append(token.text)
        return token.text

    def revoke(self, text):
        """The token is no longer taken, and neither are those that the registry gave for it."""
        del self._issued[text]
        self.registry_tokens.forget_all()

    # The token server: GET with Basic <anything>:<token>.

    def _token(self, request):
        if request.parameter("service") != self.host:
            return registry_error(400, "UNSUPPORTED", "unknown service")
        login = request.basic()
        token = self._issued.get(login[1]) if login else None
        if login and (token is None or not self._opens_packages(token)):
            return registry_error(403, "DENIED", "denied")
        grants = set()
        for name, actions in wanted(request):
            if name != name.lower():
                return registry_error(400, "NAME_INVALID", "Repository name must be lowercase")
            grants |= {(name, action) for action in self._allowed(token, name) & actions}
        if request.query.get("scope") and not grants:
            return registry_error(403, "DENIED", "denied")
        return json_response(200, {"token": self.registry_tokens.give(grants, self.quirks.token_lifetime)})

    def _opens_packages(self, token):
        over = token.ends is not None and self.emulator.now() > token.ends
        return token.kind != "github_pat_" and not over

    @staticmethod
    def _allowed(token, name):
        """The actions that a token has on a package; one of another owner cannot be told from none."""
        if token is None or name.partition("/")[0] != token.owner:
            return set()
        return {"pull", "push"} if "write:packages" in token.scopes else (
            {"pull"} if "read:packages" in token.scopes else set())

    # The registry, with a token of /token.

    def _logged_in(self, handler):
        def handle(request):
            grants = self.registry_tokens.grants_of(request)
            if grants is None:
                return self._unauthorized(request.match.groupdict().get("name", "user/image"))
            return handler(request, grants)
        return handle

    def _unauthorized(self, name):
        return registry_error(401, "UNAUTHORIZED", "authentication required", headers={
            "WWW-Authenticate": CHALLENGE.format(self.host, f"repository:{name}:pull")})

    def _repository(self, request, grants):
        name = request.match["name"]
        if request.method == "DELETE" and "/uploads/" not in request.path:
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
        writes = request.method not in ("GET", "HEAD")
        if writes and self.quirks.throttled > 0:
            self.quirks.throttled -= 1
            return registry_error(429, "TOOMANYREQUESTS", "You have exceeded a secondary rate limit. Please wait a few "
                                  "minutes before you try again.", headers={"Retry-After": str(self.quirks.retry_after)})
        if writes and self.quirks.refuse_push:
            return registry_error(403, "DENIED", self.quirks.refuse_push)
        if (name, "push" if writes else "pull") not in grants:
            return registry_error(403, "DENIED", "permission_denied: The token provided does not match "
                                  "expected scopes.")
        part = int(request.headers.get("Content-Length", 0))
        if request.method == "PATCH" and request.headers.get("Content-Range") and part > PART_LIMIT:
            return registry_error(416, "REQUESTED_RANGE_NOT_SATISFIABLE", "the request body is too large and "
                                  "exceeds the maximum permissible limit of 4.00MiB")
        if request.method == "POST" and self._ends_tokens(next(self._uploads)):
            return self._unauthorized(name)
        return self.store.forward(request)

    def _ends_tokens(self, upload):
        revoked = upload == self.quirks.revoke_at_upload
        if revoked:
            self._issued.clear()
        if revoked or upload in self.quirks.forget_at_uploads:
            self.registry_tokens.forget_all()
            return True
        return False

    @staticmethod
    def _referrers(request):
        return Response(303, b"", {"Location": f"https://github.com/-{request.target}"})

    # The API.

    def _api_root(self, request):
        if not request.headers.get("User-Agent"):
            return Response(403, b"Request forbidden by administrative rules.")
        accepted = request.headers.get("Accept", "*/*")
        if not any(kind in accepted for kind in ("*/*", "application/json", "application/vnd.github")):
            return json_response(415, {"message": f"Unsupported 'Accept' header: '{accepted}'. Must accept "
                                                  "'application/json'.", "status": "415"})
        version = request.headers.get("X-GitHub-Api-Version", API_VERSION)
        if version != API_VERSION:
            return json_response(400, {"message": f"Bad request - the API version {version} is not supported",
                                       "status": "400"})
        token = self._issued.get(request.bearer())
        if token is None or (token.ends is not None and self.emulator.now() > token.ends):
            return json_response(401, {"message": "Bad credentials", "status": "401"})
        headers = {"X-OAuth-Scopes": ", ".join(token.scopes)} if token.kind in ("ghp_", "gho_") else {}
        if token.ends is not None:
            end = datetime.datetime.fromtimestamp(token.ends, datetime.timezone.utc)
            headers["GitHub-Authentication-Token-Expiration"] = end.strftime("%Y-%m-%d %H:%M:%S UTC")
        return json_response(200, {"current_user_url": "https://api.github.com/user"}, headers)
