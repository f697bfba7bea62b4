#!/usr/bin/env python3
"""Layers on their way into ECR: in parts where a proxy wants them, and compressed while they are sent."""
import random

import harness
import images
from clouds.aws import Aws
from clouds.emulator import Emulator
from clouds.registry_proxy import RegistryProxy

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


class AwsUploads(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Emulator(self)
        self.aws = Aws(self.cloud, RegistryProxy(harness.Registry(self).port))
        self.aws.create("team/app")
        user = self.aws.user()
        self.daemon = harness.Gantryd(self, *self.cloud.gantryd_flags())
        self.ok(self.daemon, "service-connector", "register", "c", "--type=aws", "--auth-method=secret-key",
                f"--aws_access_key_id={user.access_key_id}", f"--aws_secret_access_key={user.secret_access_key}")
        self.ok(self.daemon, "container-registry", "register", "ecr", f"--uri={HOST}", "--connector=c")

    def push_noise(self, name, size):
        """An image whose one layer has so many bytes."""
        layout = images.Layout(self.dir / name)
        layout.root(layout.image([layout.layer({"data": random.Random(name).randbytes(size)})]), "latest")
        return self.gantry(self.daemon, "push", f"oci:{self.dir}/{name}", "-r", "ecr", "--repository", "team/app",
                           "--tag", name)

    def parts(self):
        return [r for r in self.cloud.requests(method="PATCH") if r.status == 201]

    def test_parts_that_a_proxy_wants(self):
        """ECR's Range stops after the first of them."""
        self.aws.quirks.body_limit = 8 << 20
        pushed = self.push_noise("big", 24 << 20)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertIn(len(self.parts()), (4, 5), "four of 6 MiB, and what is left")

    def test_no_part_is_smaller_than_ecr_takes(self):
        self.aws.quirks.body_limit = 4 << 20
        refused = self.push_noise("big", 23 << 20)
        self.assertEqual(refused.code, 1, refused)
        self.assertIn("body limit", refused.err)
        self.assertEqual(self.parts(), [])

    def test_layers_that_are_compressed_on_their_way(self):
        images.simple(self.dir / "l")
        self.skopeo("copy", f"oci:{self.dir}/l:latest", f"docker-archive:{self.dir}/a.tar:app:1")
        image = self.push(self.daemon, f"docker-archive:{self.dir}/a.tar", "-r", "ecr", "--repository", "team/app",
                          "--tag", "1")
        self.assertTrue(image["digest"].startswith("sha256:"))
        self.assertTrue([r for r in self.parts() if r.is_chunked])


if __name__ == "__main__":
    harness.main()
