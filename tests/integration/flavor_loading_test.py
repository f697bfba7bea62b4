#!/usr/bin/env python3
"""A flavor that cannot be loaded: the daemon says which and why, and serves the registries of the others."""
import shutil

import harness
import images

FLAVORS = harness.BUILD / "flavors"
FAKES = harness.BUILD / "tests/fakes/flavors/lib"


class FlavorLoading(harness.Case):
    def test_a_flavor_that_a_registry_needs_is_refused_aloud_and_the_others_serve(self):
        registry = harness.Registry(self)
        flavors = self.dir / "flavors"
        shutil.copytree(FLAVORS, flavors)
        first = harness.Gantryd(self, "--flavor-dir", flavors)
        self.register(first, "plain", registry)
        self.ok(first, "container-registry", "register", "hub", "--flavor=dockerhub", "--uri=docker.io/me")
        first.process.stop()
        with (flavors / "gantry_flavor_dockerhub.so").open("ab") as out:
            out.write(b"x")

        daemon = harness.Gantryd(self, "--flavor-dir", flavors, state=first.state)
        said = [line for line in daemon.process.log().splitlines() if "gantry_flavor_dockerhub.so" in line]
        self.assertTrue(any("has the checksum" in line and "refused" in line for line in said), said)
        self.assertTrue(any("registry hub cannot be used" in line for line in said), said)
        listed = {f["name"]: f for f in self.ok(daemon, "flavor", "list", "-o", "json").json()["flavors"]}
        self.assertEqual(listed["default"]["state"], "STATE_LOADED")
        self.assertEqual(listed["dockerhub"]["state"], "STATE_FAILED")
        self.assertIn("checksum", listed["dockerhub"]["load_error"])
        digest = images.simple(self.dir / "l")
        image = self.push(daemon, f"oci:{self.dir}/l", "-r", "plain", "--repository", "p", "--tag", "t")
        self.assertEqual(image["digest"], digest)
        refused = self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", "hub", "--repository", "p", "--tag", "t")
        self.assertIn("FLAVOR_NOT_LOADED", refused.err)
        self.assertEqual(self.ok(daemon, "container-registry", "list", "-o", "json").json()["registries"][0]["name"],
                         "hub")
        self.ok(daemon, "container-registry", "delete", "hub")

    def test_bad_flavors_are_each_refused_with_a_sentence(self):
        daemon = harness.Gantryd(self, "--flavor-dir", FAKES)
        listed = {f["name"]: f for f in self.ok(daemon, "flavor", "list", "-o", "json").json()["flavors"]}
        for name, why in {"wrong_magic": "magic number", "short_table": "a table of 152 bytes",
                          "wrong_name": "calls itself", "no_authenticate": "required operation",
                          "no_symbol": "instead of gantry_flavor_v1", "future": "gantry_flavor_v2",
                          "heap_table": "static data", "unresolved": "nobody_defines_this"}.items():
            self.assertEqual(listed[name]["state"], "STATE_FAILED", name)
            self.assertIn(why, listed[name]["load_error"])
        self.assertNotIn("unlisted", listed)
        self.assertIn("gantry_flavor_unlisted.so is not in the manifest", daemon.process.log())
        for name in ("minimal", "throws", "slow", "liar", "thread_leak"):
            self.assertEqual(listed[name]["state"], "STATE_LOADED", name)

    def test_flavors_that_misbehave_in_a_call_fail_that_call_alone(self):
        daemon = harness.Gantryd(self, "--flavor-dir", FAKES)
        images.simple(self.dir / "l")
        for flavor, repository, reason in (("throws", "a", "FLAVOR_EXCEPTION"), ("liar", "no-record", "FLAVOR_MISBEHAVED"),
                                           ("liar", "other-host", "FLAVOR_MISBEHAVED")):
            with self.subTest(flavor=flavor, repository=repository):
                self.gantry(daemon, "container-registry", "register", flavor, f"--flavor={flavor}",
                            "--uri=registry.example.com")
                failed = self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", flavor, "--repository", repository,
                                     "--tag", "t")
                self.assertIn(reason, failed.err)
                self.assertIn(flavor, failed.err)
        self.ok(daemon, "flavor", "list")

    def test_a_directory_without_a_manifest_does_not_start(self):
        (self.dir / "flavors").mkdir()
        daemon = harness.Gantryd(self, "--flavor-dir", self.dir / "flavors", expect_start=False)
        self.assertEqual(daemon.process.child.wait(20), 1)
        self.assertIn("flavors.manifest.json", daemon.process.log())
        self.assertIn("what to do", daemon.process.log())


if __name__ == "__main__":
    harness.main()
