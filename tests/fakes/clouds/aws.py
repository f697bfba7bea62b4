"""An emulated AWS, as far as container registries need it: ECR, ECR Public, STS and the metadata services.

    aws = Aws(cloud, RegistryProxy(registry.port))
    user = aws.user()                             # user.access_key_id, user.secret_access_key
    role = aws.role("pusher", trusts=[user.arn])
    aws.policy("ci", allow("ecr:*"))              # its ARN, for sessions
    aws.create("team/app", imageTagMutability="IMMUTABLE")
    aws.end_registry_tokens()                     # as if 12 hours had passed

Every signature is recomputed by botocore, every request of the API checked against botocore's models, and
policies are enforced, session policies too, for the API and for the registry.  Switches: page_size, of lists;
throttle_ecr, {operation: how often it is throttled}; throttle_sts, how often; throttled, how many requests to
registries are; create_fails, the (code, text) of every creation; session_lifetime and registry_token_lifetime, the
seconds that keys of STS and registry tokens live in place of AWS's own; end_at_blobs, the numbers of the layers at
which all registry tokens and sessions are over; terse, for the 403 without a word that registries sometimes answer;
body_limit, the bytes that a proxy in front of the private registries passes on at once.
"""
import base64
import binascii
import secrets
import threading

from clouds.aws_ecr import EcrApi, Repository
from clouds.aws_iam import ACCOUNT, AWS_MANAGED, POWER_USER, Identity, Role, partition_of
from clouds.aws_registry import PrivateRegistry, PublicRegistry
from clouds.aws_sts import Sts
from clouds.quirks import Quirks


class RegistryToken:
    """What GetAuthorizationToken gave: for one region, or for the public registry."""

    def __init__(self, identity, region, public, ends):
        self.identity, self.region, self.public, self.ends = identity, region, public, ends


class Aws:
    def __init__(self, emulator, store, regions=("us-east-1", "eu-west-1"), account=ACCOUNT):
        self.emulator, self.store, self.account = emulator, store, account
        self.quirks = Quirks(page_size=100, throttle_ecr={}, throttle_sts=0, throttled=0, create_fails=None,
                             session_lifetime=None, registry_token_lifetime=None, end_at_blobs=(), terse=False,
                             body_limit=None)
        self.partition, suffix = partition_of(regions[0])
        self.blobs, self._mutex = 0, threading.Lock()
        self.roles, self.repositories, self.registry_tokens, self._identities = {}, {}, {}, {}
        self.policies = {f"arn:{self.partition}:iam::aws:policy/{n}": p for n, p in AWS_MANAGED.items()}
        emulator.secrets.also(self.secrets)
        self.sts = Sts(self)
        for region in regions:
            self.serve(region, f"{account}.dkr.ecr.{region}.{suffix}", f"api.ecr.{region}.{suffix}",
                       f"sts.{region}.{suffix}")
        if self.partition != "aws":
            return
        EcrApi(self, "api.ecr-public.us-east-1.amazonaws.com", "us-east-1", public=True)
        PublicRegistry(self)

    def serve(self, region, registry, api, sts):
        """Has these hosts serve the region, too."""
        EcrApi(self, api, region)
        self.sts.serve(sts, region)
        return PrivateRegistry(self, registry, self.account, region)

    def user(self, name="pusher", policies=(POWER_USER,), account=None):
        """An IAM user with long-lived keys."""
        return self.add(Identity(f"arn:{self.partition}:iam::{account or self.account}:user/{name}", [list(policies)]))

    def role(self, name, policies=(POWER_USER,), **kwargs):
        role = Role(name, list(policies), account=self.account, partition=self.partition, **kwargs)
        self.roles[role.arn] = role
        return role

    def policy(self, name, document, account=None):
        """A policy that the account manages; returns its ARN."""
        arn = f"arn:{self.partition}:iam::{account or self.account}:policy/{name}"
        self.policies[arn] = document
        return arn

    def create(self, repository, region="us-east-1", account=None, **settings):
        """Creates a repository; `settings` as CreateRepository has them.  Region "public" is the public one."""
        account = account or self.account
        made = Repository(account, region, repository, settings)
        self.repositories[account, region, repository] = made
        return made

    def add(self, identity):
        self._identities[identity.access_key_id] = identity
        return identity

    def identity_of(self, access_key_id):
        return self._identities.get(access_key_id)

    def add_registry_token(self, identity, region, public, ends):
        password = secrets.token_urlsafe(200)
        self.registry_tokens[password] = RegistryToken(identity, region, public, ends)
        return password

    def took_a_blob(self):
        with self._mutex:
            self.blobs += 1
            ends = self.blobs in self.quirks.end_at_blobs
        if ends:
            self.end_registry_tokens()
            self.end_sessions()

    def end_registry_tokens(self):
        for token in list(self.registry_tokens.values()):
            token.ends = 0

    def end_sessions(self):
        """All temporary keys are over, as when a role's sessions are revoked."""
        for identity in list(self._identities.values()):
            if identity.is_temporary:
                identity.ends = 1

    def secrets(self):
        """Everything that was given out and must not show up anywhere."""
        texts = list(self.registry_tokens)
        for identity in list(self._identities.values()):
            texts += [identity.secret_access_key, identity.session_token]
        return [text for text in texts if text]

    @staticmethod
    def decode(bearer):
        """The password of a bearer token: the token of GetAuthorizationToken as it is, or of /token/."""
        try:
            user, _, password = base64.b64decode(bearer, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return bearer
        return password if user == "AWS" else bearer
