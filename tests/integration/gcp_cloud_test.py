#!/usr/bin/env python3
"""Google Cloud, emulated: every way to log in, with a push by it and a pull by what it hands out."""
import base64
import json
import os
import subprocess
import time

import harness

from clouds import gcp_policy
from clouds.aws_metadata import ContainerCredentials, InstanceMetadata
from clouds.exchange import json_response
from clouds.gcp import PROJECT
from clouds.gcp_federation import GET_ACCESS_TOKEN, TOKEN_CREATOR
from clouds.gcp_tokens import FULL, READ_ONLY
from gcp_case import HOST, SUBJECT, GcpCase

IMPLICIT = "--allow-implicit-login"


class Methods(GcpCase):
    def test_service_account(self):
        daemon = self.daemon()
        self.ready(daemon)
        self.journey(daemon, self.account.email)
        self.assertEqual(self.minted_token().scopes, {READ_ONLY})
        lent = self.ok(daemon, "login", "gar", "--config", self.dir / "lent.json", "--repository", "app", "-o", "json")
        self.assertEqual([lent.json()["read_only"], lent.json()["one_repository"]], [True, False])
        self.assertIn("/app alone", lent.err)

    def test_what_is_handed_out_cannot_push(self):
        daemon = self.daemon()
        self.ready(daemon)
        image = self.push_gar(daemon).json()
        self.pull_with_minted(daemon, image["uri"])
        with self.assertRaises(subprocess.CalledProcessError) as refused:
            self.skopeo("copy", "--dest-authfile", self.dir / "auth.json", f"oci:{self.dir}/back:x",
                        f"docker://{HOST}/{PROJECT}/my-repo/other:1", env=self.google.emulator.client_env())
        self.assertIn("uploadArtifacts", refused.exception.stderr)

    def test_impersonation(self):
        target = self.google.account("target")
        self.google.policy.grant(target.email, f"projects/{PROJECT}", gcp_policy.WRITER)
        self.google.policy.grant(self.account.email, f"projects/{PROJECT}", {})
        daemon = self.daemon()
        fields = {"service_account_json": f"@{self.key_file()}", "target_principal": target.email}
        self.not_stored(self.connect(daemon, "impersonation", **fields), target.email,
                     "roles/iam.serviceAccountTokenCreator")
        self.google.policy.grant(self.account.email, target.email, {GET_ACCESS_TOKEN})
        self.ready(daemon, "impersonation", **fields)
        self.journey(daemon, target.email)
        self.assertEqual((self.minted_token().identity, self.minted_token().scopes), (target.email, {READ_ONLY}))

    def test_an_impersonated_accounts_token_of_another_life(self):
        target = self.google.account("target")
        self.google.policy.grant(target.email, f"projects/{PROJECT}", gcp_policy.WRITER)
        self.google.policy.grant(self.account.email, target.email, TOKEN_CREATOR)
        daemon = self.daemon()
        fields = {"service_account_json": f"@{self.key_file()}", "target_principal": target.email}
        longer = self.connect(daemon, "impersonation", "--expiration-seconds=7200", **fields)
        self.not_stored(longer, "invalid argument", "7200 seconds were asked for",
                        "allowServiceAccountCredentialLifetimeExtension", target.email)
        endless = self.connect(daemon, "impersonation", "--expiration-seconds=43201", **fields)
        self.assertEqual(endless.code, 2, endless)
        self.google.iam.long_lived.add(target.email)
        self.ready(daemon, "impersonation", "--expiration-seconds=7200", **fields)
        self.assertEqual(self.push_gar(daemon).code, 0)
        said = harness.unix_time(self.lend(daemon)["expire_time"])
        self.assertAlmostEqual(said, self.minted_token().expires, delta=2)
        self.assertAlmostEqual(said, time.time() + 7200, delta=60)

    def test_user_account(self):
        user = self.google.user("me@example.com")
        self.google.policy.grant(user.email, f"projects/{PROJECT}", gcp_policy.WRITER)
        daemon = self.daemon()
        file = self.file("user.json", user.credentials_file(PROJECT))
        self.ready(daemon, "user-account", user_account_json=f"@{file}")
        self.journey(daemon, user.email)
        self.assertIn(FULL, self.minted_token().scopes, "the user has granted no narrower scope")
        listed = self.ok(daemon, "service-connector", "list-resources", "c", "-o", "json").json()
        self.assertEqual([r["uri"] for r in listed["resources"]], [f"{HOST}/{PROJECT}/my-repo"])
        asked = self.google.emulator.requests(host="artifactregistry.googleapis.com")
        self.assertEqual({r.headers["X-Goog-User-Project"] for r in asked}, {PROJECT})

    def test_access_token(self):
        self.google.tokens.life = 600
        token = self.google.tokens.give(self.account.email, [FULL])
        daemon = self.daemon()
        self.not_stored(self.connect(daemon, "oauth2-token", token="ya29.not-a-token"),
                     "gcloud auth print-access-token")
        self.ready(daemon, "oauth2-token", token=token.value)
        successors = []

        def successor():
            self.assertEqual(self.minted_token(), token)
            successors.append(self.google.tokens.give(self.account.email, [FULL]))
            return f"--token={successors[0].value}"
        self.journey(daemon, self.account.email, successor)
        self.assertEqual([self.minted_token()], successors)

    def test_an_access_token_ends_with_its_connector(self):
        token = self.google.tokens.give(self.account.email, [FULL])
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1200))
        daemon = self.daemon()
        self.ready(daemon, "oauth2-token", f"--expires-at={expires}", token=token.value)
        login = self.ok(daemon, "login", "gar", "--config", self.dir / "auth.json", "-o", "json").json()
        self.assertEqual(login["expire_time"][:19] + "Z", expires)

    def external(self, daemon, provider, source, *flags, impersonate=None):
        file = self.file("external.json", provider.account_file(source, impersonate))
        return self.connect(daemon, "external-account", *flags, external_account_json=f"@{file}")

    def test_workload_identity_federation_from_a_file(self):
        provider, token = self.oidc()
        file = self.file("token", token() + "\n")
        self.secrets.add(file.read_text())
        self.google.policy.grant(provider.principal(SUBJECT), f"projects/{PROJECT}", gcp_policy.WRITER)
        daemon = self.daemon(IMPLICIT)
        self.assertEqual(self.external(daemon, provider, {"file": str(file)}).code, 0)
        self.register_gar(daemon)
        self.journey(daemon, provider.audience)
        self.assertEqual(self.minted_token().scopes, {READ_ONLY})

    def test_workload_identity_federation_and_impersonation(self):
        provider, token = self.oidc()
        file = self.file("token.json", json.dumps({"value": token()}))
        self.google.policy.grant(provider.principal(SUBJECT), self.account.email, {GET_ACCESS_TOKEN})
        daemon = self.daemon(IMPLICIT)
        source = {"file": str(file), "format": {"type": "json", "subject_token_field_name": "value"}}
        self.assertEqual(self.external(daemon, provider, source, impersonate=self.account.email).code, 0)
        self.register_gar(daemon)
        self.journey(daemon, self.account.email)
        self.assertEqual(self.minted_token().scopes, {READ_ONLY})

    def test_workload_identity_federation_from_a_url(self):
        provider, token = self.oidc()
        value = token()
        imds = self.google.emulator.host("169.254.169.254", plain=True)
        imds.on("GET", "/metadata/identity/oauth2/token",
                lambda r: json_response(200 if r.headers.get("Metadata") == "True" else 400, {"access_token": value}))
        self.google.policy.grant(provider.principal(SUBJECT), self.account.email, {GET_ACCESS_TOKEN})
        daemon = self.daemon(IMPLICIT)
        source = {"url": "http://169.254.169.254/metadata/identity/oauth2/token?resource=x",
                  "headers": {"Metadata": "True"},
                  "format": {"type": "json", "subject_token_field_name": "access_token"}}
        self.assertEqual(self.external(daemon, provider, source, impersonate=self.account.email).code, 0)
        self.register_gar(daemon)
        self.journey(daemon, self.account.email)

    def test_workload_identity_federation_from_aws(self):
        aws, role, provider = self.aws()
        session = aws.add(role.session("env", [], self.google.now() + 3600))
        InstanceMetadata(aws, role)
        ContainerCredentials(aws, "169.254.170.2", role)
        ContainerCredentials(aws, "169.254.170.23", role, token="eyJ.pod.token")
        region = {"AWS_REGION": "eu-central-1"}
        keys = {"AWS_ACCESS_KEY_ID": session.access_key_id, "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
                "AWS_SESSION_TOKEN": session.session_token, **region}
        pod = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self.file("pod-token", "eyJ.pod.token")), **region}
        metadata = "http://169.254.169.254/latest/meta-data"
        source = {"environment_id": "aws1", "region_url": f"{metadata}/placement/availability-zone",
                  "url": f"{metadata}/iam/security-credentials", "regional_cred_verification_url":
                      "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}
        for name, session_name, env in (
                ("environment", "env", keys), ("instance", "i-0abc", {}), ("pod", "container", pod),
                ("ecs", "container", {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x", **region})):
            with self.subTest(name):
                arn = f"arn:aws:sts::123456789012:assumed-role/pusher/{session_name}"
                self.google.policy.grant(provider.principal(arn), self.account.email, {GET_ACCESS_TOKEN})
                daemon = self.daemon(IMPLICIT, env=env)
                self.assertEqual(self.external(daemon, provider, source, impersonate=self.account.email).code, 0)
                self.register_gar(daemon)
                self.journey(daemon, self.account.email)
                exchanged = self.google.emulator.requests(host="sts.googleapis.com")[-1].form()["subject_token"]
                self.assertIn("sts.eu-central-1.amazonaws.com", exchanged)
                self.google.policy.grant(provider.principal(arn), self.account.email, {})
        self.assertEqual(self.google.emulator.requests(host="*.amazonaws.com"), [], "that is Google's to ask")

        forger = self.daemon(IMPLICIT, env=dict(keys, AWS_SECRET_ACCESS_KEY="another"))
        self.not_stored(self.external(forger, provider, source), "SignatureDoesNotMatch")

    def test_external_accounts_that_are_refused(self):
        provider, token = self.oidc()
        daemon = self.daemon(IMPLICIT)
        file = self.file("token", token(aud="https://elsewhere"))
        self.not_stored(self.external(daemon, provider, {"file": str(file)}),
                     "made for another audience")
        file.write_text(token())
        provider.condition = lambda subject: False
        self.not_stored(self.external(daemon, provider, {"file": str(file)}),
                     "attribute condition")
        for source, words in (({"executable": {"command": "/bin/true"}}, "executable"),
                              ({"certificate": {"use_default_certificate_config": True}}, "certificate"),
                              ({"environment_id": "aws2"}, "aws2"), ({"file": "/no/such/file"}, "/no/such/file")):
            self.not_stored(self.external(daemon, provider, source), words)
        elsewhere = provider.account_file({"file": "/etc/passwd"}).replace("sts.googleapis.com", "sts.evil.example")
        stolen = self.file("stolen.json", elsewhere)
        self.not_stored(self.connect(daemon, "external-account", external_account_json=f"@{stolen}"),
                     "sts.evil.example")
        self.refused(self.external(self.daemon(), provider, {"file": str(file)}), "IMPLICIT_LOGIN_NOT_ALLOWED")

    def test_the_machines_own_service_account(self):
        self.google.metadata.identity = self.account.email
        daemon = self.daemon(IMPLICIT)
        self.assertEqual(self.connect(daemon, "implicit").code, 0)
        self.register_gar(daemon)
        self.journey(daemon, self.account.email)
        self.assertEqual(self.minted_token().scopes, {READ_ONLY})
        listed = self.ok(daemon, "service-connector", "list-resources", "c", "-o", "json").json()
        self.assertEqual(len(listed["resources"]), 1, "the project is the machine's")
        self.refused(self.connect(self.daemon(), "implicit"), "IMPLICIT_LOGIN_NOT_ALLOWED")

    def test_a_machine_without_google(self):
        daemon = self.daemon(IMPLICIT)
        self.stored_untried(self.connect(daemon, "implicit"), "the machine has no service account")
        self.ok(daemon, "service-connector", "delete", "c")
        self.google.metadata.identity = self.account.email
        self.google.metadata.quirks.binding_missing = True
        self.not_stored(self.connect(daemon, "implicit"), "roles/iam.workloadIdentityUser")
        self.google.metadata.quirks.captive = True
        self.not_stored(self.connect(daemon, "implicit"), "Metadata-Flavor")
        nowhere = self.daemon(IMPLICIT, env={"GCE_METADATA_HOST": f"127.0.0.1:{harness.free_port()}"})
        self.not_stored(self.connect(nowhere, "implicit"), "no metadata server",
                     "GOOGLE_APPLICATION_CREDENTIALS")

    def test_application_default_credentials_that_impersonate(self):
        """A user who may act for an account that may act for the one that pushes."""
        user, between = self.google.user("me@example.com"), self.google.account("between")
        file = self.file("adc.json", user.impersonating_file(self.account.email, [between.email]))
        daemon = self.daemon(IMPLICIT, env={"GOOGLE_APPLICATION_CREDENTIALS": str(file)})
        self.google.policy.grant(user.email, between.email, TOKEN_CREATOR)
        self.not_stored(self.connect(daemon, "implicit"), self.account.email, "roles/iam.serviceAccountTokenCreator")
        self.google.policy.grant(between.email, self.account.email, TOKEN_CREATOR)
        self.assertEqual(self.connect(daemon, "implicit").code, 0)
        self.register_gar(daemon)
        self.journey(daemon, self.account.email)
        self.assertEqual((self.minted_token().identity, self.minted_token().scopes),
                         (self.account.email, {READ_ONLY}))

    def test_application_default_credentials(self):
        user = self.google.user("me@example.com")
        self.google.policy.grant(user.email, f"projects/{PROJECT}", gcp_policy.WRITER)
        config = self.dir / "gcloud"
        config.mkdir()
        (config / "application_default_credentials.json").write_text(user.credentials_file(PROJECT))
        provider, token = self.oidc()
        self.google.policy.grant(provider.principal(SUBJECT), f"projects/{PROJECT}", gcp_policy.WRITER)
        file = self.file("token", token())
        self.secrets.add(file.read_text())
        for named, identity in ((None, user.email), (self.key_file(), self.account.email),
                                (self.file("external.json", provider.account_file({"file": str(file)})),
                                 provider.audience)):
            with self.subTest(identity):
                env = {"GOOGLE_APPLICATION_CREDENTIALS": str(named)} if named else {}
                daemon = self.daemon(IMPLICIT, env={"CLOUDSDK_CONFIG": str(config), **env})
                self.assertEqual(self.connect(daemon, "implicit").code, 0)
                self.register_gar(daemon)
                self.journey(daemon, identity)

    def test_the_helper_that_gcloud_configures_for_docker(self):
        """By gcloud auth configure-docker; the helper gives whichever token gcloud has."""
        docker, bin, token = self.dir / "docker", self.dir / "bin", self.google.tokens.give(self.account.email, [FULL])
        docker.mkdir()
        bin.mkdir()
        (docker / "config.json").write_text(json.dumps({"credHelpers": {"gcr.io": "gcloud", HOST: "gcloud"}}))
        answer = self.file("answer", json.dumps({"Secret": token.value, "Username": "_dcgcloud_token"}))
        helper = bin / "docker-credential-gcloud"
        helper.write_text(f'#!/bin/sh\nread host\n[ "$1 $host" = "get {HOST}" ] && cat {answer}\n')
        helper.chmod(0o755)
        daemon = self.daemon(env={"DOCKER_CONFIG": str(docker), "PATH": f"{bin}:{os.environ['PATH']}"})
        self.ok(daemon, "container-registry", "register", "gar", "--flavor=gcp", f"--uri={HOST}/{PROJECT}/my-repo")
        verified = self.ok(daemon, "container-registry", "verify", "gar", "--repository", "team/app").out
        self.assertIn("may push to", verified)
        pushed = self.push_gar(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        described = self.ok(daemon, "image", "resolve", "team/app:1", "-r", "gar")
        self.assertIn(self.digest, described.out)

        self.google.tokens.revoke_all()
        self.front.forget_logins()
        refused = self.push_gar(daemon, tag="2")
        self.assertEqual(refused.code, 3, refused)
        self.refused(refused, "UPSTREAM_AUTH_REJECTED")
        token = self.google.tokens.give(self.account.email, [FULL])
        answer.write_text(json.dumps({"Secret": token.value, "Username": "_dcgcloud_token"}))
        image = self.push_gar(daemon, tag="2").json()
        lent = self.file("auth.json", json.dumps({"auths": {HOST: {"auth": base64.b64encode(
            f"oauth2accesstoken:{token.value}".encode()).decode()}}}))
        self.assertEqual(self.skopeo_digest(image["uri"], "--authfile", lent, env=self.google.emulator.client_env()),
                         self.digest)

    def test_a_key_as_docker_password(self):
        key = self.account.key_file()
        for user, password in (("_json_key", key), ("_json_key_base64", base64.b64encode(key.encode()).decode())):
            with self.subTest(user):
                daemon = self.daemon()
                connected = self.gantry(daemon, "service-connector", "register", "c", "--type", "docker",
                                        "--auth-method=password", f"--username={user}", "--password", "-",
                                        f"--registry={HOST}", input=password)
                self.assertEqual(connected.code, 0, connected)
                self.register_gar(daemon)
                self.journey(daemon, f"{HOST} accepts the credential")
                self.assertEqual(self.minted_token().scopes, {READ_ONLY}, "the key itself stays in the daemon")


if __name__ == "__main__":
    harness.main()
