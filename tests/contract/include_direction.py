#!/usr/bin/env python3
"""Reads every #include against the dependency table of ARCHITECTURE.md."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Folder -> folders it may include from.  Its own is always allowed.
ALLOWED = {
    "services/base": [],
    "services/net": ["services/base"],
    "services/oci": ["services/base", "services/net"],
    "services/push": ["services/base", "services/net", "services/oci"],
    "services/store": ["services/base"],
    "services/gantryd": ["services/base", "services/net", "services/oci", "services/push",
                         "services/store"],
    "services/gantryd/flavors": ["services/base", "services/net", "services/oci", "services/push",
                                 "plugins/abi"],
    "plugins/abi": [],
    "plugins/sdk": ["plugins/abi"],
    "plugins": ["plugins/abi", "plugins/sdk"],
    "clients": ["services/base", "services/net", "services/oci"],
}
# Only these may see gRPC and generated code.
WIRE = ["services/gantryd/rpc", "clients"]
ONLY_IN = {"curl/": "services/net/curl_http_client", "soci/": "services/store"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def rule_of(path):
    """The longest folder of the table that holds the file."""
    folders = [f for f in ALLOWED if path.startswith(f + "/")]
    return max(folders, key=len) if folders else None


def resolve(include, path):
    """Repository path of a quoted include, or None for a library's."""
    for base in ("services/", "", str(pathlib.PurePosixPath(path).parent) + "/"):
        if (ROOT / (base + include)).exists():
            return base + include
    return None


def faults_of(path, text):
    rule = rule_of(path)
    for quoted, angled in INCLUDE.findall(text):
        name = quoted or angled
        if name.startswith("grpc") or name.endswith(".pb.h"):
            if not any(path.startswith(w + "/") for w in WIRE):
                yield f"{path}: includes {name}; gRPC and generated code stop at {', '.join(WIRE)}"
        for prefix, owner in ONLY_IN.items():
            if name.startswith(prefix) and not path.startswith(owner):
                yield f"{path}: includes {name}; only {owner} may"
        if not quoted:
            continue
        target = resolve(quoted, path)
        if target is None or target.startswith("tests/") and "_test" in path:
            continue
        folder = str(pathlib.PurePosixPath(target).parent)
        allowed = [rule] + ALLOWED[rule]
        # A parent folder's own files may see its sub-folders, as gantryd sees its parts.
        if not any(folder == a or folder.startswith(a + "/") for a in allowed) and not (
                rule == "services/gantryd/flavors" and folder == "services/gantryd/flavors"):
            yield f"{path}: includes {target}; {rule} may see only {', '.join(allowed)}"


def main():
    faults, seen = [], 0
    for top in ("services", "plugins", "clients"):
        for file in sorted((ROOT / top).rglob("*")):
            if file.suffix not in (".h", ".cc", ".c"):
                continue
            path = file.relative_to(ROOT).as_posix()
            if rule_of(path) is None:
                faults.append(f"{path}: its folder is not in the dependency table")
                continue
            seen += 1
            faults += faults_of(path, file.read_text())
    # The check itself must be able to fail.
    probe = list(faults_of("services/base/probe.h", '#include "oci/digest.h"\n#include <grpcpp/grpcpp.h>\n'))
    assert len(probe) == 2, probe
    for fault in faults:
        print(fault)
    print(f"{seen} files read, {len(faults)} faults")
    return 1 if faults or seen < 20 else 0


sys.exit(main())
