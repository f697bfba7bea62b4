#!/usr/bin/env python3
"""Every reason of error_reason.proto is sent by the code, under the code it documents, and tested.

A reason is sent where the code says `NotFound(reason::kX, ...)`, `absl::StatusCode::kY, reason::kX`
or, in a flavor, `GANTRY_Y, "X"`; it is tested where a test names it and, within three lines, its code.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = {".cc", ".h", ".c"}
CODE_THEN_REASON = (
    re.compile(r"\b([A-Z][A-Za-z]+)\(\s*reason::(k\w+)"),
    re.compile(r"StatusCode::k(\w+),\s*reason::(k\w+)"),
    re.compile(r'GANTRY_([A-Z_]+),\s*"([A-Z_]+)"'))


def snake(name):
    return name if name.isupper() else re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()


def documented(proto):
    """{reason: code}, from the comments; the unspecified value aside."""
    values = re.findall(r"((?:^  // .*\n)*)^  ([A-Z_]+) = [1-9]\d*;", proto, re.M)
    codes = {}
    for comment, name in values:
        code = re.match(r"  // ([A-Z_]+): ", comment)
        codes[name] = code[1] if code else None
    return codes


def is_test(path):
    return path.parts[0] == "tests" or re.search(r"_test\.|test_|fake", path.name) is not None


def files(*tops):
    for top in tops:
        for file in sorted((ROOT / top).rglob("*")):
            if file.suffix in SOURCES | {".py"} and file.is_file():
                yield file.relative_to(ROOT), file.read_text()


def tested_in(text, codes, constants):
    """Reasons that a test names beside their codes."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        names = {constants[k] for k in re.findall(r"reason::(k\w+)", line) if k in constants}
        names |= {word for word in re.findall(r'"([A-Z_]+)', line) if word in codes}
        near = "\n".join(lines[max(i - 3, 0):i + 4])
        seen = {snake(k) for k in re.findall(r"StatusCode::k(\w+)", near)}
        seen |= set(re.findall(r'(?:"|GANTRY_)([A-Z_]+)', near))
        yield from (name for name in names if codes[name] in seen)


def faults_of(codes, constants, sources):
    """`sources`: (path, text) pairs of everything but reason.h and this file."""
    sent, tested = collections.defaultdict(set), set()
    for path, text in sources:
        names = {constants[k] for k in re.findall(r"reason::(k\w+)", text) if k in constants}
        names |= {word for word in re.findall(r'"([A-Z_]+)', text) if word in codes}
        if is_test(path):
            tested |= set(tested_in(text, codes, constants))
            continue
        for name in names:
            sent[name].add(path)
        for pattern in CODE_THEN_REASON:
            for code, name in pattern.findall(text):
                name, code = constants.get(name, name), snake(code)
                if name in codes and code in set(codes.values()) and code != codes[name]:
                    yield f"{path}: {name} goes out as {code}, documented is {codes[name]}"
    for name, code in codes.items():
        if code is None:
            yield f"{name} has no comment that begins with its code"
        if not sent[name]:
            yield f"{name} is sent by nothing"
        if name not in tested:
            yield f"no test names {name} beside its code {code}"


def main():
    codes = documented((ROOT / "proto/gantry/v1/error_reason.proto").read_text())
    constants = dict(re.findall(r'(k\w+) = "([A-Z_]+)"', (ROOT / "services/base/reason.h").read_text()))
    faults = [f"{name} is in only one of error_reason.proto and reason.h"
              for name in sorted(set(codes) ^ set(constants.values()))]
    ours = pathlib.Path(__file__).name
    sources = [(p, t) for p, t in files("services", "plugins", "clients/cli", "clients/cpp", "tests")
               if p.name not in ("reason.h", ours)]
    faults += faults_of(codes, constants, sources)

    # The check itself must be able to fail.
    x, y = pathlib.Path("services/x.cc"), pathlib.Path("services/y.cc")
    probe = list(faults_of({"A_B": "NOT_FOUND", "C": "INTERNAL", "D": None}, {"kAB": "A_B"},
                           [(x, "NotFound(reason::kAB, Internal(reason::kAB"),
                            (y, 'StatusCode::kInternal, reason::kAB; GANTRY_INTERNAL, "A_B"'),
                            (pathlib.Path("tests/z.cc"), 'reason::kAB, StatusCode::kInternal; "C", "INTERNAL"')]))
    assert sum("goes out as INTERNAL, documented is NOT_FOUND" in f for f in probe) == 3, probe
    assert sum("no test names A_B beside its code NOT_FOUND" in f for f in probe) == 1, probe
    assert len(probe) == 3 + 1 + 2 + 2, probe

    for fault in faults:
        print(fault)
    print(f"{len(codes)} reasons, {len(faults)} faults")
    return 1 if faults or len(codes) < 20 else 0


sys.exit(main())
