"""Real parts for the tests: gantryd, docker-registry in three kinds, the gantry CLI, skopeo.

Every process listens on a port the kernel chose, and ends with the test.
"""
import base64
import contextlib
import datetime
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from secret_watch import SecretWatch, write_only_fields

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("GANTRY_BUILD_DIR", ROOT / "build/dev"))
GANTRYD = BUILD / "services/gantryd/gantryd"
GANTRY = BUILD / "clients/cli/gantry"
FAKES = ROOT / "tests/fakes"
PYTHON = "/usr/bin/python3"
DEADLINE = 60
SECRET_FIELDS = write_only_fields(ROOT / "plugins")
HANDING_OUT = ("credential-helper", "pull-secret")  # commands whose answer is a secret

sys.path.append(str(FAKES))  # clouds.emulator and the clouds on it


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, seconds=DEADLINE):
    """Polls a condition of another process; fails, and never passes, by time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        select.select([], [], [], 0.02)
    raise AssertionError(f"{what}: not within {seconds} s")


def unix_time(text):
    """Seconds since 1970 of a time as protobuf's JSON has it."""
    return datetime.datetime.fromisoformat(text).timestamp()


def accepts(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False


class Process:
    """A child that is ended with the test."""

    def __init__(self, case, argv, log, env=None, ends_with=None):
        """`ends_with`: the exit codes that are right when it is told to end; None is any."""
        self.log_path, self.ends_with = pathlib.Path(log), ends_with
        with open(log, "ab") as out:
            self.child = subprocess.Popen([str(a) for a in argv], stdout=out, stderr=out,
                                          env=dict(os.environ, **(env or {})))
        case.addCleanup(self.stop)

    def stop(self, sig=signal.SIGTERM):
        """Ends it; fails when it ends otherwise than it should, or has ended before, seen by nobody."""
        seen = self.child.returncode is not None  # by the test, which judges the code
        alive = self.child.poll() is None
        if alive:
            self.child.send_signal(sig)
            try:
                self.child.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        code = self.child.returncode
        if self.ends_with is not None:
            well = seen or (alive and (sig == signal.SIGKILL or code in self.ends_with))
            assert well, f"{self.child.args[0]} ended {'' if alive else 'by itself '}with {code}\n{self.log()}"
            assert_no_sanitizer_report(self.log())
        return code

    def log(self):
        return self.log_path.read_text(errors="replace")


def assert_no_sanitizer_report(text):
    """Reports of ASan, LSan, TSan and UBSan in what one of our programs has written."""
    assert not re.search(r"Sanitizer:|runtime error:", text), text


class Helper:
    """A python helper that prints "ready PORT"."""

    def __init__(self, case, *argv):
        self.child = subprocess.Popen([PYTHON, *map(str, argv)], stdout=subprocess.PIPE, text=True)
        case.addCleanup(self.stop)
        line = self.child.stdout.readline().split()
        assert line[:1] == ["ready"], f"{argv[0]} did not start"
        self.port = int(line[1])

    def stop(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


def make_ca(directory):
    """A private CA and a server certificate for 127.0.0.1 and localhost."""
    d = pathlib.Path(directory)
    run = lambda *a: subprocess.run(["openssl", *a], check=True, capture_output=True, cwd=d)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days",
        "2", "-subj", "/CN=Gantry test CA")
    run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj",
        "/CN=localhost")
    (d / "ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    run("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
        "-days", "2", "-out", "server.pem", "-extfile", "ext")
    return d


