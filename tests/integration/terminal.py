"""A program on a real pseudo-terminal, and what stands on its screen."""
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte


class Terminal:
    def __init__(self, case, argv, env, columns=80, lines=24, cwd=None):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.code = None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            os.chdir(cwd or ".")
            os.execvpe(str(argv[0]), [str(a) for a in argv], {**os.environ, "TERM": "xterm", **env})
        case.addCleanup(self.close)

    def lines(self):
        """What the screen shows, without blank lines."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    def text(self):
        return "\n".join(self.lines())

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def read(self, seconds):
        """Takes in what the program has written; False when it has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: nobody has the other side open
            return False
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    def wait_for(self, condition, what, seconds=60):
        """Reads until the screen is as wished; fails, and never passes, by time."""
        end = time.monotonic() + seconds
        while not condition(self):
            alive = self.read(0.2)
            if condition(self):
                return
            if not alive or time.monotonic() > end:
                raise AssertionError(f"{what}: the screen is\n{self.text()}")

    def wait(self, seconds=60):
        """Reads to the end; returns the exit code."""
        end = time.monotonic() + seconds
        while self.read(0.2):
            if time.monotonic() > end:
                raise AssertionError(f"it does not end: the screen is\n{self.text()}")
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
