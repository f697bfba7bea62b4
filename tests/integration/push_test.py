#!/usr/bin/env python3
"""Images of every shape, pushed by the CLI through gantryd and a flavor, read back by skopeo."""
import json
import re
import subprocess

import harness
import images


class Push(harness.Case):
    def setUp(self):
        super().setUp()
        self.registry = harness.Registry(self)
        self.daemon = harness.Gantryd(self)
        self.register(self.daemon, "plain", self.registry)

    def test_every_shape_of_image(self):
        shapes = {"single": images.simple, "sixty": images.many_layers, "index": images.two_platforms,
                  "zstd": images.zstd_layers, "empty": images.no_layers, "twice": images.duplicate_layers}
        for name, make in shapes.items():
            with self.subTest(name):
                layout = self.dir / name
                digest = make(layout)
                image = self.push(self.daemon, f"oci:{layout}", "--pipeline", name, "--version", "v1")
                self.assertEqual(image["uri"], f"{self.registry.host}/{name}:v1")
                # skopeo 1.9 does not copy an image without layers
                self.assert_pulls_back(layout, image, digest, *self.registry.access(), copies=name != "empty")

    def test_oci_archive_by_client_and_by_daemon(self):
        digest = images.simple(self.dir / "l")
        subprocess.run(["tar", "-C", self.dir / "l", "-cf", self.dir / "l.tar", "."], check=True)
        image = self.push(self.daemon, f"oci-archive:{self.dir}/l.tar", "--pipeline", "tarred")
        self.assertEqual(image["digest"], digest)
        self.assertRegex(image["uri"], r"/tarred:\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d$")
        refused = self.gantry(self.daemon, "push", f"oci-archive:{self.dir}/l.tar", "--on-daemon",
                              "--pipeline", "x", "--output", "json")
        self.assertEqual(json.loads(refused.err.strip().splitlines()[-1])["reason"], "SOURCE_NOT_ALLOWED")
        daemon = harness.Gantryd(self, "--allow-source-root", self.dir)
        self.register(daemon, "plain", self.registry)
        image = self.push(daemon, f"oci-archive:{self.dir}/l.tar", "--on-daemon", "--pipeline", "y")
        self.assertEqual(image["digest"], digest)

    def test_the_engine_that_docker_host_names_and_no_other(self):
        env = {"DOCKER_HOST": "ssh://me@build"}
        refused = self.gantry(self.daemon, "push", "docker-daemon:app:1", "--pipeline", "x", "--output", "json",
                              env=env)
        error = json.loads(refused.err.strip().splitlines()[-1])
        self.assertEqual(error["reason"], "SOURCE_UNREADABLE")
        self.assertIn("by ssh", error["message"])
        images.simple(self.dir / "l")
        self.push(self.daemon, f"oci:{self.dir}/l", "--pipeline", "other-sources", env=env)

    def test_registry_to_registry_mounts_on_one_host(self):
        digest = images.two_platforms(self.dir / "l")
        first = self.push(self.daemon, f"oci:{self.dir}/l", "--repository", "team/one", "--tag", "a")
        image = self.push(self.daemon, f"docker://{first['uri']}", "--repository", "team/two", "--tag", "b",
                          "--tag", "c")
        self.assertEqual(image["digest"], digest)
        self.assertEqual(self.registry.stored_tags(), ["team/one:a", "team/two:b", "team/two:c"])
        opened = re.findall(r'"POST /v2/team/two/blobs/uploads/(\S*) HTTP/1.1" (\d+)', self.registry.process.log())
        self.assertEqual(len(opened), 5, "two configs and three layers")
        for query, status in opened:
            self.assertRegex(query, r"^\?mount=sha256:[0-9a-f]{64}&from=team%2Fone$")
            self.assertEqual(status, "201", "mounted, not merely opened")
        other = harness.Registry(self)
        self.register(self.daemon, "other", other)
        image = self.push(self.daemon, f"docker://{first['digest_uri']}", "--registry", "other",
                          "--repository", "copy", "--tag", "t")
        self.assertEqual(self.skopeo_digest(image["uri"], "--tls-verify=false"), digest)

    def test_resolve_and_list(self):
        digest = images.simple(self.dir / "l")
        for tag in ("1.0", "1.1", "latest"):
            self.push(self.daemon, f"oci:{self.dir}/l", "--repository", "app", "--tag", tag)
        resolved = self.ok(self.daemon, "image", "resolve", f"{self.registry.host}/app:1.1", "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], f"{self.registry.host}/app@{digest}")
        listed = self.ok(self.daemon, "image", "list", "--registry", "plain", "app", "-o", "json").json()
        self.assertEqual(sorted(i["tags"][0] for i in listed["images"]), ["1.0", "1.1", "latest"])
        missing = self.gantry(self.daemon, "image", "resolve", f"{self.registry.host}/app:nope")
        self.assertEqual(missing.code, 4, missing)
        self.assertIn("IMAGE_NOT_FOUND", missing.err)

    def test_a_repeat_sends_nothing_and_request_ids_are_remembered(self):
        images.many_layers(self.dir / "l", 5)
        args = ("--repository", "app", "--tag", "t")
        self.push(self.daemon, f"oci:{self.dir}/l", *args)
        again = self.ok(self.daemon, "push", f"oci:{self.dir}/l", *args)
        self.assertNotIn("sent", again.err.lower().replace("sent nothing", ""), again)
        one = self.push(self.daemon, f"oci:{self.dir}/l", *args, "--request-id", "r1")
        two = self.push(self.daemon, f"oci:{self.dir}/l", *args, "--request-id", "r1")
        self.assertEqual(one, two)
        images.simple(self.dir / "m")
        reused = self.gantry(self.daemon, "push", f"oci:{self.dir}/m", "--repository", "b", "--tag", "t",
                             "--request-id", "r1")
        self.assertIn("REQUEST_ID_REUSED", reused.err)


if __name__ == "__main__":
    harness.main()
