"""The emulated registries of ECR themselves, /v2/, with the habits in which they differ from others."""
import hashlib
import json
import re

from clouds.aws_iam import partition_of
from clouds.exchange import Response, json_response, registry_error

PART_AT_LEAST = 5 << 20
NAME = r"/v2/(?P<name>.+)"
ACTIONS = [  # method, rest of the path, the action of IAM that it needs
    ("GET|HEAD", r"/manifests/.+", "BatchGetImage"),
    ("PUT", r"/manifests/.+", "PutImage"),
    ("HEAD", r"/blobs/sha256:.+", "BatchCheckLayerAvailability"),
    ("GET", r"/blobs/sha256:.+", "GetDownloadUrlForLayer"),
    ("POST", r"/blobs/uploads/", "InitiateLayerUpload"),
    ("PATCH", r"/blobs/uploads/.+", "UploadLayerPart"),
    ("PUT", r"/blobs/uploads/.+", "CompleteLayerUpload"),
    ("GET", r"/tags/list", "ListImages"),
]


class PrivateRegistry:
    """<account>.dkr.ecr.<region>.amazonaws.com, and the bucket that its layers are downloaded from."""

    def __init__(self, aws, host, account, region):
        self.aws, self.host, self.account, self.region = aws, host, account, region
        self.bucket = f"prod-{region}-starport-layer-bucket.s3.{region}.{partition_of(region)[1]}"
        self._parts = {}  # upload -> the size of its last part, and the Range that is told ever after
        registry = aws.emulator.host(host)
        registry.on("*", "/v2/.*", self._answer)
        aws.emulator.host(self.bucket).on("GET", "/v2/.*", self._download)

    def _answer(self, request):
        identity, refusal = self._login(request)
        if refusal:
            return refusal
        if request.path == "/v2/":
            return json_response(200, {})
        if self.aws.quirks.throttled > 0:
            self.aws.quirks.throttled -= 1
            return registry_error(429, "TOOMANYREQUESTS", "Rate exceeded")
        for method, rest, action in ACTIONS:
            found = re.fullmatch(NAME + rest, request.path)
            if found and re.fullmatch(method, request.method):
                return self._refusal_of(request, identity, found["name"], action) or \
                    getattr(self, "_" + action, self._forward)(request)
        return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")

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

    def _forward(self, request):
        return self.aws.store.forward(request)

    def _ListImages(self, request):
        if int(request.parameter("n", "100")) > 1000:
            return registry_error(400, "UNSUPPORTED", "n is at most 1000")
        return self._forward(request)

    def _GetDownloadUrlForLayer(self, request):
        return Response(307, b"", {"Location": f"https://{self.bucket}{request.path}?X-Amz-Signature=0"})

    def _download(self, request):
        assert "Authorization" not in request.headers, "S3 was sent the registry's credential"
        return self._forward(request)

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
        media_type = json.loads(body).get("mediaType")
        if media_type != request.headers["Content-Type"] or ";" in media_type:
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
                {"tags": [], "size": len(body), "type": media_type, "pushed": self.aws.emulator.now()})
            for other in repository.images.values():
                other["tags"] = [t for t in other["tags"] if t not in tags]
            image["tags"] += tags
        return response


class PublicRegistry:
    """public.ecr.aws: bearer tokens, and 400 for everything it does not like."""

    HOST, ALIAS = "public.ecr.aws", "acme"

    def __init__(self, aws):
        self.aws = aws
        registry = aws.emulator.host(self.HOST)
        registry.on("GET", "/token/", self._token)
        registry.on("*", "/v2/.*", self._answer)

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
        if request.path == "/v2/":
            return json_response(200, {})
        if request.method not in ("GET", "HEAD"):
            name = re.fullmatch(rf"/v2/{self.ALIAS}/(?P<name>.+?)/(?:blobs|manifests)/.*", request.path)["name"]
            if not identity or not identity.may("ecr-public:PutImage", "*"):
                return registry_error(403, "DENIED", "Not Authorized")
            if (identity.account, "public", name) not in self.aws.repositories:
                return registry_error(404, "NAME_UNKNOWN", f"The repository with name '{name}' does not exist in the "
                                                           f"registry with id '{identity.account}'")
        response = self.aws.store.forward(request)
        if request.method == "PATCH" and response.status == 202:
            response.status = 201
        if request.method == "PUT" and "/blobs/" in request.path and response.status == 201:
            self.aws.took_a_blob()
        return response

    @staticmethod
    def _invalid():
        return registry_error(400, "DENIED", "Your Authorization Token is invalid.")
