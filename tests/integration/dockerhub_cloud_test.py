#!/usr/bin/env python3
"""Docker Hub: its hosts behind one name, what its tokens may do, its limits, and pulls with what is lent."""
import base64
import json
import subprocess

import harness
import images
from clouds.dockerhub import AUTH, REGISTRY, DockerHub
from clouds.emulator import Emulator
from clouds.registry_proxy import RegistryProxy

ALLOW = ("--allow-long-lived-credentials", "dockerhub")
KEY = "https://index.docker.io/v1/"  # under which docker files its login


class DockerHubCloud(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Emulator(self)
        self.hub = DockerHub(self.cloud, RegistryProxy(harness.Registry(self).port))
        self.digest = images.many_layers(self.dir / "l", 5)

    def daemon(self, *flags, **kwargs):
        return harness.Gantryd(self, *self.cloud.gantryd_flags(), "--log-level", "debug", *flags, **kwargs)

    def register(self, daemon, *argv):
        self.ok(daemon, "container-registry", "register", "hub", "--flavor=dockerhub", "--uri=docker.io/acme", *argv)

    def connect(self, daemon, token, user="acme", *argv):
        """Registers the connector and the registry that uses it; returns how the connector fared."""
        made = self.gantry(daemon, "service-connector", "register", "dockerhub_connector", "--type", "docker",
                           "--auth-method=password", f"--username={user}", "--password", "-", *argv, input=token)
        if made.code == 0:
            self.register(daemon, "--connector", "dockerhub_connector")
        return made

    def push_app(self, daemon, version="1"):
        return self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", "hub", "--pipeline", "app", "--version", version,
                           "-o", "json")

    def verify(self, daemon):
        return self.gantry(daemon, "container-registry", "verify", "hub", "--repository", "app")

    def assert_refused(self, result, code, reason, *words):
        self.assertEqual(result.code, code, result)
        for word in (reason, *words):
            self.assertIn(word, result.err)
        self.assertTrue(json.loads(result.err)["remedy"])

    def test_every_kind_of_login_pushes_and_is_lent_where_that_is_allowed(self):
        passwords = iter(("pass-word of acme", "next pass-word of acme"))
        logins = {"personal": lambda: self.hub.access_token("acme"),
                  "organisation": lambda: self.hub.access_token("acme", kind="dckr_oat_"),
                  "password": lambda: self.hub.password("acme", next(passwords))}
        env = self.cloud.client_env()
        for name, new_token in logins.items():
            with self.subTest(name):
                daemon, token = self.daemon(), new_token()
                made = self.connect(daemon, token, "acme", "--registry=docker.io", "-o", "json")
                self.assertEqual(made.json()["verification"]["state"], "STATE_ACCEPTED")
                verified = self.verify(daemon)
                self.assertEqual(verified.code, 0, verified)
                pushed = self.push_app(daemon)
                self.assertEqual(pushed.code, 0, pushed)
                self.assertEqual((pushed.json()["uri"], pushed.json()["digest"]), ("docker.io/acme/app:1", self.digest))
                resolved = self.ok(daemon, "image", "resolve", "docker.io/acme/app:1", "-o", "json").json()
                self.assertEqual(resolved["digest_uri"], f"docker.io/acme/app@{self.digest}")

                file = self.dir / f"{name}.json"
                refused = self.gantry(daemon, "login", "hub", "--config", file)
                self.assert_refused_text(refused)
                daemon.process.stop()
                allowing = self.daemon(*ALLOW, state=daemon.state)
                lent = self.ok(allowing, "login", "hub", "--config", file)
                self.assertIn("does not end by itself", lent.err)
                self.assertEqual(list(json.loads(file.read_text())["auths"]), [KEY])
                self.skopeo("copy", "--src-authfile", file, f"docker://{resolved['digest_uri']}",
                            f"oci:{self.dir}/{name}:x", env=env)
                self.assert_goes_on_with_a_successor(allowing, token, new_token, file)
        self.assertEqual({r.host for r in self.cloud.requests(path="/token")}, {AUTH})
        self.assertLessEqual({r.host for r in self.cloud.requests(method="PUT")}, {REGISTRY})

    def assert_goes_on_with_a_successor(self, daemon, token, new_token, file):
        """The token, which is in the file, is deleted; the connector gets another."""
        pulled = lambda: self.skopeo_digest("docker.io/acme/app:1", "--authfile", file, env=self.cloud.client_env())
        self.assertEqual(pulled(), self.digest)
        self.hub.revoke("acme", token)
        with self.assertRaises(subprocess.CalledProcessError):
            pulled()
        self.assert_refused(self.push_app(daemon, "2"), 3, "UPSTREAM_AUTH_REJECTED", "Use a personal access token")
        self.ok(daemon, "service-connector", "update", "dockerhub_connector", "--password", "-", input=new_token())
        self.assertEqual(self.push_app(daemon, "2").code, 0)
        self.ok(daemon, "login", "hub", "--config", file)
        self.assertEqual(pulled(), self.digest)

    def assert_refused_text(self, lent):
        self.assertNotEqual(lent.code, 0, lent)
        self.assertIn("LONG_LIVED_CREDENTIAL", lent.err)
        self.assertIn("--allow-long-lived-credentials dockerhub", lent.err)

    def test_the_login_that_docker_left(self):
        docker = self.dir / "docker"
        docker.mkdir()
        login = base64.b64encode(f"acme:{self.hub.access_token('acme')}".encode()).decode()
        (docker / "config.json").write_text(json.dumps({"auths": {KEY: {"auth": login}}}))
        daemon = self.daemon(env={"DOCKER_CONFIG": str(docker)})
        self.register(daemon)
        self.assertEqual(self.push_app(daemon).json()["digest"], self.digest)

    def test_a_push_outlives_registry_tokens(self):
        daemon = self.daemon()
        self.connect(daemon, self.hub.access_token("acme"))
        self.hub.quirks.forget_at_uploads = (2, 5)
        self.assertEqual(self.push_app(daemon).json()["digest"], self.digest)
        self.assertGreaterEqual(len([r for r in self.cloud.requests(method="POST") if r.status == 401]), 2)

    def test_a_token_is_changed_under_a_connector(self):
        daemon = self.daemon(*ALLOW)
        self.connect(daemon, self.hub.access_token("acme"))
        self.assertEqual(self.push_app(daemon).code, 0)
        lent = lambda: self.ok(daemon, "pull-secret", "hub").out
        first = lent()
        self.ok(daemon, "service-connector", "update", "dockerhub_connector", "--password", "-",
                input=self.hub.access_token("acme", "read"))
        self.assertNotEqual(lent(), first)
        self.assert_refused(self.push_app(daemon, "2"), 5, "UPSTREAM_DENIED",
                            "the access token may not do this", "Read & Write")

    def test_refused_logins(self):
        daemon = self.daemon()
        refused = self.connect(daemon, "dckr_pat_not-the-token", "acme", "--registry=docker.io", "-o", "json")
        self.assert_refused(refused, 3, "UPSTREAM_AUTH_REJECTED", "does not know this user name",
                            "personal access token")
        self.connect(daemon, self.hub.access_token("acme", "read"))
        denied = self.push_app(daemon)
        self.assert_refused(denied, 5, "UPSTREAM_DENIED", "the access token may not do this", "Read & Write")
        verified = self.verify(daemon)
        self.assertEqual(verified.code, 12, verified)
        self.assertIn("Read & Write", verified.out)

    def test_an_image_that_is_not_there(self):
        daemon = self.daemon()
        self.connect(daemon, self.hub.access_token("acme"))
        missing = self.gantry(daemon, "image", "resolve", "docker.io/acme/none:1", "-o", "json")
        self.assert_refused(missing, 4, "IMAGE_NOT_FOUND", "acme/none")

    def test_a_namespace_of_somebody_else(self):
        daemon = self.daemon()
        self.connect(daemon, self.hub.access_token("stranger"), "stranger")
        self.assert_refused(self.push_app(daemon), 5, "UPSTREAM_DENIED", "acme/app",
                            "check that the namespace is yours")
        self.assertIn("check that the namespace is yours", self.verify(daemon).out)

    def test_a_plan_without_another_private_repository(self):
        daemon = self.daemon()
        self.connect(daemon, self.hub.access_token("acme"))
        self.hub.quirks.out_of_private_repositories = True
        self.assert_refused(self.push_app(daemon), 5, "UPSTREAM_DENIED", "how many private repositories")

    def test_pulls_are_counted(self):
        daemon = self.daemon()
        self.connect(daemon, self.hub.access_token("acme"))
        self.assertEqual(self.push_app(daemon).code, 0)
        self.hub.quirks.pulls = 100
        used = self.hub.pulled
        self.assertIn(f"{100 - used} of 100 pulls are left", self.verify(daemon).out)
        self.ok(daemon, "image", "resolve", "docker.io/acme/app:1")
        self.assertEqual(self.hub.pulled, used, "to look is no pull")
        self.hub.pulled = 100
        checked = self.verify(daemon)
        self.assertEqual(checked.code, 0, checked)
        self.assertIn("the pull rate limit is all but used up: 0 pulls left", checked.out)
        self.assertEqual(self.push_app(daemon, "2").code, 0, "a push is no pull")
        self.hub.quirks.retry_after = 600
        copied = self.gantry(daemon, "push", "docker://docker.io/acme/app:1", "-r", "hub", "--pipeline", "copy",
                             "--version", "1", "--on-daemon", "-o", "json")
        self.assert_refused(copied, 7, "UPSTREAM_THROTTLED", "pull rate limit", "pull through a mirror")

    def test_the_guard_against_abuse(self):
        daemon = self.daemon()
        self.connect(daemon, self.hub.access_token("acme"))
        self.hub.quirks.abuse = 2
        self.assertEqual(self.push_app(daemon).code, 0, "a short time is waited for")
        self.hub.quirks.abuse, self.hub.quirks.retry_after = 1000, 600
        self.assert_refused(self.push_app(daemon, "2"), 7, "UPSTREAM_THROTTLED", "guard against abuse",
                            "send less at once from this address")
        daemon.process.stop()
        other = self.daemon(state=daemon.state)  # which has not been told to wait
        self.hub.quirks.abuse = 0
        self.assertEqual(self.push_app(other).code, 0)


if __name__ == "__main__":
    harness.main()
