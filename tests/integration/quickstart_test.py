#!/usr/bin/env python3
"""What the README shows first: the quickstart, from the build on."""
import os
import subprocess

import harness


class Quickstart(harness.Case):
    def run_at(self, port, **env):
        # No compiler cache, home or registry of the machine's has a part in it.
        return subprocess.run([harness.ROOT / "deploy/quickstart.sh", "--no-build", harness.BUILD], text=True,
                              env={**os.environ, "HOME": str(self.dir), "GANTRY_ADDRESS": f"127.0.0.1:{port}", **env},
                              capture_output=True, timeout=300)

    def test_from_the_build_to_a_pulled_image_that_runs(self):
        port = harness.free_port()
        done = self.run_at(port)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Hello from an image that Gantry pushed.", done.stdout)
        self.assertRegex(done.stdout, r"(?m)^Pushed, pulled and run:  localhost:\d+/hello_pipeline@sha256:[0-9a-f]{64}$")
        self.assertFalse(harness.accepts(port), "the daemon has ended")

    def test_a_registry_that_has_another_image(self):
        """The script believes nobody: its skopeo is one that gets something else."""
        impostor = self.dir / "bin/skopeo"
        impostor.parent.mkdir()
        impostor.write_text('#!/bin/sh\n[ "$1" = inspect ] && echo another image || exec /usr/bin/skopeo "$@"\n')
        impostor.chmod(0o755)
        done = self.run_at(harness.free_port(), PATH=f"{impostor.parent}:{os.environ['PATH']}")
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, r"gantry push said \S+, but what skopeo gets by the tag is sha256:")

    def test_a_port_that_is_taken(self):
        registry = harness.Registry(self)
        done = self.run_at(registry.port)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("GANTRY_ADDRESS=", done.stderr)


if __name__ == "__main__":
    harness.main()
