"""An emulated AWS, a daemon that finds it, and what every test of its registries asks."""
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
NO_INSTANCE = {"AWS_EC2_METADATA_DISABLED": "true"}


class AwsCase(harness.Case):
    """With an AWS of the region's partition; `host` is the registry that is pushed to."""
    host, region = HOST, "us-east-1"

    def setUp(self):
        super().setUp()
        self.start_cloud(self.region)
        self.digest = images.simple(self.dir / "l")

    def start_cloud(self, region):
        self.region = region
        self.cloud = Emulator(self)
        self.registry = harness.Registry(self)
        self.aws = Aws(self.cloud, RegistryProxy(self.registry.port), (region,))
        self.user = self.aws.user()

    def daemon(self, *flags, env=None):
        env = {"AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_REGION": "", **(env or {})}
        return harness.Gantryd(self, *self.cloud.gantryd_flags(), "--log-level", "debug", *flags, env=env)

    def connect(self, daemon, method, user=None, *fields):
        """The connector, by the seed's names of its fields, and the registry that uses it."""
        keys = [f"--aws_access_key_id={user.access_key_id}",
                f"--aws_secret_access_key={user.secret_access_key}"] if user else []
        made = self.gantry(daemon, "service-connector", "register", "aws_connector", "--type", "aws",
                           f"--auth-method={method}", *keys, *fields)
        if made.code == 0:
            self.ok(daemon, "container-registry", "register", "ecr", "--flavor=aws", f"--uri={self.host}",
                    "--connector", "aws_connector")
        return made

    def push_app(self, daemon, tag="v1", image="l"):
        return self.gantry(daemon, "push", f"oci:{self.dir}/{image}", "-r", "ecr", "--repository",
                           "team/app", "--tag", tag, "-o", "json")

    def mint(self, daemon, **scope):
        client = ReflectionClient(daemon.address)
        self.addCleanup(client.channel.close)
        [credential] = client.call(client.methods("gantry.v1.ContainerRegistry")["MintPullCredential"],
                                   scope or {"reference": f"{self.host}/team/app:v1"})
        return credential

    def pull(self, credential, repository="team/app", reference="v1"):
        """skopeo's exit code and words, with this login and no other."""
        auth = self.dir / "auth.json"
        auth.write_text(credential["docker_config_json"])
        return subprocess.run(["skopeo", "copy", "--authfile", auth,
                               f"docker://{self.host}/{repository}:{reference}", f"dir:{self.dir}/pulled"],
                              env=self.cloud.client_env(), capture_output=True, text=True)

    def assert_full_path(self, daemon, narrowed=True, renewable=True):
        """Verify, push, resolve, hand out, pull with that alone; then all tokens end, and everything goes on."""
        verified = self.ok(daemon, "service-connector", "verify", "aws_connector", "-o", "json").json()
        self.assertEqual(verified["verifications"][0]["state"], "STATE_ACCEPTED")
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], self.digest)
        resolved = self.ok(daemon, "image", "resolve", f"{self.host}/team/app:v1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"{self.host}/team/app@{self.digest}")

        credential = self.mint(daemon)
        self.assertEqual((credential["username"], credential["registry_host"]), ("AWS", self.host))
        self.assertIn("expire_time", credential)
        self.assertEqual(self.pull(credential).returncode, 0)
        token = self.aws.registry_tokens[credential["password"]]
        arn = f"arn:{self.aws.partition}:ecr:{self.region}:123456789012:repository/"
        self.assertTrue(token.identity.may("ecr:BatchGetImage", arn + "team/app"))
        for action, repository in (("PutImage", "team/app"), ("BatchGetImage", "team/other")):
            self.assertEqual(token.identity.may(f"ecr:{action}", arn + repository), not narrowed, action)

        self.aws.end_registry_tokens()
        ended = self.pull(credential)
        self.assertNotEqual(ended.returncode, 0)
        self.assertIn("authorization token has expired", ended.stderr)
        self.aws.end_sessions()
        if renewable:
            again = self.push_app(daemon, "v2")
            self.assertEqual(again.code, 0, again)
            self.assertEqual(self.pull(self.mint(daemon, registry="ecr"), reference="v2").returncode, 0)

    def assert_refused(self, result, code, reason, remedy):
        self.assertEqual(result.code, code, result)
        self.assertIn(reason, result.err)
        self.assertIn(remedy, result.err)
