#!/usr/bin/env python3
"""gantryd --dev: the registry beside it comes, lasts and goes with it."""
import os
import pathlib
import signal

import harness
import images


def children_of(pid):
    """Process ids of docker-registry below a process."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().rpartition(")")
        except OSError:
            continue  # it has ended meanwhile
        if int(rest.split()[1]) == pid and "registry" in name:
            found.append(int(status.parent.name))
    return found


def runs(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


class DevRegistry(harness.Case):
    def setUp(self):
        super().setUp()
        self.digest = images.simple(self.dir / "l")

    def child(self, daemon):
        found = []
        harness.wait_until(lambda: found.extend(children_of(daemon.process.child.pid)) or found,
                           "the daemon has a registry")
        return found[0]

    def pushed(self, daemon, tag):
        image = self.push(daemon, f"oci:{self.dir}/l", "-r", "local", "--repository", "p", "--tag", tag)
        self.assertEqual(image["digest"], self.digest)
        return image["digest_uri"]

    def pulled(self, uri):
        self.assertEqual(self.skopeo_digest(uri, "--tls-verify=false"), self.digest)

    def test_it_is_there_at_once_and_listens_on_loopback_alone(self):
        daemon = harness.Gantryd(self, "--dev")
        uri = self.pushed(daemon, "a")
        self.assertRegex(uri, r"^localhost:\d+/p@sha256:")
        port = int(uri.split("/")[0].split(":")[1])
        listening = [line.split() for table in ("/proc/net/tcp", "/proc/net/tcp6")
                     for line in pathlib.Path(table).read_text().splitlines()[1:]]
        addresses = {row[1].split(":")[0] for row in listening
                     if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}
        self.assertEqual(addresses, {"0100007F"})

    def test_it_goes_with_the_daemon_and_keeps_data_and_port(self):
        daemon = harness.Gantryd(self, "--dev")
        uri, child = self.pushed(daemon, "a"), self.child(daemon)
        self.assertEqual(daemon.process.stop(), 0)
        self.assertFalse(runs(child))
        again = harness.Gantryd(self, "--dev", state=daemon.state)
        self.pulled(uri)
        self.assertEqual(self.pushed(again, "b"), uri)

    def test_kill_9_of_the_daemon_leaves_no_orphan(self):
        daemon = harness.Gantryd(self, "--dev")
        uri, first = self.pushed(daemon, "a"), self.child(daemon)
        # Also for one that was started again.
        os.kill(first, signal.SIGKILL)
        harness.wait_until(lambda: first not in children_of(daemon.process.child.pid) and
                           children_of(daemon.process.child.pid), "it is started again")
        second = self.child(daemon)
        daemon.process.child.kill()
        daemon.process.child.wait()
        harness.wait_until(lambda: not runs(second), "the registry goes too")
        harness.Gantryd(self, "--dev", state=daemon.state)
        self.pulled(uri)

    def test_it_is_started_again_when_it_dies(self):
        daemon = harness.Gantryd(self, "--dev")
        uri = self.pushed(daemon, "a")
        os.kill(self.child(daemon), signal.SIGTERM)
        port = int(uri.split("/")[0].split(":")[1])
        harness.wait_until(lambda: "ended (signal 15); starting it again" in daemon.process.log(), "it is noticed")
        harness.wait_until(lambda: children_of(daemon.process.child.pid) and harness.accepts(port), "it is back")
        self.pulled(uri)
        self.assertEqual(self.pushed(daemon, "b"), uri)

    def test_a_registry_that_somebody_has_named_so_is_left_alone(self):
        daemon = harness.Gantryd(self)
        self.ok(daemon, "container-registry", "register", "local", "--uri=quay.io/team")
        daemon.process.stop()
        dev = harness.Gantryd(self, "--dev", state=daemon.state, expect_start=False)
        self.assertNotEqual(dev.process.child.wait(30), 0)
        self.assertIn("at quay.io/team, which --dev has not made", dev.process.log())
        again = harness.Gantryd(self, state=daemon.state)
        kept = self.ok(again, "container-registry", "describe", "local", "-o", "json").json()
        self.assertEqual(kept["uri"], "quay.io/team")

    def test_without_docker_registry_it_says_what_to_install(self):
        programs = self.dir / "bin"
        programs.mkdir()
        (programs / "setpriv").symlink_to("/usr/bin/setpriv")
        daemon = harness.Gantryd(self, "--dev", env={"PATH": str(programs)}, expect_start=False)
        self.assertEqual(daemon.process.child.wait(20), 1)
        self.assertIn("needs docker-registry, which is not installed", daemon.process.log())
        self.assertIn("apt-get install docker-registry", daemon.process.log())

    def test_one_that_cannot_start_is_said_with_its_own_words(self):
        programs = self.dir / "bin"
        programs.mkdir()
        broken = programs / "docker-registry"
        broken.write_text("#!/bin/sh\necho 'the registry has a bad day'\nexit 1\n")
        broken.chmod(0o755)
        daemon = harness.Gantryd(self, "--dev", env={"PATH": f"{programs}:/usr/bin:/bin"}, expect_start=False)
        self.assertEqual(daemon.process.child.wait(40), 1)
        self.assertIn("the registry has a bad day", daemon.process.log())


if __name__ == "__main__":
    harness.main()
