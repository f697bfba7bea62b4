"""Google Cloud as a registry's client sees it: logins, federation, metadata, Artifact Registry, its hosts.

    google = Google(case)
    account = google.account("pusher")
    google.policy.grant(account.email, "projects/my-project", gcp_policy.WRITER)
    front = google.registry("us-central1-docker.pkg.dev")
    google.artifact_registry.add("projects/my-project/locations/us-central1/repositories/my-repo")

Everything strict: signatures, times, scopes, permissions, lives of tokens, headers.
"""
import json
import shutil

import harness
from clouds.emulator import Emulator
from clouds.gcp_artifact_registry import ArtifactRegistry
from clouds.gcp_federation import IamCredentials, Provider, SecurityTokenService
from clouds.gcp_metadata import MetadataServer
from clouds.gcp_oauth import ServiceAccount, TokenService, User
from clouds.gcp_policy import Policy
from clouds.gcp_registry import RegistryFront
from clouds.gcp_resource_manager import ResourceManager
from clouds.gcp_tokens import Tokens

PROJECT = "my-project"


class ImageStore(harness.Registry):
    """The docker-registry behind all hosts.  It cannot take a tag away from an image, so that is done here."""

    def __init__(self, case):
        super().__init__(case)
        self.crowds = {}  # name: what more is listed there than can be pulled, as by images()
        self._root = self.dir / "data/docker/registry/v2"

    def _tags_directory(self, name):
        return self._root / "repositories" / name / "_manifests/tags"

    def images(self, name):
        """[{"digest", "tags", "size", "media_type"}] of what is stored there, with tags or without."""
        links = (self._root / "repositories" / name / "_manifests/revisions/sha256").glob("*/link")
        tags = sorted(self.tags(name).items())
        images = []
        for digest in sorted(link.read_text() for link in links):
            file = self._root / "blobs/sha256" / digest[7:9] / digest[7:] / "data"
            manifest = json.loads(file.read_text())
            images.append({"digest": digest, "tags": [tag for tag, of in tags if of == digest],
                           "size": sum(layer["size"] for layer in manifest.get("layers", [])),
                           "media_type": manifest.get("mediaType", "application/vnd.oci.image.manifest.v1+json")})
        return images + self.crowds.get(name, [])

    def tags(self, name):
        """{tag: digest}"""
        return {link.parent.parent.name: link.read_text()
                for link in self._tags_directory(name).glob("*/current/link")}

    def untag(self, name, tag):
        shutil.rmtree(self._tags_directory(name) / tag)


class Google:
    def __init__(self, case):
        self.emulator = cloud = Emulator(case)
        self.now = cloud.now
        self.tokens, self.policy = Tokens(cloud.now), Policy()
        self.oauth = TokenService(cloud.host("oauth2.googleapis.com"), self.tokens, cloud.now)
        self.sts = SecurityTokenService(cloud.host("sts.googleapis.com"), self.tokens, cloud.now)
        self.iam = IamCredentials(cloud.host("iamcredentials.googleapis.com"), self.tokens, cloud.now, self.policy,
                                  self.oauth.accounts)
        self.metadata = MetadataServer(cloud.host("metadata.google.internal", plain=True), self.tokens, PROJECT)
        self.resource_manager = ResourceManager(cloud.host("cloudresourcemanager.googleapis.com"), self.tokens,
                                                self.policy)
        self.images, self._fronts = ImageStore(case), []
        self.artifact_registry = ArtifactRegistry(cloud.host("artifactregistry.googleapis.com"), self.tokens,
                                                  self.policy, self.images)
        cloud.secrets.also(self._secrets)

    def account(self, name):
        account = ServiceAccount(PROJECT, name)
        self.oauth.accounts[account.email] = account
        return account

    def user(self, email):
        return self.oauth.users.setdefault(email, User(email))

    def provider(self, name, **kind):
        provider = Provider(name, **kind)
        self.sts.providers[provider.audience] = provider
        return provider

    def tags(self, name):
        """{tag: digest} of what is stored as PROJECT/REPOSITORY/IMAGE."""
        return self.images.tags(name)

    def registry(self, host):
        self._fronts.append(RegistryFront(self, host, self.images))
        return self._fronts[-1]

    def _secrets(self):
        """Everything that was given out and must not show up anywhere."""
        users = self.oauth.users.values()
        return [*(a.pem for a in self.oauth.accounts.values()), *(u.refresh_token for u in users),
                *(u.client_secret for u in users), *(t.value for t in self.tokens.given),
                *(s for front in self._fronts for s in front.given)]
