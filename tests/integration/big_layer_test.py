#!/usr/bin/env python3
"""A layer of 2 GiB goes through a daemon that stays below 100 MB."""
import unittest

import harness
import images

LAYER_BYTES = 2 << 30
RSS_LIMIT_KIB = 100_000


class BigLayer(harness.Case):
    def test_memory_stays_bounded(self):
        registry = harness.Registry(self)
        daemon = harness.Gantryd(self, "--allow-source-root", self.dir)
        self.register(daemon, "plain", registry)
        digest = images.big_layer(self.dir / "l", LAYER_BYTES)
        for where in ([], ["--on-daemon"]):
            name = "by-daemon" if where else "by-client"
            image = self.push(daemon, f"oci:{self.dir}/l", "--repository", name, "--tag", "t", *where,
                              timeout=900)
            self.assertEqual(image["digest"], digest)
        self.assertEqual(self.skopeo_digest(image["uri"], "--tls-verify=false"), digest)
        print(f"peak RSS of gantryd: {daemon.peak_rss_kib()} KiB")
        self.assertLess(daemon.peak_rss_kib(), RSS_LIMIT_KIB)


if __name__ == "__main__":
    unittest.main(verbosity=2)
