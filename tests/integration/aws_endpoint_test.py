#!/usr/bin/env python3
"""Amazon ECR where AWS is not all there: endpoints of one's own, parts that nobody reaches, limits, local profiles."""
import json

import harness
from aws_case import API, HOST, PUBLIC_API, STS, AwsCase
from clouds.aws_ecr import PUBLIC, EcrApi
from clouds.aws_iam import allow

VPC_ECR = "vpce-0a1b-ecr.api.ecr.us-east-1.vpce.amazonaws.com"
VPC_STS = "vpce-0a1b-sts.sts.us-east-1.vpce.amazonaws.com"
GATEWAY = "aws.gateway.example"


class AwsEndpoints(AwsCase):
    def setUp(self):
        super().setUp()
        EcrApi(self.aws, VPC_ECR, "us-east-1")
        self.aws.sts.serve(VPC_STS, "us-east-1")
        self.cloud.host(GATEWAY).on("POST", "/", self.forward)
        self.aws.create("team/app")
        self.role = self.aws.role("pusher", trusts=[self.user.arn])

    def forward(self, request):
        """The gateway: a proxy that leads to all services."""
        target = request.headers.get("X-Amz-Target", "")
        service = STS if not target else PUBLIC_API if target.startswith(PUBLIC) else API
        return self.cloud.host(service).handler_of(request)(request)

    def asked(self):
        """The hosts of AWS's APIs that were asked, registries apart."""
        return {r.host for r in self.cloud.requests(method="POST", path="/")}

    def unreachable(self, *hosts):
        return [flag for host in hosts for flag in ("--connect-to", f"{host}:443:127.0.0.1:1")]

    def role_fields(self):
        return f"--role_arn={self.role.arn}"

    def listed(self, daemon):
        """What the connector reaches; what the list lacks goes to self.warned."""
        result = self.gantry(daemon, "service-connector", "list-resources", "aws_connector", "-o", "json")
        self.warned = result.err
        return [r["uri"] for r in result.json()["resources"]] if result.code == 0 else result

    # Endpoints.

    def test_each_service_has_its_own(self):
        daemon = self.daemon(*self.unreachable(API, STS))
        made = self.connect(daemon, "iam-role", self.user, self.role_fields(),
                            f"--ecr_endpoint_url=https://{VPC_ECR}/", f"--sts_endpoint_url=https://{VPC_STS}/")
        self.assertEqual(made.code, 0, made)
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(self.pull(self.mint(daemon)).returncode, 0)
        self.ok(daemon, "container-registry", "verify", "ecr", "--repository", "team/app")
        self.assertEqual(self.asked(), {VPC_ECR, VPC_STS})

    def test_one_of_all_services_leaves_those_with_their_own(self):
        daemon = self.daemon(*self.unreachable(API, STS, PUBLIC_API))
        made = self.connect(daemon, "iam-role", self.user, self.role_fields(), f"--endpoint_url=https://{GATEWAY}")
        self.assertEqual(made.code, 0, made)
        self.assertEqual(self.listed(daemon), [HOST, f"{HOST}/team/app", "public.ecr.aws/acme"])
        self.assertEqual(self.asked(), {GATEWAY})
        moved = self.gantry(daemon, "service-connector", "update", "aws_connector",
                                f"--sts_endpoint_url=https://{VPC_STS}")
        self.assertIn("must be given again", moved.err)
        self.ok(daemon, "service-connector", "update", "aws_connector", f"--sts_endpoint_url=https://{VPC_STS}",
                f"--aws_secret_access_key={self.user.secret_access_key}")
        self.assertEqual(self.push_app(daemon).code, 0)
        self.assertEqual(self.asked(), {GATEWAY, VPC_STS})

    def test_those_of_the_daemons_environment_are_for_the_machines_identity(self):
        env = {"AWS_ACCESS_KEY_ID": self.user.access_key_id, "AWS_SECRET_ACCESS_KEY": self.user.secret_access_key,
               "AWS_ENDPOINT_URL": f"https://{GATEWAY}", "AWS_ENDPOINT_URL_STS": f"https://{VPC_STS}"}
        daemon = self.daemon("--allow-implicit-login", *self.unreachable(API, STS), env=env)
        made = self.connect(daemon, "implicit", None, self.role_fields())
        self.assertEqual(made.code, 0, made)
        self.assertEqual(self.push_app(daemon).code, 0)
        self.assertEqual(self.pull(self.mint(daemon)).returncode, 0)
        self.assertEqual(self.asked(), {GATEWAY, VPC_STS})
        env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        self.assertEqual(self.connect(self.daemon("--allow-implicit-login", env=env), "implicit").code, 0)
        self.assertEqual(self.asked(), {GATEWAY, VPC_STS, API, STS})

    def test_an_endpoint_that_could_be_read_in_two_ways(self):
        refused = self.connect(self.daemon(), "secret-key", self.user, "--sts_endpoint_url=https://a@b.example")
        self.assert_refused(refused, 2, "INVALID_CONFIG", "config.sts_endpoint_url", "no URL that names a host")

    # Lists.

    def test_public_registries_that_nobody_reaches(self):
        daemon = self.daemon(*self.unreachable(PUBLIC_API))
        self.connect(daemon, "secret-key", self.user)
        self.assertEqual(self.listed(daemon), [HOST, f"{HOST}/team/app"])
        self.assertIn("the list lacks the public registries: they cannot be reached", self.warned)
        self.assertIn("the list lacks the public registries", daemon.process.log())
        everywhere = self.ok(daemon, "service-connector", "list-resources")
        self.assertIn("warning: aws_connector: the list lacks the public registries", everywhere.err)

    def test_public_registries_that_are_denied(self):
        user = self.aws.user("private", [allow("ecr:*", "sts:*")])
        daemon = self.daemon()
        self.connect(daemon, "secret-key", user)
        self.assertEqual(self.listed(daemon), [HOST, f"{HOST}/team/app"])
        self.assertIn("the list lacks the public registries", self.warned)
        user.layers = [[allow("ecr-public:*")]]
        self.assertEqual(self.listed(daemon), ["public.ecr.aws/acme"])
        self.assertIn("the list lacks the private registry", self.warned)
        user.layers = [[allow("sts:*")]]
        self.assert_refused(self.listed(daemon), 5, "UPSTREAM_DENIED", "ecr:DescribeRepositories",
                            "allow the action")

    # Limits.

    def test_a_policy_that_is_too_long_is_refused_before_anything_is_asked(self):
        daemon = self.daemon()
        for length, code in ((3000, 2), (2000, 2), (1200, 0)):
            policy = json.dumps({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"},
                {"Effect": "Deny", "Action": "ecr:PutImage", "Resource": "arn:" + "x" * (length - 170)}]})
            made = self.connect(daemon, "iam-role", self.user, self.role_fields(), f"--policy={policy}")
            self.assertEqual(made.code, code, made)
            if code:
                self.assertIn("config.policy", made.err)
                self.assertEqual(self.asked(), set())
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        pulled = self.pull(self.mint(daemon))
        self.assertEqual(pulled.returncode, 0, pulled.stderr)

    # The daemon's own secrets.

    def test_a_connector_reads_nothing_of_the_daemons_own(self):
        daemon = self.daemon("--allow-implicit-login")
        link = self.dir / "link"
        link.symlink_to(daemon.state / "sealing.key")
        for file in (daemon.state / "sealing.key", daemon.state / "gantry.db", link, "/proc/self/environ"):
            refused = self.connect(daemon, "web-identity", None, f"--role_arn={self.role.arn}",
                                   f"--web_identity_token_file={file}")
            self.assert_refused(refused, 3, "UPSTREAM_AUTH_REJECTED", "cannot read", "check the path")
        self.assertEqual(self.asked(), set())

    # Local profiles.

    def test_a_role_of_a_local_profile(self):
        role = self.aws.role("external", trusts=[self.user.arn], external_id="e-1")
        files = self.dir / "aws"
        files.write_text(f"[profile base]\naws_access_key_id={self.user.access_key_id}\n"
                         f"aws_secret_access_key={self.user.secret_access_key}\n"
                         f"[profile push]\nrole_arn={role.arn}\nsource_profile=base\nexternal_id=e-1\n"
                         "duration_seconds=900\nregion=us-east-1\n")
        daemon = self.daemon()
        env = {"AWS_CONFIG_FILE": str(files), "AWS_SHARED_CREDENTIALS_FILE": "/none", "AWS_PROFILE": "push",
               "AWS_ACCESS_KEY_ID": "", "AWS_ENDPOINT_URL_STS": f"https://{VPC_STS}"}
        made = self.gantry(daemon, "service-connector", "register", "c", "--type=aws", "--auto-configure", env=env)
        self.assertEqual(made.code, 0, made)
        described = self.ok(daemon, "service-connector", "describe", "c").out
        self.assertRegex(described, r"Auth method +iam-role")
        self.assertRegex(described, rf"sts_endpoint_url +https://{VPC_STS}")
        self.assertIn("assumed-role/external/gantry", self.ok(daemon, "service-connector", "verify", "c").out)
        [session] = {r.form()["DurationSeconds"] for r in self.cloud.requests(host=VPC_STS)
                     if b"Action=AssumeRole&" in r.body}
        self.assertEqual(session, "900")


if __name__ == "__main__":
    harness.main()
