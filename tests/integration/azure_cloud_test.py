#!/usr/bin/env python3
"""Azure, emulated: every way to log in, a push and a pull by each, and what is said when Azure refuses."""
import base64
import json
import os
import subprocess
import unittest

import harness
import images
from clouds.azure import Azure
from clouds.azure_jwt import Signer
from clouds.azure_entra import EXCHANGE_AUDIENCE, REGISTRY_AUDIENCE, MachineServices

ISSUER, SUBJECT = "https://oidc.cluster.example/1", "system:serviceaccount:ml:gantry"
HOST = "myregistry.azurecr.io"


class AzureCase(harness.Case):
    cloud = "public"

    def setUp(self):
        super().setUp()
        self.azure = Azure(self, self.cloud)
        self.registry = self.azure.registry("myregistry")
        self.digest = images.simple(self.dir / "l")
        self.secrets = []

    def daemon(self, *flags, **kwargs):
        return harness.Gantryd(self, *self.azure.emulator.gantryd_flags(), "--log-level", "debug", *flags, **kwargs)

    def connect(self, daemon, method, *flags, **fields):
        """Registers connector and registry "acr"."""
        self.ok(daemon, "service-connector", "register", "acr", "--type", "azure", f"--auth-method={method}",
                *[f"--{name}={value}" for name, value in fields.items()], *flags)
        self.ok(daemon, "container-registry", "register", "acr", "--flavor=azure", f"--uri={self.registry.host}",
                "--connector", "acr")

    def service_principal(self, application):
        self.secrets.append(application.secret)
        return {"tenant_id": application.tenant, "client_id": application.client_id,
                "client_secret": application.secret}

    def push_acr(self, daemon, source="l", repository="team/app", tag="1"):
        return self.gantry(daemon, "push", f"oci:{self.dir}/{source}", "-r", "acr", "--repository", repository,
                           "--tag", tag, "--output", "json")

    def refused(self, result, reason, *words):
        self.assertNotEqual(result.code, 0, result)
        error = json.loads(result.err.strip().splitlines()[-1])
        self.assertEqual(error["reason"], reason, error)
        self.assertTrue(error["remedy"], error)
        for word in words:
            self.assertIn(word, error["message"] + error["remedy"])
        for secret in self.secrets:
            self.assertNotIn(secret, result.err)

    def assert_stored(self, result, source_digest=None):
        """A stranger finds the image, logged in as the registry's admin."""
        self.assertEqual(result.code, 0, result)
        image = result.json()
        self.assertEqual(image["digest"], source_digest or self.digest)
        self.registry.admin_enabled = True
        env = self.azure.emulator.client_env()
        creds = f"{self.registry.host.partition('.')[0]}:{self.registry.admin_password}"
        self.assertEqual(self.skopeo_digest(image["uri"], "--creds", creds, env=env), image["digest"])
        self.skopeo("copy", "--src-creds", creds, f"docker://{image['uri']}", f"oci:{self.dir}/back:x", env=env)
        self.registry.admin_enabled = False

    def journey(self, daemon):
        verified = self.ok(daemon, "service-connector", "verify", "acr", "-o", "json").json()
        self.assertEqual(verified["verifications"][0]["state"], "STATE_ACCEPTED")
        self.assert_stored(self.push_acr(daemon))
        resolved = self.ok(daemon, "image", "resolve", "team/app:1", "-r", "acr", "-o", "json").json()
        self.assertEqual(resolved["digest"], self.digest)

    def assert_no_secret_left(self, daemon, *secrets):
        for secret in (*self.secrets, *secrets):
            self.assertNotIn(secret, daemon.process.log())
            for file in daemon.state.rglob("*"):
                if file.is_file():
                    self.assertNotIn(secret.encode(), file.read_bytes(), file)


