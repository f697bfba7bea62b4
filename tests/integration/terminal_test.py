#!/usr/bin/env python3
"""The command line as a person sees it: on a terminal, in a pipe, and when things go wrong."""
import json
import os
import re
import subprocess
import termios

import harness
import images
from terminal import Terminal


class OnATerminal(harness.Case):
    def setUp(self):
        super().setUp()
        self.registry = harness.Registry(self)
        slow = harness.Helper(self, harness.FAKES / "tcp_proxy.py", "--to", self.registry.host,
                              "--bytes-per-second", 6_000_000)
        self.registry.host = f"127.0.0.1:{slow.port}"
        self.daemon = harness.Gantryd(self)
        self.register(self.daemon, "slow", self.registry)
        layout = images.Layout(self.dir / "big")
        layers = [layout.layer({f"f{i}": os.urandom(4_000_000)}, "none") for i in range(3)]
        self.digest = layout.root(layout.image(layers), "latest")

    def push(self, pipeline, columns=80, **env):
        return Terminal(self, [harness.GANTRY, "push", f"oci:{self.dir}/big", "--pipeline", pipeline],
                        dict(env, GANTRY_ADDRESS=self.daemon.address), columns=columns)

    def test_a_bar_per_layer_on_any_width(self):
        for columns, bar in ((80, r"^layer  [0-9a-f]{12}  \[=+ *\]  [\d.]+ .B of 4\.0 MB"),
                             (40, r"^[0-9a-f]{12} \[=+ *\] +\d+%$")):
            with self.subTest(columns=columns):
                terminal = self.push(f"w{columns}", columns=columns)
                drawn = lambda t: len([line for line in t.lines() if re.match(bar, line)])
                terminal.wait_for(lambda t: drawn(t) >= 1, "a bar is drawn")
                highest = 0
                while terminal.read(0.2):
                    highest = max(highest, drawn(terminal))
                    self.assertLessEqual(len(terminal.lines()), 8, terminal.text())
                self.assertEqual(terminal.wait(), 0)
                self.assertGreaterEqual(highest, 1)
                text = terminal.text().replace("\n", "")
                self.assertNotIn("[=", text, "the bars are gone at the end")
                self.assertIn("4 of 4 blobs", text)
                self.assertIn(self.digest, text)

    def test_ctrl_c_tags_nothing_and_gives_the_terminal_back(self):
        terminal = self.push("p")
        terminal.wait_for(lambda t: "[=" in t.text(), "bytes are on their way")
        uploads = self.registry.dir / "data/docker/registry/v2/repositories/p/_uploads"
        self.assertTrue(any(uploads.iterdir()))
        terminal.type("\x03")
        self.assertEqual(terminal.wait(), 130)
        self.assertIn("error: cancelled", terminal.text())
        self.assertNotIn("[=", terminal.text())
        self.assertNotIn(b"\x1b[?25l", terminal.raw, "the cursor is never hidden")
        # The call ends before its work does: the daemon has cancelled its uploads when nothing more comes.
        harness.wait_until(lambda: "PushImage CANCELLED" in self.daemon.process.log(), "the daemon knows")
        harness.wait_until(lambda: "DELETE /v2/p/blobs/uploads/" in self.registry.process.log(),
                           "the daemon has cancelled its uploads")
        self.assertEqual(self.daemon.process.stop(), 0)
        self.assertEqual(self.registry.stored_tags(), [])

    def test_a_secret_is_not_shown_while_it_is_typed(self):
        register = [harness.GANTRY, "service-connector", "register", "typed", "--type=docker",
                    "--auth-method=password", "--username=me", "--password=-", "--no-verify"]
        echoes = lambda t: bool(termios.tcgetattr(t.fd)[3] & termios.ECHO)
        terminal = Terminal(self, register, {"GANTRY_ADDRESS": self.daemon.address})
        terminal.wait_for(lambda t: "not shown" in t.text(), "it asks")
        self.assertFalse(echoes(terminal))
        terminal.type("\x03")
        terminal.wait_for(echoes, "Ctrl-C gives the terminal back")
        self.assertEqual(terminal.wait(), 130)
        terminal = Terminal(self, register, {"GANTRY_ADDRESS": self.daemon.address})
        terminal.wait_for(lambda t: "not shown" in t.text(), "it asks")
        terminal.type("secret-of-me\n")
        self.assertEqual(terminal.wait(), 0)
        self.assertIn("Registered typed", terminal.text())
        self.assertNotIn(b"secret-of-me", terminal.raw)

    def test_plain_where_a_terminal_cannot_go_back(self):
        terminal = self.push("p", TERM="dumb")
        self.assertEqual(terminal.wait(), 0)
        self.assertNotIn(b"\x1b", terminal.raw)
        self.assertEqual(len([line for line in terminal.lines() if line.endswith(" sent")]), 4, terminal.text())


