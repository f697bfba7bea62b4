#!/usr/bin/env python3
"""gantry service-connector register --auto-configure: what the clouds' own tools have left becomes a connector."""
import json

import harness
from aws_case import HOST, AwsCase  # finds the emulated clouds
from azure_case import AzureCase
from clouds import gcp_policy
from clouds.azure_entra import REGISTRY_AUDIENCE
from clouds.gcp import PROJECT
from gcp_case import GcpCase

# Nothing of who runs the tests.
NOTHING = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
           "AWS_REGION": "", "AWS_DEFAULT_REGION": "", "AWS_CONFIG_FILE": "", "AWS_SHARED_CREDENTIALS_FILE": "",
           "GOOGLE_APPLICATION_CREDENTIALS": "", "CLOUDSDK_CONFIG": ""}


def configure(case, daemon, type, *flags, **env):
    """Registers connector "c" from an environment, which counts for the command alone; returns how that went."""
    home = case.dir / "user"
    home.mkdir(exist_ok=True)
    return case.gantry(daemon, "service-connector", "register", "c", "--type", type, "--auto-configure", *flags, "-o",
                       "json", env={**NOTHING, "HOME": str(home), **{k: str(v) for k, v in env.items()}})


def accepted(case, done, method):
    case.assertEqual(done.code, 0, done)
    made = done.json()
    case.assertEqual((made["auth_method"], made["verification"]["state"]), (method, "STATE_ACCEPTED"), made)
    return made


class OfAws(AwsCase):
    def test_keys_of_the_environment_and_of_a_profile_push(self):
        self.aws.create("team/app")
        temporary = self.aws.add(self.aws.role("pusher").session("s", [], self.cloud.now() + 3600))
        files = self.dir / "credentials"
        files.write_text("".join(
            f"[{name}]\naws_access_key_id = {keys.access_key_id}\naws_secret_access_key = {keys.secret_access_key}\n" +
            (f"aws_session_token = {keys.session_token}\n" if keys.session_token else "")
            for name, keys in (("default", self.user), ("sso", temporary))))
        keys = {"AWS_ACCESS_KEY_ID": self.user.access_key_id, "AWS_SECRET_ACCESS_KEY": self.user.secret_access_key}
        for env, flags, method, action in (
                (keys, (), "session-token", "GetSessionToken"),
                (keys, ("--auth-method=federation-token",), "federation-token", "GetFederationToken"),
                ({"AWS_SHARED_CREDENTIALS_FILE": files}, (), "session-token", "GetSessionToken"),
                ({"AWS_SHARED_CREDENTIALS_FILE": files, "AWS_PROFILE": "sso"}, (), "sts-token", "GetCallerIdentity")):
            with self.subTest(method, env=sorted(env)):
                daemon = self.daemon()
                already = len(self.cloud.requests())
                accepted(self, configure(self, daemon, "aws", *flags, **env), method)
                self.ok(daemon, "container-registry", "register", "ecr", f"--uri={HOST}", "--connector=c")
                self.assertEqual(self.push_app(daemon).code, 0)
                asked = self.cloud.requests(host="sts.*")
                self.assertIn(f"Action={action}&", "".join(
                    r.body.decode() for r in self.cloud.requests()[already:] if r in asked))
        role = self.aws.role("deployer", trusts=[self.user.arn])
        daemon = self.daemon()
        chosen = ("--profile_name=default", f"--role_arn={role.arn}")
        made = accepted(self, configure(self, daemon, "aws", *chosen, AWS_SHARED_CREDENTIALS_FILE=files,
                                        AWS_PROFILE="sso"), "iam-role")
        self.assertEqual(made["config"]["role_arn"], role.arn)
        self.assertNotIn("profile_name", made["config"], "it is of this machine, not of the daemon's")
        nothing = configure(self, self.daemon(), "aws")
        self.assertEqual(nothing.code, 4, nothing)
        self.assertIn("aws configure", nothing.err)


class OfGoogle(GcpCase):
    def test_application_default_credentials_push(self):
        user = self.google.user("me@example.com")
        self.google.policy.grant(user.email, f"projects/{PROJECT}", gcp_policy.WRITER)
        gcloud = self.dir / "gcloud"
        gcloud.mkdir()
        (gcloud / "application_default_credentials.json").write_text(user.credentials_file(PROJECT))
        for env, method, identity in (
                ({"GOOGLE_APPLICATION_CREDENTIALS": self.key_file()}, "service-account", self.account.email),
                ({"CLOUDSDK_CONFIG": gcloud}, "user-account", user.email)):
            with self.subTest(method):
                daemon = self.daemon()
                made = accepted(self, configure(self, daemon, "gcp", **env), method)
                self.assertIn(identity, made["verification"]["message"])
                self.register_gar(daemon)
                self.assertEqual(self.push_gar(daemon).code, 0)
        # A file that was found is not taken for something else.
        other = configure(self, self.daemon(), "gcp", "--auth-method=user-account",
                          GOOGLE_APPLICATION_CREDENTIALS=self.key_file())
        self.assertEqual(other.code, 2, other)
        self.assertIn("one for auth method service-account, not user-account", other.err)
        nothing = configure(self, self.daemon(), "gcp")
        self.assertIn("gcloud auth application-default login", nothing.err)


class OfAzure(AzureCase):
    def test_the_login_of_az_pushes_until_it_ends(self):
        token, ends = self.azure.entra.token(self.azure.application("AcrPush"), REGISTRY_AUDIENCE)
        tools = self.dir / "tools"
        tools.mkdir()
        az = tools / "az"
        az.write_text("#!/bin/sh\n[ \"$1 $2\" = 'account get-access-token' ] && [ \"$4\" = "
                      f"{REGISTRY_AUDIENCE} ] || exit 2\ncat <<'END'\n" +
                      json.dumps({"accessToken": token, "expires_on": ends, "tokenType": "Bearer"}) + "\nEND\n")
        az.chmod(0o700)
        daemon = self.daemon()
        path = {"PATH": f"{tools}:/usr/bin:/bin"}
        made = accepted(self, configure(self, daemon, "azure", **path), "access-token")
        self.assertAlmostEqual(harness.unix_time(made["expire_time"]), ends, delta=2)
        self.ok(daemon, "container-registry", "register", "acr", f"--uri={self.registry.host}", "--connector=c")
        self.assert_stored(self.push_acr(daemon))
        other = configure(self, self.daemon(), "azure", "--auth-method=service-principal", **path)
        self.assertEqual(other.code, 2, other)
        self.assertIn("one for auth method access-token, not service-principal", other.err)
        nothing = configure(self, self.daemon(), "azure", PATH="/usr/bin:/bin")
        self.assertIn("az login", nothing.err)


if __name__ == "__main__":
    harness.main()