class Methods(AzureCase):
    def test_service_principal(self):
        daemon = self.daemon()
        self.connect(daemon, "service-principal", **self.service_principal(self.azure.application("AcrPush")))
        self.journey(daemon)
        self.assert_no_secret_left(daemon)
        self.assertEqual({r.path for r in self.azure.emulator.requests(host="login.*")},
                         {f"/{self.azure.tenant}/oauth2/v2.0/token"})
        self.assertIn("1", [t["tags"][0] for t in self.ok(
            daemon, "image", "list", "team/app", "-r", "acr", "-o", "json").json()["images"]],
            "the tag list wants a right of its own, which the challenge names")

    def test_access_token(self):
        token, _ = self.azure.entra.token(self.azure.application("AcrPush"), REGISTRY_AUDIENCE)
        self.secrets.append(token)
        daemon = self.daemon()
        self.connect(daemon, "access-token", token=token)
        self.journey(daemon)
        self.assert_no_secret_left(daemon)
        self.assertEqual(self.azure.emulator.requests(host="login.*"), [])

    def test_managed_identity(self):
        identity = self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        daemon = self.daemon("--allow-implicit-login")
        self.connect(daemon, "managed-identity")
        self.azure.machine.failures = [404, 429, 500]  # the push comes back when told
        self.assert_stored(self.push_acr(daemon))
        self.journey(daemon)

        self.azure.machine.system_assigned = None
        for name, field in (("client_id", "client_id"), ("object_id", "object_id"), ("msi_res_id", "resource_id")):
            with self.subTest(name):
                chosen = self.daemon("--allow-implicit-login")
                self.connect(chosen, "managed-identity", **{name: getattr(identity, field)})
                self.assert_stored(self.push_acr(chosen, tag=name))
        nobody = self.daemon("--allow-implicit-login")
        self.connect(nobody, "managed-identity")
        self.refused(self.push_acr(nobody), "UPSTREAM_AUTH_REJECTED", "Identity not found", "Assign the identity")

    def test_managed_identity_of_app_service(self):
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        environment = {"IDENTITY_ENDPOINT": MachineServices.APP_SERVICE,
                       "IDENTITY_HEADER": MachineServices.APP_SERVICE_HEADER}
        daemon = self.daemon("--allow-implicit-login", env=environment)
        self.connect(daemon, "managed-identity")
        self.journey(daemon)
        self.assertEqual(self.azure.emulator.requests(host="169.254.169.254"), [])
        self.assert_no_secret_left(daemon, MachineServices.APP_SERVICE_HEADER)

    def workload(self, **claims):
        """An application that trusts the cluster, and the environment of a pod with its token."""
        signer = self.azure.entra.issuers.setdefault(ISSUER, Signer())
        now = int(self.azure.emulator.now())
        token = signer.sign({"iss": ISSUER, "sub": SUBJECT, "aud": [EXCHANGE_AUDIENCE], "iat": now, "nbf": now,
                             "exp": now + 3600, **claims})
        self.secrets.append(token)
        file = self.dir / "federated-token"
        file.write_text(token)
        application = self.azure.application("AcrPush", federated=[(ISSUER, SUBJECT)])
        return application, {"AZURE_CLIENT_ID": application.client_id, "AZURE_TENANT_ID": application.tenant,
                             "AZURE_FEDERATED_TOKEN_FILE": str(file),
                             "AZURE_AUTHORITY_HOST": f"https://{self.azure.authority}/"}

    def test_workload_identity(self):
        application, environment = self.workload()
        daemon = self.daemon("--allow-implicit-login", env=environment)
        self.connect(daemon, "workload-identity")
        self.journey(daemon)
        self.assert_no_secret_left(daemon)
        named = self.daemon("--allow-implicit-login")
        self.connect(named, "workload-identity", client_id=application.client_id, tenant_id=application.tenant,
                     federated_token_file=environment["AZURE_FEDERATED_TOKEN_FILE"])
        self.assert_stored(self.push_acr(named, tag="fields"))

    def test_workload_identity_that_nobody_trusts(self):
        for claims, code, words in (({"sub": "system:serviceaccount:other:x"}, "AADSTS700213", SUBJECT[:22]),
                                    ({"aud": "other"}, "AADSTS700212", EXCHANGE_AUDIENCE),
                                    ({"iss": "https://other.example"}, "AADSTS700211", "issuer"),
                                    ({"exp": 1_000_000_000}, "AADSTS700024", "clock")):
            with self.subTest(code):
                _, environment = self.workload(**claims)
                daemon = self.daemon("--allow-implicit-login", env=environment)
                self.connect(daemon, "workload-identity")
                self.refused(self.push_acr(daemon), "UPSTREAM_AUTH_REJECTED", code, words)

    def test_implicit_takes_what_there_is(self):
        application = self.azure.application("AcrPush")
        by_secret = {"AZURE_CLIENT_ID": application.client_id, "AZURE_TENANT_ID": application.tenant,
                     "AZURE_CLIENT_SECRET": application.secret}
        _, by_workload = self.workload()
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        for tag, environment in (("secret", by_secret), ("workload", by_workload), ("machine", {})):
            with self.subTest(tag):
                daemon = self.daemon("--allow-implicit-login", env=environment)
                self.connect(daemon, "implicit")
                self.assert_stored(self.push_acr(daemon, tag=tag))
                self.assert_no_secret_left(daemon, application.secret)

    def test_nothing_of_the_machine_is_used_unless_allowed(self):
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        daemon = self.daemon()
        self.connect(daemon, "managed-identity", "--no-verify")
        self.refused(self.push_acr(daemon), "IMPLICIT_LOGIN_NOT_ALLOWED", "--allow-implicit-login")
        self.assertEqual(self.azure.emulator.requests(host="169.254.169.254"), [])

    def test_admin_user(self):
        daemon = self.daemon()
        self.registry.admin_enabled = True
        self.secrets.append(self.registry.admin_password)
        self.connect(daemon, "admin-user", username="myregistry", password=self.registry.admin_password)
        self.journey(daemon)
        self.assert_no_secret_left(daemon)
        self.registry.admin_enabled = False
        later = self.daemon(state=None)
        self.connect(later, "admin-user", "--no-verify", username="myregistry",
                     password=self.registry.admin_password)
        self.refused(self.push_acr(later, tag="2"), "UPSTREAM_AUTH_REJECTED", "admin user is disabled",
                     "--admin-enabled")

    def test_the_login_that_az_left(self):
        """Option 1 of many guides: az acr login keeps the registry's refresh token as an identity token."""
        application = self.azure.application("AcrPush")
        token, _ = self.azure.entra.token(application, REGISTRY_AUDIENCE)
        exchanged = subprocess.run(
            ["curl", "-sS", "-d", f"grant_type=access_token&service={HOST}&access_token={token}",
             f"https://{HOST}/oauth2/exchange"], env=self.azure.emulator.client_env(), capture_output=True,
            check=True).stdout
        refresh = json.loads(exchanged)["refresh_token"]
        docker = self.dir / "docker"
        docker.mkdir()
        user = base64.b64encode(b"00000000-0000-0000-0000-000000000000:").decode()
        (docker / "config.json").write_text(json.dumps({"auths": {HOST: {"auth": user, "identitytoken": refresh}}}))
        daemon = self.daemon(env={"DOCKER_CONFIG": str(docker)})
        self.ok(daemon, "container-registry", "register", "acr", "--flavor=azure", f"--uri={HOST}")
        self.assert_stored(self.push_acr(daemon))


