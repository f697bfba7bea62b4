#!/usr/bin/env python3
"""Amazon ECR: every way to log in, from the seed's two commands to a pull with nothing but what was handed out."""
import json
import pathlib
import subprocess
import time

import harness
import images
from aws_case import HOST, AwsCase  # finds the emulated clouds
from clouds.aws_iam import allow
from clouds.aws_metadata import ContainerCredentials, InstanceMetadata

NO_INSTANCE = {"AWS_EC2_METADATA_DISABLED": "true"}


class AwsCloud(AwsCase):
    # Ways to log in.

    def test_an_access_key(self):
        self.aws.create("team/app")
        daemon = self.daemon()
        made = self.connect(daemon, "secret-key", self.user)
        self.assertEqual(made.code, 0, made)
        verified = self.ok(daemon, "service-connector", "verify", "aws_connector").out
        self.assertIn(self.user.arn, verified)
        checks = self.ok(daemon, "container-registry", "verify", "ecr", "--repository", "team/app").out
        self.assertIn(HOST, checks)
        self.assertIn("the repository team/app is there", checks)
        self.assert_full_path(daemon)
        checks = self.ok(daemon, "container-registry", "verify", "ecr", "--repository", "team/app").out
        self.assertIn("referrers API: yes; deletes: no", checks)

    def test_an_access_key_that_may_not_federate_hands_out_a_registry_token(self):
        self.aws.create("team/app")
        user = self.aws.user("narrow", [allow("ecr:*")])
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "secret-key", user).code, 0)
        self.assert_full_path(daemon, narrowed=False)
        self.assertIn("handed out can do all that the connector can", daemon.process.log())

    def test_a_role(self):
        self.aws.create("team/app")
        role = self.aws.role("pusher", trusts=[self.user.arn], external_id="e-1")
        daemon = self.daemon()
        refused = self.connect(daemon, "iam-role", self.user, f"--role_arn={role.arn}")
        self.assertEqual(refused.code, 3, refused)
        self.assertIn("its external ID if there is one", refused.err)
        made = self.connect(daemon, "iam-role", self.user, f"--role_arn={role.arn}", "--external_id=e-1",
                            "--role_session_name=ci", "--duration_seconds=900")
        self.assertEqual(made.code, 0, made)
        self.assertIn("assumed-role/pusher/ci", self.ok(daemon, "service-connector", "verify", "aws_connector").out)
        self.assert_full_path(daemon)
        sessions = [r for r in self.cloud.requests(host="sts.*") if b"Action=AssumeRole&" in r.body and r.status == 200]
        self.assertEqual({r.form()["DurationSeconds"] for r in sessions}, {"900"})

    def test_sessions_come_and_go_while_pushes_go_on(self):
        self.aws.create("team/app")
        role = self.aws.role("pusher")
        self.aws.quirks.session_lifetime = 4
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "iam-role", self.user, f"--role_arn={role.arn}").code, 0)

        def third_session():
            pushed = self.push_app(daemon)
            self.assertEqual(pushed.code, 0, pushed)
            sessions = {t.identity.access_key_id for t in self.aws.registry_tokens.values()}
            return len(sessions) >= 3
        harness.wait_until(third_session, "a third session")

    def test_a_role_within_a_policy_stays_within_it_when_it_is_handed_out(self):
        self.aws.create("team/app")
        self.aws.create("team/other")
        role = self.aws.role("pusher")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "ecr:*", "Resource": "arn:*:repository/team/other"}]})
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "iam-role", self.user, f"--role_arn={role.arn}",
                                      f"--policy={policy}").code, 0)
        self.assert_full_path(daemon)
        credential = self.mint(daemon, registry="ecr", repository="team/other")
        identity = self.aws.registry_tokens[credential["password"]].identity
        self.assertFalse(identity.may("ecr:BatchGetImage",
                                      "arn:aws:ecr:us-east-1:123456789012:repository/team/other"))

    def test_a_session_and_a_federated_session(self):
        self.aws.create("team/app")
        for method in ("session-token", "federation-token"):
            with self.subTest(method):
                daemon = self.daemon()
                self.assertEqual(self.connect(daemon, method, self.user).code, 0)
                self.assert_full_path(daemon)

    def temporary_keys(self, role):
        """Keys that somebody else got of STS, and how a connector is told when they end."""
        session = self.aws.add(role.session("s", [], self.cloud.now() + 3600))
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(session.ends))
        return session, (f"--expires-at={ends}", "--expires-skew-tolerance=0")

    def test_temporary_keys_end_with_the_connector_and_have_successors(self):
        self.aws.create("team/app")
        role = self.aws.role("pusher")
        session, ends = self.temporary_keys(role)
        daemon = self.daemon()
        made = self.connect(daemon, "sts-token", session, *ends)
        self.assertEqual(made.code, 0, made)
        self.assert_full_path(daemon, narrowed=False, renewable=False)
        for ended in (self.push_app(daemon, "v2"),
                      self.gantry(daemon, "login", "ecr", "--config", self.dir / "auth.json")):
            self.assert_refused(ended, 3, "UPSTREAM_AUTH_REJECTED", "Give the connector fresh keys")
        successor, ends = self.temporary_keys(role)
        self.ok(daemon, "service-connector", "update", "aws_connector", *self.key_fields(successor), *ends)
        self.assert_full_path(daemon, narrowed=False, renewable=False)

    def test_a_service_account_of_kubernetes(self):
        self.aws.create("team/app")
        role = self.aws.role("pod", trusts=["system:serviceaccount:ml:train"])
        token = self.dir / "token"
        token.write_text(self.aws.sts.web_token("system:serviceaccount:ml:train"))
        env = {"AWS_ROLE_ARN": role.arn, "AWS_WEB_IDENTITY_TOKEN_FILE": str(token), **NO_INSTANCE}
        refused = self.connect(self.daemon(env=env), "web-identity")
        self.assertIn("--allow-implicit-login", refused.err)
        own = [f"--role_arn={role.arn}", f"--web_identity_token_file={token}", "--role_session_name=train"]
        for name, method, variables, fields, session in (
                ("the pod's environment", "web-identity", env, [], "gantry"),
                ("the connector's own fields", "web-identity", NO_INSTANCE, own, "train"),
                ("the machine's identity", "implicit", env, [], "gantry")):
            with self.subTest(name):
                daemon = self.daemon("--allow-implicit-login", env=variables)
                made = self.connect(daemon, method, None, *fields)
                self.assertEqual(made.code, 0, made)
                self.assertIn(f"assumed-role/pod/{session}",
                              self.ok(daemon, "service-connector", "verify", "aws_connector").out)
                self.assert_full_path(daemon)

        for text, remedy in ((self.aws.sts.web_token("system:serviceaccount:ml:other"), "Compare the subject"),
                             (self.aws.sts.web_token("x", issuer="https://else"), "OpenID Connect provider"),
                             (self.aws.sts.web_token("x", life=-1), "fresh keys")):
            token.write_text(text)
            refused = self.connect(self.daemon("--allow-implicit-login", env=env), "web-identity")
            self.assertNotEqual(refused.code, 0)
            self.assertIn(remedy, refused.err)
            if "subject" in remedy:
                self.assertIn("sub system:serviceaccount:ml:other, aud sts.amazonaws.com", refused.err)

    def test_the_machines_own_identity(self):
        self.aws.create("team/app")
        role = self.aws.role("machine")
        InstanceMetadata(self.aws, role)
        pod_token = self.dir / "pod-token"
        pod_token.write_text("eyJ.pod.token")
        ContainerCredentials(self.aws, "169.254.170.2", role)
        ContainerCredentials(self.aws, "169.254.170.23", role, token="eyJ.pod.token")
        files = self.profiles(dev=[f"role_arn={role.arn}", "source_profile=base"],
                              person=["sso_start_url=https://x"])
        keys = {"AWS_ACCESS_KEY_ID": self.user.access_key_id,
                "AWS_SECRET_ACCESS_KEY": self.user.secret_access_key}
        pod = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(pod_token)}
        for name, env, fields, narrowed in (
                ("environment", keys, [], True),
                ("environment with a role", keys, [f"--role_arn={role.arn}"], True),
                ("profile", files, ["--profile_name=dev"], True),
                ("ecs", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"}, [], False),
                ("pod", pod, [], False), ("instance", {}, [], False)):
            with self.subTest(name):
                daemon = self.daemon("--allow-implicit-login", env=env)
                made = self.connect(daemon, "implicit", None, *fields)
                self.assertEqual(made.code, 0, made)
                self.assert_full_path(daemon, narrowed)
        refused = self.connect(self.daemon("--allow-implicit-login", env=files), "implicit", None,
                               "--profile_name=person")
        self.assertIn("logs in through a browser", refused.err)

    def profiles(self, **settings):
        """The environment of a daemon that has these, and one of the user's keys."""
        file = self.dir / "aws-config"
        settings["base"] = [f"aws_access_key_id={self.user.access_key_id}",
                            f"aws_secret_access_key={self.user.secret_access_key}"]
        file.write_text("".join("\n".join([f"[profile {name}]", *lines, ""]) for name, lines in settings.items()))
        return {"AWS_CONFIG_FILE": str(file)}

    def test_what_profiles_take_their_keys_from(self):
        """The role trusts the one source that is meant, and no other that is there, too."""
        self.aws.create("team/app")
        machine = self.aws.role("machine")
        InstanceMetadata(self.aws, machine)
        ContainerCredentials(self.aws, "169.254.170.2", machine)
        token = self.dir / "token"
        token.write_text(self.aws.sts.web_token("system:serviceaccount:ml:train"))
        keys = {"AWS_ACCESS_KEY_ID": self.user.access_key_id,
                "AWS_SECRET_ACCESS_KEY": self.user.secret_access_key}
        ecs = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"}
        session = "arn:aws:sts::123456789012:assumed-role/machine/"
        for name, env, source, trusted in (
                ("base", ecs, None, None),
                ("environment", {**keys, **ecs}, "credential_source=Environment", self.user.arn),
                ("container", {**keys, **ecs}, "credential_source=EcsContainer", session + "container"),
                ("instance", {**keys, **ecs}, "credential_source=Ec2InstanceMetadata", session + "i-0abc"),
                ("pod", ecs, f"web_identity_token_file={token}", "system:serviceaccount:ml:train")):
            with self.subTest(name):
                who, files = self.user.arn, self.profiles()
                if source:
                    role = self.aws.role(f"of-{name}", trusts=[trusted])
                    who = f"assumed-role/of-{name}/gantry"
                    files = self.profiles(**{name: [f"role_arn={role.arn}", source]})
                daemon = self.daemon("--allow-implicit-login", env={**env, **files})
                made = self.connect(daemon, "implicit", None, f"--profile_name={name}")
                self.assertEqual(made.code, 0, made)
                self.assertIn(who, self.ok(daemon, "service-connector", "verify", "aws_connector").out)
                self.assert_full_path(daemon)

    def test_a_machine_that_hides_its_identity(self):
        nobody = ("--connect-to", "169.254.169.254:80:127.0.0.1:1")
        told = self.ok(self.daemon("--allow-implicit-login", *nobody), "service-connector", "register", "c",
                       "--type=aws", "--auth-method=implicit", "-o", "json")
        self.assertEqual(told.json()["verification"]["state"], "STATE_UNREACHABLE")
        self.assertIn("HttpPutResponseHopLimit", told.err)
        without = self.connect(self.daemon("--allow-implicit-login", env=NO_INSTANCE), "implicit")
        self.assertIn("has no AWS identity", without.err)

    # Repositories.

    def test_a_missing_repository_is_created_if_the_registry_says_so(self):
        daemon = self.daemon()
        self.connect(daemon, "secret-key", self.user)
        missing = self.push_app(daemon)
        self.assertEqual(missing.code, 4, missing)
        self.assertIn("create_repository=true", missing.err)
        self.ok(daemon, "container-registry", "update", "ecr", "--create_repository=true",
                "--image_tag_mutability=IMMUTABLE", "--scan_on_push=true", '--repository_tags={"team": "ml"}',
                "--default-repository=team/app")
        verified = self.ok(daemon, "container-registry", "verify", "ecr", "--repository", "team/app", "-o", "json")
        [right] = [c for c in verified.json()["checks"] if c["name"] == "push-right"]
        self.assertEqual(right["outcome"], "OUTCOME_WARNING")
        self.assertIn("the next push creates it", right["message"])
        self.assertEqual(self.push_app(daemon).code, 0)
        created = self.aws.repositories["123456789012", "us-east-1", "team/app"]
        self.assertEqual(created.settings["tags"], [{"Key": "team", "Value": "ml"}])
        # The same image under its immutable tag is no error, another image is.
        self.assertEqual(self.push_app(daemon).code, 0)
        images.simple(self.dir / "other", "other")
        taken = self.push_app(daemon, image="other")
        self.assertEqual(taken.code, 9, taken)
        self.assertIn("immutable", taken.err)

    def test_a_repository_that_cannot_be_created(self):
        daemon = self.daemon()
        self.connect(daemon, "secret-key", self.user)
        self.ok(daemon, "container-registry", "update", "ecr", "--create_repository=true")
        for code, text, exit_code, reason, remedy in (
                ("LimitExceededException", "too many repositories", 10, "UPSTREAM_QUOTA", "Service Quotas"),
                ("KmsException", "the key is disabled", 1, "UPSTREAM_REJECTED", "the key's policy")):
            self.aws.quirks.create_fails = (code, text)
            self.assert_refused(self.push_app(daemon), exit_code, reason, text, remedy)
        self.aws.quirks.create_fails = None
        self.user.layers = [[allow("ecr:GetAuthorizationToken", "ecr:DescribeRepositories")]]
        self.assert_refused(self.push_app(daemon), 5, "UPSTREAM_DENIED", "ecr:CreateRepository", "allow the action")

    def test_resources_come_page_by_page(self):
        for i in range(5):
            self.aws.create(f"team/app{i}")
        self.aws.quirks.page_size = 2
        daemon = self.daemon()
        self.connect(daemon, "secret-key", self.user)
        client = self.client(daemon)
        method = client.methods("gantry.v1.ServiceConnectors")["ListConnectorResources"]
        found, token = [], ""
        while True:
            [page] = client.call(method, {"name": "aws_connector", "page_token": token})
            found += [r["uri"] for r in page["resources"]]
            token = page.get("next_page_token", "")
            if not token:
                break
        self.assertEqual(found, [HOST, *(f"{HOST}/team/app{i}" for i in range(5)), "public.ecr.aws/acme"])

    def test_another_accounts_registry(self):
        stranger = self.aws.user("stranger", account="999999999999")
        repository = self.aws.create("team/app")
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "secret-key", stranger).code, 0)
        denied = self.push_app(daemon)
        self.assertEqual(denied.code, 5, denied)
        self.assertIn("another account's repository needs a policy", denied.err)
        self.assertIn("of account 999999999999; the registry is account 123456789012's",
                      self.gantry(daemon, "container-registry", "verify", "ecr", "--repository", "team/app").out)
        repository.shared_with.add("999999999999")
        self.assertEqual(self.push_app(daemon).code, 0)

    # Refusals.

    def test_refused_connectors(self):
        wrong = self.aws.user("wrong")
        wrong.secret_access_key, right = "x" * 40, wrong.secret_access_key
        made = self.gantry(self.daemon(), "service-connector", "register", "c", "--type=aws",
                           "--auth-method=secret-key", f"--aws_access_key_id={wrong.access_key_id}",
                           f"--aws_secret_access_key={right}")
        self.assert_refused(made, 3, "UPSTREAM_AUTH_REJECTED", "Update the connector's aws_secret_access_key")
        stranger = self.aws.user("gone")
        stranger.access_key_id = "AKIAUNKNOWNUNKNOWN"
        self.assert_refused(self.connect(self.daemon(), "secret-key", stranger), 3, "UPSTREAM_AUTH_REJECTED",
                            "Check aws_access_key_id in IAM")
        nobody = self.aws.user("nobody", [allow("sts:GetCallerIdentity")])
        self.assert_refused(self.connect(self.daemon(), "secret-key", nobody), 3, "UPSTREAM_AUTH_REJECTED",
                            "Allow ecr:GetAuthorizationToken")

    def test_a_clock_that_is_wrong(self):
        for skew, words in ((3600, "the daemon's clock is behind AWS's"), (-3600, "the daemon's clock is ahead")):
            self.cloud.clock_skew = skew
            refused = self.connect(self.daemon(), "secret-key", self.user)
            self.assert_refused(refused, 3, "UPSTREAM_AUTH_REJECTED", words, "by NTP")

    def test_what_pushes_are_refused_for(self):
        repository = self.aws.create("team/app")
        daemon = self.daemon()
        self.connect(daemon, "secret-key", self.user)
        missing = self.gantry(daemon, "image", "resolve", f"{HOST}/team/none:1")
        self.assert_refused(missing, 4, "REPOSITORY_NOT_FOUND", "team/none")
        missing = self.gantry(daemon, "image", "resolve", f"{HOST}/team/app:none")
        self.assert_refused(missing, 4, "IMAGE_NOT_FOUND", "list what is in team/app")
        self.user.layers = [[allow("ecr:GetAuthorizationToken")]]
        self.assert_refused(self.push_app(daemon), 5, "UPSTREAM_DENIED", "AmazonEC2ContainerRegistryPowerUser")
        self.aws.quirks.terse = True
        self.assert_refused(self.push_app(daemon), 5, "UPSTREAM_DENIED", "AmazonEC2ContainerRegistryPowerUser")
        self.assertEqual(repository.images, {})

    # Without a connector.

    def log_in(self, daemon, public=False):
        """As `aws ecr get-login-password | docker login` on the daemon's machine, here with skopeo's login: the
        file that it leaves."""
        token = self.aws.add_registry_token(self.user, "us-east-1", public, self.cloud.now() + 12 * 3600)
        config = pathlib.Path(daemon.env["DOCKER_CONFIG"], "config.json")
        subprocess.run(["skopeo", "login", "--authfile", config, "--username", "AWS", "--password-stdin", self.host],
                       input=token, env=self.cloud.client_env(), check=True, capture_output=True, text=True)
        return config

    def test_the_login_that_docker_left(self):
        """It ends with its token, and another one takes its place."""
        repository = self.aws.create("team/app")
        daemon = self.daemon()
        self.ok(daemon, "container-registry", "register", "ecr", f"--uri={HOST}")
        for tag in ("v1", "v2"):
            config = self.log_in(daemon)
            self.assertEqual(list(json.loads(config.read_text())["auths"]), [HOST])
            pushed = self.push_app(daemon, tag)
            self.assertEqual(pushed.code, 0, pushed)
            self.assertEqual(pushed.json()["digest"], self.digest)
            self.assertEqual(self.pull({"docker_config_json": config.read_text()}, reference=tag).returncode, 0)
            self.aws.end_registry_tokens()
            ended = self.push_app(daemon, "ended")
            self.assertNotEqual(ended.code, 0, ended)
            self.assertIn("the registry token is over its 12 hours", ended.err)
        self.assertEqual(repository.images[self.digest]["tags"], ["v1", "v2"])

    def test_the_login_that_docker_left_for_the_public_registry(self):
        repository = self.aws.create("team/app", region="public")
        self.host, self.path = "public.ecr.aws", "/acme"
        daemon = self.daemon()
        self.ok(daemon, "container-registry", "register", "ecr", f"--uri={self.uri}")
        config = self.log_in(daemon, public=True)
        self.assertEqual(list(json.loads(config.read_text())["auths"]), [self.host])
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.aws.end_registry_tokens()
        ended = self.push_app(daemon, "ended")
        self.assertNotEqual(ended.code, 0, ended)
        self.assertIn("tokens of public.ecr.aws come from us-east-1 and live 12 hours", ended.err)
        self.assertEqual(repository.images[self.digest]["tags"], ["v1"])


