"""A test's Google Cloud, a daemon that finds it, and what every story about it does."""
import base64
import json
import subprocess
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

import harness
import images
from clouds import gcp_policy
from clouds.aws import Aws
from clouds.gcp import PROJECT, Google

HOST = "us-central1-docker.pkg.dev"
REPOSITORY = f"projects/{PROJECT}/locations/us-central1/repositories/my-repo"
ISSUER, SUBJECT = "https://oidc.cluster.example", "system:serviceaccount:ml:gantry"


def sign(account, claims):
    """A JWT of python3-cryptography's making."""
    encode = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    signed = b".".join(encode(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    key = serialization.load_pem_private_key(account.pem.encode(), None)
    return (signed + b"." + encode(key.sign(signed, padding.PKCS1v15(), hashes.SHA256()))).decode()


class GcpCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.google = Google(self)
        self.front = self.google.registry(HOST)
        self.digest = images.simple(self.dir / "l")
        self.account = self.google.account("pusher")
        self.google.policy.grant(self.account.email, f"projects/{PROJECT}", gcp_policy.WRITER)
        self.google.artifact_registry.add(REPOSITORY)

    def daemon(self, *flags, **kwargs):
        return harness.Gantryd(self, *self.google.emulator.gantryd_flags(), "--log-level", "debug", *flags, **kwargs)

    def file(self, name, text):
        path = self.dir / name
        path.write_text(text)
        return path

    def key_file(self, account=None):
        return self.file("key.json", (account or self.account).key_file())

    def oidc(self):
        """A provider, and the file in which its issuer keeps a token for the daemon."""
        issuer = self.google.account("issuer")  # for its key alone
        provider = self.google.provider("cluster", issuer=ISSUER, public_key=issuer.public_key)
        now = int(time.time())
        claims = {"iss": ISSUER, "sub": SUBJECT, "aud": "https:" + provider.audience, "iat": now, "exp": now + 3600}
        return provider, lambda **changed: sign(issuer, dict(claims, **changed))

    def aws(self):
        """An AWS, a role there, and a provider for its account."""
        aws = Aws(self.google.emulator, None, ("eu-central-1",))
        return aws, aws.role("pusher"), self.google.provider("aws", aws=aws)

    def connect(self, daemon, method, *flags, type="gcp", **fields):
        """Registers connector "c"; returns how that went."""
        return self.gantry(daemon, "service-connector", "register", "c", "--type", type, f"--auth-method={method}",
                           *[f"--{name}={value}" for name, value in fields.items()], *flags)

    def register_gar(self, daemon, *flags, uri=f"{HOST}/{PROJECT}/my-repo"):
        self.ok(daemon, "container-registry", "register", "gar", "--flavor=gcp", f"--uri={uri}", "--connector", "c",
                *flags)

    def ready(self, daemon, method="service-account", *flags, **fields):
        """With connector "c" and registry "gar"."""
        if not fields:
            fields = {"service_account_json": f"@{self.key_file()}"}
        connected = self.connect(daemon, method, *flags, **fields)
        self.assertEqual(connected.code, 0, connected)
        self.register_gar(daemon)

    def push_gar(self, daemon, source="l", repository="team/app", tag="1"):
        return self.gantry(daemon, "push", f"oci:{self.dir}/{source}", "-r", "gar", "--repository", repository,
                           "--tag", tag, "--output", "json")

    def lend(self, daemon, *scope):
        """Has the daemon write a login to auth.json, and nothing else; returns what it says of it."""
        file = self.dir / "auth.json"
        file.unlink(missing_ok=True)
        return self.ok(daemon, "login", "gar", *scope, "--config", file, "-o", "json").json()

    def pull_lent(self, uri, digest=None):
        """A stranger's tool pulls with that login alone."""
        file, env = self.dir / "auth.json", self.google.emulator.client_env()
        self.assertEqual(self.skopeo_digest(uri, "--authfile", file, env=env), digest or self.digest)
        self.skopeo("copy", "--src-authfile", file, f"docker://{uri}", f"oci:{self.dir}/back:x", env=env)

    def pull_with_minted(self, daemon, uri, digest=None):
        login = self.lend(daemon)
        self.pull_lent(uri, digest)
        narrow = self.minted_token().scopes == {"https://www.googleapis.com/auth/cloud-platform.read-only"}
        self.assertTrue(narrow or not login["read_only"], "it says of itself more than is true")
        return login

    def minted_token(self):
        """The access token that the daemon handed out last."""
        [login] = json.loads((self.dir / "auth.json").read_text())["auths"].values()
        user, _, token = base64.b64decode(login["auth"]).decode().partition(":")
        self.assertEqual(user, "oauth2accesstoken")
        return next(t for t in self.google.tokens.given if t.value == token)

    def pull_by_secret(self, daemon, uri):
        """And so does a kubelet, by a Secret that tells what it is: for no repository alone."""
        narrow = {"gantry-read-only": "true"} if self.lend(daemon)["read_only"] else {}
        _, metadata, file = self.kubernetes_secret(daemon, "gar", "--repository", "team/other")
        said = metadata["annotations"]
        file.rename(self.dir / "auth.json")
        self.assertAlmostEqual(harness.unix_time(said.pop("gantry-expires")), self.minted_token().expires, delta=2)
        self.assertEqual(said, {"gantry-registry": uri.partition("/")[0], **narrow})
        self.pull_lent(uri)

    def lending(self, daemon, uri):
        """What is handed out ends when the daemon says, and another takes its place."""
        self.google.tokens.life = 2
        self.lend(daemon)
        first, old = self.minted_token(), (self.dir / "auth.json").read_text()
        self.google.tokens.life = 600

        def another():
            said = harness.unix_time(self.lend(daemon)["expire_time"])
            self.assertAlmostEqual(said, self.minted_token().expires, delta=2)
            return self.minted_token() != first
        harness.wait_until(another, "another credential")
        self.pull_lent(uri)
        harness.wait_until(lambda: self.google.tokens.find(first.value) is None, "its end")
        (self.dir / "auth.json").write_text(old)
        with self.assertRaises(subprocess.CalledProcessError):
            self.pull_lent(uri)
        self.pull_with_minted(daemon, uri)
        self.pull_by_secret(daemon, uri)

    def journey(self, daemon, identity, successor=None):
        """From the connector to a stranger's pull, and another one; and another push when all tokens have ended at
        Google, before the daemon has expected it.  `successor` gives the flag with a new token where there is no other
        way to have one."""
        self.google.tokens.life = 600
        verified = self.ok(daemon, "service-connector", "verify", "c", "-o", "json").json()["verifications"]
        self.assertEqual({v["state"] for v in verified}, {"STATE_ACCEPTED"}, verified)
        self.assertIn(identity, verified[0]["message"])
        pushed = self.push_gar(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        image = pushed.json()
        self.assertEqual(image["digest"], self.digest)
        described = self.ok(daemon, "image", "resolve", "team/app:1", "-r", "gar")
        self.assertIn(self.digest, described.out)
        if successor:
            said = harness.unix_time(self.pull_with_minted(daemon, image["uri"])["expire_time"])
            self.assertAlmostEqual(said, self.minted_token().expires, delta=2)
            self.pull_by_secret(daemon, image["uri"])
        else:
            self.lending(daemon, image["uri"])
        self.google.emulator.clock_skew += 700
        again = self.push_gar(daemon, tag="2")
        if successor:
            self.refused(again, "UPSTREAM_AUTH_REJECTED")
            self.assertEqual(again.code, 3, again)
            with self.assertRaises(subprocess.CalledProcessError):
                self.pull_lent(image["uri"])
            self.ok(daemon, "service-connector", "update", "c", successor())
            again = self.push_gar(daemon, tag="2")
        self.assertEqual(again.code, 0, again)
        self.lend(daemon, "--repository", "team/app")
        self.pull_lent(again.json()["uri"])
        self.google.emulator.clock_skew -= 700

    def refused(self, result, reason, *words):
        """A push or a registration failed, and says why and what to do."""
        self.assertNotEqual(result.code, 0, result)
        for word in (reason, *words):
            self.assertIn(word, result.err)
        if result.err.startswith("{"):
            self.assertIn("remedy", json.loads(result.err))
        else:
            self.assertIn("what to do", result.err)

    def not_stored(self, result, *words):
        """The connector was tried and refused."""
        self.assertEqual(result.code, 3, result)
        self.refused(result, "UPSTREAM_AUTH_REJECTED", "refused and not stored", *words)

    def stored_untried(self, result, *words):
        """Google could not be asked, which is no fault of the connector's."""
        self.assertEqual(result.code, 0, result)
        for word in ("could not be tried", *words):
            self.assertIn(word, result.err)
