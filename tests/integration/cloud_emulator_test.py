#!/usr/bin/env python3
"""The base of the emulated clouds, against curl and skopeo: real names, verified TLS, bodies that stream."""
import subprocess
import unittest

import harness
import images
from clouds.emulator import Emulator
from clouds.exchange import Response, json_response, registry_error
from clouds.quirks import Quirks
from clouds.registry_proxy import RegistryProxy

HOST = "registry.cloud.example"


class CloudEmulator(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Emulator(self)
        self.store = RegistryProxy(harness.Registry(self).port)
        self.quirks = Quirks(patch_status=None)
        host = self.cloud.host(HOST)
        host.on("GET", "/hello/(?P<who>[a-z]+)", lambda r: json_response(200, {"hello": r.match["who"]}))
        host.on("POST", "/form", lambda r: json_response(200, r.form()))
        host.on("PUT", "/refused", lambda r: Response(413, b"too large"))
        host.on("*", "/v2/.*", self.registry)
        plain = self.cloud.host("169.254.169.254", plain=True)
        plain.on("GET", "/latest", lambda r: Response(200, b"metadata"))

    def registry(self, request):
        if request.basic() != ("me", "the-password"):
            return registry_error(401, "UNAUTHORIZED", "no", headers={"WWW-Authenticate": 'Basic realm="r"'})
        response = self.store.forward(request)
        if request.method == "PATCH" and self.quirks.patch_status:
            response.status = self.quirks.patch_status
        return response

    def curl(self, *argv, env=None):
        return subprocess.run(["curl", "-sS", *map(str, argv)], env=env or self.cloud.client_env(),
                              capture_output=True, text=True)

    def test_real_names_over_verified_tls(self):
        self.assertEqual(self.curl(f"https://{HOST}/hello/world").stdout, '{"hello": "world"}')
        untrusting = dict(self.cloud.client_env(), CURL_CA_BUNDLE="/etc/ssl/certs/ca-certificates.crt")
        self.assertEqual(self.curl(f"https://{HOST}/hello/world", env=untrusting).returncode, 60)
        self.assertEqual(self.curl("https://unknown.cloud.example/").returncode, 35, "no such name")
        self.assertEqual(self.curl("http://169.254.169.254/latest", "--connect-to",
                                   f"::127.0.0.1:{self.cloud.plain_port}").stdout, "metadata")
        self.assertEqual([r.status for r in self.cloud.requests(path="/hello/*")], [200])

    def test_the_clock_of_the_cloud_is_its_own(self):
        self.cloud.clock_skew = -365 * 86400
        import datetime
        year = str((datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(365)).year)
        self.assertIn(f" {year} ", self.curl("-D-", "-o/dev/null", f"https://{HOST}/hello/x").stdout)

    def test_bodies_and_early_answers(self):
        self.assertEqual(self.curl("-d", "a=1&b=x%20y", f"https://{HOST}/form").stdout,
                         '{"a": "1", "b": "x y"}')
        self.assertEqual(self.cloud.requests(path="/form")[0].form()["b"], "x y")
        big = self.dir / "big"
        with open(big, "wb") as out:
            out.truncate(32 << 20)
        for more in ((), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect:")):
            early = self.curl("-T", big, *more, "-w", " %{http_code}", f"https://{HOST}/refused")
            self.assertEqual(early.stdout, "too large 413", early.stderr)

    def test_a_chunked_upload_reaches_the_registry(self):
        data = self.dir / "data"
        data.write_bytes(b"0123456789" * 1_000_000)
        login = ("-u", "me:the-password")
        location = f"https://{HOST}/v2/a/b/blobs/uploads/"
        steps = (("-X", "POST", "-H", "Content-Length: 0"),
                 ("-X", "PATCH", "-T", data, "-H", "Transfer-Encoding: chunked"))
        for step in steps:
            location = self.curl(*login, *step, location, "-D-", "-o/dev/null", "-w", "%header{location}"
                                 ).stdout.rpartition("\n")[2]
            self.assertTrue(location.startswith(f"https://{HOST}/v2/a/b/"), location)
        digest = images.digest_of(data.read_bytes())
        done = self.curl(*login, "-X", "PUT", "-o/dev/null", "-w", "%{http_code}", f"{location}&digest={digest}")
        self.assertEqual(done.stdout, "201")

    def test_what_is_not_expected_fails_the_test(self):
        outer = self

        class Inner(harness.Case):
            def runTest(self):
                cloud = Emulator(self)
                cloud.host(HOST).on("GET", "/broken", lambda r: 1 // 0)
                for path, status in (("broken", "500"), ("missing", "404")):
                    got = outer.curl("-o/dev/null", "-w", "%{http_code}", f"https://{HOST}/{path}",
                                     env=cloud.client_env())
                    outer.assertEqual(got.stdout, status)

        result = unittest.TestResult()
        Inner().run(result)
        [(_, told)] = result.failures
        self.assertIn("ZeroDivisionError", told)
        self.assertIn(f"nothing handles GET {HOST}/missing", told)
        with self.assertRaises(AttributeError):
            self.quirks.patch_statos = 1

    def test_skopeo_pushes_and_pulls(self):
        digest = images.many_layers(self.dir / "l", 4)
        env = self.cloud.client_env()
        self.skopeo("copy", "--dest-creds", "me:the-password", f"oci:{self.dir}/l:latest",
                    f"docker://{HOST}/team/app:1", env=env)
        self.assertEqual(self.skopeo_digest(f"{HOST}/team/app:1", "--creds", "me:the-password", env=env), digest)
        self.skopeo("copy", "--src-creds", "me:the-password", f"docker://{HOST}/team/app:1",
                    f"oci:{self.dir}/back:x", env=env)
        refused = subprocess.run(["skopeo", "inspect", "--creds", "me:wrong", f"docker://{HOST}/team/app:1"],
                                 env=env, capture_output=True, text=True)
        self.assertIn("unauthorized", refused.stderr)

    def test_gantryd_pushes_a_layer_that_is_never_held(self):
        daemon = harness.Gantryd(self, *self.cloud.gantryd_flags())
        self.ok(daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                "--username=me", "--password=the-password", f"--registry={HOST}")
        self.ok(daemon, "container-registry", "register", "r", "--flavor=default", f"--uri={HOST}/team",
                "--connector", "c")
        digest = images.big_layer(self.dir / "big", 48 << 20)
        self.quirks.patch_status = 201
        image = self.push(daemon, f"oci:{self.dir}/big", "-r", "r", "--repository", "team/big", "--tag", "1")
        self.assertEqual(image["digest"], digest)
        self.assertEqual(self.skopeo_digest(image["uri"], "--creds", "me:the-password",
                                            env=self.cloud.client_env()), digest)


if __name__ == "__main__":
    harness.main()
