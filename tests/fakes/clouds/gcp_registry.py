"""LOCATION-docker.pkg.dev and gcr.io: Google's login, names and habits in front of a real docker-registry."""
import base64
import hashlib
import json
import re
import secrets
import threading

from clouds.exchange import Response, json_response, registry_error
from clouds.gcp_artifact_registry import PERMISSION
from clouds.gcp_tokens import FULL
from clouds.quirks import Quirks
from clouds.registry_proxy import RegistryProxy

TOKEN_USERS = ("oauth2accesstoken", "_token", "_dcgcloud_token")
GCR_LOCATIONS = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}
LIFE = 3600


class RegistryFront:
    """One host's handlers.  Thread-safe."""

    def __init__(self, google, name, store):
        self.name = name
        # jumps: seconds that pass once so many blobs were taken
        self.quirks = Quirks(service="quoted", token_life=LIFE, throttled=0, retry_after=0, jumps={})
        self._google, self._store = google, store
        self._proxy = RegistryProxy(store.port)
        self._sessions, self._mutex = {}, threading.Lock()  # registry token: (access token, expires)
        self.given = []  # registry tokens, also those that are over
        self._blobs = 0
        host = google.emulator.host(name)
        host.on("GET", "/v2/token", self._token)
        host.on("*", "/v2/.*", self._registry)

    def forget_logins(self):
        with self._mutex:
            self._sessions.clear()

    def _challenge(self, error=""):
        service = {"quoted": f',service="{self.name}"', "unquoted": f",service={self.name}", "absent": ""}
        return {"WWW-Authenticate": f'Bearer realm="https://{self.name}/v2/token"{service[self.quirks.service]}{error}',
                "Docker-Distribution-Api-Version": "registry/2.0"}

    def _token(self, request):
        login = request.basic()
        if login is None:
            return json_response(200, {"token": "anonymous", "expires_in": LIFE})
        access = self._access_of(*login)
        if not access:
            return registry_error(401, "UNAUTHORIZED", "authentication failed")
        life = min(self.quirks.token_life, int(access.expires - self._google.now()))
        value = "AJAD5v" + secrets.token_urlsafe(30)
        with self._mutex:
            self._sessions[value] = access, self._google.now() + life
            self.given.append(value)
        return json_response(200, {"token": value, "expires_in": life})

    def _access_of(self, user, password):
        if user in TOKEN_USERS or user.startswith("_dcgcr_"):
            return self._google.tokens.find(password)
        if user == "_json_key_base64":
            password = base64.b64decode(password, validate=True).decode()
        if user not in ("_json_key", "_json_key_base64"):
            return None
        key = json.loads(password)
        account = self._google.oauth.accounts.get(key["client_email"])
        if not account or key["private_key"] != account.pem:
            return None
        return self._google.tokens.give(account.email, [FULL])

    def _registry(self, request):
        value = request.bearer()
        if value is None:
            return registry_error(401, "UNAUTHORIZED", "authentication required", headers=self._challenge())
        with self._mutex:
            access, expires = self._sessions.get(value, (self._google.tokens.find(value), float("inf")))
        if value != "anonymous" and (not access or expires <= self._google.now() or
                                     access.expires <= self._google.now()):
            return registry_error(401, "UNAUTHORIZED", "the token is invalid or has expired",
                                  headers=self._challenge(',error="invalid_token"'))
        if request.path == "/v2/":
            return json_response(200, {})
        if self.quirks.throttled > 0:
            self.quirks.throttled -= 1
            return registry_error(429, "TOOMANYREQUESTS", "Quota exceeded for quota metric 'Requests per project per "
                                  "region per minute'", headers={"Retry-After": str(self.quirks.retry_after)})
        return self._refusal(request, access) or self._forward(request)

    def _repository(self, path):
        """(resource, parts of the image's name) of /v2/NAME/manifests/…"""
        parts = path.split("/")[2:]
        end = next(i for i, part in enumerate(parts) if part in ("blobs", "manifests", "tags", "referrers"))
        parts = parts[:end]
        project = parts.pop(0)
        if "." in project:
            project += ":" + parts.pop(0)
        if self.name in GCR_LOCATIONS:
            return f"projects/{project}/locations/{GCR_LOCATIONS[self.name]}/repositories/{self.name}", parts
        location = self.name.split(".")[1] if self.name.startswith("docker.") else self.name.partition("-docker.")[0]
        return f"projects/{project}/locations/{location}/repositories/{parts[0] if parts else ''}", parts[1:]

    def _refusal(self, request, access):
        resource, image = self._repository(request.path)
        if not image:
            return registry_error(400, "NAME_INVALID", "Missing image name. Pushes should be of the form docker push "
                                  "HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE")
        writes = request.method not in ("GET", "HEAD")
        verbs = {"GET": "download", "HEAD": "download", "DELETE": "delete"}
        permission = f"{PERMISSION}{verbs.get(request.method, 'upload')}Artifacts"
        if access is None:
            return registry_error(403, "DENIED", "Unauthenticated request. Unauthenticated requests do not have "
                                  f'permission "{permission}" on resource "{resource}" (or it may not exist)')
        api = self._google.artifact_registry
        if self.name in GCR_LOCATIONS and not api.has(resource):
            return registry_error(404, "NAME_UNKNOWN", f'Repository "{self.name}" not found')
        allowed = access.allows(writes) and self._google.policy.allows(access.identity, permission, resource)
        if not allowed or not api.has(resource):
            return registry_error(403, "DENIED", f'Permission "{permission}" denied on resource "{resource}" '
                                  "(or it may not exist)")
        found = api.repositories[resource]
        if writes and found["mode"] != "STANDARD_REPOSITORY":
            return registry_error(400, "UNSUPPORTED", f"cannot push to a repository of mode {found['mode']}")
        if request.method == "PATCH" and "Content-Range" in request.headers:
            return registry_error(400, "UNSUPPORTED", "Artifact Registry does not support Docker chunked uploads; "
                                  "use a monolithic upload")
        return None

    def _forward(self, request):
        name, kind, reference = re.fullmatch("/v2/(.*)/(blobs|manifests|tags|referrers)/(.*)", request.path).groups()
        if request.method == "GET" and kind == "tags":
            return self._list(request, name)
        if request.method == "DELETE" and kind == "manifests":
            return self._delete(request, name, reference)
        if request.method == "PUT" and kind == "manifests" and self._is_moved(request, name, reference):
            return registry_error(400, "MANIFEST_INVALID", f"cannot update tag {reference}. The repository has "
                                  "enabled tag immutability")
        answer = self._proxy.forward(request)
        if request.method == "PUT" and kind == "blobs" and answer.status == 201:
            with self._mutex:
                self._blobs += 1
                self._google.emulator.clock_skew += self.quirks.jumps.pop(self._blobs, 0)
        return answer

    def _is_moved(self, request, name, reference):
        resource, _ = self._repository(request.path)
        immutable = self._google.artifact_registry.repositories[resource].get("dockerConfig", {}).get("immutableTags")
        tags = self._store.tags(name) if immutable else {}
        return reference in tags and tags[reference] != "sha256:" + hashlib.sha256(request.body).hexdigest()

    def _list(self, request, name):
        """Everything at once, with numbers as text: Google's extension of the list."""
        answer = self._proxy.forward(request)
        if answer.status != 200:
            return answer
        images = self._store.images(name)
        manifests = {i["digest"]: {"imageSizeBytes": str(i["size"]), "layerId": "", "mediaType": i["media_type"],
                                   "tag": i["tags"], "timeCreatedMs": "0", "timeUploadedMs": "1795435200123"}
                     for i in images}
        return json_response(200, {"name": name, "child": [], "tags": sorted(t for i in images for t in i["tags"]),
                                   "manifest": manifests})

    def _delete(self, request, name, reference):
        tags = self._store.tags(name)
        if reference in tags:
            self._store.untag(name, reference)
            return Response(202)
        if reference in tags.values():
            return registry_error(400, "GOOGLE_MANIFEST_DANGLING_TAG", "Manifest is still referenced by tag: " +
                                  ", ".join(t for t, d in tags.items() if d == reference))
        return self._proxy.forward(request)
