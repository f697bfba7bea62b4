#!/usr/bin/env python3
"""Amazon ECR: what sessions may do at most, by the managed policies that a connector names, and for how long."""
import json
import subprocess

import harness
from aws_case import HOST, AwsCase
from clouds.aws_iam import allow
from clouds.aws_metadata import InstanceMetadata

READ_ONLY, POWER_USER = (f"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{name}"
                         for name in ("ReadOnly", "PowerUser"))
REPOSITORIES = "arn:aws:ecr:us-east-1:123456789012:repository/"


class ManagedPolicies(AwsCase):
    def setUp(self):
        super().setUp()
        self.aws.create("team/app")
        self.role = self.aws.role("anything", trusts=[self.user.arn])

    def connect_within(self, daemon, *arns):
        return self.connect(daemon, "iam-role", self.user, f"--role_arn={self.role.arn}",
                            f"--policy_arns={json.dumps(arns)}")

    def push_by_hand(self, login, tag):
        return subprocess.run(["skopeo", "copy", "--dest-creds", login, f"oci:{self.dir}/l",
                               f"docker://{HOST}/team/app:{tag}"], env=self.cloud.client_env(), capture_output=True,
                              text=True)

    def test_a_credential_within_aws_own_policy_reads_and_does_not_write(self):
        token = self.aws.add_registry_token(self.user, "us-east-1", False, self.cloud.now() + 600)
        self.assertEqual(self.push_by_hand(f"AWS:{token}", "v1").returncode, 0)
        daemon = self.daemon()
        made = self.connect_within(daemon, READ_ONLY)
        self.assertEqual(made.code, 0, made)
        resolved = self.ok(daemon, "image", "resolve", f"{HOST}/team/app:v1", "-o", "json").json()
        self.assertEqual(resolved["digest"], self.digest)
        self.assert_refused(self.push_app(daemon, "v2"), 5, "UPSTREAM_DENIED", "ecr:",
                            "AmazonEC2ContainerRegistryPowerUser")

        credential = self.mint(daemon)
        self.assertEqual([credential["read_only"], credential["one_repository"]], [True, True])
        self.assertEqual(self.pull(credential).returncode, 0)
        refused = self.push_by_hand(f"AWS:{credential['password']}", "v2")
        self.assertIn("not authorized to perform: ecr:", refused.stderr)
        identity = self.aws.registry_tokens[credential["password"]].identity
        self.assertEqual([identity.may(f"ecr:{action}", f"{REPOSITORIES}team/{name}") for action, name in (
            ("BatchGetImage", "app"), ("BatchGetImage", "other"), ("DescribeImages", "app"), ("PutImage", "app"))],
            [True, False, False, False])
        self.assertEqual(set(self.aws.repositories["123456789012", "us-east-1", "team/app"].images), {self.digest})

    def test_what_role_and_policy_both_allow_is_left(self):
        for allowed, code in ((("ecr:GetAuthorizationToken", "ecr:BatchGetImage"), 5), (("ecr:*",), 0)):
            with self.subTest(allowed):
                self.role.policies = [allow(*allowed)]
                daemon = self.daemon()
                self.assertEqual(self.connect_within(daemon, POWER_USER).code, 0)
                self.assertEqual(self.push_app(daemon).code, code)

    def test_a_policy_that_lets_push_lets_create_nothing(self):
        daemon = self.daemon()
        self.connect_within(daemon, POWER_USER)
        self.ok(daemon, "container-registry", "update", "ecr", "--create_repository=true")
        self.assertEqual(self.push_app(daemon).code, 0)
        new = self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", "ecr", "--repository", "team/new", "--tag", "v1")
        self.assert_refused(new, 5, "UPSTREAM_DENIED", "ecr:CreateRepository", "beforehand, or allow the action")

    def test_policies_of_ones_own_account_add_up(self):
        login = self.aws.policy("login", allow("ecr:GetAuthorizationToken", "ecr:DescribeRepositories"))
        pull = self.aws.policy("pull", allow("ecr:BatchGetImage", resource=REPOSITORIES + "team/*"))
        push = self.aws.policy("push", allow("ecr:*", resource=REPOSITORIES + "team/app"))
        for arns, code in (((login, pull), 5), ((login, pull, push), 0)):
            with self.subTest(arns):
                daemon = self.daemon()
                self.assertEqual(self.connect_within(daemon, *arns).code, 0)
                self.assertEqual(self.push_app(daemon).code, code)

    def test_policies_that_do_not_exist(self):
        foreign = self.aws.policy("push", allow("ecr:*"), account="999999999999")
        for arn in ("arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryEverything", foreign):
            with self.subTest(arn):
                refused = self.connect_within(self.daemon(), READ_ONLY, arn)
                self.assert_refused(refused, 3, "UPSTREAM_AUTH_REJECTED", f"session policy {arn} does not exist",
                                    "name in policy_arns only what")


class Durations(AwsCase):
    def setUp(self):
        super().setUp()
        self.aws.create("team/app")

    def test_a_roles_own_limit(self):
        for limit, seconds, refused in ((3600, 3600, False), (3600, 3601, True), (7200, 7200, False)):
            with self.subTest(limit=limit, seconds=seconds):
                role = self.aws.role("short", trusts=[self.user.arn], max_session=limit)
                made = self.connect(self.daemon(), "iam-role", self.user, f"--role_arn={role.arn}",
                                    f"--duration_seconds={seconds}")
                if refused:
                    self.assert_refused(made, 3, "UPSTREAM_AUTH_REJECTED", "exceeds the MaxSessionDuration",
                                        "Lower the connector's")
                else:
                    self.assertEqual(made.code, 0, made)

    def test_a_role_by_way_of_another_has_an_hour(self):
        role = self.aws.role("pusher", max_session=43200)
        InstanceMetadata(self.aws, self.aws.role("machine"))
        for seconds, refused in ((3600, False), (3601, True)):
            with self.subTest(seconds):
                made = self.connect(self.daemon("--allow-implicit-login"), "implicit", None,
                                    f"--role_arn={role.arn}", f"--duration_seconds={seconds}")
                if refused:
                    self.assert_refused(made, 3, "UPSTREAM_AUTH_REJECTED", "role chaining", "duration_seconds to 3600")
                else:
                    self.assertEqual(made.code, 0, made)


if __name__ == "__main__":
    harness.main()
