#!/usr/bin/env python3
"""Azure, emulated: what is said when it refuses, and pushes that go on where they can."""
import os

import harness
import images
from azure_case import HOST, AzureCase
from clouds.azure_entra import REGISTRY_AUDIENCE


class Refusals(AzureCase):
    def setUp(self):
        super().setUp()
        self.application = self.azure.application("AcrPush")

    def pushing(self, **changed):
        daemon = self.daemon()
        self.connect(daemon, "service-principal", "--no-verify",
                     **{**self.service_principal(self.application), **changed})
        return self.push_acr(daemon)

    def test_entra_refuses(self):
        self.refused(self.pushing(client_secret="not-the-secret"), "UPSTREAM_AUTH_REJECTED", "AADSTS7000215",
                     "the client secret is wrong", "the secret's value, not its id")
        self.refused(self.pushing(client_id="5ad1c4a0-0000-0000-0000-000000000000"), "UPSTREAM_AUTH_REJECTED",
                     "AADSTS700016", "client_id and tenant_id")
        self.refused(self.pushing(tenant_id="nobody.example"), "UPSTREAM_AUTH_REJECTED", "AADSTS90002",
                     "there is no such tenant")
        self.application.secret_expired = True
        self.refused(self.pushing(), "UPSTREAM_AUTH_REJECTED", "AADSTS7000222", "the client secret has expired")
        self.azure.quirks.conditional_access = True
        self.refused(self.pushing(), "UPSTREAM_AUTH_REJECTED", "AADSTS53003", "conditional access")

    def test_entra_is_throttled(self):
        self.azure.quirks.entra_throttled = True
        daemon = self.daemon()
        self.connect(daemon, "service-principal", "--no-verify", **self.service_principal(self.application))
        result = self.gantry(daemon, "login", "acr", "--config", self.dir / "auth.json", "-o", "json")
        self.assertEqual(result.code, 7, result)
        self.refused(result, "UPSTREAM_THROTTLED", "Microsoft Entra takes no more logins", "Try again later",
                     self.azure.authority)
        self.azure.quirks.entra_throttled = False
        self.assert_stored(self.push_acr(daemon))

    def test_no_role(self):
        self.application.roles.clear()
        self.refused(self.pushing(), "UPSTREAM_AUTH_REJECTED", f"application {self.application.client_id}",
                     f"object {self.application.object_id}", "no role on the registry", "AcrPush", HOST)

    def test_a_role_that_may_only_pull(self):
        self.application.roles["*"] = "AcrPull"
        self.refused(self.pushing(), "UPSTREAM_DENIED", "the identity may not push here", f"Grant it AcrPush on {HOST}")
        daemon = self.daemon()
        self.connect(daemon, "service-principal", **self.service_principal(self.application))
        verified = self.gantry(daemon, "container-registry", "verify", "acr", "--repository", "team/app")
        self.assertEqual(verified.code, 12, verified)
        self.assertIn("AcrPush", verified.out)

    def test_the_audience_that_the_registry_takes(self):
        self.azure.quirks.arm_disabled = True
        self.assert_stored(self.pushing())
        token, _ = self.azure.entra.token(self.application, f"https://{self.azure.api}")
        daemon = self.daemon()
        self.connect(daemon, "access-token", "--no-verify", token=token)
        self.refused(self.push_acr(daemon), "UPSTREAM_AUTH_REJECTED", "https://containerregistry.azure.net")
        self.azure.quirks.arm_disabled = False
        self.azure.quirks.registry_audience_refused = True
        self.assert_stored(self.pushing())
        self.azure.quirks.registry_audience_refused = False
        self.azure.quirks.registry_resource_unknown = True
        self.assert_stored(self.pushing())

    def test_the_firewall(self):
        self.azure.quirks.firewall = True
        self.refused(self.pushing(), "UPSTREAM_DENIED", "firewall", "network rules")
        self.azure.quirks.firewall = False

    def test_an_expired_token(self):
        self.azure.quirks.entra_seconds = -60
        token, _ = self.azure.entra.token(self.application, REGISTRY_AUDIENCE)
        daemon = self.daemon()
        self.connect(daemon, "access-token", "--no-verify", token=token)
        self.refused(self.push_acr(daemon), "CONNECTOR_EXPIRED", "az account get-access-token")

    def test_a_throttled_registry_is_waited_for_while_that_makes_sense(self):
        self.azure.quirks.throttled = 2
        self.assert_stored(self.pushing())
        daemon = self.daemon()
        self.connect(daemon, "service-principal", **self.service_principal(self.application))
        self.azure.quirks.throttled = 3600
        result = self.push_acr(daemon)
        self.assertEqual(result.code, 7, result)
        self.refused(result, "UPSTREAM_THROTTLED", "limit of requests a minute", "Push less at once", "higher tier",
                     HOST)

    def test_what_is_locked(self):
        daemon = self.daemon()
        self.connect(daemon, "service-principal", **self.service_principal(self.application))
        self.registry.locked = {"team/app:1"}
        self.refused(self.push_acr(daemon), "UPSTREAM_REJECTED", "is locked", "--write-enabled true", "team/app")
        self.assert_stored(self.push_acr(daemon, tag="2"))
        self.registry.locked = {"team/app"}
        images.simple(self.dir / "other", "other")
        self.refused(self.push_acr(daemon, "other", tag="3"), "UPSTREAM_REJECTED", "is locked", "--write-enabled true")

    def test_a_registry_in_abac_mode(self):
        """AcrPush counts for nothing there, and no credential is for all repositories."""
        self.azure.quirks.abac = True
        daemon = self.daemon()
        self.connect(daemon, "service-principal", **self.service_principal(self.application))
        self.refused(self.push_acr(daemon), "UPSTREAM_DENIED", "Container Registry Repository Writer")
        verify = ("container-registry", "verify", "acr", "--repository", "team/app")
        verified = self.gantry(daemon, *verify)
        self.assertEqual(verified.code, 12, verified)
        self.assertIn("AcrPull and AcrPush count for nothing", verified.out)
        self.application.roles["*"] = "Container Registry Repository Writer"
        self.assert_stored(self.push_acr(daemon))
        verified = self.ok(daemon, *verify)
        self.assertIn("the identity may pull and push", verified.out)
        file, _ = self.lend(daemon, "--repository", "team/app")
        self.assertEqual(self.pull(file, f"{HOST}/team/app:1"), 0)
        everything = self.gantry(daemon, "login", "acr", "--config", self.dir / "all.json", "-o", "json")
        self.refused(everything, "UPSTREAM_DENIED", "Name one repository")

    def test_what_is_not_there(self):
        daemon = self.daemon()
        self.connect(daemon, "service-principal", **self.service_principal(self.application))
        self.assertEqual(self.push_acr(daemon).code, 0, "a push creates its repository")
        for repository, tag in (("team/none", "1"), ("team/app", "2")):
            missing = self.gantry(daemon, "image", "resolve", f"{repository}:{tag}", "-r", "acr", "-o", "json")
            self.assertEqual(missing.code, 4, missing)
            self.refused(missing, "IMAGE_NOT_FOUND", f"list what is in {repository}")

    def test_a_clock_that_is_wrong(self):
        """Ours is behind the cloud's, then ahead of it: tokens are believed as long as they live there."""
        for skew in (1800, -1800):
            with self.subTest(skew):
                self.azure.emulator.clock_skew = skew
                self.assert_stored(self.pushing())


