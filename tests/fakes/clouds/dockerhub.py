"""Docker Hub: registry-1.docker.io, and auth.docker.io with the accounts that may log in there.

As strict as Docker Hub: names have two parts, tokens are for what they were asked for and live for minutes, and
who may not push is told so with a 401.
"""
import itertools
import re
import secrets

from clouds.exchange import json_response, registry_error
from clouds.quirks import Quirks

REGISTRY, SERVICE = "registry-1.docker.io", "registry.docker.io"
SCOPE = re.compile(r"repository:([^:]+):([a-z,]+)")
LIMIT = 100
TOO_MANY_PULLS = ("You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
                  "https://www.docker.com/increase-rate-limits")


class DockerHub:
    """Switches: throttled, how many requests the guard against abuse refuses for the time of retry_after, in seconds;
    pulls_left, before the pull rate limit; end_at_uploads, the numbers of the uploads at which all tokens are over."""

    def __init__(self, emulator, store):
        self.emulator, self.store = emulator, store
        self.quirks = Quirks(throttled=0, retry_after=0, pulls_left=LIMIT, end_at_uploads=())
        self._accounts, self._tokens, self._given = {}, {}, []
        self._uploads = itertools.count(1)
        emulator.secrets.also(lambda: self._given)
        emulator.host("auth.docker.io").on("GET", "/token", self._token)
        registry = emulator.host(REGISTRY)
        registry.on("GET", "/v2/", lambda request: self._judged(request, None, lambda: json_response(200, {})))
        registry.on("*", "/v2/(?P<name>[^/]+/[^/]+)/(?:blobs|manifests|tags)/.*", self._repository)

    def account(self, name, actions=("pull", "push")):
        """An access token of an account; returns its text."""
        text = "dckr_pat_" + secrets.token_urlsafe(20)
        self._accounts[name, text] = set(actions)
        self._given.append(text)
        return text

    def end_accounts(self):
        """All access tokens are deleted, and what came of them has ended."""
        self._accounts.clear()
        self._tokens.clear()

    def _token(self, request):
        if request.parameter("service") != SERVICE:
            return json_response(400, {"details": "unknown service"})
        login = request.basic()
        if login and login not in self._accounts:
            return json_response(401, {"details": "incorrect username or password"})
        grants = set()
        for scope in request.query.get("scope", []):
            name, actions = SCOPE.fullmatch(scope).groups()
            owned = self._accounts[login] if login and name.partition("/")[0] == login[0] else {"pull"}
            grants |= {(name, action) for action in owned & set(actions.split(","))}
        text = "eyJ" + secrets.token_urlsafe(60)
        self._tokens[text] = (grants, self.emulator.now() + 300)
        self._given.append(text)
        return json_response(200, {"token": text, "access_token": text, "expires_in": 300})

    def _judged(self, request, needed, answer):
        grants, ends = self._tokens.get(request.bearer(), (None, 0))
        if grants is None or self.emulator.now() >= ends:
            return self._unauthorized(needed, "")
        if needed and needed not in grants:
            return self._unauthorized(needed, ',error="insufficient_scope"')
        return answer()

    @staticmethod
    def _unauthorized(needed, error):
        scope = f',scope="repository:{needed[0]}:pull{",push" if needed[1] == "push" else ""}"' if needed else ""
        return registry_error(401, "UNAUTHORIZED", "requested access to the resource is denied" if error else
                              "authentication required", headers={
                                  "WWW-Authenticate": 'Bearer realm="https://auth.docker.io/token",'
                                                      f'service="{SERVICE}"{scope}{error}'})

    def _repository(self, request):
        if self.quirks.throttled > 0:
            self.quirks.throttled -= 1
            return registry_error(429, "TOOMANYREQUESTS", "Too Many Requests",
                                  headers={"Retry-After": str(self.quirks.retry_after)})
        if request.method == "POST" and next(self._uploads) in self.quirks.end_at_uploads:
            self._tokens.clear()
        writes = request.method not in ("GET", "HEAD")
        return self._judged(request, (request.match["name"], "push" if writes else "pull"),
                            lambda: self._stored(request))

    def _stored(self, request):
        manifest = "/manifests/" in request.path and request.method in ("GET", "HEAD")
        if manifest and request.method == "GET":
            if self.quirks.pulls_left <= 0:
                return registry_error(429, "TOOMANYREQUESTS", TOO_MANY_PULLS)
            self.quirks.pulls_left -= 1
        response = self.store.forward(request)
        if manifest:
            response.headers |= {"ratelimit-limit": f"{LIMIT};w=21600",
                                 "ratelimit-remaining": f"{self.quirks.pulls_left};w=21600"}
        return response
