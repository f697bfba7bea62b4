"""Google Cloud as a registry's client sees it: logins, federation, metadata, Artifact Registry, its hosts.

    google = Google(case)
    account = google.account("pusher")
    google.policy.grant(account.email, "projects/my-project", gcp_policy.WRITER)
    front = google.registry("us-central1-docker.pkg.dev")
    google.artifact_registry.add("projects/my-project/locations/us-central1/repositories/my-repo")

Everything strict: signatures, times, scopes, permissions, lives of tokens, headers.
"""
import shutil

import harness
from clouds.emulator import Emulator
from clouds.gcp_artifact_registry import ArtifactRegistry
from clouds.gcp_federation import IamCredentials, Provider, SecurityTokenService
from clouds.gcp_metadata import MetadataServer
from clouds.gcp_oauth import ServiceAccount, TokenService, User
from clouds.gcp_policy import Policy
from clouds.gcp_registry import RegistryFront
from clouds.gcp_tokens import Tokens

PROJECT = "my-project"


class ImageStore(harness.Registry):
    """The docker-registry behind all hosts.  It cannot take a tag away from an image, so that is done here."""

    def _tags_directory(self, name):
        return self.dir / "data/docker/registry/v2/repositories" / name / "_manifests/tags"

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
        self.artifact_registry = ArtifactRegistry(cloud.host("artifactregistry.googleapis.com"), self.tokens,
                                                  self.policy)
        self._store, self._fronts = ImageStore(case), []
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
        return self._store.tags(name)

    def registry(self, host):
        self._fronts.append(RegistryFront(self, host, self._store))
        return self._fronts[-1]

    def _secrets(self):
        """Everything that was given out and must not show up anywhere."""
        users = self.oauth.users.values()
        return [*(a.pem for a in self.oauth.accounts.values()), *(u.refresh_token for u in users),
                *(u.client_secret for u in users), *(t.value for t in self.tokens.given),
                *(s for front in self._fronts for s in front.given)]
