"""The emulated registries of ECR themselves, /v2/, with the habits in which they differ from others."""
import hashlib
import json
import re

from clouds.aws_iam import partition_of
from clouds.exchange import Response, json_response, registry_error

PART_AT_LEAST = 5 << 20
NAME = r"/v2/(?P<name>.+)"
INDEX = "application/vnd.oci.image.index.v1+json"
ACTIONS = [  # method, rest of the path, the action of IAM that it needs, which names its handler
    ("GET|HEAD", r"/manifests/.+", "BatchGetImage"),
    ("PUT", r"/manifests/.+", "PutImage"),
    ("HEAD", r"/blobs/sha256:.+", "BatchCheckLayerAvailability"),
    ("GET", r"/blobs/sha256:.+", "GetDownloadUrlForLayer"),
    ("POST", r"/blobs/uploads/", "InitiateLayerUpload"),
    ("PATCH", r"/blobs/uploads/.+", "UploadLayerPart"),
    ("PUT", r"/blobs/uploads/.+", "CompleteLayerUpload"),
    ("GET", r"/tags/list", "ListImages"),
]


class EcrRegistry:
    """What ECR's registries have in common; `aws` knows tokens and repositories."""

    ACTIONS = ACTIONS

    def __init__(self, aws, host):
        self.aws, self.host = aws, host
        self._parts = {}  # upload -> the size of its last part, and the Range that is told ever after
        aws.emulator.host(host).on("*", "/v2/.*", self._answer)

    def _handled(self, request, identity):
        """For one who is logged in."""
        if request.path == "/v2/":
            return json_response(200, {})
        if self.aws.quirks.throttled > 0:
            self.aws.quirks.throttled -= 1
            return registry_error(429, "TOOMANYREQUESTS", "Rate exceeded")
        for method, rest, action, *handler in self.ACTIONS:
            found = re.fullmatch(NAME + rest, request.path)
            if found and re.fullmatch(method, request.method):
                return self._refusal_of(request, identity, found["name"], action) or \
                    getattr(self, "_" + (handler or [action])[0], self._forward)(request)
        return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")

    def _forward(self, request):
        return self.aws.store.forward(request)

    def _UploadLayerPart(self, request):
        upload = request.path
        size = int(request.headers.get("Content-Length", 0))
        before, told = self._parts.get(upload, (PART_AT_LEAST, None))
        if before < PART_AT_LEAST:
            return registry_error(400, "BLOB_UPLOAD_INVALID", "Layer part size is too small")
        response = self._forward(request)
        if response.status == 202:
            response.status = 201
            told = told or response.header("Range")[1]
            response.headers["Range"] = told  # does not advance any more
            self._parts[upload] = (size, told)
        return response

    def _CompleteLayerUpload(self, request):
        response = self._forward(request)
        if response.status == 201:
            self.aws.took_a_blob()
        return response

    def _PutImage(self, request):
        repository, reference = request.repository, request.path.rsplit("/", 1)[1]
        body = request.body
        manifest = json.loads(body)
        media_type = manifest.get("mediaType")
        if media_type != request.headers["Content-Type"] or not _plain_types(manifest):
            return registry_error(405, "UNSUPPORTED", "Invalid parameter at 'ImageManifest' failed to satisfy "
                                                      "constraint: 'Invalid JSON syntax'")
        tags = [] if ":" in reference else [reference]
        if tags and repository.is_immutable and repository.digest_of(reference):
            return registry_error(400, "TAG_INVALID", f"The image tag '{reference}' already exists in the "
                                                      f"'{repository.name}' repository and cannot be overwritten "
                                                      "because the repository is immutable.")
        response = self._forward(request)
        response.drop("Location")
        if response.status == 201:
            image = repository.images.setdefault(
                "sha256:" + hashlib.sha256(body).hexdigest(),
                {"tags": [], "size": sum(layer["size"] for layer in manifest.get("layers", [])), "type": media_type,
                 "pushed": self.aws.emulator.now(), "manifest": body})
            for other in repository.images.values():
                other["tags"] = [t for t in other["tags"] if t not in tags]
            image["tags"] += tags
        return response


def _plain_types(manifest):
    """Whether all media types are a type and a subtype, without parameters."""
    nested = [manifest.get("config", {}), *manifest.get("layers", []), *manifest.get("manifests", [])]
    types = [manifest.get("artifactType", "a/b"), *(d.get("artifactType", "a/b") for d in nested),
             *(d.get("mediaType", "") if d else "a/b" for d in [manifest, *nested])]
    return all(re.fullmatch(r"[\w.+-]+/[\w.+-]+", t) for t in types)


