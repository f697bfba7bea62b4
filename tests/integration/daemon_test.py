#!/usr/bin/env python3
"""The daemon as its operator sees it: starting, refusing to start, draining, its logs."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import unittest

import harness
import images

sys.path.append(str(harness.ROOT / "tests/contract"))
from reflection_client import ReflectionClient


class Start(harness.Case):
    def refused(self, *flags, code=1, **kwargs):
        """Starts a daemon that must not start; returns what it said."""
        daemon = harness.Gantryd(self, *flags, expect_start=False, **kwargs)
        self.assertEqual(daemon.process.child.wait(30), code, daemon.process.log())
        return daemon.process.log()

    def test_wrong_usage_ends_with_2_and_names_it(self):
        for flag in ("--no-such-flag", "--push-threads=0", "--log-level=loud", "--config=/no/such/file"):
            with self.subTest(flag):
                self.assertIn(flag.split("=")[-1], self.refused(flag, code=2))
        self.assertIn("nonsense", self.refused(listen="nonsense", code=2))

    def test_flags_file_and_environment_are_one(self):
        config = self.dir / "gantryd.toml"
        config.write_text('log-format = "json"\nlog-level = "warn"\n')
        daemon = harness.Gantryd(self, "--config", config, env={"GANTRY_LOG_LEVEL": "debug"})
        levels = {json.loads(line)["level"] for line in daemon.process.log().splitlines()}
        self.assertIn("info", levels, "the environment outweighs the file")

    def test_clients_find_it_by_environment_or_flag(self):
        daemon = harness.Gantryd(self)
        self.ok(daemon, "flavor", "list")
        nowhere = {"GANTRY_ADDRESS": f"127.0.0.1:{harness.free_port()}"}
        self.assertEqual(self.gantry(daemon, "flavor", "list", env=nowhere).code, 6)
        self.ok(daemon, "flavor", "list", "--address", daemon.address, env=nowhere)

    def test_json_logs_are_one_object_a_line(self):
        daemon = harness.Gantryd(self, "--log-format", "json", "--log-level", "debug")
        self.gantry(daemon, "container-registry", "describe", "a\"b\\c\nd")
        daemon.process.stop()
        for line in daemon.process.log().splitlines():
            self.assertLessEqual({"time", "level", "message", "thread"}, set(json.loads(line)))

    def test_text_logs_name_the_call_its_code_and_reason(self):
        daemon = harness.Gantryd(self)
        self.gantry(daemon, "container-registry", "describe", "none")
        self.assertRegex(daemon.process.log(), r"GetRegistry NOT_FOUND \d+ ms request=\S+ .*REGISTRY_NOT_FOUND")

    def test_a_second_daemon_at_the_same_address_is_refused(self):
        daemon = harness.Gantryd(self)
        self.assertIn(daemon.address, self.refused(listen=daemon.address))
        for other in ("localhost", "[::1]"):
            by_name = f"localhost:{harness.free_port()}"
            first = harness.Gantryd(self, listen=by_name, expect_start=False)
            harness.wait_until(lambda: "listening on" in first.process.log(), "gantryd listens at a name")
            self.ok(first, "flavor", "list", "--address", by_name)
            taken = by_name.replace("localhost", other)
            self.assertIn(taken, self.refused(listen=taken))
        self.ok(daemon, "flavor", "list")
        socket = f"unix:{self.dir}/socket"
        first = harness.Gantryd(self, listen=socket, expect_start=False)
        harness.wait_until(lambda: "listening on" in first.process.log(), "gantryd listens on its socket")
        self.assertIn(socket, self.refused(listen=socket))
        self.ok(first, "flavor", "list")
        first.process.stop(signal.SIGKILL)  # leaves the socket's file behind
        again = harness.Gantryd(self, listen=socket, expect_start=False)
        harness.wait_until(lambda: "listening on" in again.process.log(), "it starts over a dead socket")

    def test_a_request_whose_answer_was_not_written_down_is_not_done_again(self):
        """A daemon that was killed between the two, and a client that repeats its request."""
        place = {"name": "c", "type": "docker", "auth_method": "password",
                 "config": {"username": "me", "password": "secret-of-me"}}
        registry = {"name": "r", "flavor": "default", "uri": "registry.example/team", "connector": "c"}
        services = {"Registry": "gantry.v1.ContainerRegistry", "ServiceConnector": "gantry.v1.ServiceConnectors"}
        requests = [
            ("CreateServiceConnector", {"connector": place, "skip_verification": True}),
            ("UpdateServiceConnector", {"connector": {**place, "description": "new", "etag": "1"},
                                        "skip_verification": True}),
            ("CreateRegistry", {"registry": registry}),
            ("UpdateRegistry", {"registry": {**registry, "uri": "registry.example/other", "etag": "1"}}),
            ("DeleteRegistry", {"name": "r", "etag": "2"}), ("DeleteServiceConnector", {"name": "c", "etag": "2"})]
        state = self.dir / "state"

        def call(method, request):
            daemon = harness.Gantryd(self, state=state)
            client = ReflectionClient(daemon.address)
            service = next(name for ending, name in services.items() if method.endswith(ending))
            [answer] = client.call(client.methods(service)[method], {**request, "request_id": method})
            client.channel.close()
            daemon.process.stop(signal.SIGKILL)
            return answer

        for method, request in requests:
            with self.subTest(method):
                first = call(method, request)
                with sqlite3.connect(state / "gantry.db") as sql:
                    forgotten = sql.execute("UPDATE request SET done = 0, response = '' WHERE id = ?", (method,))
                    self.assertEqual(forgotten.rowcount, 1)
                sql.close()
                self.assertEqual(call(method, request), first)

    def test_a_second_daemon_with_the_same_state_is_refused(self):
        daemon = harness.Gantryd(self)
        said = self.refused(state=daemon.state)
        self.assertIn(f"process {daemon.process.child.pid}", said)
        self.assertIn("--state-dir", said)

    def test_public_addresses_wait_for_tls(self):
        self.assertRegex(self.refused(listen="0.0.0.0:0", code=2), r"TLS and caller authentication")

    @unittest.skipUnless(os.geteuid() == 0, "needs another user to be")
    def test_a_state_directory_it_may_not_write(self):
        self.dir.chmod(0o755)  # for the other user, as is a program outside of anybody's home
        program, state = shutil.copy(harness.GANTRYD, self.dir), self.dir / "not-yours/state"
        state.parent.mkdir(mode=0o755)
        done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", program, "--listen", "127.0.0.1:0",
                               "--state-dir", state], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"cannot make the state directory {state}", done.stderr)
        self.assertIn("what to do", done.stderr)

    def test_a_state_that_is_damaged_newer_or_of_another_key(self):
        daemon = harness.Gantryd(self)
        daemon.process.stop()
        database, key = daemon.state / "gantry.db", daemon.state / "sealing.key"
        good, secret = database.read_bytes(), key.read_bytes()

        key.write_bytes(bytes(32))
        self.assertIn("sealing key", self.refused(state=daemon.state))
        key.chmod(0o644)
        self.assertIn("chmod 600", self.refused(state=daemon.state))
        key.write_bytes(secret)
        key.chmod(0o600)

        with sqlite3.connect(database) as sql:
            sql.execute("INSERT INTO schema_version VALUES (99, 'x', 0)")
        sql.close()
        self.assertIn("newer gantryd", self.refused(state=daemon.state))

        database.write_bytes(os.urandom(len(good)))
        for rest in ("gantry.db-wal", "gantry.db-shm"):
            (daemon.state / rest).unlink(missing_ok=True)
        said = self.refused(state=daemon.state)
        self.assertIn("damaged", said)
        self.assertIn("backup", said)

        database.write_bytes(good)
        self.ok(harness.Gantryd(self, state=daemon.state), "flavor", "list")

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
    def test_a_disk_without_room_for_the_state(self):
        disk = self.dir / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", disk], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "-l", disk], check=True))
        said = self.refused(state=disk / "state")
        self.assertRegex(said, "full|No space")
        self.assertIn("what to do", said)


class Drain(harness.Case):
    """A push that is under way when a signal comes: a registry that takes its time."""

    def setUp(self):
        super().setUp()
        self.registry = harness.Registry(self)
        layout = images.Layout(self.dir / "l")
        self.digest = layout.root(layout.image([layout.layer({"f": os.urandom(6_000_000)}, "none")]), "latest")

    def begin(self, bytes_per_second, *flags, env=None):
        slow = harness.Helper(self, harness.FAKES / "tcp_proxy.py", "--to", self.registry.host,
                              "--bytes-per-second", bytes_per_second)
        real, self.registry.host = self.registry.host, f"127.0.0.1:{slow.port}"
        daemon = harness.Gantryd(self, *flags, env=env)
        self.register(daemon, "slow", self.registry)
        self.registry.host = real
        done = {}
        pushing = threading.Thread(target=lambda: done.update(result=self.gantry(
            daemon, "push", f"oci:{self.dir}/l", "--repository", "p", "--tag", "t", "-o", "json")))
        pushing.start()
        self.addCleanup(pushing.join)
        uploads = self.registry.dir / "data/docker/registry/v2/repositories/p/_uploads"
        harness.wait_until(lambda: uploads.exists() and any(uploads.iterdir()), "the upload has begun")
        return daemon, lambda: (pushing.join(60), done["result"])[1]

    def test_sigterm_and_sigint_let_a_push_end_and_take_no_more(self):
        for stop in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(stop):
                daemon, result = self.begin(3_000_000)
                daemon.process.child.send_signal(stop)
                harness.wait_until(lambda: "draining" in daemon.process.log(), "the drain begins")
                late = self.gantry(daemon, "flavor", "list", "--timeout", "1s")
                self.assertEqual(late.code, 6, late)
                pushed = result()
                self.assertEqual(pushed.code, 0, pushed)
                self.assertEqual(pushed.json()["digest"], self.digest)
                self.assertEqual(daemon.process.child.wait(30), 0, daemon.process.log())
                self.assertIn("p:t", self.registry.stored_tags())
                for tag in self.registry.dir.glob("data/docker/registry/v2/*"):
                    subprocess.run(["rm", "-rf", tag], check=True)

    def test_a_push_that_outlasts_the_drain_is_cancelled(self):
        daemon, result = self.begin(200_000, "--drain-timeout", "1")
        daemon.process.child.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.process.child.wait(30), 0, daemon.process.log())
        self.assertNotEqual(result().code, 0)
        self.assertEqual(self.registry.stored_tags(), [])

    def test_the_drain_delay_says_not_serving_before_it_refuses(self):
        daemon = harness.Gantryd(self, "--drain-delay", "600")
        client = ReflectionClient(daemon.address)
        self.addCleanup(client.channel.close)
        services = ("", "gantry.v1.ContainerRegistry", "gantry.v1.ServiceConnectors")
        self.assertEqual({client.health(s) for s in services}, {"SERVING"})
        daemon.process.child.send_signal(signal.SIGTERM)
        for service in services:
            harness.wait_until(lambda: client.health(service) == "NOT_SERVING", "health tells balancers")
        self.ok(daemon, "flavor", "list")
        daemon.process.child.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.process.child.wait(10), 3)

    def test_health_says_when_the_state_is_gone(self):
        state = self.dir / "state"
        client = ReflectionClient(harness.Gantryd(self, state=state).address)
        self.addCleanup(client.channel.close)
        services = ("gantry.v1.ContainerRegistry", "gantry.v1.ServiceConnectors")
        (state / "gantry.db").rename(state / "elsewhere")
        for service in services:
            harness.wait_until(lambda: client.health(service) == "NOT_SERVING", "it is not ready")
        self.assertEqual(client.health(""), "SERVING", "the daemon itself is alive")
        (state / "elsewhere").rename(state / "gantry.db")
        for service in services:
            harness.wait_until(lambda: client.health(service) == "SERVING", "it is ready again")

    def test_a_flavor_that_hangs_does_not_keep_the_daemon_from_ending(self):
        daemon = harness.Gantryd(self, "--flavor-dir", harness.BUILD / "tests/fakes/flavors/lib", "--drain-timeout",
                                 "0", "--log-level", "debug")
        self.ok(daemon, "container-registry", "register", "r", "--flavor=hangs", "--uri=registry.example.com")
        late = self.gantry(daemon, "image", "list", "-r", "r", "p", "--timeout", "1s")
        self.assertNotEqual(late.code, 0, late)
        daemon.process.child.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.process.child.wait(30), 3, daemon.process.log())
        self.assertIn("the drain does not end: giving up", daemon.process.log())

    def test_a_second_signal_ends_it_at_once(self):
        # It is to leave its threads where they are, which ThreadSanitizer would report.
        env = {"TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "") + ":report_thread_leaks=0"}
        daemon, result = self.begin(200_000, "--drain-timeout", "600", env=env)
        daemon.process.child.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: "draining" in daemon.process.log(), "the drain begins")
        daemon.process.child.send_signal(signal.SIGTERM)
        self.assertEqual(daemon.process.child.wait(10), 3)
        self.assertIn("second signal", daemon.process.log())
        self.assertNotEqual(result().code, 0)
        self.assertEqual(self.registry.stored_tags(), [])


if __name__ == "__main__":
    harness.main()
