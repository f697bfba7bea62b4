#!/usr/bin/env python3
"""A real Docker engine and podman: `docker save` in, `docker pull` and a run out."""
import base64
import json
import os
import subprocess
import unittest

import harness
import images
from footprint import Footprint


def static_program(path):
    """A program that needs nothing of its image."""
    source = path.with_suffix(".c")
    source.write_text('#include <stdio.h>\nint main(void) { puts("hello from the image"); return 0; }\n')
    subprocess.run(["gcc", "-static", "-Os", "-o", path, source], check=True)
    return path.read_bytes()


@unittest.skipUnless(os.geteuid() == 0, "a Docker engine needs root")
class DockerEngine(harness.Case):
    def setUp(self):
        super().setUp()
        self.socket = self.dir / "docker.sock"
        self.engine = harness.Process(self, [
            "dockerd", "--data-root", self.dir / "data", "--exec-root", self.dir / "exec", "-H",
            f"unix://{self.socket}", "--pidfile", self.dir / "docker.pid", "--bridge=none", "--iptables=false",
            "--ip6tables=false", "--storage-driver=vfs", "--insecure-registry=127.0.0.0/8"],
            self.dir / "dockerd.log")
        harness.wait_until(lambda: self.docker("version", check=False).returncode == 0 or
                           self.engine.child.poll() is not None, "dockerd answers")
        self.assertIsNone(self.engine.child.poll(), self.engine.log())
        self.registry = harness.Registry(self)
        self.daemon = harness.Gantryd(self, "--docker-engine", self.socket, "--allow-long-lived-credentials", "default")
        self.register(self.daemon, "plain", self.registry)

    def docker(self, *argv, check=True, env=None):
        return subprocess.run(["docker", "-H", f"unix://{self.socket}", *map(str, argv)], check=check,
                              capture_output=True, text=True, env=env)

    def podman(self, *argv, env=None):
        storage = ["--root", self.dir / "podman", "--runroot", self.dir / "podman-run", "--storage-driver=vfs",
                   "--cgroup-manager=cgroupfs", "--runtime=/usr/sbin/runc"]
        return subprocess.run(["podman", *map(str, storage), *map(str, argv)], capture_output=True, text=True, env=env)

    def build_image(self):
        """A Debian by debootstrap, and on top of it layers made by the engine itself."""
        root = self.dir / "debian"
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root], check=True, capture_output=True)
        tar = subprocess.Popen(["tar", "-C", root, "--one-file-system", "-c", "."], stdout=subprocess.PIPE)
        subprocess.run(["docker", "-H", f"unix://{self.socket}", "import", "-", "test/debian:12"],
                       stdin=tar.stdout, check=True, capture_output=True)
        self.assertEqual(tar.wait(), 0)
        tar.stdout.close()
        context = self.dir / "context"
        context.mkdir()
        (context / "hello").write_bytes(static_program(self.dir / "hello"))
        (context / "hello").chmod(0o755)
        (context / "Dockerfile").write_text(
            "FROM test/debian:12\nCOPY hello /hello\nCOPY hello /copy\nENV A=b\n"
            "CMD [\"/bin/sh\", \"-c\", \"/hello && test -e /etc/debian_version\"]\n")
        self.docker("build", "-t", "test/app:1", context)

    def assert_runs(self, image):
        self.docker("rmi", "-f", "test/app:1")
        self.docker("pull", image["digest_uri"])
        ran = self.docker("run", "--rm", "--network=none", image["digest_uri"], check=False)
        self.assertEqual(ran.stdout, "hello from the image\n", ran.stderr)

    def test_save_push_inspect_and_run(self):
        self.build_image()
        archive = self.dir / "app.tar"
        self.docker("save", "-o", archive, "test/app:1")
        subprocess.run(["gzip", "-k", archive], check=True)
        plain = self.push(self.daemon, f"docker-archive:{archive}", "--pipeline", "app", "--version", "1")
        zipped = self.push(self.daemon, f"docker-archive:{archive}.gz", "--pipeline", "app", "--version", "2")
        engine = self.push(self.daemon, "docker-daemon:test/app:1", "--on-daemon", "--pipeline", "app",
                           "--version", "3")
        local = self.push(self.daemon, "docker-daemon:test/app:1", "--pipeline", "app", "--version", "4",
                          env={"DOCKER_HOST": f"unix://{self.socket}"})
        # However it was read, the same image is the same bytes.
        self.assertEqual({i["digest"] for i in (plain, zipped, engine, local)}, {plain["digest"]})
        inspected = json.loads(self.skopeo("inspect", "--tls-verify=false", f"docker://{plain['uri']}"))
        self.assertEqual(inspected["Digest"], plain["digest"])
        self.assertEqual(self.registry.stored_tags(), [f"app:{n}" for n in "1234"])
        self.assert_runs(plain)

    def test_a_big_image_of_the_engine_is_held_nowhere(self):
        images.big_layer(self.dir / "l", 512 << 20)
        archive = images.docker_archive(self.dir / "l", self.dir / "big.tar", "test/big:1")
        self.docker("load", "-i", archive)
        archive.unlink()
        footprint = Footprint(self, self.daemon)
        image = self.push(self.daemon, "docker-daemon:test/big:1", "--on-daemon", "--pipeline", "big")
        footprint.assert_small("docker-daemon")
        self.assertEqual(self.skopeo_digest(image["uri"], "--tls-verify=false"), image["digest"])

    def test_an_image_the_engine_does_not_have(self):
        missing = self.gantry(self.daemon, "push", "docker-daemon:no/such:image", "--on-daemon", "--pipeline", "x")
        self.assertEqual(missing.code, 4, missing)
        self.assertIn("SOURCE_NOT_FOUND", missing.err)

    def test_podman_runs_what_was_pushed_to_each_kind_of_registry(self):
        layout = images.Layout(self.dir / "l")
        layers = [layout.layer({"bin/hello": static_program(self.dir / "p")}),
                  layout.layer({"etc/extra": b"x"}, "zstd")]
        layout.root(layout.image(layers, command=["/bin/hello"]), "latest")
        for auth, users in (("none", None), ("htpasswd", {"me": "pw"}),
                            ("token", {"me": {"password": "pw", "actions": ["pull", "push"]}})):
            with self.subTest(auth):
                registry = harness.Registry(self, auth, users, tls=auth != "none")
                login = []
                if users:
                    self.ok(self.daemon, "service-connector", "register", auth, "--type=docker", "--no-verify",
                            "--auth-method=password", "--username=me", "--password=-", input="pw")
                    login = ["--connector", auth]
                self.register(self.daemon, auth, registry, *login)
                image = self.push(self.daemon, f"oci:{self.dir}/l", "-r", auth, "--pipeline", "podman")
                pulled = self.podman("pull", *registry.access("me:pw" if users else None), image["digest_uri"])
                self.assertEqual(pulled.returncode, 0, pulled.stderr)
                ran = self.podman("run", "--rm", "--pull=never", "--network=none", "--ulimit=nofile=1024:1024",
                                  "--ulimit=nproc=1024:1024", image["digest_uri"])
                self.assertEqual(ran.stdout, "hello from the image\n", ran.stderr)

    def test_both_pull_by_what_gantry_gives(self):
        """By a login that was written down, and by asking the daemon each time; and not without either."""
        private = harness.Registry(self, auth="htpasswd")
        self.ok(self.daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                "--username=me", "--password=-", "--no-verify", input="secret-of-me")
        self.register(self.daemon, "private", private, "--connector", "c")
        images.simple(self.dir / "l")
        uri = self.push(self.daemon, f"oci:{self.dir}/l", "-r", "private", "--pipeline", "app")["digest_uri"]
        tools = {"docker": (lambda env: self.docker("pull", uri, check=False, env=env),
                            lambda: self.docker("rmi", "-f", uri)),
                 "podman": (lambda env: self.podman("pull", "--tls-verify=false", uri, env=env),
                            lambda: self.podman("rmi", "-f", uri))}
        for tool, (pull, remove) in tools.items():
            for kind in ([], ["--helper"]):
                with self.subTest(tool, kind=kind):
                    home = self.dir / f"{tool}{len(kind)}"
                    home.mkdir()
                    env = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home),
                           "PATH": f"{harness.GANTRY.parent}:{os.environ['PATH']}",
                           "GANTRY_ADDRESS": self.daemon.address}
                    without = pull(env)
                    self.assertNotEqual(without.returncode, 0)
                    self.assertRegex(without.stderr, "no basic auth credentials|unauthorized|authentication required")
                    self.ok(self.daemon, "login", "private", "--tool", tool, *kind, env=env)
                    self.assertEqual("secret-of-me" in self.words(home), not kind)
                    pulled = pull(env)
                    self.assertEqual(pulled.returncode, 0, pulled.stderr)
                    remove()

    @staticmethod
    def words(home):
        """All that is in the files below a home, with what is encoded there decoded."""
        text = "".join(p.read_text() for p in home.rglob("*.json"))
        return text + "".join(base64.b64decode(login["auth"]).decode() for p in home.rglob("*.json")
                              for login in json.loads(p.read_text()).get("auths", {}).values() if login)


if __name__ == "__main__":
    harness.main()
