#!/usr/bin/env python3
"""Docker Hub: from an access token to a pull, and what its refusals mean."""
import subprocess
import unittest

import harness
import images
from clouds.dockerhub import DockerHub
from clouds.emulator import Emulator
from clouds.registry_proxy import RegistryProxy


class Hub(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Emulator(self)
        self.hub = DockerHub(self.cloud, RegistryProxy(harness.Registry(self).port))
        self.digest = images.many_layers(self.dir / "l", 5)
        self.start_daemon()

    def start_daemon(self, state=None):
        self.daemon = harness.Gantryd(self, *self.cloud.gantryd_flags(), "--log-level", "debug",
                                      "--allow-long-lived-credentials", "dockerhub", state=state)

    def connect(self, token, *argv):
        connected = self.gantry(self.daemon, "service-connector", "register", "dockerhub_connector", "--type", "docker",
                                "--auth-method=password", "--username=acme", "--password", "-", *argv, input=token)
        if connected.code == 0:
            self.ok(self.daemon, "container-registry", "register", "dockerhub", "--flavor=dockerhub",
                    "--uri=docker.io/acme", "--connector", "dockerhub_connector")
        return connected

    def push_app(self, *argv):
        return self.gantry(self.daemon, "push", f"oci:{self.dir}/l", "-r", "dockerhub", "--pipeline", "app",
                           "--version", "1", "-o", "json", *argv)

    def pull_with_login(self):
        """The digest of what a stranger's tool gets with nothing but what the daemon hands out."""
        file = self.dir / "auth.json"
        file.unlink(missing_ok=True)
        self.ok(self.daemon, "login", "dockerhub", "--config", file)
        return self.skopeo_digest("docker.io/acme/app:1", "--authfile", file, env=self.cloud.client_env())

    def refused(self, result, code, *words):
        self.assertEqual(result.code, code, result)
        for word in words:
            self.assertIn(word, result.err)

    def test_from_an_access_token_to_a_pull(self):
        self.assertEqual(self.connect(self.hub.account("acme"), "--registry=docker.io").code, 0)
        verified = self.ok(self.daemon, "container-registry", "verify", "dockerhub", "--repository", "app").out
        self.assertIn("may push to acme/app", verified)
        pushed = self.push_app()
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual((pushed.json()["uri"], pushed.json()["digest"]), ("docker.io/acme/app:1", self.digest))
        resolved = self.ok(self.daemon, "image", "resolve", "docker.io/acme/app:1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"docker.io/acme/app@{self.digest}")
        self.assertEqual(self.pull_with_login(), self.digest)
        self.hub.end_accounts()
        with self.assertRaises(subprocess.CalledProcessError):
            self.pull_with_login()
        self.refused(self.push_app(), 3, "UPSTREAM_AUTH_REJECTED", "Use a personal access token")
        self.ok(self.daemon, "service-connector", "update", "dockerhub_connector", "--password", "-",
                input=self.hub.account("acme"))
        self.assertEqual(self.push_app().code, 0)
        self.assertEqual(self.pull_with_login(), self.digest)

    def test_tokens_that_end_inside_of_a_push(self):
        self.connect(self.hub.account("acme"))
        self.hub.quirks.end_at_uploads = (2, 5)
        pushed = self.push_app()
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], self.digest)
        self.assertTrue([r for r in self.cloud.requests(method="POST") if r.status == 401])

    def test_refusals_are_told_with_a_way_out(self):
        self.hub.account("acme")
        wrong = self.connect("dckr_pat_of-somebody-else", "--registry=docker.io")
        self.refused(wrong, 3, "UPSTREAM_AUTH_REJECTED", "Use a personal access token")
        self.connect(self.hub.account("acme", actions=("pull",)))
        self.refused(self.push_app(), 5, "UPSTREAM_DENIED", "Read & Write")
        missing = self.gantry(self.daemon, "image", "resolve", "docker.io/acme/none:1")
        self.refused(missing, 4)

    def test_limits(self):
        self.connect(self.hub.account("acme"))
        self.hub.quirks.throttled = 2
        self.assertEqual(self.push_app().code, 0, "a short refusal is waited out")
        self.hub.quirks.throttled, self.hub.quirks.retry_after = 99, 600
        self.refused(self.push_app(), 7, "UPSTREAM_THROTTLED", "guard against abuse", "Wait for some minutes")
        self.daemon.process.stop()
        self.start_daemon(self.daemon.state)  # which has not been told to wait
        self.hub.quirks.throttled, self.hub.quirks.pulls_left = 0, 3
        verified = self.gantry(self.daemon, "container-registry", "verify", "dockerhub", "--repository", "app")
        self.assertIn("3 pulls left", verified.out)
        self.hub.quirks.pulls_left = 0
        again = self.gantry(self.daemon, "push", "docker://docker.io/acme/app:1", "-r", "dockerhub", "--repository",
                            "copy", "--tag", "1")
        self.refused(again, 7, "UPSTREAM_THROTTLED", "pull rate limit")


if __name__ == "__main__":
    unittest.main(verbosity=2)
