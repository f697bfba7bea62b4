#!/usr/bin/env python3
"""What other users of a machine can see while gantry works: no secret stands in the list of processes."""
import base64
import json
import os
import pathlib

import harness
import images
from clouds.emulator import Emulator
from clouds.exchange import registry_error
from clouds.registry_proxy import RegistryProxy
from secret_watch import descendants

HOST, USER, PASSWORD = "registry.cloud.example", "robot", "correct-horse-battery"
# A credential helper that writes down what it sees: its environment, and the arguments of everybody.
WITNESS = f"""#!/bin/sh
read host
cat /proc/self/environ /proc/[0-9]*/cmdline >"$WITNESS_FILE" 2>/dev/null
printf '{{"ServerURL":"%s","Username":"{USER}","Secret":"{PASSWORD}"}}' "$host"
"""


class ProcessList(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Emulator(self)
        self.store = RegistryProxy(harness.Registry(self).port)
        self.cloud.host(HOST).on("*", "/v2/.*", self.registry)
        self.secrets.add(PASSWORD)
        self.looks, self.seen = 0, []
        images.simple(self.dir / "l")

    def registry(self, request):
        """Looks around in the middle of every request: whoever has asked for it is still at work."""
        self.looks += 1
        self.seen += self.secrets.leaks_of_arguments()
        for pid in descendants(os.getpid()):
            if os.path.basename(os.readlink(f"/proc/{pid}/exe")) in ("gantryd", "gantry"):
                self.seen += self.secrets.leaks_of_processes(pid)
        if request.basic() != (USER, PASSWORD):
            return registry_error(401, "UNAUTHORIZED", "no", headers={"WWW-Authenticate": 'Basic realm="r"'})
        return self.store.forward(request)

    def step(self, daemon, *argv, **kwargs):
        """A command during which the registry was asked, and the process list read."""
        before = self.looks
        result = self.ok(daemon, *argv, **kwargs)
        self.assertGreater(self.looks, before, f"nobody looked during gantry {argv}")
        self.assertEqual(self.seen, [])
        return result

    def register(self, daemon, *argv, **kwargs):
        return self.step(daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                         f"--username={USER}", *argv, f"--registry={HOST}", **kwargs)

    def test_every_way_to_give_a_secret_keeps_it_out(self):
        daemon = harness.Gantryd(self, *self.cloud.gantryd_flags(), "--allow-long-lived-credentials", "default")
        (self.dir / "password").write_text(PASSWORD + "\n")
        for value, more in ((f"@{self.dir}/password", {}), ("-", {"input": PASSWORD}),
                            ("env:THE_PASSWORD", {"env": {"THE_PASSWORD": PASSWORD}})):
            with self.subTest(value):
                self.register(daemon, "--password", value, **more)
                self.step(daemon, "service-connector", "update", "c", f"--password={value}", **more)
                self.ok(daemon, "service-connector", "delete", "c")
        self.register(daemon, "--password", "-", input=PASSWORD)
        self.ok(daemon, "container-registry", "register", "r", "--flavor=default", f"--uri={HOST}", "--connector=c")
        self.step(daemon, "push", f"oci:{self.dir}/l", "-r", "r", "--repository", "app", "--tag", "1")
        self.step(daemon, "image", "resolve", "app:1", "-r", "r")
        self.step(daemon, "container-registry", "verify", "r", "--repository", "app")
        self.ok(daemon, "login", "r", "--config", self.dir / "auth.json")
        self.assertIn(PASSWORD, self.ok(daemon, "credential-helper", "get", input=HOST).out)

    def test_the_watch_sees_what_is_given_in_the_arguments(self):
        """Told by a hint, and proof that the others pass because nothing is there."""
        daemon = harness.Gantryd(self, *self.cloud.gantryd_flags())
        told = self.ok(daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                       f"--username={USER}", f"--password={PASSWORD}", f"--registry={HOST}")
        self.assertIn("keeps it out of the process list", told.err)
        self.assertIn("in the arguments of", str(self.seen))

    def test_what_the_daemon_starts_is_told_nothing(self):
        helpers = self.dir / "bin"
        helpers.mkdir()
        (helpers / "docker-credential-witness").write_text(WITNESS)
        (helpers / "docker-credential-witness").chmod(0o755)
        docker = self.dir / "docker"
        docker.mkdir()
        (docker / "config.json").write_text(json.dumps({"credHelpers": {HOST: "witness"}}))
        other = base64.b64encode(f"else:{PASSWORD}".encode()).decode()
        statement = self.dir / "statement"
        daemon = harness.Gantryd(self, *self.cloud.gantryd_flags(), "--dev", env={
            "DOCKER_CONFIG": str(docker), "PATH": f"{helpers}:{os.environ['PATH']}", "WITNESS_FILE": str(statement),
            "DOCKER_AUTH_CONFIG": json.dumps({"auths": {"other.example": {"auth": other}}}),
            "REGISTRY_HTTP_ADDR": "127.0.0.1:1"})
        self.ok(daemon, "container-registry", "register", "r", "--flavor=default", f"--uri={HOST}")
        self.step(daemon, "push", f"oci:{self.dir}/l", "-r", "r", "--repository", "app", "--tag", "1")
        said = statement.read_bytes()
        self.assertIn(b"WITNESS_FILE=", said)
        self.assertIn(b"docker-registry", said)
        self.assertEqual(self.secrets.found_in(said), [])
        [registry] = descendants(daemon.process.child.pid)
        self.assertEqual(pathlib.Path(f"/proc/{registry}/environ").read_bytes(), b"")


if __name__ == "__main__":
    harness.main()
