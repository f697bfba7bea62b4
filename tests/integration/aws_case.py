"""An emulated AWS with one account, a daemon that finds it, and what every story about it does."""
import pathlib
import subprocess
import sys

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
    """`host` is the registry that is pushed to, `path` what of it is the account's."""
    host, path = HOST, ""
    told_of_the_end = "authorization token has expired"  # whoever comes with a token that has ended

    @property
    def uri(self):
        return self.host + self.path

    def setUp(self):
        super().setUp()
        self.start_cloud()
        self.digest = images.simple(self.dir / "l")
        self.clients = {}

    def start_cloud(self, region="us-east-1"):
        """An AWS of the region's partition, in place of the one before."""
        self.region = region
        self.cloud = Emulator(self)
        self.registry = harness.Registry(self)
        self.aws = Aws(self.cloud, RegistryProxy(self.registry.port), (region,))
        self.user = self.aws.user()

    def daemon(self, *flags, env=None):
        env = {"AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_REGION": "", **(env or {})}
        # Of several --connect-to for a host the first counts, so a test's own come first.
        return harness.Gantryd(self, "--log-level", "debug", *flags, *self.cloud.gantryd_flags(), env=env)

    def connect(self, daemon, method, user=None, *fields):
        """The connector, by the seed's names of its fields, and the registry that uses it.  It is accepted or
        refused: AWS is in reach."""
        keys = self.key_fields(user) if user else []
        made = self.gantry(daemon, "service-connector", "register", "aws_connector", "--type", "aws",
                           f"--auth-method={method}", *keys, *fields, "-o", "json")
        if made.code == 0:
            self.assertEqual(made.json()["verification"]["state"], "STATE_ACCEPTED", made)
            self.ok(daemon, "container-registry", "register", "ecr", "--flavor=aws", f"--uri={self.uri}",
                    "--connector", "aws_connector")
        return made

    @staticmethod
    def key_fields(identity):
        session = [f"--aws_session_token={identity.session_token}"] if identity.is_temporary else []
        return [f"--aws_access_key_id={identity.access_key_id}",
                f"--aws_secret_access_key={identity.secret_access_key}", *session]

    def push_app(self, daemon, tag="v1", image="l"):
        return self.gantry(daemon, "push", f"oci:{self.dir}/{image}", "-r", "ecr", "--repository", "team/app",
                           "--tag", tag, "-o", "json")

    def client(self, daemon):
        if daemon not in self.clients:
            self.clients[daemon] = ReflectionClient(daemon.address)
            self.addCleanup(self.clients[daemon].channel.close)
        return self.clients[daemon]

    def mint(self, daemon, **scope):
        client = self.client(daemon)
        [credential] = client.call(client.methods("gantry.v1.ContainerRegistry")["MintPullCredential"],
                                   scope or {"reference": f"{self.uri}/team/app:v1"})
        ends = self.aws.registry_tokens[credential["password"]].ends
        self.assertAlmostEqual(harness.unix_time(credential["expire_time"]), ends, delta=2)
        return credential

    def pull(self, credential, repository="team/app", reference="v1"):
        """skopeo's exit code and words, with this login and no other."""
        auth = self.dir / "auth.json"
        auth.write_text(credential["docker_config_json"])
        return subprocess.run(["skopeo", "copy", "--authfile", auth,
                               f"docker://{self.uri}/{repository}:{reference}", f"dir:{self.dir}/pulled"],
                              env=self.cloud.client_env(), capture_output=True, text=True)

    def assert_full_path(self, daemon, narrowed=True, renewable=True):
        """Verify, push, resolve, list, hand out, pull with that alone; what was handed out ends, and another takes
        its place; then all tokens end, and everything goes on."""
        verified = self.ok(daemon, "service-connector", "verify", "aws_connector", "-o", "json").json()
        self.assertEqual({v["state"] for v in verified["verifications"]}, {"STATE_ACCEPTED"}, verified)
        self.ok(daemon, "container-registry", "verify", "ecr", "--repository", "team/app")
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], self.digest)
        resolved = self.ok(daemon, "image", "resolve", f"{self.uri}/team/app:v1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"{self.uri}/team/app@{self.digest}")
        [listed] = self.ok(daemon, "image", "list", "team/app", "-r", "ecr", "-o", "json").json()["images"]
        self.assertEqual(listed["digest_uri"], resolved["digest_uri"])
        self.assertIn("v1", listed["tags"])

        self.aws.quirks.registry_token_lifetime = 2
        first = self.mint(daemon)
        self.aws.quirks.registry_token_lifetime = None
        harness.wait_until(lambda: self.mint(daemon)["password"] != first["password"], "another credential")
        credential = self.mint(daemon)
        self.assertEqual((credential["username"], credential["registry_host"]), ("AWS", self.host))
        self.assert_rights(credential, narrowed)
        self.assertEqual(self.pull(credential).returncode, 0)
        ends = self.aws.registry_tokens[first["password"]].ends
        harness.wait_until(lambda: self.cloud.now() > ends, "the first one has ended")
        self.assertIn(self.told_of_the_end, self.pull(first).stderr)

        self.aws.end_registry_tokens()
        self.aws.end_sessions()
        if renewable:
            again = self.push_app(daemon, "v2")
            self.assertEqual(again.code, 0, again)
            self.assertEqual(self.pull(self.mint(daemon, registry="ecr"), reference="v2").returncode, 0)

    def assert_rights(self, credential, narrowed):
        """It says what it is good for, and that is so: to pull this repository and, where narrowed, nothing else."""
        self.assertEqual([credential.get("read_only", False), credential.get("one_repository", False)],
                         [narrowed, narrowed])
        identity = self.aws.registry_tokens[credential["password"]].identity
        arn = f"arn:{self.aws.partition}:ecr:{self.region}:123456789012:repository/"
        self.assertTrue(identity.may("ecr:BatchGetImage", arn + "team/app"))
        for action, repository in (("PutImage", "team/app"), ("BatchGetImage", "team/other")):
            self.assertEqual(identity.may(f"ecr:{action}", arn + repository), not narrowed, action)

    def assert_refused(self, result, code, reason, *words):
        """`reason` as the API has it; `words` of the message and of the remedy."""
        self.assertEqual(result.code, code, result)
        self.assertRegex(result.err, rf'reason"?: ?"?{reason}\b')
        for word in words:
            self.assertIn(word, result.err)
