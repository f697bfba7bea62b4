"""An emulated Azure with one registry, a daemon that finds it, and what every test of it asks."""
import base64
import json
import subprocess
import uuid

import harness
import images
from clouds.azure import Azure
from clouds.azure_jwt import claims_of
from clouds.azure_registry import TOKEN_USER

HOST = "myregistry.azurecr.io"


class AzureCase(harness.Case):
    cloud = "public"

    def setUp(self):
        super().setUp()
        self.azure = Azure(self, self.cloud)
        self.registry = self.azure.registry("myregistry")
        self.digest = images.simple(self.dir / "l")
        self.latest = float("inf")  # what is lent ends then, however long the registry would take it

    def daemon(self, *flags, **kwargs):
        return harness.Gantryd(self, *self.azure.emulator.gantryd_flags(), "--log-level", "debug", *flags, **kwargs)

    def connect(self, daemon, method, *flags, **fields):
        """Registers connector and registry "acr"; Azure takes the credential, unless it is not to be tried."""
        made = self.ok(daemon, "service-connector", "register", "acr", "--type", "azure", f"--auth-method={method}",
                       *[f"--{name}={value}" for name, value in fields.items()], *flags, "-o", "json").json()
        # Whose registry a password is for is known when one is linked.
        untried = "--no-verify" in flags or method == "admin-user"
        self.assertEqual(made["verification"]["state"], "STATE_SKIPPED" if untried else "STATE_ACCEPTED", made)
        self.ok(daemon, "container-registry", "register", "acr", "--flavor=azure", f"--uri={self.registry.host}",
                "--connector", "acr")

    def service_principal(self, application):
        return {"tenant_id": application.tenant, "client_id": application.client_id,
                "client_secret": application.secret}

    def push_acr(self, daemon, source="l", repository="team/app", tag="1"):
        return self.gantry(daemon, "push", f"oci:{self.dir}/{source}", "-r", "acr", "--repository", repository,
                           "--tag", tag, "--output", "json")

    def refused(self, result, reason, *words):
        self.assertNotEqual(result.code, 0, result)
        error = json.loads(result.err.strip().splitlines()[-1])
        self.assertEqual(error["reason"], reason, error)
        self.assertTrue(error["remedy"], error)
        for word in words:
            self.assertIn(word, error["message"] + error["remedy"])

    def assert_stored(self, result, source_digest=None):
        """A stranger finds the image, logged in as the registry's admin."""
        self.assertEqual(result.code, 0, result)
        image = result.json()
        self.assertEqual(image["digest"], source_digest or self.digest)
        self.registry.admin_enabled = True
        env = self.azure.emulator.client_env()
        creds = f"{self.registry.host.partition('.')[0]}:{self.registry.admin_password}"
        self.assertEqual(self.skopeo_digest(image["uri"], "--creds", creds, env=env), image["digest"])
        self.skopeo("copy", "--src-creds", creds, f"docker://{image['uri']}", f"oci:{self.dir}/back:x", env=env)
        self.registry.admin_enabled = False

    def pull(self, credential, reference):
        """skopeo's exit code, with nothing but what `gantry login` wrote."""
        env = dict(self.azure.emulator.client_env(), HOME=str(self.dir), DOCKER_CONFIG=str(self.dir),
                   XDG_RUNTIME_DIR=str(self.dir))
        return subprocess.run(["skopeo", "copy", "--src-authfile", credential, f"docker://{reference}",
                               f"oci:{self.dir}/{uuid.uuid4()}:x"], env=env, capture_output=True).returncode

    def password_in(self, file):
        """That of the token user, in a file of logins."""
        login = json.loads(file.read_text())["auths"][self.registry.host]["auth"]
        user, _, password = base64.b64decode(login).decode().partition(":")
        self.assertEqual(user, TOKEN_USER)
        return password

    def lend(self, daemon, *flags):
        """Has the daemon lend a pull credential; returns its file and the secret in it."""
        file = self.dir / f"login-{uuid.uuid4()}.json"
        done = self.ok(daemon, "login", "acr", "--config", file, *flags, "-o", "json")
        lent = done.json()
        self.assertTrue(lent["read_only"])
        self.assertEqual(lent["one_repository"], "--repository" in flags)
        self.assertEqual(done.err, "", "there is nothing to warn of")
        password = self.password_in(file)
        ends = min(claims_of(password)["exp"], self.latest)
        self.assertAlmostEqual(harness.unix_time(lent["expire_time"]), ends, delta=2)
        return file, password

    def pull_by_secret(self, daemon, *scope):
        """A kubelet pulls team/app by a Secret that tells what it is."""
        warned, metadata, file = self.kubernetes_secret(daemon, "acr", *scope)
        self.assertEqual(warned, "")
        said = metadata["annotations"]
        claims = claims_of(self.password_in(file))
        self.assertAlmostEqual(harness.unix_time(said.pop("gantry-expires")), min(claims["exp"], self.latest), delta=2)
        self.assertEqual(said, {"gantry-registry": self.registry.host, "gantry-read-only": "true",
                                **({"gantry-one-repository": "true"} if scope else {})})
        self.assertEqual(self.pull(file, f"{self.registry.host}/team/app:1"), 0)

    def journey(self, daemon):
        verified = self.ok(daemon, "service-connector", "verify", "acr", "-o", "json").json()
        self.assertEqual({v["state"] for v in verified["verifications"]}, {"STATE_ACCEPTED"}, verified)
        self.assert_stored(self.push_acr(daemon))
        resolved = self.ok(daemon, "image", "resolve", "team/app:1", "-r", "acr", "-o", "json").json()
        self.assertEqual(resolved["digest"], self.digest)

    def lending(self, daemon):
        """A credential that pulls one repository for a while, and another in time."""
        image, other = (f"{self.registry.host}/{name}:1" for name in ("team/app", "team/other"))
        self.assertEqual(self.push_acr(daemon, repository="team/other").code, 0)
        usual, self.azure.quirks.access_seconds = self.azure.quirks.access_seconds, 2
        scope = ("--repository", "team/app")
        first, first_password = self.lend(daemon, *scope)
        self.azure.quirks.access_seconds = usual
        harness.wait_until(lambda: self.lend(daemon, *scope)[1] != first_password, "another credential")
        file, password = self.lend(daemon, *scope)
        self.assertEqual(claims_of(password)["access"],
                         [{"type": "repository", "name": "team/app", "actions": ["pull"]}])
        self.assertEqual(self.pull(file, image), 0)
        self.assertNotEqual(self.pull(file, other), 0, "it is for one repository")
        whole, _ = self.lend(daemon)
        self.assertEqual(self.pull(whole, other), 0, "or for all of them")
        self.pull_by_secret(daemon, *scope)
        self.pull_by_secret(daemon)
        harness.wait_until(lambda: self.azure.emulator.now() >= claims_of(first_password)["exp"], "its end")
        self.assertNotEqual(self.pull(first, image), 0, "it has ended")

    def end_everything(self, daemon):
        """All that Azure has given so far is over, and so is what the daemon logs in with."""
        self.azure.emulator.clock_skew += 4 * 3600
        refused = self.push_acr(daemon, tag="2")
        self.assertEqual(refused.code, 3, refused)
        self.refused(refused, "UPSTREAM_AUTH_REJECTED")

    def full_path(self, daemon):
        """From the connector to a stranger's pull, and on when what was lent has ended."""
        self.journey(daemon)
        self.lending(daemon)