class InAPipe(harness.Case):
    """No progress bars, one JSON document, and words that say what to do."""

    def setUp(self):
        super().setUp()
        self.registry = harness.Registry(self)
        self.daemon = harness.Gantryd(self)
        self.register(self.daemon, "plain", self.registry)
        images.simple(self.dir / "l")

    def refused(self, code, *argv, **kwargs):
        """Fails with this exit code, for people and for programs; returns the error as JSON."""
        human = self.gantry(self.daemon, *argv, **kwargs)
        self.assertEqual(human.code, code, human)
        self.assertEqual(human.out, "")
        self.assertRegex(human.err, r"(?m)^error: .")
        self.assertRegex(human.err, r"(?m)^  what to do: .")
        self.assertNotIn("\x1b", human.err)
        machine = self.gantry(self.daemon, *argv, "--output", "json", **kwargs)
        self.assertEqual(machine.code, code, machine)
        self.assertEqual(machine.out, "")
        error = json.loads(machine.err)
        self.assertTrue(error["remedy"], error)
        return error

    def all_commands(self, *group):
        """What --help lists, down to commands that have none below them, as lists of words."""
        listed = re.search(r"(?ms)^Subcommands:\n(.*?)\n\n", self.ok(self.daemon, *group, "--help").out)
        if not listed:
            return [list(group)]
        return [words for name in re.findall(r"(?m)^  ([a-z-]+) ", listed[1])
                for words in self.all_commands(*group, name)]

    def test_every_command_answers_with_one_json_document(self):
        self.ok(self.daemon, "service-connector", "register", "c", "--type=docker", "--auth-method=password",
                "--username=me", "--password=x", "--no-verify")
        pushed = self.ok(self.daemon, "push", f"oci:{self.dir}/l", "--pipeline", "p", "--version", "1", "-o", "json")
        self.assertEqual(pushed.err, "")
        name = pushed.json()["uri"]
        commands = (["flavor", "list"], ["flavor", "describe", "default"], ["container-registry", "list"],
                    ["container-registry", "describe", "plain"], ["container-registry", "verify", "plain"],
                    ["container-registry", "update", "plain", "--label", "a=b"],
                    ["container-registry", "remove-attribute", "plain", "--label", "a"],
                    ["service-connector", "list"], ["service-connector", "list-types"],
                    ["service-connector", "describe-type", "docker"],
                    ["service-connector", "describe", "c"], ["service-connector", "verify", "c"],
                    ["service-connector", "update", "c", "--label=a=b", "--no-verify"],
                    ["image", "resolve", name], ["image", "list", "p", "--registry", "plain"],
                    ["push", f"oci:{self.dir}/l", "--pipeline", "p", "--quiet"],
                    ["service-connector", "register", "d", "--type=docker", "--auth-method=password",
                     "--username=me", "--password=x", "--no-verify"],
                    ["container-registry", "register", "more", "--flavor=default", "--uri=localhost:5000",
                     "--connector", "d"],
                    ["container-registry", "disconnect", "more"],
                    ["container-registry", "connect", "more", "--connector", "d"],
                    ["container-registry", "delete", "more"], ["service-connector", "delete", "d"],
                    ["orchestrator", "list"], ["integration", "install", "gcp"],
                    ["login", "plain", "--config", self.dir / "auth.json"], ["pull-secret", "plain"],
                    ["service-connector", "delete", "c"], ["container-registry", "delete", "plain"])
        for argv in commands:
            with self.subTest(" ".join(map(str, argv))):
                self.assertIsInstance(self.ok(self.daemon, *argv, "--output", "json").json(), dict)
        self.assertEqual(self.ok(self.daemon, "container-registry", "list", "-o", "json").json()["registries"], [])
        # Docker, the kubelet and shells have forms of their own; what a credential reaches a cloud alone says.
        others = {"credential-helper", "completion", "list-resources"}
        self.assertEqual([words for words in self.all_commands() if not others.intersection(words) and
                          words not in [argv[:len(words)] for argv in commands]], [])
        script = self.gantry(self.daemon, "completion", "bash", "-o", "json")
        self.assertEqual((script.code, script.out), (2, ""), script)
        self.assertIn("--output json", json.loads(script.err)["remedy"])

    def test_errors_say_what_to_do(self):
        layout = f"oci:{self.dir}/l"
        self.assertIn("did you mean 'plain'?",
                      self.refused(4, "push", layout, "--registry", "plian")["remedy"])
        self.assertIn("did you mean 'plain'?", self.refused(4, "container-registry", "describe", "pla1n")["remedy"])
        self.assertIn("did you mean 'default'?",
                      self.refused(4, "flavor", "describe", "defualt")["remedy"])
        self.assertIn("did you mean 'oci'?", self.refused(2, "push", "ocy:" + layout[4:])["remedy"])
        self.assertIn("docker-archive:", self.refused(2, "push", "app.tar")["remedy"])
        self.assertIn("app.tar", self.refused(4, "push", f"docker-archive:{self.dir}/app.tar")["message"])
        self.assertIn("nowhere", self.refused(4, "push", f"oci:{self.dir}/nowhere")["message"])
        self.assertIn("did you mean 'push'?", self.refused(2, "pusk", layout)["remedy"])
        self.assertIn("did you mean '--pipeline'?", self.refused(2, "push", layout, "--pipelin=x")["remedy"])
        self.assertIn("--help", self.refused(2)["remedy"])
        self.refused(2, "push", layout, "--timeout", "soon")
        self.refused(2, "push", layout, "--repository", "a", "--pipeline", "b")
        self.refused(2, "service-connector", "register", "c", "--type=docker", "--auth-method=password",
                     "--username=me", "--password=@/no/such/file")
        self.refused(2, "service-connector", "register", "c", "--type=docker", "--auth-method=password",
                     "--username=me", "--password=env:NO_SUCH_VARIABLE")

    def test_an_image_without_a_name_is_named_after_its_place(self):
        for source, name in ((f"oci:{self.dir}/l", "l"), (f"oci:{self.dir}/l/", "l"), ("oci:.", "l")):
            with self.subTest(source):
                image = self.push(self.daemon, source, cwd=self.dir / "l")
                self.assertEqual(image["repository"], name)

    def test_no_daemon_and_no_registry(self):
        nobody = harness.free_port()
        self.daemon.address = f"127.0.0.1:{nobody}"
        error = self.refused(6, "flavor", "list")
        self.assertIn(f"127.0.0.1:{nobody}", error["message"])
        self.assertIn("gantryd --dev", error["remedy"])

    def test_a_dead_registry(self):
        port = harness.free_port()
        self.ok(self.daemon, "container-registry", "register", "dead", "--flavor=default", f"--uri=127.0.0.1:{port}")
        error = self.refused(6, "push", f"oci:{self.dir}/l", "--registry", "dead", "--timeout", "20s")
        self.assertIn(f"127.0.0.1:{port}", error["message"])

    def test_a_wrong_password(self):
        locked = harness.Registry(self, auth="htpasswd")
        self.ok(self.daemon, "service-connector", "register", "wrong", "--type=docker", "--auth-method=password",
                "--username=me", "--password=-", "--no-verify", input="not-the-password")
        self.register(self.daemon, "locked", locked, "--connector", "wrong")
        error = self.refused(3, "push", f"oci:{self.dir}/l", "--registry", "locked")
        self.assertNotIn("not-the-password", json.dumps(error))

    def test_secrets_come_from_elsewhere(self):
        locked = harness.Registry(self, auth="htpasswd")
        (self.dir / "secret").write_text("secret-of-me\n")
        for i, value in enumerate(("secret-of-me", f"@{self.dir}/secret", "-", "env:GANTRY_TEST_PASSWORD")):
            with self.subTest(value):
                made = self.ok(self.daemon, "service-connector", "register", f"c{i}", "--type=docker",
                               "--auth-method=password", "--username=me", f"--password={value}",
                               input="secret-of-me\n", env={"GANTRY_TEST_PASSWORD": "secret-of-me"})
                self.assertEqual("keeps it out of the process list" in made.err, i == 0, made)
                self.register(self.daemon, f"r{i}", locked, "--connector", f"c{i}")
                self.push(self.daemon, f"oci:{self.dir}/l", "--registry", f"r{i}", "--pipeline", f"p{i}")

    def test_pipes_homes_colours_and_odd_names(self):
        env = dict(os.environ, GANTRY_ADDRESS=self.daemon.address)
        many = subprocess.run(["bash", "-c", f"set -o pipefail; {harness.GANTRY} push --help | head -1"], env=env,
                              capture_output=True, text=True)
        self.assertEqual(many.stderr, "")
        full = subprocess.run(["bash", "-c", f"{harness.GANTRY} flavor list > /dev/full"], env=env,
                              capture_output=True, text=True)
        self.assertEqual(full.returncode, 1)
        self.assertIn("cannot write the answer", full.stderr)
        told = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
        bare = subprocess.run([str(harness.GANTRY), "flavor", "list"], capture_output=True, text=True,
                              env={"GANTRY_ADDRESS": self.daemon.address, "NO_COLOR": "1", **told})
        self.assertEqual(bare.returncode, 0, bare.stderr)
        self.assertNotIn("\x1b", bare.stdout)
        self.ok(self.daemon, "container-registry", "register", "r" * 63, "--flavor=default",
                f"--uri={self.registry.host}", "--label", "teamgröße=müsli \U0001f680")
        self.assertIn("teamgröße=müsli", self.ok(self.daemon, "container-registry", "list").out)
        self.refused(2, "container-registry", "register", "r" * 64, "--flavor=default", "--uri=localhost:5000")
        self.refused(2, "container-registry", "register", "größe", "--flavor=default", "--uri=localhost:5000")
        self.refused(2, "container-registry", "register", b"\xff\xfe".decode(errors="surrogateescape"),
                     "--flavor=default", "--uri=localhost:5000")
        self.refused(2, "push", f"oci:{self.dir}/l", "--registry", "plain", "--repository", "a" * 300, "--tag", "t")


if __name__ == "__main__":
    harness.main()
