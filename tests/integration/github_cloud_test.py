#!/usr/bin/env python3
"""GitHub's registry: what its tokens may do, what its refusals mean, and that pushes outlive its tokens."""
import base64
import subprocess
import unittest

import harness
import images
from clouds.emulator import Emulator
from clouds.github import GitHub
from clouds.registry_proxy import RegistryProxy


# (registry, API) of github.com, of a tenant with data residency, and of an Enterprise Server.
SITES = [("ghcr.io", "api.github.com/"), ("containers.acme.ghe.com", "api.acme.ghe.com/"),
         ("containers.git.example.org", "git.example.org/api/v3/")]


class GitHubCloud(harness.Case):
    def setUp(self):
        super().setUp()
        self.start_site("ghcr.io", "api.github.com/")
        self.digest = images.many_layers(self.dir / "l", 5)

    def start_site(self, host, api):
        self.cloud = Emulator(self)
        self.registry = harness.Registry(self)
        self.github = GitHub(self.cloud, RegistryProxy(self.registry.port), host, api)
        self.daemon = harness.Gantryd(self, *self.cloud.gantryd_flags(), "--log-level", "debug")

    def connect(self, token, *argv):
        """Registers the connector and the registry that uses it; returns how the connector fared."""
        result = self.gantry(self.daemon, "service-connector", "register", "github_connector", "--type", "docker",
                             "--auth-method=password", "--username=octocat", "--password", "-", *argv,
                             input=token)
        if result.code == 0:
            self.ok(self.daemon, "container-registry", "register", "ghcr", "--flavor=github",
                    f"--uri={self.github.host}/acme", "--connector", "github_connector")
        return result

    def push_app(self, *argv):
        return self.gantry(self.daemon, "push", f"oci:{self.dir}/l", "-r", "ghcr", "--pipeline", "app",
                           "--version", "1", "-o", "json", *argv)

    def test_from_a_classic_token_to_a_pull_on_every_kind_of_site(self):
        for host, api in SITES:
            with self.subTest(host):
                self.start_site(host, api)
                self.assert_full_path(host, api)

    def assert_full_path(self, host, api):
        """Push, resolve and pull; what is handed out is the token, until it ends and the connector has another."""
        token = self.github.issue("acme")
        self.assertEqual(self.connect(token, f"--registry={host}").code, 0)
        verified = self.ok(self.daemon, "container-registry", "verify", "ghcr", "--repository", "app").out
        self.assertIn("may push to acme/app", verified)
        self.assertIn("a classic personal access token", verified)
        self.assertIn("write:packages", verified)
        self.assertTrue(self.cloud.requests(host=api.partition("/")[0]), "its own API was asked")
        pushed = self.push_app()
        self.assertEqual(pushed.code, 0, pushed)
        image = pushed.json()
        self.assertEqual((image["uri"], image["digest"]), (f"{host}/acme/app:1", self.digest))
        resolved = self.ok(self.daemon, "image", "resolve", f"{host}/acme/app:1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"{host}/acme/app@{self.digest}")
        self.assertFalse([r for r in self.cloud.requests(method="PATCH") if r.headers.get("Content-Range")])

        self.daemon.process.stop()
        self.daemon = harness.Gantryd(self, *self.cloud.gantryd_flags(), "--allow-long-lived-credentials", "github",
                                      state=self.daemon.state)
        self.assertEqual(self.pull_with_login(), self.digest)
        self.github.end_tokens()
        with self.assertRaises(subprocess.CalledProcessError):
            self.pull_with_login()
        ended = self.push_app()
        self.assertNotEqual(ended.code, 0)
        self.assertIn("write:packages", ended.err)
        self.ok(self.daemon, "service-connector", "update", "github_connector", "--password", "-",
                input=self.github.issue("acme"))
        self.assertEqual(self.push_app().code, 0)
        self.assertEqual(self.pull_with_login(), self.digest)

    def pull_with_login(self):
        """The digest of what a stranger's tool gets with nothing but what the daemon hands out."""
        file = self.dir / "auth.json"
        file.unlink(missing_ok=True)
        self.ok(self.daemon, "login", "ghcr", "--repository", "app", "--config", file)
        return self.skopeo_digest(f"{self.github.host}/acme/app:1", "--authfile", file,
                                  env=self.cloud.client_env())

    def test_the_token_itself_is_handed_out_only_where_that_is_allowed(self):
        self.connect(self.github.issue("acme"), "--registry=ghcr.io")
        self.assertEqual(self.push_app().code, 0)
        login = ("login", "ghcr", "--repository", "app", "--config", self.dir / "auth.json")
        refused = self.gantry(self.daemon, *login)
        self.assertIn("LONG_LIVED_CREDENTIAL", refused.err)
        self.assertFalse((self.dir / "auth.json").exists())

        self.daemon.process.stop()
        allowing = harness.Gantryd(self, *self.cloud.gantryd_flags(), "--allow-long-lived-credentials", "github",
                                   state=self.daemon.state)
        allowed = self.ok(allowing, *login)
        self.assertIn("does not end by itself", allowed.err)
        self.assertEqual(self.skopeo_digest("ghcr.io/acme/app:1", "--authfile", self.dir / "auth.json",
                                            env=self.cloud.client_env()), self.digest)

    def test_a_token_goes_to_no_registry_but_its_own(self):
        self.assertEqual(self.connect(self.github.issue("acme")).code, 0, "as nothing says yet where it is for")
        self.assertEqual(self.cloud.requests(), [])
        verified = self.ok(self.daemon, "service-connector", "verify", "github_connector", "-o", "json").json()
        self.assertEqual([(v["registry_host"], v["state"]) for v in verified["verifications"]],
                         [("ghcr.io", "STATE_ACCEPTED")])

    def test_wrong_and_unsuitable_tokens_are_refused_when_they_are_registered(self):
        wrong = "ghp_" + "0" * 36
        refused = self.connect(wrong, "--registry=ghcr.io")
        self.assertEqual(refused.code, 3, refused)
        self.assertIn("UPSTREAM_AUTH_REJECTED", refused.err)
        self.assertIn("write:packages", refused.err)

        seen = len(self.cloud.requests())
        fine_grained = self.github.issue("acme", kind="github_pat_")
        refused = self.connect(fine_grained, "--registry=ghcr.io")
        self.assertEqual(refused.code, 3, refused)
        self.assertIn("fine-grained personal access token", refused.err)
        self.assertIn("Use a classic personal access token", refused.err)
        self.assertEqual([r for r in self.cloud.requests()[seen:] if r.headers.get("Authorization")], [])

    def test_a_token_that_may_only_read(self):
        self.connect(self.github.issue("acme", scopes=["read:packages"]), "--no-verify")
        denied = self.push_app()
        self.assertEqual(denied.code, 5, denied)
        self.assertIn("UPSTREAM_DENIED", denied.err)
        self.assertIn("write:packages", denied.err)
        self.assertEqual(self.registry.stored_tags(), [])

    def test_refusals_are_told_with_a_way_out(self):
        cases = {"permission_denied: write_package": "Manage Actions access",
                 "installation not allowed to Write organization package": "permissions: packages: write",
                 "permission_denied: create_package": "allow package creation"}
        self.connect(self.github.issue("acme", kind="ghs_"), "--no-verify")
        for text, remedy in cases.items():
            with self.subTest(text):
                self.github.quirks.refuse_push = text
                denied = self.push_app()
                self.assertEqual(denied.code, 5, denied)
                self.assertIn("UPSTREAM_DENIED", denied.err)
                self.assertIn(text, denied.err)
                self.assertIn(remedy, denied.err)
                checks = self.gantry(self.daemon, "container-registry", "verify", "ghcr", "--repository", "app")
                self.assertIn(remedy, checks.out + checks.err)

    def test_another_owners_packages_and_missing_ones(self):
        self.connect(self.github.issue("somebody-else"), "--no-verify")
        denied = self.push_app()
        self.assertEqual(denied.code, 5, denied)
        self.assertIn("UPSTREAM_DENIED", denied.err)
        self.assertIn("no access to the package", denied.err)
        self.ok(self.daemon, "service-connector", "update", "github_connector", "--password", "-", "--no-verify",
                input=self.github.issue("acme"))
        missing = self.gantry(self.daemon, "image", "resolve", "ghcr.io/acme/none:1")
        self.assertEqual(missing.code, 4, missing)
        self.assertEqual(self.push_app().code, 0)

    def test_throttling_is_waited_out_or_told(self):
        self.connect(self.github.issue("acme"), "--no-verify")
        self.github.quirks.throttled = 2
        self.assertEqual(self.push_app().code, 0)
        self.github.quirks.throttled, self.github.quirks.retry_after = 99, 600
        told = self.push_app()
        self.assertEqual(told.code, 7, told)
        for words in ("UPSTREAM_THROTTLED", "Wait for a few minutes"):
            self.assertIn(words, told.err)

    def test_a_push_outlives_registry_tokens(self):
        self.connect(self.github.issue("acme"), "--no-verify")
        self.github.quirks.forget_at_uploads = (2, 5)
        pushed = self.push_app()
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], self.digest)
        # Blobs go several at once, so that more than one may meet a token that was forgotten.
        self.assertGreaterEqual(len([r for r in self.cloud.requests(method="POST") if r.status == 401]), 2)

    def test_a_workflow_token_that_ends_inside_a_push(self):
        token = self.github.issue("acme", kind="ghs_")
        self.connect(token, "--no-verify")
        self.github.quirks.revoke_at_upload = 3
        ended = self.push_app()
        self.assertEqual(ended.code, 5, ended)
        self.assertIn("UPSTREAM_DENIED", ended.err)
        self.assertIn("ends with its job", ended.err)
        self.assertEqual(self.registry.stored_tags(), [])
        self.github.quirks.revoke_at_upload = None
        self.ok(self.daemon, "service-connector", "update", "github_connector", "--password", "-",
                input=self.github.issue("acme"))
        self.assertEqual(self.push_app().json()["digest"], self.digest)

    def test_the_emulator_is_as_strict_as_github(self):
        token = self.github.issue("acme")
        curl = lambda *argv: subprocess.run(["curl", "-sS", *argv], env=self.cloud.client_env(),
                                            capture_output=True, text=True, check=True).stdout
        got = curl("-u", f"x:{token}", "https://ghcr.io/token?service=ghcr.io&scope=repository:acme/a:pull,push")
        bearer = "Authorization: Bearer " + images.json.loads(got)["token"]
        status = ("-o", "/dev/null", "-w", "%{http_code}")
        self.assertEqual(curl(*status, "-H", bearer, "-X", "DELETE", "https://ghcr.io/v2/acme/a/manifests/x"), "405")
        self.assertEqual(curl(*status, "https://ghcr.io/v2/_catalog"), "404")
        self.assertEqual(curl(*status, f"https://ghcr.io/v2/acme/a/referrers/sha256:{'0' * 64}"), "303")
        self.assertEqual(curl(*status, "-A", "", "https://api.github.com/"), "403")
        big = self.dir / "big"
        with open(big, "wb") as out:
            out.truncate((4 << 20) + 1)
        ranged = curl("-H", bearer, "-X", "PATCH", "-T", str(big), "-H", f"Content-Range: 0-{4 << 20}",
                      "https://ghcr.io/v2/acme/a/blobs/uploads/x")
        self.assertIn("4.00MiB", ranged)


if __name__ == "__main__":
    unittest.main(verbosity=2)
