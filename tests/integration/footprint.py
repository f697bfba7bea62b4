"""What a daemon takes of the machine while it works: memory, and what it writes."""
import os
import pathlib
import re

RSS_LIMIT_KIB = 100_000
WRITE_LIMIT = 4 << 20


class Footprint:
    """Counts from its making on; the peak of memory is that of the daemon's whole life."""

    def __init__(self, case, daemon):
        self.case, self.daemon = case, daemon
        self.before = self._written()

    def _written(self):
        """Bytes given to write(), of which sends to sockets are none, and bytes of dirtied pages."""
        counts = dict(re.findall(r"(\w+): (\d+)", (self._proc() / "io").read_text()))
        return int(counts["wchar"]), int(counts["write_bytes"])

    def _proc(self):
        return pathlib.Path(f"/proc/{self.daemon.process.child.pid}")

    def assert_small(self, what):
        written = [after - before for after, before in zip(self._written(), self.before)]
        state = sum(f.stat().st_size for f in self.daemon.state.rglob("*") if f.is_file())
        peak = int(re.search(r"VmHWM:\s+(\d+)", (self._proc() / "status").read_text())[1])
        print(f"{what}: wrote {max(written)} bytes, keeps {state}, peak RSS {peak} KiB")
        self.case.assertLess(max(written), WRITE_LIMIT)
        self.case.assertLess(state, WRITE_LIMIT)
        if os.environ.get("GANTRY_SANITIZE"):
            print(f"{what}: memory is not measured under sanitizers, which keep what is freed")
        else:
            self.case.assertLess(peak, RSS_LIMIT_KIB)