class Names(AzureCase):
    def test_look_alikes_and_data_endpoints_are_refused(self):
        daemon = self.daemon()
        for uri, words in (("myregistry.westeurope.data.azurecr.io", "takes no pushes"),
                           ("myregistry.azurecr.io.evil.example", "not at myregistry.azurecr.io.evil.example"),
                           ("myregistry.azurecr.com", "flavor default"), ("reg.azurecr.io", "5 to 50")):
            refused = self.gantry(daemon, "container-registry", "register", "r", "--flavor=azure", f"--uri={uri}")
            self.assertEqual(refused.code, 2, refused)
            self.assertIn(words, refused.err)

    def test_every_kind_of_login_server(self):
        daemon = self.daemon_after(registry for registry in (
            "myregistry-d8bcgdh7e5hsg3e5", "myregistry.westeurope.geo"))
        self.connect(daemon, "service-principal", **self.service_principal(self.azure.application("AcrPush")))
        for registry in self.registries:
            self.ok(daemon, "container-registry", "register", registry.host.partition(".")[0] + "-x",
                    "--flavor=azure", f"--uri={registry.host}/below", "--connector", "acr")
            image = self.push(daemon, f"oci:{self.dir}/l", "-r", registry.host.partition(".")[0] + "-x",
                              "--repository", "app", "--tag", "1")
            self.assertEqual(image["uri"].split("@")[0].split(":")[0], f"{registry.host}/below/app")

    def daemon_after(self, names):
        self.registries = [self.azure.registry(name) for name in names]
        return self.daemon()


class SovereignClouds(harness.Case):
    def test_government_and_china_sign_in_at_home(self):
        for cloud in ("us", "cn"):
            with self.subTest(cloud):
                case = AzureCase()
                case.cloud = cloud
                case.addCleanup = self.addCleanup
                case.setUp()
                daemon = case.daemon()
                case.connect(daemon, "service-principal",
                             **case.service_principal(case.azure.application("AcrPush")))
                case.journey(daemon)
                self.assertEqual({r.host for r in case.azure.emulator.requests(path="*/oauth2/v2.0/token")},
                                 {case.azure.authority})


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
        self.secrets.append("not-the-secret")
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
        result = self.gantry(daemon, "--timeout", "8s", "push", f"oci:{self.dir}/l", "-r", "acr", "--repository",
                             "team/app", "--tag", "1")
        self.assertIn(result.code, (6, 7), result)
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

    def test_a_throttled_registry_is_waited_for(self):
        self.azure.quirks.throttled = 3
        self.assert_stored(self.pushing())

    def test_a_clock_that_is_wrong(self):
        """Ours is behind the cloud's, then ahead of it: tokens are believed as long as they live there."""
        for skew in (1800, -1800):
            with self.subTest(skew):
                self.azure.emulator.clock_skew = skew
                self.assert_stored(self.pushing())


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
        layers = [layout.layer({f"f{i}": os.urandom(3_000_000)}, "none") for i in range(6)]
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
        self.assertEqual(pieces[:4], [8 << 20] * 4)
        self.assertLess(pieces[4], 8 << 20)

    def test_layers_that_are_compressed_on_their_way(self):
        """Their length is not known before; a request with a range and without a length is refused."""
        self.skopeo("copy", f"oci:{self.dir}/l:latest", f"docker-archive:{self.dir}/a.tar:app:1")
        image = self.push(self.started, f"docker-archive:{self.dir}/a.tar", "-r", "acr", "--repository", "team/app",
                          "--tag", "1")
        self.assertTrue(image["digest"].startswith("sha256:"))
        self.assertTrue([r for r in self.azure.emulator.requests(method="PATCH") if r.is_chunked])

    def test_verify_tells_that_all_is_well(self):
        verified = self.ok(self.started, "container-registry", "verify", "acr", "--repository", "team/app")
        for words in ("entra-login", "registry-login", "the identity may pull and push"):
            self.assertIn(words, verified.out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