class PrivateRegistry(EcrRegistry):
    """<account>.dkr.ecr.<region>.amazonaws.com, and the bucket that its layers are downloaded from."""

    # ECR's own ListImageReferrers needs this right, too; whether the public registry lists them is not documented.
    ACTIONS = [*ACTIONS, ("GET", r"/referrers/sha256:[0-9a-f]{64}", "BatchGetImage", "referrers")]

    def __init__(self, aws, host, account, region):
        super().__init__(aws, host)
        self.account, self.region = account, region
        self.bucket = f"prod-{region}-starport-layer-bucket.s3.{region}.{partition_of(region)[1]}"
        aws.emulator.host(self.bucket).on("GET", "/v2/.*", self._download)

    def _answer(self, request):
        limit = self.aws.quirks.body_limit
        if limit and int(request.headers.get("Content-Length", 0)) > limit:
            return Response(413, b"<html>413 Request Entity Too Large</html>", {"Content-Type": "text/html"})
        identity, refusal = self._login(request)
        return refusal or self._handled(request, identity)

    def _login(self, request):
        challenge = {"Www-Authenticate": f'Basic realm="https://{self.host}/",service="ecr.amazonaws.com"',
                     "Content-Type": "text/plain; charset=utf-8"}
        login = request.basic()
        token = self.aws.registry_tokens.get(login[1]) if login and login[0] == "AWS" else None
        if token is None or (token.region, token.public) != (self.region, False):
            return None, Response(401, b"Not Authorized\n", challenge)
        if token.ends <= self.aws.emulator.now():
            return None, registry_error(403, "DENIED",
                                        "Your authorization token has expired. Reauthenticate and try again.")
        return token.identity, None

    def _refusal_of(self, request, identity, name, action):
        arn = f"arn:{self.aws.partition}:ecr:{self.region}:{self.account}:repository/{name}"
        repository = self.aws.repositories.get((self.account, self.region, name))
        foreign = repository and identity.account not in {self.account, *repository.shared_with}
        if not identity.may("ecr:" + action, arn) or foreign:
            if self.aws.quirks.terse:
                return Response(403, b"")
            return registry_error(403, "DENIED", f"User: {identity.arn} is not authorized to perform: ecr:{action} on "
                                                 f"resource: {arn} because no identity-based policy allows the "
                                                 f"ecr:{action} action")
        if repository is None:
            return registry_error(404, "NAME_UNKNOWN", f"The repository with name '{name}' does not exist in the "
                                                       f"registry with id '{self.account}'")
        request.repository = repository
        return None

    def _ListImages(self, request):
        if int(request.parameter("n", "100")) > 1000:
            return registry_error(400, "UNSUPPORTED", "n is at most 1000")
        return self._forward(request)

    def _PutImage(self, request):
        response = super()._PutImage(request)
        if response.status == 201 and "subject" in (manifest := json.loads(request.body)):
            response.headers["OCI-Subject"] = manifest["subject"]["digest"]
        return response

    def _referrers(self, request):
        """What refers to a digest, whether or not that is there; the store's registry is older than this API."""
        subject, found = request.path.rsplit("/", 1)[1], []
        for digest, image in request.repository.images.items():
            manifest = json.loads(image["manifest"])
            if manifest.get("subject", {}).get("digest") == subject:
                found.append({"mediaType": image["type"], "digest": digest, "size": len(image["manifest"]),
                              "artifactType": manifest.get("artifactType") or manifest["config"]["mediaType"],
                              **({"annotations": manifest["annotations"]} if "annotations" in manifest else {})})
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": found}
        return Response(200, json.dumps(index).encode(), {"Content-Type": INDEX})

    def _GetDownloadUrlForLayer(self, request):
        return Response(307, b"", {"Location": f"https://{self.bucket}{request.path}?X-Amz-Signature=0"})

    def _download(self, request):
        assert "Authorization" not in request.headers, "S3 was sent the registry's credential"
        return self._forward(request)


class PublicRegistry(EcrRegistry):
    """public.ecr.aws: bearer tokens, 400 for everything it does not like, and no state of uploads."""

    HOST, ALIAS = "public.ecr.aws", "acme"
    READS = {"BatchGetImage", "BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "ListImages"}

    def __init__(self, aws):
        registry = aws.emulator.host(self.HOST)
        registry.on("GET", "/token/", self._token)
        registry.on("GET", "/v2/.+/blobs/uploads/.+", lambda r: Response(404, b"404 page not found\n"))
        super().__init__(aws, self.HOST)

    def _token(self, request):
        assert request.parameter("service") == self.HOST, request
        login = request.basic()
        if login and (login[0] != "AWS" or not self._identity(login[1])):
            return self._invalid()
        return json_response(200, {"token": login[1] if login else "anonymous"})

    def _identity(self, password):
        token = self.aws.registry_tokens.get(password)
        good = token and token.public and token.ends > self.aws.emulator.now()
        return token.identity if good else None

    def _answer(self, request):
        if "Authorization" not in request.headers:
            challenge = f'Bearer realm="https://{self.HOST}/token/",service="{self.HOST}",scope="aws"'
            return Response(401, b"Not Authorized\n", {"Www-Authenticate": challenge})
        bearer = request.bearer()
        password = self.aws.decode(bearer) if bearer else None
        identity = self._identity(password) if password else None
        if not identity and bearer != "anonymous":
            return self._invalid()
        return self._handled(request, identity)

    def _refusal_of(self, request, identity, path, action):
        if action in self.READS:
            return None
        alias, _, name = path.partition("/")
        if not identity or alias != self.ALIAS or not identity.may("ecr-public:" + action, "*"):
            return registry_error(403, "DENIED", "Not Authorized")
        request.repository = self.aws.repositories.get((identity.account, "public", name))
        if request.repository is None:
            return registry_error(404, "NAME_UNKNOWN", f"The repository with name '{name}' does not exist in the "
                                                       f"registry with id '{identity.account}'")
        return None

    @staticmethod
    def _invalid():
        return registry_error(400, "DENIED", "Your Authorization Token is invalid.")