class Registry:
    """Debian's docker-registry: plain, or behind htpasswd and TLS, or with a token server."""

    def __init__(self, case, auth="none", users=None, lifetime=300, tls=False, token_flags=()):
        """`tls`: also that of the token server; with htpasswd always."""
        tls = tls or auth == "htpasswd"
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=case.dir, prefix="registry"))
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.ca = None
        self.token_log = self.dir / "token.log"
        config = {"version": "0.1", "log": {"level": "warn"},
                  "storage": {"filesystem": {"rootdirectory": str(self.dir / "data")},
                              "delete": {"enabled": True}},
                  "http": {"addr": self.host, "secret": "test"}}
        if auth != "none":
            pki = make_ca(self.dir)
        if tls:
            self.ca = pki / "ca.pem"
            config["http"]["tls"] = {"certificate": str(pki / "server.pem"), "key": str(pki / "server.key")}
        if auth == "htpasswd":
            for name, password in (users or {"me": "secret-of-me"}).items():
                self.set_password(name, password)
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(self.dir / "pw")}}
        if auth == "token":
            self.tokens = Helper(case, FAKES / "token_server.py", "--key", pki / "server.key", "--cert",
                                 pki / "server.pem", "--service", "test-registry", "--issuer", "test-issuer",
                                 "--lifetime", lifetime, "--users", json.dumps(users), "--log",
                                 self.token_log, *(["--tls"] if tls else []), *token_flags)
            config["auth"] = {"token": {
                "realm": f"{'https' if tls else 'http'}://127.0.0.1:{self.tokens.port}/token", "service": "test-registry",
                "issuer": "test-issuer", "rootcertbundle": str(pki / "server.pem")}}
        path = self.dir / "config.yml"
        path.write_text(json.dumps(config))  # JSON is YAML
        self.process = Process(case, ["docker-registry", "serve", path], self.dir / "log")
        wait_until(lambda: accepts(self.port), "docker-registry listens")

    def set_password(self, name, password):
        """With htpasswd: from its next request on."""
        file = self.dir / "pw"
        subprocess.run(["htpasswd", "-Bb" if file.exists() else "-Bbc", file, name, password], check=True,
                       capture_output=True)

    def access(self, creds=None):
        """What skopeo and podman need to be told to get in: their flags."""
        login = ["--creds", creds] if creds else []
        if not self.ca:
            return [*login, "--tls-verify=false"]
        directory = self.dir / "certs"
        directory.mkdir(exist_ok=True)
        (directory / "ca.crt").write_text(self.ca.read_text())
        return [*login, "--cert-dir", str(directory)]

    def stored_tags(self):
        """Tags on the registry's own disk, as "repository:tag"."""
        root = self.dir / "data/docker/registry/v2/repositories"
        return sorted(f"{p.parent.parent.parent.relative_to(root)}:{p.name}"
                      for p in root.glob("**/_manifests/tags/*"))

    def token_requests(self):
        return [json.loads(line) for line in self.token_log.read_text().splitlines()]


