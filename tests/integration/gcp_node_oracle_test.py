#!/usr/bin/env python3
"""Google's library for Node logs in to the emulated Google Cloud by what Debian's google-auth is too old for:
federation and impersonation.  What the emulator asks for is what Google's client sends.

The library comes from npm; without npm the tests are skipped, and ctest says so.
"""
import json
import subprocess

import harness
from gcp_case import SUBJECT, GcpCase  # finds the emulated clouds

from clouds.exchange import json_response
from clouds.gcp_federation import GET_ACCESS_TOKEN
from clouds.gcp_tokens import FULL, READ_ONLY


class GoogleAuthLibrary(GcpCase):
    def setUp(self):
        super().setUp()
        found = subprocess.run([harness.ROOT / "tests/npm_package.sh", "google-auth-library@10"], text=True,
                               capture_output=True)
        if found.returncode == 77:
            self.skipTest(found.stderr.strip())
        self.assertEqual(found.returncode, 0, found.stderr)
        self.env = {**self.google.emulator.client_env(), "NODE_PATH": found.stdout.strip(),
                    "NODE_EXTRA_CA_CERTS": str(self.google.emulator.ca_file)}

    def ask(self, file, scope, impersonate=None, **env):
        """What google_auth_library.js answers."""
        request = {"file": json.loads(file), "scopes": [scope], "impersonate": impersonate}
        done = subprocess.run(["node", harness.ROOT / "tests/integration/google_auth_library.js"], text=True,
                              input=json.dumps(request), env={**self.env, **env}, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def assert_token(self, answer, identity, scope):
        self.assertNotIn("error", answer)
        token = self.google.tokens.find(answer["token"])
        self.assertEqual((token.identity, token.scopes), (identity, {scope}))
        self.assertAlmostEqual(answer["expiry"] / 1000, token.expires, delta=5)

    def assert_refused(self, answer, words):
        self.assertIn(words, answer.get("error", "not refused"))

    def test_impersonation(self):
        target = self.google.account("target")
        self.assert_refused(self.ask(self.account.key_file(), READ_ONLY, target.email), GET_ACCESS_TOKEN)
        self.google.policy.grant(self.account.email, target.email, {GET_ACCESS_TOKEN})
        self.assert_token(self.ask(self.account.key_file(), READ_ONLY, target.email), target.email, READ_ONLY)

    def test_aws_identity(self):
        aws, role, provider = self.aws()
        session = aws.add(role.session("i-1", [], self.google.now() + 3600))
        self.google.policy.grant(provider.principal(session.arn), self.account.email, {GET_ACCESS_TOKEN})
        environment = {"AWS_ACCESS_KEY_ID": session.access_key_id, "AWS_SESSION_TOKEN": session.session_token,
                       "AWS_SECRET_ACCESS_KEY": session.secret_access_key, "AWS_REGION": "eu-central-1"}
        source = {"environment_id": "aws1", "regional_cred_verification_url":
                  "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15"}
        file = provider.account_file(source, impersonate=self.account.email)
        self.assert_token(self.ask(file, READ_ONLY, **environment), self.account.email, READ_ONLY)
        environment["AWS_SECRET_ACCESS_KEY"] = "another"
        self.assert_refused(self.ask(file, READ_ONLY, **environment), "SignatureDoesNotMatch")

    def test_identity_of_a_file(self):
        provider, token = self.oidc()
        source = {"file": str(self.file("token", token()))}
        self.assert_token(self.ask(provider.account_file(source), FULL), provider.principal(SUBJECT), FULL)
        self.file("token", token(aud="https://elsewhere"))
        self.assert_refused(self.ask(provider.account_file(source), FULL), "does not match the expected audience")

    def test_identity_of_a_url(self):
        provider, token = self.oidc()
        value = token()
        self.google.emulator.host("tokens.cluster.example").on(
            "GET", "/token", lambda r: json_response(200 if r.headers.get("X-Asks") == "yes" else 403, {"jwt": value}))
        source = {"url": "https://tokens.cluster.example/token", "headers": {"X-Asks": "yes"},
                  "format": {"type": "json", "subject_token_field_name": "jwt"}}
        self.google.policy.grant(provider.principal(SUBJECT), self.account.email, {GET_ACCESS_TOKEN})
        file = provider.account_file(source, impersonate=self.account.email)
        self.assert_token(self.ask(file, READ_ONLY), self.account.email, READ_ONLY)


if __name__ == "__main__":
    harness.main()