class ThePublicRegistry(AwsCase):
    host, path = "public.ecr.aws", "/acme"
    told_of_the_end = "status code from registry 400"

    def setUp(self):
        super().setUp()
        self.aws.create("team/app", region="public")

    def pull(self, credential, **kwargs):
        """By this login: the public registry lets everybody pull."""
        pulled = super().pull(credential, **kwargs)
        asked = self.cloud.requests(host=self.host, path="/token/")[-1]
        self.assertEqual(asked.basic(), ("AWS", credential["password"]))
        return pulled

    def assert_rights(self, credential, narrowed):
        """It is good for everything that is there to read."""
        self.assertEqual([credential.get("read_only", False), credential.get("one_repository", False)],
                         [narrowed, False])
        pushed = subprocess.run(
            ["skopeo", "copy", "--dest-creds", f"AWS:{credential['password']}", f"oci:{self.dir}/l",
             f"docker://{self.uri}/team/app:stranger"], env=self.cloud.client_env(), capture_output=True, text=True)
        self.assertEqual(pushed.returncode, int(narrowed), pushed.stderr)
        if narrowed:
            self.assertIn("Not Authorized", pushed.stderr)

    def test_every_way_to_log_in(self):
        role = self.aws.role("pusher", trusts=[self.user.arn])
        for method in ("secret-key", "iam-role", "session-token", "federation-token"):
            with self.subTest(method):
                daemon = self.daemon()
                fields = [f"--role_arn={role.arn}"] if method == "iam-role" else []
                made = self.connect(daemon, method, self.user, *fields)
                self.assertEqual(made.code, 0, made)
                self.assert_full_path(daemon)

    def test_one_who_may_not_federate(self):
        user = self.aws.user("narrow", [allow("ecr-public:*", "ecr:GetAuthorizationToken",
                                              "sts:GetServiceBearerToken")])
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "secret-key", user).code, 0)
        self.assert_full_path(daemon, narrowed=False)


if __name__ == "__main__":
    harness.main()
