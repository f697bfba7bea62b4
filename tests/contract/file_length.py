#!/usr/bin/env python3
"""Every source file stays small enough to be read in one go: 450 lines at most."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 450
SUFFIXES = {".h", ".cc", ".c", ".py", ".sh", ".proto", ".cmake", ".txt"}


def main():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.split() if listed.returncode == 0 else [
        p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if "build" not in p.parts]
    lengths = {}
    for name in names:
        path = ROOT / name
        if path.suffix in SUFFIXES and path.is_file() and "corpus" not in path.parts:
            lengths[name] = path.read_bytes().count(b"\n")
    long = {n: c for n, c in lengths.items() if c > LIMIT}
    for name, count in long.items():
        print(f"{name}: {count} lines, at most {LIMIT}")
    middle = sorted(lengths.values())[len(lengths) // 2]
    print(f"{len(lengths)} files, median {middle} lines, longest {max(lengths.values())}")
    return 1 if long or len(lengths) < 20 else 0


sys.exit(main())
