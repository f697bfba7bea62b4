"""An emulated AWS with one account, a daemon that finds it, and what every story about it does."""
import base64
import pathlib
import subprocess
import sys
import urllib.parse

import harness
import images
from clouds.aws import Aws
from clouds.emulator import Emulator
from clouds.registry_proxy import RegistryProxy

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "contract"))
from reflection_client import ReflectionClient

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
API, STS = "api.ecr.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com"
PUBLIC_API = "api.ecr-public.us-east-1.amazonaws.com"


class AwsCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Emulator(self)
        self.registry = harness.Registry(self)
        self.aws = Aws(self.cloud, RegistryProxy(self.registry.port))
        self.user = self.aws.user()
        self.digest = images.simple(self.dir / "l")
        self.texts = []
        self.daemons, self.clients = [], {}
        self.addCleanup(self.assert_nothing_leaked)

    def daemon(self, *flags, env=None):
        env = {"AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_REGION": "", **(env or {})}
        # Of several --connect-to for a host the first counts, so a test's own come first.
        daemon = harness.Gantryd(self, "--log-level", "debug", *flags, *self.cloud.gantryd_flags(), env=env)
        self.daemons.append(daemon)
        return daemon

    def run_gantry(self, daemon, *argv):
        result = self.gantry(daemon, *argv)
        self.texts += [result.out, result.err]
        return result

    def connect(self, daemon, method, user=None, *fields):
        """The connector, by the seed's names of its fields, and the registry that uses it.  It is accepted or
        refused: AWS is in reach."""
        keys = [f"--aws_access_key_id={user.access_key_id}",
                f"--aws_secret_access_key={user.secret_access_key}"] if user else []
        made = self.run_gantry(daemon, "service-connector", "register", "aws_connector", "--type", "aws",
                               f"--auth-method={method}", *keys, *fields, "-o", "json")
        if made.code == 0:
            self.assertEqual(made.json()["verification"]["state"], "STATE_ACCEPTED", made)
            self.ok(daemon, "container-registry", "register", "ecr", "--flavor=aws", f"--uri={HOST}",
                    "--connector", "aws_connector")
        return made

    def push_app(self, daemon, tag="v1", image="l"):
        return self.run_gantry(daemon, "push", f"oci:{self.dir}/{image}", "-r", "ecr", "--repository",
                               "team/app", "--tag", tag, "-o", "json")

    def client(self, daemon):
        if daemon not in self.clients:
            self.clients[daemon] = ReflectionClient(daemon.address)
            self.addCleanup(self.clients[daemon].channel.close)
        return self.clients[daemon]

    def mint(self, daemon, **scope):
        client = self.client(daemon)
        [credential] = client.call(client.methods("gantry.v1.ContainerRegistry")["MintPullCredential"],
                                   scope or {"reference": f"{HOST}/team/app:v1"})
        ends = self.aws.registry_tokens[credential["password"]].ends
        self.assertAlmostEqual(harness.unix_time(credential["expire_time"]), ends, delta=2)
        return credential

    def pull(self, credential, repository="team/app", reference="v1"):
        """skopeo's exit code and words, with this login and no other."""
        auth = self.dir / "auth.json"
        auth.write_text(credential["docker_config_json"])
        return subprocess.run(["skopeo", "copy", "--authfile", auth, f"docker://{HOST}/{repository}:{reference}",
                               f"dir:{self.dir}/pulled"], env=self.cloud.client_env(), capture_output=True,
                              text=True)

    def assert_full_path(self, daemon, narrowed=True, renewable=True):
        """Push, resolve, hand out, pull with that alone; what was handed out ends, and another takes its place; then
        all tokens end, and everything goes on."""
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], self.digest)
        resolved = self.ok(daemon, "image", "resolve", f"{HOST}/team/app:v1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"{HOST}/team/app@{self.digest}")

        self.aws.quirks.registry_token_lifetime = 2
        first = self.mint(daemon)
        self.aws.quirks.registry_token_lifetime = None
        harness.wait_until(lambda: self.mint(daemon)["password"] != first["password"], "another credential")
        credential = self.mint(daemon)
        self.assertEqual((credential["username"], credential["registry_host"]), ("AWS", HOST))
        self.assertEqual([credential.get("read_only", False), credential.get("one_repository", False)],
                         [narrowed, narrowed])
        self.assertEqual(self.pull(credential).returncode, 0)
        ends = self.aws.registry_tokens[first["password"]].ends
        harness.wait_until(lambda: self.cloud.now() > ends, "the first one has ended")
        self.assertIn("authorization token has expired", self.pull(first).stderr)
        token = self.aws.registry_tokens[credential["password"]]
        arn = "arn:aws:ecr:us-east-1:123456789012:repository/"
        self.assertTrue(token.identity.may("ecr:BatchGetImage", arn + "team/app"))
        for action, repository in (("PutImage", "team/app"), ("BatchGetImage", "team/other")):
            self.assertEqual(token.identity.may(f"ecr:{action}", arn + repository), not narrowed, action)

        self.aws.end_registry_tokens()
        self.aws.end_sessions()
        if renewable:
            again = self.push_app(daemon, "v2")
            self.assertEqual(again.code, 0, again)
            self.assertEqual(self.pull(self.mint(daemon, registry="ecr"), reference="v2").returncode, 0)

    def assert_nothing_leaked(self):
        for daemon in self.daemons:
            for secret in self.aws.secrets():
                forms = (secret, base64.b64encode(f"AWS:{secret}".encode()).decode(), urllib.parse.quote(secret, ""))
                for form in forms:
                    self.assertFalse([t for t in [*self.texts, daemon.process.log()] if form in t])
                    for file in daemon.state.rglob("*"):
                        if file.is_file():
                            self.assertNotIn(form.encode(), file.read_bytes(), file)

    def assert_refused(self, result, code, reason, remedy):
        self.assertEqual(result.code, code, result)
        self.assertIn(reason, result.err)
        self.assertIn(remedy, result.err)
