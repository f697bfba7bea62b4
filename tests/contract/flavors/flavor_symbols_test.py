#!/usr/bin/env python3
"""What flavors export, import and link to: plugins/README.md, F1, F7, F8 and F11.

    flavor_symbols_test.py FLAVORS_DIR FAKE_FLAVORS_DIR

The deny-list is held against the dynamic imports.  Honest drift shows here; a hostile flavor could
do the same without any import.  Not on the list: what libstdc++'s own inline code brings into every
C++ object, such as __assert_fail, memory allocation and exceptions.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

ENTRY_POINT = "gantry_flavor_v1"
DENIED = {
    "network": """socket socketpair connect bind listen accept accept4 send sendto sendmsg recv
                  recvfrom recvmsg getaddrinfo gethostbyname gethostbyname_r res_query
                  curl_easy_init""",
    "time": """time gettimeofday clock_gettime clock timespec_get nanosleep clock_nanosleep sleep
               usleep""",
    "files": """open open64 openat openat64 creat fopen fopen64 freopen opendir stat stat64 unlink
                rename mkdir mmap dlopen dlsym""",
    "environment": """getenv secure_getenv setenv putenv unsetenv clearenv setlocale umask chdir""",
    "process": """abort exit _exit _Exit quick_exit atexit fork vfork execve execvp posix_spawn
                  posix_spawnp system popen kill raise signal sigaction sigprocmask
                  pthread_atfork""",
    "terminal": """printf puts putchar vprintf stdout stderr __printf_chk""",
}
# std::chrono's clocks and streams by their mangled names.
DENIED_PATTERNS = [r"_ZNSt6chrono.*clock.*now", r"_ZSt4cout", r"_ZSt4cerr", r"_ZNSt13basic_filebuf",
                   r"_ZNSt14basic_ifstream", r"_ZNSt14basic_ofstream", r"_ZNSt10filesystem"]
ALLOWED_NEEDED = {"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libcrypto.so.3",
                  "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}
SANITIZERS = re.compile(r"lib(asan|ubsan|tsan)\.so")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def symbols(path, flag):
    names = set()
    for line in run("nm", "-D", flag, path).splitlines():
        names.add(line.split()[-1].split("@")[0])
    return names


def faults_of(path, sanitized):
    exported = symbols(path, "--defined-only")
    if exported != {ENTRY_POINT}:
        yield f"exports {', '.join(sorted(exported)) or 'nothing'} instead of {ENTRY_POINT} alone"
    imported = symbols(path, "--undefined-only")
    for kind, names in DENIED.items():
        for name in sorted(imported & set(names.split())):
            yield f"imports {name} ({kind}), which is the host's to do"
    for pattern in DENIED_PATTERNS:
        for name in sorted(n for n in imported if re.match(pattern, n)):
            yield f"imports {name}"
    dynamic = run("readelf", "--dynamic", "--wide", path)
    for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
        if name not in ALLOWED_NEEDED and not (sanitized and SANITIZERS.match(name)):
            yield f"is linked to {name}"
    for forbidden in ("RPATH", "RUNPATH", "TEXTREL"):
        if f"({forbidden})" in dynamic:
            yield f"has {forbidden}"
    if not re.search(r"BIND_NOW|FLAGS.*NOW", dynamic):
        yield "is not linked with -z now"
    # One entry is the compiler's own frame_dummy; each more is a constructor that runs at load.
    array = re.search(r"\(INIT_ARRAYSZ\)\s+(\d+)", dynamic)
    if array and int(array[1]) > 8 and not sanitized:
        yield "runs code when it is loaded (a global with a constructor)"
    if "GNU_RELRO" not in run("readelf", "--program-headers", "--wide", path):
        yield "is not linked with -z relro"


def main():
    flavors_dir, fakes_dir = map(pathlib.Path, sys.argv[1:3])
    manifest = json.loads((flavors_dir / "flavors.manifest.json").read_text())
    sanitized = bool(os.environ.get("GANTRY_SANITIZE"))
    failed = False
    for entry in manifest["flavors"]:
        faults = list(faults_of(flavors_dir / entry["file"], sanitized))
        print(f"{entry['name']}: {'; '.join(faults) or 'clean'}")
        failed = failed or bool(faults)

    # The check itself must be able to fail; fakes in C are never instrumented.
    found = " ".join(faults_of(fakes_dir / "gantry_flavor_forbidden.so", sanitized=False))
    for expected in ("gantry_another_symbol", "imports getenv", "imports time", "-z now",
                     "runs code"):
        if expected not in found:
            print(f"the fake \"forbidden\" passes for {expected}: {found}")
            failed = True
    return 1 if failed or not manifest["flavors"] else 0


sys.exit(main())
