#!/usr/bin/env python3
"""What goes wrong in the world: registries that are down, lie or cut; kill -9; full disks; Ctrl-C."""
import http.server
import json
import os
import shutil
import subprocess
import threading
import unittest

import harness
import images


class AlwaysOk(http.server.BaseHTTPRequestHandler):
    """Answers 200 to everything, and stores nothing."""
    protocol_version = "HTTP/1.1"
    seen = []

    def reply(self):
        self.seen.append(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = reply

    def log_message(self, *_):
        pass


class AlwaysBusy(AlwaysOk):
    """Asks every request to come again in an hour."""

    def reply(self):
        self.send_response(429)
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = reply


class Failures(harness.Case):
    def setUp(self):
        super().setUp()
        self.digest = images.simple(self.dir / "l")

    def serve(self, handler):
        """Starts a registry of that kind; returns its host."""
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"127.0.0.1:{server.server_address[1]}"

    def error(self, result):
        return json.loads(result.err.strip().splitlines()[-1])

    def test_registry_down(self):
        daemon = harness.Gantryd(self)
        port = harness.free_port()
        self.ok(daemon, "container-registry", "register", "down", "--flavor=default", f"--uri=127.0.0.1:{port}")
        result = self.gantry(daemon, "push", f"oci:{self.dir}/l", "--pipeline", "p", "--timeout", "20s", "-o", "json")
        self.assertEqual(result.code, 6, result)
        self.assertEqual(self.error(result)["reason"], "UPSTREAM_UNAVAILABLE")
        self.assertIn(f"127.0.0.1:{port}", self.error(result)["message"])
        checks = self.gantry(daemon, "container-registry", "verify", "down", "-o", "json")
        self.assertEqual(checks.code, 12, checks)
        failed = [c for c in checks.json()["checks"] if c["outcome"] == "OUTCOME_FAILED"]
        self.assertEqual(len(failed), 1)
        self.assertTrue(failed[0]["remedy"])

    def test_a_registry_that_says_200_to_everything(self):
        host = self.serve(AlwaysOk)
        daemon = harness.Gantryd(self)
        self.ok(daemon, "container-registry", "register", "liar", "--flavor=default", f"--uri={host}")
        result = self.gantry(daemon, "push", f"oci:{self.dir}/l", "--pipeline", "p", "-o", "json")
        self.assertEqual(result.code, 8, result)
        error = self.error(result)
        self.assertEqual((error["code"], error["reason"]), ("DATA_LOSS", "INTEGRITY"))
        self.assertIn("HTTP 200", error["message"])
        self.assertTrue(error["remedy"])
        self.assertEqual([line for line in AlwaysOk.seen if line.startswith(("PUT", "PATCH"))], [],
                         "no byte, no manifest and no tag is sent to it")
        self.assertIn("POST /v2/p/blobs/uploads/", AlwaysOk.seen)

    def test_a_registry_that_asks_to_wait_longer_than_the_call_may(self):
        host = self.serve(AlwaysBusy)
        daemon = harness.Gantryd(self)
        self.ok(daemon, "container-registry", "register", "busy", "--flavor=default", f"--uri={host}")
        result = self.gantry(daemon, "push", f"oci:{self.dir}/l", "--pipeline", "p", "--timeout", "60s", "-o", "json")
        self.assertEqual(result.code, 7, result)
        self.assertEqual(self.error(result)["reason"], "UPSTREAM_THROTTLED")
        self.assertIn(host, self.error(result)["message"])

    def test_a_connection_cut_in_mid_layer_is_survived(self):
        registry = harness.Registry(self)
        cutter = harness.Helper(self, harness.FAKES / "tcp_proxy.py", "--to", registry.host, "--cut-after",
                                5_000_000)
        registry.host = f"127.0.0.1:{cutter.port}"
        daemon = harness.Gantryd(self)
        self.register(daemon, "cut", registry)
        layout = images.Layout(self.dir / "big")
        digest = layout.root(layout.image([layout.layer({"f": os.urandom(20_000_000)}, "none")]), "latest")
        image = self.push(daemon, f"oci:{self.dir}/big", "--pipeline", "p")
        self.assertEqual(image["digest"], digest)
        self.assertEqual(self.skopeo_digest(image["digest_uri"], "--tls-verify=false"), digest)

    def test_lying_and_broken_sources_leave_nothing_tagged(self):
        registry = harness.Registry(self)
        daemon = harness.Gantryd(self)
        self.register(daemon, "plain", registry)

        def broken(name, spoil):
            directory = self.dir / name
            shutil.copytree(self.dir / "l", directory)
            manifest = json.loads((directory / "blobs" / self.digest.replace(":", "/")).read_text())
            spoil(directory, directory / "blobs" / manifest["layers"][0]["digest"].replace(":", "/"))
            return directory

        def change_a_byte(_, layer):
            data = bytearray(layer.read_bytes())
            data[20] ^= 1
            layer.write_bytes(data)

        def shorten(_, layer):
            layer.write_bytes(layer.read_bytes()[:-3])

        def lengthen(_, layer):
            layer.write_bytes(layer.read_bytes() + b"x")

        def link_out(_, layer):
            layer.unlink()
            layer.symlink_to("/etc/passwd")

        def no_layer(_, layer):
            layer.unlink()

        def nest(directory, _):
            (directory / "index.json").write_text("[" * 100_000)

        for spoil in (change_a_byte, shorten, lengthen, link_out, no_layer, nest):
            with self.subTest(spoil.__name__):
                result = self.gantry(daemon, "push", f"oci:{broken(spoil.__name__, spoil)}", "--pipeline", "p",
                                     "-o", "json")
                self.assertEqual(result.code, 11, result)
                self.assertIn(self.error(result)["reason"],
                              ("DIGEST_MISMATCH", "SOURCE_INVALID", "SOURCE_UNREADABLE"))
                self.assertEqual(registry.stored_tags(), [])

    def test_kill_9_loses_no_acknowledged_write(self):
        state = self.dir / "state"
        acknowledged = []
        for round_ in range(5):
            daemon = harness.Gantryd(self, state=state)
            known = self.ok(daemon, "container-registry", "list", "-o", "json").json().get("registries", [])
            self.assertLessEqual(set(acknowledged), {r["name"] for r in known})
            killer = threading.Timer(0.15 * round_ + 0.1, daemon.process.child.kill)
            killer.start()
            for i in range(1000):
                name = f"r{round_}-{i}"
                done = self.gantry(daemon, "container-registry", "register", name, "--flavor=default",
                                   "--uri=localhost:5000", "--timeout", "5s")
                if done.code != 0:
                    break
                acknowledged.append(name)
            killer.join()
            daemon.process.child.wait()
        self.assertTrue(acknowledged)
        daemon = harness.Gantryd(self, state=state)
        known = self.ok(daemon, "container-registry", "list", "-o", "json").json()["registries"]
        self.assertLessEqual(set(acknowledged), {r["name"] for r in known})

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small disk needs root")
    def test_a_full_disk_for_the_state(self):
        disk = self.dir / "disk"
        disk.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
        self.addCleanup(lambda: subprocess.run(["umount", "-l", disk], check=True))
        daemon = harness.Gantryd(self, state=disk / "state")
        self.ok(daemon, "container-registry", "register", "before", "--flavor=default", "--uri=localhost:5000")
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as out:
            try:
                while True:
                    out.write(b"x" * 4096)
            except OSError:
                pass
        result = self.gantry(daemon, "container-registry", "register", "during", "--flavor=default",
                             "--uri=localhost:5000", *[f"--label=big{i}={'x' * 50000}" for i in range(4)], "-o", "json",
                             "--timeout", "10s")
        self.assertEqual(self.error(result)["reason"], "STORE_FULL", result)
        names = [r["name"] for r in self.ok(daemon, "container-registry", "list", "-o", "json").json()["registries"]]
        self.assertEqual(names, ["before"])
        filler.unlink()
        self.ok(daemon, "container-registry", "register", "after", "--flavor=default", "--uri=localhost:5000")

    def test_nobody_answers(self):
        port = harness.free_port()
        result = subprocess.run([str(harness.GANTRY), "flavor", "list"], capture_output=True, text=True,
                                env=dict(os.environ, GANTRY_ADDRESS=f"127.0.0.1:{port}"))
        self.assertEqual(result.returncode, 6)
        self.assertIn("gantryd", result.stderr)
        self.assertIn(f"127.0.0.1:{port}", result.stderr)


if __name__ == "__main__":
    harness.main()
