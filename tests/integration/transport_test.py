#!/usr/bin/env python3
"""How hosts are reached and trusted: client certificates, other addresses, certificates for every host."""
import pathlib
import subprocess

import harness
import images

NGINX = """
daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log warn;
events {{}}
http {{
  access_log {dir}/access.log; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{
    listen 127.0.0.1:{port} ssl; client_max_body_size 0; proxy_request_buffering off;
    ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key;
    ssl_client_certificate {dir}/ca.pem; ssl_verify_client {verify};
    location / {{ proxy_pass http://{registry}; proxy_set_header Host $http_host;
                  proxy_set_header X-Forwarded-Proto https; }}
  }}
}}
"""


class Transport(harness.Case):
    def serve(self, names, verify="off"):
        """nginx with TLS under these names in front of a registry; returns its port."""
        self.registry = harness.Registry(self)
        self.pki = pathlib.Path(self.dir / "pki")
        self.pki.mkdir()
        harness.make_ca(self.pki)
        self.certify("server", names)
        port = harness.free_port()
        config = self.pki / "nginx.conf"
        config.write_text(NGINX.format(dir=self.pki, port=port, registry=self.registry.host, verify=verify))
        harness.Process(self, ["nginx", "-c", config, "-p", self.pki], self.pki / "log")
        harness.wait_until(lambda: harness.accepts(port), "nginx listens")
        images.simple(self.dir / "l")
        return port

    def certify(self, name, names):
        """A key and a certificate of the test's CA."""
        run = lambda *a: subprocess.run(["openssl", *a], check=True, capture_output=True, cwd=self.pki)
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", "csr", "-subj", f"/CN={name}")
        (self.pki / "ext").write_text("subjectAltName=" + ",".join(names) + "\n")
        run("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-out", f"{name}.pem", "-extfile", "ext")

    def push_app(self, daemon, registry="r", **kwargs):
        return self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", registry, "--pipeline", "app", "--version", "1",
                           "-o", "json", **kwargs)

    def assert_lenient_alone(self, daemon, flag, shown, warned):
        """A registry with the flag is pushed to; another one, at the same host, is as strict as ever: before that,
        while its connections are open, and when both are the same but for the flag."""
        register = ("container-registry", "register")
        self.ok(daemon, *register, "strict", "--flavor=default", "--uri=registry.example.com/strict")
        self.ok(daemon, *register, "lenient", "--flavor=default", "--uri=registry.example.com/lenient", f"--{flag}")
        self.assertRegex(self.ok(daemon, "container-registry", "describe", "lenient").out, rf"Transport +{shown}")
        self.assertNotIn(shown, self.ok(daemon, "container-registry", "describe", "strict").out)
        self.assertIn(warned, self.ok(daemon, "container-registry", "verify", "lenient").out)
        self.assert_refused_by_tls(daemon, "strict")
        pushed = self.push_app(daemon, "lenient")
        self.assertEqual(pushed.code, 0, pushed)
        self.assert_refused_by_tls(daemon, "strict")
        self.assertEqual(self.registry.stored_tags(), ["lenient/app:1"])
        # What the flag has given, its opposite takes away; and an update gives it.
        self.ok(daemon, "container-registry", "update", "lenient", f"--no-{flag}")
        self.assert_refused_by_tls(daemon, "lenient")
        self.ok(daemon, "container-registry", "update", "strict", f"--{flag}")
        self.assertEqual(self.push_app(daemon, "strict").code, 0)
        self.assertEqual(self.registry.stored_tags(), ["lenient/app:1", "strict/app:1"])

    def assert_refused_by_tls(self, daemon, registry):
        refused = self.push_app(daemon, registry)
        self.assertNotEqual(refused.code, 0, refused)
        self.assertIn("UPSTREAM_TLS", refused.err)

    def test_a_registry_that_wants_a_client_certificate(self):
        port = self.serve(["DNS:localhost", "IP:127.0.0.1"], verify="on")
        self.certify("client", ["DNS:client"])
        self.certify("other", ["DNS:other"])
        daemon = harness.Gantryd(self)
        register = ["container-registry", "register", "r", "--flavor=default", f"--uri=localhost:{port}",
                    "--ca-file", self.pki / "ca.pem"]
        mixed = self.gantry(daemon, *register, "--client-certificate", self.pki / "client.pem", "--client-key",
                            self.pki / "other.key")
        self.assertEqual(mixed.code, 2, mixed)
        self.assertIn("transport.client_key", mixed.err)
        alone = self.gantry(daemon, *register, "--client-certificate", self.pki / "client.pem")
        self.assertEqual(alone.code, 2, alone)

        self.ok(daemon, *register)
        refused = self.push_app(daemon)
        self.assertNotEqual(refused.code, 0)
        self.assertEqual(self.registry.stored_tags(), [])
        self.ok(daemon, "container-registry", "update", "r", "--client-certificate", self.pki / "client.pem",
                "--client-key", self.pki / "client.key")
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(self.registry.stored_tags(), ["app:1"])

        # The key is kept by an update that does not give it, is never sent back, and is sealed on disk.
        self.ok(daemon, "container-registry", "update", "r", "--label", "a=b")
        self.assertEqual(self.push_app(daemon).code, 0)
        shown = self.ok(daemon, "container-registry", "describe", "r", "-o", "json").out
        self.assertIn("BEGIN CERTIFICATE", shown)
        self.assertNotIn("PRIVATE KEY", shown)
        body = (self.pki / "client.key").read_text().splitlines()[1].encode()
        for file in daemon.state.rglob("*"):
            if file.is_file():
                self.assertNotIn(body, file.read_bytes(), file)

    def test_a_host_that_another_address_serves(self):
        port = self.serve(["DNS:registry.example.com"])
        daemon = harness.Gantryd(self, "--connect-to", f"registry.example.com:443:127.0.0.1:{port}",
                                 "--ca-certificates", self.pki / "ca.pem")
        self.ok(daemon, "container-registry", "register", "r", "--uri=registry.example.com/team")
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["uri"], "registry.example.com/team/app:1")
        self.assertEqual(self.registry.stored_tags(), ["team/app:1"])

    def test_names_are_still_checked(self):
        port = self.serve(["DNS:registry.example.com"])
        daemon = harness.Gantryd(self, "--connect-to", f"other.example.com:443:127.0.0.1:{port}",
                                 "--ca-certificates", self.pki / "ca.pem")
        self.ok(daemon, "container-registry", "register", "r", "--uri=other.example.com")
        refused = self.push_app(daemon)
        self.assertNotEqual(refused.code, 0)
        self.assertIn("UPSTREAM_TLS", refused.err)
        self.assertEqual(self.registry.stored_tags(), [])

    def test_plain_http_is_for_the_registry_that_has_it(self):
        self.registry = harness.Registry(self)
        images.simple(self.dir / "l")
        daemon = harness.Gantryd(self, *(flag for port in (80, 443) for flag in (
            "--connect-to", f"registry.example.com:{port}:{self.registry.host}")))
        self.assert_lenient_alone(daemon, "insecure-http", "plain HTTP", "plain http, no TLS")

    def test_any_certificate_is_for_the_registry_that_takes_it(self):
        port = self.serve(["DNS:another.example.com"])
        daemon = harness.Gantryd(self, "--connect-to", f"registry.example.com:443:127.0.0.1:{port}")
        self.assert_lenient_alone(daemon, "skip-tls-verify", "any TLS certificate",
                                  "any certificate is accepted")

    def test_wrong_flags_are_told(self):
        broken = self.dir / "broken.pem"
        broken.write_text("no certificate\n")
        for flags, words in ((("--connect-to", "a:b"), "HOST:PORT:HOST2:PORT2"),
                             (("--ca-certificates", broken), "not a PEM certificate"),
                             (("--ca-certificates", self.dir / "none"), "does not exist")):
            with self.subTest(flags=flags):
                daemon = harness.Gantryd(self, *flags, expect_start=False)
                self.assertEqual(daemon.process.child.wait(20), 2)
                self.assertIn(words, daemon.process.log())


if __name__ == "__main__":
    harness.main()
