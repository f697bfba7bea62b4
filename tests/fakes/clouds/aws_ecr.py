"""The emulated APIs of Amazon ECR, private and public; botocore's own models say what a request may contain."""
import base64
import json
import re
import secrets

import botocore.session
from botocore.validate import ParamValidator

from clouds import aws_signature
from clouds.aws_iam import partition_of
from clouds.exchange import Response

CONTENT_TYPE = "application/x-amz-json-1.1"
CODES = {"missing": "MissingAuthenticationTokenException", "key": "UnrecognizedClientException",
         "expired": "ExpiredTokenException", "signature": "InvalidSignatureException"}
PRIVATE, PUBLIC = "AmazonEC2ContainerRegistry_V20150921", "SpencerFrontendService"


class EcrError(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


class Repository:
    """A repository and its images: digest -> {"tags", "size", "type", "pushed", "manifest"}."""

    def __init__(self, account, region, name, settings):
        self.account, self.region, self.name, self.settings = account, region, name, settings
        self.arn = f"arn:{partition_of(region)[0]}:ecr:{region}:{account}:repository/{name}"
        self.images = {}
        self.shared_with = set()  # other accounts that the repository's policy lets in

    @property
    def is_immutable(self):
        return self.settings.get("imageTagMutability") == "IMMUTABLE"

    def digest_of(self, tag):
        return next((d for d, image in self.images.items() if tag in image["tags"]), None)


class EcrApi:
    """Serves one region of an Aws (see aws.py); `public` is the public API."""

    def __init__(self, aws, host, region, public=False):
        self.aws, self.region, self.public = aws, region, public
        self.service = "ecr-public" if public else "ecr"
        self.model = botocore.session.get_session().get_service_model(self.service)
        aws.emulator.host(host).on("POST", "/", self._answer)

    def _answer(self, request):
        target, _, operation = request.headers["X-Amz-Target"].partition(".")
        assert target == (PUBLIC if self.public else PRIVATE), target
        assert request.headers["Content-Type"] == CONTENT_TYPE, request.headers["Content-Type"]
        fields = request.json()
        report = ParamValidator().validate(fields, self.model.operation_model(operation).input_shape)
        assert not report.has_errors() and not _unknown(
            fields, self.model.operation_model(operation).input_shape), (operation, fields, report.generate_report())
        try:
            identity = aws_signature.check(request, self.region, self.service, self.aws.identity_of,
                                           self.aws.emulator.now())
            if self.aws.quirks.throttle_ecr.get(operation, 0) > 0:
                self.aws.quirks.throttle_ecr[operation] -= 1
                raise EcrError("ThrottlingException", "Rate exceeded")
            answer = getattr(self, "_" + operation)(identity, fields)
        except aws_signature.Refused as refused:
            return _error(EcrError(CODES[refused.kind], refused.text))
        except EcrError as error:
            return _error(error)
        return Response(200, json.dumps(answer).encode(), {"Content-Type": CONTENT_TYPE})

    def _GetAuthorizationToken(self, identity, _):
        self._need(identity, "GetAuthorizationToken", "*")
        if self.public and not identity.may("sts:GetServiceBearerToken", "*"):
            raise _denied(identity, "sts:GetServiceBearerToken", "*")
        ends = self.aws.emulator.now() + (self.aws.quirks.registry_token_lifetime or 12 * 3600)
        password = self.aws.add_registry_token(identity, self.region, self.public,
                                               min(ends, identity.ends or ends))
        given = {"authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(), "expiresAt": ends}
        if self.public:
            return {"authorizationData": given}
        host = f"{identity.account}.dkr.ecr.{self.region}.{partition_of(self.region)[1]}"
        return {"authorizationData": [{**given, "proxyEndpoint": f"https://{host}"}]}

    def _DescribeRepositories(self, identity, fields):
        account = fields.get("registryId", identity.account)
        if "repositoryNames" in fields:
            found = [self._find(identity, "DescribeRepositories", account, n) for n in fields["repositoryNames"]]
            return {"repositories": [self._described(r) for r in found]}
        self._need(identity, "DescribeRepositories", self._arn(account, "*"))
        everything = sorted((r for r in self.aws.repositories.values()
                             if (r.account, r.region) == (account, self._home)), key=lambda r: r.name)
        return self._page(fields, "repositories", [self._described(r) for r in everything])

    def _page(self, fields, key, items):
        """The part of a list that a request asks for."""
        size = min(fields.get("maxResults", 100), self.aws.quirks.page_size)
        token = re.fullmatch(r"page-(\d+)", fields.get("nextToken", "page-0"))
        if not token:
            raise EcrError("InvalidParameterException", "Invalid parameter at 'nextToken' failed to satisfy "
                                                        "constraint: 'Invalid NextToken'")
        begin = int(token[1])
        page = {key: items[begin:begin + size]}
        if begin + size < len(items):
            page["nextToken"] = f"page-{begin + size}"
        return page

    def _CreateRepository(self, identity, fields):
        account, name = fields.get("registryId", identity.account), fields["repositoryName"]
        arn = self._arn(account, name)
        self._need(identity, "CreateRepository", arn)
        self._need_key(identity, fields.get("encryptionConfiguration", {}).get("kmsKey"))
        if self.aws.quirks.create_fails:
            raise EcrError(*self.aws.quirks.create_fails)
        if (account, self._home, name) in self.aws.repositories:
            raise EcrError("RepositoryAlreadyExistsException",
                           f"The repository with name '{name}' already exists in the registry with id '{account}'")
        return {"repository": self._described(self.aws.create(name, account=account, region=self._home, **fields))}

    def _DescribeImages(self, identity, fields):
        repository = self._find(identity, "DescribeImages", fields.get("registryId", identity.account),
                                fields["repositoryName"])
        return self._page(fields, "imageDetails", [
            {"registryId": repository.account, "repositoryName": repository.name, "imageDigest": digest,
             "imageSizeInBytes": image["size"], "imagePushedAt": image["pushed"],
             "imageManifestMediaType": image["type"], **({"imageTags": image["tags"]} if image["tags"] else {})}
            for digest, image in repository.images.items()])

    def _BatchDeleteImage(self, identity, fields):
        repository = self._find(identity, "BatchDeleteImage", fields.get("registryId", identity.account),
                                fields["repositoryName"])
        deleted, failures = [], []
        for wanted in fields["imageIds"]:
            if repository.images.pop(wanted["imageDigest"], None):
                deleted.append(wanted)
            else:
                failures.append({"imageId": wanted, "failureCode": "ImageNotFound",
                                 "failureReason": "Requested image not found"})
        return {"imageIds": deleted, "failures": failures}

    def _DescribeRegistries(self, identity, _):
        self._need(identity, "DescribeRegistries", "*")
        return {"registries": [{"registryId": identity.account, "registryUri": "public.ecr.aws/acme",
                                "registryArn": f"arn:aws:ecr-public::{identity.account}:registry/{identity.account}",
                                "verified": False, "aliases": []}]}

    def _arn(self, account, name):
        return f"arn:{self.aws.partition}:ecr:{self.region}:{account}:repository/{name}"

    @property
    def _home(self):
        return "public" if self.public else self.region

    def _find(self, identity, operation, account, name):
        arn = self._arn(account, name)
        self._need(identity, operation, arn)
        repository = self.aws.repositories.get((account, self._home, name))
        if repository is None:
            raise EcrError("RepositoryNotFoundException",
                           f"The repository with name '{name}' does not exist in the registry with id '{account}'")
        if identity.account != account and identity.account not in repository.shared_with:
            raise _denied(identity, f"{self.service}:{operation}", arn)
        return repository

    @staticmethod
    def _need_key(identity, key):
        """Who creates a repository has to let ECR use the customer's key that encrypts it."""
        for action in ("kms:DescribeKey", "kms:CreateGrant", "kms:RetireGrant"):
            if key and not identity.may(action, key):
                raise EcrError("KmsException", f"User: {identity.arn} is not authorized to perform: {action} on "
                                               f"resource: {key}")

    def _need(self, identity, operation, resource):
        if not identity.may(f"{self.service}:{operation}", resource):
            raise _denied(identity, f"{self.service}:{operation}", resource)

    def _described(self, repository):
        host = f"{repository.account}.dkr.ecr.{self.region}.{partition_of(self.region)[1]}"
        return {"repositoryArn": repository.arn, "registryId": repository.account, "repositoryName": repository.name,
                "repositoryUri": f"{host}/{repository.name}"}


def _unknown(value, shape):
    """Whether there is a member that the service does not know; botocore's validator does not ask."""
    if shape.type_name == "structure":
        return any(k not in shape.members or _unknown(v, shape.members[k]) for k, v in value.items())
    return shape.type_name == "list" and any(_unknown(item, shape.member) for item in value)


def _denied(identity, action, resource):
    return EcrError("AccessDeniedException",
                    f"User: {identity.arn} is not authorized to perform: {action} on resource: {resource} because no "
                    f"identity-based policy allows the {action} action")


def _error(error):
    body = {"__type": f"com.amazonaws.ecr#{error.code}", "message": error.text}
    return Response(400, json.dumps(body).encode(), {"Content-Type": CONTENT_TYPE,
                                                     "x-amzn-RequestId": secrets.token_hex(8)})