class PrivateAuthority(AzureCase):
    """A registry behind a certificate authority of one's own, as a proxy or a private network has it."""

    def test_is_trusted_for_the_registry_and_for_nothing_else(self):
        daemon = self.daemon()
        login = self.service_principal(self.azure.application("AcrPush"))
        ca_file = self.azure.emulator.private_authority(HOST)
        self.connect(daemon, "service-principal", "--no-verify", **login)
        self.refused(self.push_acr(daemon), "UPSTREAM_TLS", HOST)
        self.ok(daemon, "container-registry", "update", "acr", "--ca-file", ca_file)
        pushed = self.push_acr(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], self.digest)
        self.assertTrue(self.azure.emulator.requests(host=HOST, path="/oauth2/exchange"))

        # A host that only the registry's authority vouches for is a stranger.
        ca_file = self.azure.emulator.private_authority(HOST, self.azure.authority)
        other = self.daemon()
        self.connect(other, "service-principal", "--no-verify", **login)
        self.ok(other, "container-registry", "update", "acr", "--ca-file", ca_file)
        self.refused(self.push_acr(other), "UPSTREAM_TLS", self.azure.authority)


class Pushes(AzureCase):
    def setUp(self):
        super().setUp()
        self.started = self.daemon()
        self.connect(self.started, "service-principal",
                     **self.service_principal(self.azure.application("AcrPush")))

    def test_tokens_that_end_inside_of_a_push(self):
        self.azure.quirks.entra_seconds = self.azure.quirks.refresh_seconds = 3
        self.azure.quirks.access_seconds = 2
        slow = harness.Helper(self, harness.FAKES / "tcp_proxy.py", "--to", f"127.0.0.1:{self.azure.emulator.port}",
                              "--bytes-per-second", 2_000_000)
        daemon = harness.Gantryd(self, "--ca-certificates", self.azure.emulator.ca_file, "--connect-to",
                                 f"{HOST}:443:127.0.0.1:{slow.port}", "--connect-to",
                                 f"{self.azure.authority}:443:127.0.0.1:{self.azure.emulator.port}")
        self.connect(daemon, "service-principal", **self.service_principal(self.azure.application("AcrPush")))
        layout = images.Layout(self.dir / "slow")
        layers = [layout.layer({f"f{i}": os.urandom(1_000_000)}, "none") for i in range(16)]
        digest = layout.root(layout.image(layers), "latest")
        pushed = self.push_acr(daemon, "slow")
        self.azure.quirks.access_seconds = 600
        self.assert_stored(pushed, digest)
        for path, times in (("/*/oauth2/v2.0/token", 1), ("/oauth2/exchange", 1), ("/oauth2/token", 2)):
            self.assertGreater(len(self.azure.emulator.requests(path=path)), times, path)
        self.assertLess(len(self.azure.emulator.requests(path="/oauth2/*")), 60, "not one a request")

    def test_what_is_too_large_in_one_piece_goes_in_several(self):
        self.azure.quirks.stream_limit = 20 << 20
        digest = images.big_layer(self.dir / "big", 33 << 20)
        self.assert_stored(self.push_acr(self.started, "big"), digest)
        pieces = [int(r.headers["Content-Length"]) for r in self.azure.emulator.requests(method="PATCH")
                  if r.headers.get("Content-Range")]
        self.assertGreater(len(pieces), 1)
        self.assertLessEqual(max(pieces), self.azure.quirks.stream_limit)

    def test_layers_that_are_compressed_on_their_way(self):
        """Their length is not known before; a request with a range and without a length is refused."""
        self.skopeo("copy", f"oci:{self.dir}/l:latest", f"docker-archive:{self.dir}/a.tar:app:1")
        image = self.push(self.started, f"docker-archive:{self.dir}/a.tar", "-r", "acr", "--repository", "team/app",
                          "--tag", "1")
        self.assertTrue(image["digest"].startswith("sha256:"))
        self.assertTrue([r for r in self.azure.emulator.requests(method="PATCH") if r.is_chunked])

    def test_verify_tells_that_all_is_well(self):
        verified = self.ok(self.started, "container-registry", "verify", "acr", "--repository", "team/app")
        for words in ("entra-login", "registry-login", "the identity may pull and push team/app"):
            self.assertIn(words, verified.out)


if __name__ == "__main__":
    harness.main()
