#!/usr/bin/env python3
"""GitHub's registry: what its tokens may do, what its refusals mean, and that pushes outlive its tokens."""
import base64
import json
import subprocess

import harness
import images
from clouds.emulator import Emulator
from clouds.github import GitHub
from clouds.registry_proxy import RegistryProxy

# (registry, API) of github.com, of a tenant with data residency, and of an Enterprise Server.
SITES = [("ghcr.io", "api.github.com/"), ("containers.acme.ghe.com", "api.acme.ghe.com/"),
         ("containers.git.example.org", "git.example.org/api/v3/")]
KINDS = [("ghp_", "a classic personal access token"), ("gho_", "a token of an OAuth app"),
         ("ghu_", "a user's token of a GitHub App"), ("ghs_", "GITHUB_TOKEN")]


class GitHubCloud(harness.Case):
    def setUp(self):
        super().setUp()
        self.start_site(*SITES[0])
        self.daemon = self.start()
        self.digest = images.many_layers(self.dir / "l", 5)

    def start_site(self, host, api):
        self.cloud = Emulator(self)
        self.registry = harness.Registry(self)
        self.github = GitHub(self.cloud, RegistryProxy(self.registry.port), host, api)

    def start(self, *flags, **kwargs):
        return harness.Gantryd(self, *self.cloud.gantryd_flags(), "--log-level", "debug", *flags, **kwargs)

    def connect(self, token, *argv):
        """Registers the connector and the registry that uses it; returns how the connector fared."""
        result = self.gantry(self.daemon, "service-connector", "register", "github_connector", "--type", "docker",
                             "--auth-method=password", "--username=octocat", "--password", "-", *argv,
                             input=token)
        if result.code == 0:
            self.ok(self.daemon, "container-registry", "register", "ghcr", "--flavor=github",
                    f"--uri={self.github.host}/acme", "--connector", "github_connector")
        return result

    def push_app(self, version="1"):
        return self.gantry(self.daemon, "push", f"oci:{self.dir}/l", "-r", "ghcr", "--pipeline", "app",
                           "--version", version, "-o", "json")

    def login(self, daemon, file, *argv):
        return self.gantry(daemon, "login", "ghcr", "--repository", "app", "--config", file, *argv)

    def test_every_kind_of_token_pushes_and_is_lent_where_that_is_allowed(self):
        for kind, called in KINDS:
            with self.subTest(kind):
                self.daemon = self.start()
                self.assert_full_path(kind, called)

    def test_every_kind_of_site(self):
        for host, api in SITES[1:]:
            with self.subTest(host):
                self.start_site(host, api)
                self.daemon = self.start()
                self.assert_full_path(*KINDS[0])
                self.assertTrue(self.cloud.requests(host=api.partition("/")[0]), "its own API was asked")

    def assert_full_path(self, kind, called):
        """Register, link, verify, push, resolve; then a pull with what is lent alone, and with its successor."""
        host, env = self.github.host, self.cloud.client_env()
        token = self.github.issue("acme", kind=kind, ends=self.cloud.now() + 3600)
        connected = self.connect(token, f"--registry={host}", "-o", "json")
        self.assertEqual(connected.json()["verification"]["state"], "STATE_ACCEPTED")
        verified = self.ok(self.daemon, "container-registry", "verify", "ghcr", "--repository", "app").out
        self.assertIn("may push to acme/app", verified)
        self.assertIn(called, verified)
        pushed = self.push_app()
        self.assertEqual(pushed.code, 0, pushed)
        image = pushed.json()
        self.assertEqual((image["uri"], image["digest"]), (f"{host}/acme/app:1", self.digest))
        resolved = self.ok(self.daemon, "image", "resolve", f"{host}/acme/app:1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"{host}/acme/app@{self.digest}")
        self.assertFalse([r for r in self.cloud.requests(method="PATCH") if r.headers.get("Content-Range")])

        file = self.dir / f"{host}-{kind}.json"
        refused = self.login(self.daemon, file)
        self.assertIn("LONG_LIVED_CREDENTIAL", refused.err)
        self.assertFalse(file.exists())
        self.daemon.process.stop()
        self.daemon = self.start("--allow-long-lived-credentials", "github", state=self.daemon.state)
        allowed = self.login(self.daemon, file)
        self.assertIn("does not end by itself", allowed.err)
        pull = ("copy", "--src-authfile", file, f"docker://{resolved['digest_uri']}")
        self.skopeo(*pull, f"oci:{file}1:x", env=env)

        self.github.revoke(token)
        with self.assertRaises(subprocess.CalledProcessError):
            self.skopeo(*pull, f"oci:{file}2:x", env=env)
        ended = self.push_app("2")
        self.assertNotEqual(ended.code, 0, ended)
        self.ok(self.daemon, "service-connector", "update", "github_connector", "--password", "-",
                input=self.github.issue("acme", kind=kind))
        self.assertEqual(self.login(self.daemon, file).code, 0)
        self.skopeo(*pull, f"oci:{file}2:x", env=env)
        self.assertEqual(self.push_app("2").code, 0)

    def test_a_classic_token_is_told_with_its_scopes(self):
        self.connect(self.github.issue("acme"))
        verified = self.ok(self.daemon, "container-registry", "verify", "ghcr", "--repository", "app").out
        self.assertIn("write:packages", verified)

    def test_the_login_that_docker_left(self):
        """docker login ghcr.io, with a token for a password."""
        docker = self.dir / "docker"
        docker.mkdir()

        def docker_login():
            token = self.github.issue("acme")
            login = base64.b64encode(f"octocat:{token}".encode()).decode()
            (docker / "config.json").write_text(json.dumps({"auths": {"ghcr.io": {"auth": login}}}))
            return token
        token = docker_login()
        self.daemon = self.start(env={"DOCKER_CONFIG": str(docker)})
        self.ok(self.daemon, "container-registry", "register", "ghcr", "--flavor=github", "--uri=ghcr.io/acme")
        verified = self.ok(self.daemon, "container-registry", "verify", "ghcr", "--repository", "app").out
        self.assertIn("may push to acme/app", verified)
        self.assertEqual(self.push_app().json()["digest"], self.digest)
        resolved = self.ok(self.daemon, "image", "resolve", "ghcr.io/acme/app:1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"ghcr.io/acme/app@{self.digest}")
        self.assertEqual({r.basic()[0] for r in self.cloud.requests(path="/token") if r.basic()}, {"octocat"})
        self.assertEqual(self.skopeo_digest(resolved["digest_uri"], "--authfile", docker / "config.json",
                                            env=self.cloud.client_env()), self.digest)
        self.github.revoke(token)
        ended = self.push_app("2")
        self.assertEqual(ended.code, 5, ended)
        self.assertIn("UPSTREAM_DENIED", ended.err)
        self.assertIn("the token is wrong or has expired", ended.err)
        docker_login()
        again = self.push_app("2")
        self.assertEqual(again.code, 0, again)

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

    def test_too_many_requests(self):
        self.connect(self.github.issue("acme"), "--no-verify")
        self.github.quirks.throttled = 2
        self.assertEqual(self.push_app().code, 0, "a short time is waited for")
        self.github.quirks.throttled, self.github.quirks.retry_after = 1000, 600
        throttled = self.push_app("2")
        self.assertEqual(throttled.code, 7, throttled)
        for words in ("UPSTREAM_THROTTLED", "secondary rate limit", "push fewer images at once"):
            self.assertIn(words, throttled.err)

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
        for header, refused in (("Accept: application/xml", "415"), ("X-GitHub-Api-Version: 1970-01-01", "400"),
                                ("Accept: application/json", "200")):
            self.assertEqual(curl(*status, "-H", f"Authorization: Bearer {token}", "-H", header,
                                  "https://api.github.com/"), refused, header)
        big = self.dir / "big"
        with open(big, "wb") as out:
            out.truncate((4 << 20) + 1)
        ranged = curl("-H", bearer, "-X", "PATCH", "-T", str(big), "-H", f"Content-Range: 0-{4 << 20}",
                      "https://ghcr.io/v2/acme/a/blobs/uploads/x")
        self.assertIn("4.00MiB", ranged)


if __name__ == "__main__":
    harness.main()
