#!/usr/bin/env python3
"""The harness itself: what must fail a test does, and a test that could not run is none that passed."""
import os
import signal
import subprocess
import types

import harness

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
