#!/usr/bin/env python3
"""Every file that ARCHITECTURE.md names is there."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOPS = ("services", "clients", "plugins", "proto", "tests")


def named(page):
    """Paths in code spans; a bare name lies anywhere below the directories of the tree."""
    for span in re.findall(r"`([^`\n]+)`", page):
        if re.fullmatch(r"[\w./<>-]+\.(cc|h|py|proto|sh)", span):
            yield span


def missing(page):
    for name in named(page):
        pattern = re.sub(r"<\w+>", "*", name)
        places = [pattern, *(f"{top}/**/{pattern}" for top in TOPS)]
        if not any(next(ROOT.glob(place), None) for place in places):
            yield name


def main():
    page = (ROOT / "ARCHITECTURE.md").read_text()
    assert list(missing("`no_such_file.h` `services/base/status.h` `status.h`")) == ["no_such_file.h"]
    faults = list(missing(page))
    for name in faults:
        print(f"ARCHITECTURE.md names {name}, which is not there")
    print(f"{len(list(named(page)))} files named, {len(faults)} faults")
    return 1 if faults or len(list(named(page))) < 20 else 0


sys.exit(main())
