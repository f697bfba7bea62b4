#!/usr/bin/env python3
"""Big layers go through a daemon that stays below 100 MB and writes nothing of them to disk."""
import subprocess

import harness
import images
from footprint import Footprint

LAYER_BYTES = 2 << 30


class BigLayer(harness.Case):
    def setUp(self):
        super().setUp()
        self.registry = harness.Registry(self)
        self.daemon = harness.Gantryd(self, "--allow-source-root", self.dir)
        self.register(self.daemon, "plain", self.registry)

    def push_measured(self, what, source, *argv):
        footprint = Footprint(self, self.daemon)
        image = self.push(self.daemon, source, "--repository", what, "--tag", "t", *argv, timeout=900)
        footprint.assert_small(what)
        self.assertEqual(self.skopeo_digest(image["uri"], "--tls-verify=false"), image["digest"])
        return image

    def test_two_gigabytes(self):
        digest = images.big_layer(self.dir / "l", LAYER_BYTES)
        for what, where in (("by-client", []), ("by-daemon", ["--on-daemon"])):
            image = self.push_measured(what, f"oci:{self.dir}/l", "-r", "plain", *where)
            self.assertEqual(image["digest"], digest)

    def test_every_kind_of_source(self):
        """An engine's is in docker_engine_test."""
        digest = images.big_layer(self.dir / "l", LAYER_BYTES // 4)
        archive = images.docker_archive(self.dir / "l", self.dir / "a.tar", "app:1")
        subprocess.run(["gzip", "-1", "-k", archive], check=True)
        plain, zipped = (self.push_measured(what, f"docker-archive:{file}", "-r", "plain", "--on-daemon")
                         for what, file in (("archive", archive), ("archive-gz", f"{archive}.gz")))
        self.assertEqual(plain["digest"], zipped["digest"])
        subprocess.run(["tar", "-C", self.dir / "l", "-cf", self.dir / "l.tar", "."], check=True)
        image = self.push_measured("oci-archive", f"oci-archive:{self.dir}/l.tar", "-r", "plain", "--on-daemon")
        self.assertEqual(image["digest"], digest)
        other = harness.Registry(self)
        self.register(self.daemon, "other", other)
        copy = self.push_measured("registry", f"docker://{image['uri']}", "-r", "other")
        self.assertEqual((copy["digest"], copy["uri"]), (digest, f"{other.host}/registry:t"))


if __name__ == "__main__":
    harness.main()
