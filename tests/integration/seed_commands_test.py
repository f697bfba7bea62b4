#!/usr/bin/env python3
"""The commands that ZenML's users know, with `gantry` in the place of `zenml`."""
import json
import os
import subprocess
import unittest

import harness

# As written, with the placeholders filled.  Each block stands for itself: the second and the third
# name what the first has named too.
BLOCKS = (r"""
gantry container-registry register default_registry --flavor=default \
  --uri=localhost:5000
gantry container-registry register dockerhub_registry --flavor=default \
  --uri=docker.io/myusername
gantry container-registry register dockerhub --flavor=dockerhub \
  --uri=docker.io/myusername
""", r"""
gantry service-connector register dockerhub_connector --type docker \
  --auth-method=password \
  --username=me \
  --password=not-a-real-password

gantry container-registry register dockerhub --flavor=dockerhub \
  --uri=docker.io/myusername \
  --connector dockerhub_connector
""", r"""
gantry service-connector register github_connector --type docker \
  --auth-method=password \
  --username=me \
  --password=not-a-real-token
gantry service-connector register my_connector --type docker \
  --auth-method=password \
  --username=me --password=not-a-real-password

gantry container-registry register my_registry --flavor=default \
  --uri=ghcr.io/myusername \
  --connector my_connector
""")


class SeedCommands(harness.Case):
    def run_block(self, block):
        """Runs the lines; returns what there is then: registries by name, and connectors."""
        daemon = harness.Gantryd(self)
        env = dict(os.environ, GANTRY_ADDRESS=daemon.address, PATH=f"{harness.GANTRY.parent}:{os.environ['PATH']}")
        done = subprocess.run(["bash", "-euc", block], env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        registries = self.ok(daemon, "container-registry", "list", "-o", "json").json()["registries"]
        connectors = self.ok(daemon, "service-connector", "list", "-o", "json").json()["connectors"]
        self.assertNotIn("not-a-real", json.dumps(connectors))
        return {r["name"]: (r["flavor"], r["uri"], r["connector"]) for r in registries}, connectors

    def test_the_lines_as_they_are_written(self):
        registries, connectors = self.run_block(BLOCKS[0])
        self.assertEqual(registries, {"default_registry": ("default", "localhost:5000", ""),
                                      "dockerhub_registry": ("default", "docker.io/myusername", ""),
                                      "dockerhub": ("dockerhub", "docker.io/myusername", "")})
        self.assertEqual(connectors, [])
        registries, connectors = self.run_block(BLOCKS[1])
        self.assertEqual(registries, {"dockerhub": ("dockerhub", "docker.io/myusername", "dockerhub_connector")})
        self.assertEqual([(c["name"], c["type"], c["auth_method"], c["config"], c["secret_fields"])
                          for c in connectors],
                         [("dockerhub_connector", "docker", "password", {"username": "me"}, ["password"])])
        registries, connectors = self.run_block(BLOCKS[2])
        self.assertEqual(registries, {"my_registry": ("default", "ghcr.io/myusername", "my_connector")})
        self.assertEqual([c["name"] for c in connectors], ["github_connector", "my_connector"])

    def test_wrong_uris_are_refused_with_an_example(self):
        daemon = harness.Gantryd(self)
        for flavor, uri in (("dockerhub", "gcr.io/me"), ("dockerhub", "docker.io.evil.example/me"),
                            ("dockerhub", "docker.io/a/b"), ("default", "myusername"), ("default", "/")):
            with self.subTest(uri=uri):
                refused = self.gantry(daemon, "container-registry", "register", "x", f"--flavor={flavor}",
                                      f"--uri={uri}")
                self.assertEqual(refused.code, 2, refused)
                self.assertIn("docker.io/", refused.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
