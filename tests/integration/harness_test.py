#!/usr/bin/env python3
"""The harness itself: what must fail a test does, and a test that could not run is none that passed."""
import base64
import os
import signal
import subprocess
import types

import harness
from secret_watch import SecretWatch

PROGRAM = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit({code}))
print({says!r}, flush=True)
signal.pause()
"""
STORY = """
import sys, unittest
sys.path.append({directory!r})
import harness

class Story(unittest.TestCase):
    def test_that_runs(self):
        self.assertTrue({right})

    @unittest.skipIf({skips}, "cannot run here")
    def test_that_may_be_skipped(self):
        pass

harness.main()
"""


class Ends(harness.Case):
    """Programs in the place of gantryd, which must end with 0."""

    def start(self, code=0, says="ready"):
        cleanups = []
        process = harness.Process(types.SimpleNamespace(addCleanup=cleanups.append),
                                  [harness.PYTHON, "-c", PROGRAM.format(code=code, says=says)], self.dir / "log",
                                  ends_with=(0,))
        self.addCleanup(process.child.wait)
        self.addCleanup(process.child.kill)
        self.assertEqual(cleanups, [process.stop])
        harness.wait_until(lambda: says in process.log(), "it is ready")
        return process

    def test_as_it_should(self):
        self.assertEqual(self.start().stop(), 0)

    def test_with_another_code(self):
        with self.assertRaisesRegex(AssertionError, "ended with 23"):
            self.start(23).stop()

    def test_seen_by_nobody(self):
        process = self.start()
        os.kill(process.child.pid, signal.SIGTERM)
        os.waitid(os.P_PID, process.child.pid, os.WEXITED | os.WNOWAIT)
        with self.assertRaisesRegex(AssertionError, "ended by itself with 0"):
            process.stop()

    def test_seen_or_killed_by_the_test(self):
        process = self.start(23)
        process.child.terminate()
        self.assertEqual(process.child.wait(), 23)
        self.assertEqual(process.stop(), 23)
        self.assertEqual(self.start().stop(signal.SIGKILL), -signal.SIGKILL)

    def test_with_a_sanitizers_report(self):
        for report in ("==1==ERROR: LeakSanitizer: detected memory leaks", "x.cc:1:2: runtime error: signed overflow",
                       "WARNING: ThreadSanitizer: data race"):
            with self.subTest(report), self.assertRaisesRegex(AssertionError, report):
                self.start(says=report).stop()


class Secrets(harness.Case):
    """What the search at the end of every test finds."""
    SECRET = "correct/horse+battery"

    def setUp(self):
        super().setUp()
        self.log, self.state = self.dir / "log", self.dir / "state"
        self.log.touch()
        self.state.mkdir()
        self.other = harness.Case()  # a test that has used the secret
        self.other.secrets = self.watch = SecretWatch({"password"})
        self.other.daemons = [types.SimpleNamespace(state=self.state, process=self.process())]
        self.watch.also(lambda: [self.SECRET])

    def process(self, *argv, env=None):
        """A program in the place of gantryd that goes on until its input ends."""
        child = subprocess.Popen([harness.PYTHON, "-c", "print('ready', flush=True); input()", *argv], text=True,
                                 env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(child.communicate, "\n")
        self.assertEqual(child.stdout.readline(), "ready\n")
        return types.SimpleNamespace(log_path=self.log, child=child)

    def test_in_logs_files_and_answers_whatever_their_encoding(self):
        self.other.assert_no_secret_shows()
        for form in (self.SECRET, "correct%2Fhorse%2Bbattery", f'{{"auth": "{self.SECRET}"}}',
                     base64.b64encode(f"me:{self.SECRET}".encode()).decode()):
            with self.subTest(form):
                for file in (self.log, self.state / "x"):
                    file.write_text(f"... {form} ...")
                    with self.assertRaisesRegex(AssertionError, f"correc.* in {file}"):
                        self.other.assert_no_secret_shows()
                    file.write_text("")
                self.watch.heard(form, f"... {form} ...")
                self.assertIn(f"in the answer to {form}", str(self.watch.leaks_of_answers()))
        with self.assertRaisesRegex(AssertionError, "in the answer to correct"):
            self.other.assert_no_secret_shows()

    def test_while_a_daemon_runs_its_databases_journal_is_among_the_files(self):
        daemon = harness.Gantryd(self)
        [journal] = daemon.state.glob("*.db-wal")
        self.assertGreater(journal.stat().st_size, 0)

    def test_in_the_arguments_and_environments_of_processes(self):
        told = self.process(self.SECRET).child
        self.assertIn(f"in the cmdline of process {told.pid}", str(self.watch.leaks_of_processes(told.pid)))
        given = self.process(env={**os.environ, "GIVEN": self.SECRET}).child
        self.assertEqual(self.watch.leaks_of_processes(given.pid), [], "gantryd itself may be given one")
        self.assertIn(f"in the environ of process {given.pid}", str(self.watch.leaks_of_processes(os.getpid())))

    def test_of_everything_that_the_cli_was_told(self):
        (self.dir / "file").write_text("told-by-a-file")
        for argv, more in ((["--password=told-by-argument"], {}), (["--password", "@file"], {"cwd": self.dir}),
                           (["--password", "-"], {"input": "told-by-input"}),
                           (["--password=env:HERE"], {"env": {"HERE": "told-by-a-variable"}}),
                           (["--username=told-and-no-secret"], {})):
            self.watch.learn(argv, **{"input": None, "env": None, "cwd": None, **more})
        for text in (b"told-by-argument", b"told-by-a-file", b"told-by-input", b"told-by-a-variable"):
            self.assertTrue(self.watch.found_in(text), text)
        self.assertEqual(self.watch.found_in(b"told-and-no-secret"), [])


class Scripts(harness.Case):
    def code(self, **how):
        story = STORY.format(directory=str(harness.ROOT / "tests/integration"), **how)
        return subprocess.run([harness.PYTHON, "-c", story], capture_output=True).returncode

    def test_exit_codes(self):
        self.assertEqual(self.code(right=True, skips=False), 0)
        self.assertEqual(self.code(right=True, skips=True), 77)
        self.assertEqual(self.code(right=False, skips=True), 1)


if __name__ == "__main__":
    harness.main()