class Gantryd:
    """The daemon, with flavors from the build tree."""

    def __init__(self, case, *flags, state=None, env=None, listen=None, expect_start=True):
        self.state = pathlib.Path(state or tempfile.mkdtemp(dir=case.dir, prefix="state"))
        self.port = free_port()
        self.address = listen or f"127.0.0.1:{self.port}"
        home = pathlib.Path(tempfile.mkdtemp(dir=case.dir, prefix="home"))
        self.env = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "DOCKER_CONFIG": str(home / ".docker"),
                    **(env or {})}
        argv = [GANTRYD, "--listen", self.address, "--state-dir", self.state, *flags]
        self.process = Process(case, argv, home / "gantryd.log", self.env, ends_with=(0,))
        case.watch_over(self)
        if expect_start:
            wait_until(lambda: accepts(self.port) or self.process.child.poll() is not None, "gantryd listens")
            assert self.process.child.poll() is None, self.process.log()


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Case(unittest.TestCase):
    """Every test also looks for every secret it used, in all that the daemon and the CLI leave behind."""
    maxDiff = None

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="gantry-test-")
        self.addCleanup(self.scratch.cleanup)
        self.dir = pathlib.Path(self.scratch.name)
        self.secrets = SecretWatch(SECRET_FIELDS)
        self.daemons = []
        self.addCleanup(self.assert_no_secret_shows)

    def watch_over(self, daemon):
        self.daemons.append(daemon)
        # And once while it runs: the journal of its database is there then.
        self.addCleanup(lambda: self.assertEqual(self.leaks_at(daemon), [], "secrets show"))

    def leaks_at(self, daemon):
        return [*self.secrets.leaks_of_files(daemon.process.log_path, daemon.state),
                *self.secrets.leaks_of_processes(daemon.process.child.pid)]

    def assert_no_secret_shows(self):
        leaks = [leak for daemon in self.daemons for leak in self.leaks_at(daemon)]
        self.assertEqual(self.secrets.leaks_of_answers() + leaks, [], "secrets show")

    def gantry(self, daemon, *argv, input=None, env=None, timeout=300, cwd=None):
        """Runs the CLI; returns its Result, whatever its exit code."""
        self.secrets.learn(argv, input, env, cwd)
        result = Result(subprocess.run([str(GANTRY), *map(str, argv)], input=input, text=True,
                                       capture_output=True, timeout=timeout, cwd=cwd,
                                       env={**os.environ, "GANTRY_ADDRESS": daemon.address, **(env or {})}))
        assert_no_sanitizer_report(result.err)
        command = f"gantry {' '.join(map(str, argv[:2]))}"
        self.secrets.heard(command, result.err)
        if not set(HANDING_OUT) & set(argv):
            self.secrets.heard(command, result.out)
        return result

    def ok(self, daemon, *argv, **kwargs):
        result = self.gantry(daemon, *argv, **kwargs)
        self.assertEqual(result.code, 0, f"gantry {' '.join(map(str, argv))}: {result}")
        return result

    def push(self, daemon, source, *argv, **kwargs):
        """Pushes; returns the Image as the CLI's JSON has it."""
        return self.ok(daemon, "push", source, *argv, "--output", "json", **kwargs).json()

    def register(self, daemon, name, registry, *argv):
        ca = ["--ca-file", registry.ca] if registry.ca else []
        return self.ok(daemon, "container-registry", "register", name, "--flavor=default",
                       f"--uri={registry.host}", *ca, *argv)

    def kubernetes_secret(self, daemon, *argv):
        """What `gantry pull-secret` prints, as strictly as an API server takes it: what was warned of, the metadata,
        and a file with the login, as a kubelet has it."""
        done = self.ok(daemon, "pull-secret", *argv)
        secret = json.loads(done.out)
        self.assertEqual(set(secret), {"apiVersion", "kind", "metadata", "type", "data"})
        self.assertEqual((secret["apiVersion"], secret["kind"], secret["type"]),
                         ("v1", "Secret", "kubernetes.io/dockerconfigjson"))
        metadata = secret["metadata"]
        self.assertLessEqual(set(metadata), {"name", "namespace", "annotations", "labels"})
        self.assertRegex(metadata["name"], r"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
        for key, value in metadata["annotations"].items():
            self.assertRegex(key, r"\A([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\Z")
            self.assertIsInstance(value, str)
        self.assertEqual(set(secret["data"]), {".dockerconfigjson"})
        file = self.dir / "mounted.json"
        file.write_bytes(base64.b64decode(secret["data"][".dockerconfigjson"], validate=True))
        return done.err, metadata, file

    def skopeo(self, *argv, **kwargs):
        return subprocess.run(["skopeo", *map(str, argv)], check=True, capture_output=True, text=True,
                              **kwargs).stdout

    def skopeo_digest(self, reference, *argv, **kwargs):
        """The digest of what a stranger's tool gets, computed from the bytes it got."""
        raw = subprocess.run(["skopeo", "inspect", "--raw", *argv, f"docker://{reference}"], check=True,
                             capture_output=True, **kwargs).stdout
        import hashlib
        return "sha256:" + hashlib.sha256(raw).hexdigest()

    def assert_pulls_back(self, layout, image, digest, *access, copies=True):
        """What skopeo gets back is byte for byte the layout that was pushed.  `access`: see Registry."""
        self.assertEqual(image["digest"], digest)
        self.assertEqual(image["digest_uri"], image["uri"].rsplit(":", 1)[0] + "@" + digest)
        self.assertEqual(self.skopeo_digest(image["uri"], *access), digest)
        self.assertEqual(self.skopeo_digest(image["digest_uri"], *access), digest)
        if not copies:
            return
        back = self.dir / f"back-{image['repository'].replace('/', '-')}"
        self.skopeo("copy", "--all", "--preserve-digests", *(re.sub("^--", "--src-", flag) for flag in access),
                    f"docker://{image['digest_uri']}", f"oci:{back}:x")
        blobs = list((back / "blobs/sha256").iterdir())
        self.assertGreater(len(blobs), 1)
        for blob in blobs:
            self.assertEqual(blob.read_bytes(), (layout / "blobs/sha256" / blob.name).read_bytes())


def http_status(url, method="GET", headers=None):
    request = urllib.request.Request(url, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def main():
    """Runs the script's tests.  Exits with 77, which ctest shows as skipped, when one could not run here."""
    result = unittest.main(verbosity=2, exit=False).result
    sys.exit(1 if not result.wasSuccessful() else 77 if result.skipped else 0)
