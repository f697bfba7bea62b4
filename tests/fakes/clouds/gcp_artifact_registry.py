"""artifactregistry.googleapis.com: repositories, made by operations that take a while, and what is in them."""
import re
import threading
import urllib.parse

from clouds.exchange import json_response
from clouds.gcp_tokens import api_error, form_refused, permission_denied, scope_insufficient, unauthenticated
from clouds.quirks import Quirks

PERMISSION = "artifactregistry.repositories."
LOCATIONS = ("asia", "europe", "europe-west12", "us", "us-central1")
CREATED_FIELDS = {"format", "mode", "dockerConfig", "kmsKeyName", "labels"}
UPLOADED = "2026-11-23T12:00:00.123456Z"
MOST_RELATED_TAGS = 100


class ArtifactRegistry:
    """Thread-safe."""

    def __init__(self, host, tokens, policy, images):
        self.repositories = {}  # resource name: fields
        self.quirks = Quirks(polls_until_done=2, key_refused=False, service_disabled=False, throttled=0,
                             page_size=1000)
        self._tokens, self._policy, self._images = tokens, policy, images
        self._operations, self._mutex = {}, threading.Lock()
        project = r"/v1/(?P<project>projects/[^/]+)"
        location = project + r"/locations/(?P<location>[^/]+)"
        repository = "/v1/(?P<repository>projects/[^/]+/locations/[^/]+/repositories/[^/:]+)"
        for method, path, handler in (
                ("GET", project + "/locations", self._list_locations),
                ("GET", location + "/repositories", self._list),
                ("POST", location + "/repositories", self._create),
                ("GET", location + "/operations/[^/]+", self._operation),
                ("GET", location + "/repositories/[^/:]+", self._get),
                ("GET", repository + "/packages/(?P<package>[^/]+)/versions", self._list_versions),
                ("GET", repository + "/dockerImages/(?P<image>[^/]+)", self._get_docker_image),
                ("POST", location + "/repositories/[^/:]+:testIamPermissions", self._test)):
            host.on(method, path, lambda request, h=handler: self._checked(request, h))

    def add(self, resource, **fields):
        """A repository that is there already."""
        self.repositories[resource] = {"name": resource, "format": "DOCKER", "mode": "STANDARD_REPOSITORY", **fields}

    def has(self, resource):
        with self._mutex:
            return resource in self.repositories

    def _checked(self, request, handler):
        if refusal := form_refused(request):
            return refusal
        token = self._tokens.find(request.bearer())
        if not token:
            return unauthenticated()
        if not token.allows(write=request.method == "POST" and "testIam" not in request.path):
            return scope_insufficient()
        if self.quirks.service_disabled:
            return api_error(403, "PERMISSION_DENIED", "Artifact Registry API has not been used in project 123 before "
                             "or it is disabled.", "SERVICE_DISABLED")
        if self.quirks.throttled > 0:
            self.quirks.throttled -= 1
            return api_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Requests'.",
                             "RATE_LIMIT_EXCEEDED", {"Retry-After": "0"})
        return handler(request, token.identity)

    def _denied(self, identity, permission, resource):
        if self._policy.allows(identity, permission, resource):
            return None
        return permission_denied(permission, f"//artifactregistry.googleapis.com/{resource}")

    def _page(self, request, items, key):
        start = int(request.parameter("pageToken", "p0")[1:])
        size = min(int(request.parameter("pageSize", "100")), self.quirks.page_size)
        page = {key: items[start:start + size]} if items else {}
        if start + size < len(items):
            page["nextPageToken"] = f"p{start + size}"
        return json_response(200, page)

    def _list_locations(self, request, identity):
        project = request.match["project"]
        return self._denied(identity, "artifactregistry.locations.list", project) or self._page(
            request, [{"name": f"{project}/locations/{l}", "locationId": l} for l in LOCATIONS], "locations")

    def _list(self, request, identity):
        parent = f"{request.match['project']}/locations/{request.match['location']}"
        if refusal := self._denied(identity, PERMISSION + "list", parent):
            return refusal
        with self._mutex:
            below = [r for name, r in sorted(self.repositories.items()) if name.startswith(parent + "/")]
        return self._page(request, below, "repositories")

    def _create(self, request, identity):
        parent = f"{request.match['project']}/locations/{request.match['location']}"
        name = f"{parent}/repositories/{request.parameter('repositoryId')}"
        if refusal := self._denied(identity, PERMISSION + "create", parent):
            return refusal
        fields = request.json()
        assert fields["format"] == "DOCKER" and fields.keys() <= CREATED_FIELDS, fields
        if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?|((us|eu|asia)\.)?gcr\.io",
                            request.parameter("repositoryId")):
            return api_error(400, "INVALID_ARGUMENT", "the repository ID is invalid")
        with self._mutex:
            if name in self.repositories:
                return api_error(409, "ALREADY_EXISTS", f"the repository already exists: {name}")
            operation = f"{parent}/operations/{len(self._operations):08x}-aaaa"
            self._operations[operation] = [self.quirks.polls_until_done, {**fields, "name": name}]
        return json_response(200, {"name": operation, "metadata": {}})

    def _operation(self, request, identity):
        name = request.path[len("/v1/"):]
        with self._mutex:
            operation = self._operations[name]
            operation[0] -= 1
            if operation[0] > 0:
                return json_response(200, {"name": name, "metadata": {}})
            if self.quirks.key_refused:
                return json_response(200, {"name": name, "done": True, "error": {
                    "code": 7, "message": "Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource "
                    f"'{operation[1].get('kmsKeyName')}' (or it may not exist)."}})
            self.repositories[operation[1]["name"]] = operation[1]
        return json_response(200, {"name": name, "done": True, "response": operation[1]})

    def _get(self, request, identity):
        name = request.path[len("/v1/"):]
        if refusal := self._denied(identity, PERMISSION + "get", name):
            return refusal
        with self._mutex:
            found = self.repositories.get(name)
        return json_response(200, found) if found else self._missing(name)

    def _test(self, request, identity):
        name = request.path[len("/v1/"):].rpartition(":")[0]
        if not self.has(name):
            return self._missing(name)
        granted = [p for p in request.json()["permissions"] if self._policy.allows(identity, p, name)]
        return json_response(200, {"permissions": granted} if granted else {})

    def _images_of(self, repository, package):
        """An image's name stands in the registry's paths behind the project, and at pkg.dev the repository."""
        _, project, _, _, _, name = repository.split("/")
        path = [*project.split(":"), *([] if name.endswith("gcr.io") else [name]), urllib.parse.unquote(package)]
        return self._images.images("/".join(path)) if self.has(repository) else []

    def _list_versions(self, request, identity):
        repository, package = request.match["repository"], request.match["package"]
        if refusal := self._denied(identity, "artifactregistry.versions.list", repository):
            return refusal
        images = self._images_of(repository, package)
        parent = f"{repository}/packages/{package}"
        if not images:
            return self._missing(parent)
        assert int(request.parameter("pageSize")) <= 1000 and request.parameter("view") in (None, "BASIC", "FULL")
        versions = []
        for image in images:
            name = f"{parent}/versions/{image['digest']}"
            version = {"name": name, "createTime": UPLOADED, "updateTime": UPLOADED, "metadata": {
                "imageSizeBytes": str(image["size"]), "mediaType": image["media_type"],
                "name": f"{repository}/dockerImages/{package}@{image['digest']}"}}
            if image["tags"] and request.parameter("view") == "FULL":
                version["relatedTags"] = [{"name": f"{parent}/tags/{tag}", "version": name}
                                          for tag in image["tags"][:MOST_RELATED_TAGS]]
            versions.append(version)
        return self._page(request, versions, "versions")

    def _get_docker_image(self, request, identity):
        repository = request.match["repository"]
        if refusal := self._denied(identity, "artifactregistry.dockerimages.get", repository):
            return refusal
        package, _, digest = request.match["image"].partition("@")
        name = f"{repository}/dockerImages/{package}@{digest}"
        found = [i for i in self._images_of(repository, package) if i["digest"] == digest]
        if not found:
            return self._missing(name)
        return json_response(200, {"name": name, "tags": found[0]["tags"], "imageSizeBytes": str(found[0]["size"]),
                                   "uploadTime": UPLOADED, "mediaType": found[0]["media_type"]})

    def _missing(self, name):
        return api_error(404, "NOT_FOUND", f"Requested entity was not found: {name}")
