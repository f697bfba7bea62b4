#!/usr/bin/env python3
"""Azure, emulated: every way to log in, and with each a push, a look and a pull."""
import base64
import json
import subprocess

import harness
from azure_case import HOST, AzureCase
from clouds.azure_entra import EXCHANGE_AUDIENCE, REGISTRY_AUDIENCE, MachineServices
from clouds.azure_jwt import Signer

ISSUER, SUBJECT = "https://oidc.cluster.example/1", "system:serviceaccount:ml:gantry"


class Methods(AzureCase):
    def test_service_principal(self):
        daemon = self.daemon()
        self.connect(daemon, "service-principal", **self.service_principal(self.azure.application("AcrPush")))
        self.full_path(daemon)
        self.assertEqual({r.path for r in self.azure.emulator.requests(host="login.*")},
                         {f"/{self.azure.tenant}/oauth2/v2.0/token"})
        self.assertIn("1", [t["tags"][0] for t in self.ok(
            daemon, "image", "list", "team/app", "-r", "acr", "-o", "json").json()["images"]],
            "the tag list wants a right of its own, which the challenge names")

    def test_access_token(self):
        token, self.latest = self.azure.entra.token(self.azure.application("AcrPush"), REGISTRY_AUDIENCE)
        daemon = self.daemon()
        self.connect(daemon, "access-token", token=token)
        self.full_path(daemon)
        self.assertEqual(self.azure.emulator.requests(host="login.*"), [])
        lent, _ = self.lend(daemon)
        self.end_everything(daemon)
        self.assertNotEqual(self.pull(lent, f"{HOST}/team/app:1"), 0)
        successor, _ = self.azure.entra.token(self.azure.application("AcrPush"), REGISTRY_AUDIENCE)
        self.ok(daemon, "service-connector", "update", "acr", f"--token={successor}")
        self.assert_stored(self.push_acr(daemon, tag="2"))
        again = self.dir / "again.json"
        self.ok(daemon, "login", "acr", "--config", again)
        self.assertEqual(self.pull(again, f"{HOST}/team/app:2"), 0)

    def test_managed_identity(self):
        identity = self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        daemon = self.daemon("--allow-implicit-login")
        self.connect(daemon, "managed-identity")
        self.azure.machine.failures = [404, 429, 500]  # the push comes back when told
        self.assert_stored(self.push_acr(daemon))
        self.full_path(daemon)

        self.azure.machine.system_assigned = None
        for name, field in (("client_id", "client_id"), ("object_id", "object_id"), ("msi_res_id", "resource_id")):
            with self.subTest(name):
                chosen = self.daemon("--allow-implicit-login")
                self.connect(chosen, "managed-identity", **{name: getattr(identity, field)})
                self.journey(chosen)
        nobody = self.daemon("--allow-implicit-login")
        self.connect(nobody, "managed-identity", "--no-verify")
        self.refused(self.push_acr(nobody), "UPSTREAM_AUTH_REJECTED", "Identity not found", "Assign the identity")

    def test_managed_identity_of_app_service(self):
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        environment = {"IDENTITY_ENDPOINT": MachineServices.APP_SERVICE,
                       "IDENTITY_HEADER": MachineServices.APP_SERVICE_HEADER}
        daemon = self.daemon("--allow-implicit-login", env=environment)
        self.connect(daemon, "managed-identity")
        self.full_path(daemon)
        self.assertEqual(self.azure.emulator.requests(host="169.254.169.254"), [])

    def workload(self, **claims):
        """An application that trusts the cluster, and the environment of a pod with its token."""
        signer = self.azure.entra.issuers.setdefault(ISSUER, Signer())
        now = int(self.azure.emulator.now())
        token = signer.sign({"iss": ISSUER, "sub": SUBJECT, "aud": [EXCHANGE_AUDIENCE], "iat": now, "nbf": now,
                             "exp": now + 3600, **claims})
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
        self.full_path(daemon)
        named = self.daemon("--allow-implicit-login")
        self.connect(named, "workload-identity", client_id=application.client_id, tenant_id=application.tenant,
                     federated_token_file=environment["AZURE_FEDERATED_TOKEN_FILE"])
        self.journey(named)

    def test_workload_identity_that_nobody_trusts(self):
        for claims, code, words in (({"sub": "system:serviceaccount:other:x"}, "AADSTS700213", SUBJECT[:22]),
                                    ({"aud": "other"}, "AADSTS700212", EXCHANGE_AUDIENCE),
                                    ({"iss": "https://other.example"}, "AADSTS700211", "issuer"),
                                    ({"exp": 1_000_000_000}, "AADSTS700024", "clock")):
            with self.subTest(code):
                _, environment = self.workload(**claims)
                daemon = self.daemon("--allow-implicit-login", env=environment)
                self.connect(daemon, "workload-identity", "--no-verify")
                self.refused(self.push_acr(daemon), "UPSTREAM_AUTH_REJECTED", code, words)

    def test_implicit_takes_what_there_is(self):
        application = self.azure.application("AcrPush")
        by_secret = {"AZURE_CLIENT_ID": application.client_id, "AZURE_TENANT_ID": application.tenant,
                     "AZURE_CLIENT_SECRET": application.secret}
        _, by_workload = self.workload()
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        for source, environment in (("secret", by_secret), ("workload", by_workload), ("machine", {})):
            with self.subTest(source):
                daemon = self.daemon("--allow-implicit-login", env=environment)
                self.connect(daemon, "implicit")
                self.full_path(daemon)

    def test_nothing_of_the_machine_is_used_unless_allowed(self):
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        daemon = self.daemon()
        for method in ("managed-identity", "workload-identity", "implicit"):
            refused = self.gantry(daemon, "service-connector", "register", "acr", "--type", "azure",
                                  f"--auth-method={method}", "--no-verify", "-o", "json")
            self.refused(refused, "IMPLICIT_LOGIN_NOT_ALLOWED", "--allow-implicit-login")
        self.assertEqual(self.azure.emulator.requests(host="169.254.169.254"), [])

    def test_admin_user(self):
        daemon = self.daemon()
        self.registry.admin_enabled = True
        self.connect(daemon, "admin-user", username="myregistry", password=self.registry.admin_password)
        self.journey(daemon)
        lent = self.gantry(daemon, "login", "acr", "--config", self.dir / "never.json")
        self.assertIn("no short-lived credential", lent.err)
        self.assertIn("--allow-long-lived-credentials azure", lent.err)
        daemon.process.stop()
        allowing = self.daemon("--allow-long-lived-credentials", "azure", state=daemon.state)
        self.registry.admin_enabled = True
        marked = self.ok(allowing, "login", "acr", "--config", self.dir / "marked.json", "-o", "json")
        self.assertIn("does not end by itself", marked.err)
        self.assertTrue(marked.json()["long_lived"])
        self.assertEqual(self.pull(self.dir / "marked.json", f"{HOST}/team/app:1"), 0)
        self.registry.admin_password = "next-admin-password"
        self.end_everything(allowing)
        self.assertNotEqual(self.pull(self.dir / "marked.json", f"{HOST}/team/app:1"), 0)
        self.ok(allowing, "service-connector", "update", "acr", "--password=-", input=self.registry.admin_password)
        self.assert_stored(self.push_acr(allowing, tag="2"))
        self.registry.admin_enabled = True
        self.ok(allowing, "login", "acr", "--config", self.dir / "marked.json")
        self.assertEqual(self.pull(self.dir / "marked.json", f"{HOST}/team/app:2"), 0)
        self.registry.admin_enabled = False

        later = self.daemon()
        self.connect(later, "admin-user", "--no-verify", username="myregistry",
                     password=self.registry.admin_password)
        self.refused(self.push_acr(later, tag="2"), "UPSTREAM_AUTH_REJECTED", "admin user is disabled",
                     "--admin-enabled")

    def test_a_repository_scoped_token(self):
        """A user name and a password of the registry's own, in a connector of type docker."""
        token = self.registry.token("ci", {"team/app": ["content/read", "content/write", "metadata/read"],
                                           "team/seen": ["content/read"]})
        register = ("service-connector", "register", "acr", "--type", "docker", "--auth-method=password",
                    "--username=ci", f"--registry={HOST}", "--password=-", "-o", "json")
        daemon = self.daemon()
        self.refused(self.gantry(daemon, *register, input="not-the-password"), "UPSTREAM_AUTH_REJECTED")
        made = self.ok(daemon, *register, input=token.generate("password1")).json()
        self.assertEqual(made["verification"]["state"], "STATE_ACCEPTED", made)
        self.ok(daemon, "container-registry", "register", "acr", "--flavor=azure", f"--uri={HOST}", "--connector",
                "acr")
        self.journey(daemon)
        verified = self.ok(daemon, "container-registry", "verify", "acr", "--repository", "team/app").out
        self.assertIn("may push to team/app", verified)
        listed = self.ok(daemon, "image", "list", "team/app", "-r", "acr", "-o", "json").json()
        self.assertEqual([i["tags"] for i in listed["images"]], [["1"]])
        for repository in ("team/seen", "team/other"):
            denied = self.push_acr(daemon, repository=repository)
            self.assertEqual(denied.code, 5, denied)
            self.refused(denied, "UPSTREAM_DENIED", "may not push here")
        asked = [r for r in self.azure.emulator.requests(host=HOST, path="/oauth2/*")
                 if not r.headers["User-Agent"].startswith("skopeo")]
        self.assertEqual({(r.method, r.path, r.basic()[0]) for r in asked}, {("GET", "/oauth2/token", "ci")})

        file = self.dir / "lent.json"
        lent = self.gantry(daemon, "login", "acr", "--config", file)
        self.assertIn("--allow-long-lived-credentials azure", lent.err)
        daemon.process.stop()
        daemon = self.daemon("--allow-long-lived-credentials", "azure", state=daemon.state)
        marked = self.ok(daemon, "login", "acr", "--config", file, "-o", "json")
        self.assertIn("does not end by itself", marked.err)
        self.assertEqual([marked.json()[k] for k in ("long_lived", "read_only", "one_repository")],
                         [True, False, False])
        self.assertEqual(self.pull(file, f"{HOST}/team/app:1"), 0)

        successor = token.generate("password2")
        token.generate("password1")
        self.end_everything(daemon)
        self.assertNotEqual(self.pull(file, f"{HOST}/team/app:1"), 0)
        self.ok(daemon, "service-connector", "update", "acr", "--password=-", input=successor)
        self.assert_stored(self.push_acr(daemon, tag="2"))
        self.ok(daemon, "login", "acr", "--config", file)
        self.assertEqual(self.pull(file, f"{HOST}/team/app:2"), 0)

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


class Connectors(AzureCase):
    def test_a_connector_is_tried_before_it_is_stored(self):
        application = self.azure.application("AcrPush")
        daemon = self.daemon()
        fields = [f"--{name}={value}" for name, value in self.service_principal(application).items()]
        register = ("service-connector", "register", "c", "--type", "azure", "--auth-method=service-principal")
        refused = self.gantry(daemon, *register, *fields[:2], "--client_secret=not-the-secret", "-o", "json")
        self.refused(refused, "UPSTREAM_AUTH_REJECTED", "AADSTS7000215", "the client secret is wrong")
        self.assertEqual(self.ok(daemon, "service-connector", "list", "-o", "json").json().get("connectors", []), [])
        stored = self.ok(daemon, *register, *fields)
        self.assertIn(f"application {application.client_id}, object {application.object_id}",
                      self.ok(daemon, "service-connector", "verify", "c").out, stored)

    def test_lists_the_registries_that_it_reaches(self):
        self.azure.registry("second", subscription="sub-1", group="group-2")
        self.azure.registry("third-1a2b3c4d", subscription="sub-2")
        application = self.azure.application("AcrPull")
        daemon = self.daemon()
        for name, more, expected in (
                ("all", [], {HOST, "second.azurecr.io", "third-1a2b3c4d.azurecr.io"}),
                ("subscription", ["--subscription_id=5b-2"], None),
                ("group", ["--resource_group=group-2"], {"second.azurecr.io"})):
            with self.subTest(name):
                self.ok(daemon, "service-connector", "register", name, "--type", "azure",
                        "--auth-method=service-principal", *more,
                        *[f"--{k}={v}" for k, v in self.service_principal(application).items()])
                listed = self.gantry(daemon, "service-connector", "list-resources", name, "-o", "json")
                if expected is None:
                    self.refused(listed, "UPSTREAM_REJECTED", "5b-2", "Check subscription_id")
                else:
                    self.assertEqual({r["uri"] for r in listed.json()["resources"]}, expected)
        application.roles.clear()
        self.refused(self.gantry(daemon, "service-connector", "list-resources", "all", "-o", "json"),
                     "UPSTREAM_DENIED", "AuthorizationFailed", "Grant it Reader")

    def test_a_token_for_the_registry_lists_nothing(self):
        token, _ = self.azure.entra.token(self.azure.application("AcrPush"), REGISTRY_AUDIENCE)
        daemon = self.daemon()
        self.connect(daemon, "access-token", token=token)
        self.assert_stored(self.push_acr(daemon))
        listed = self.gantry(daemon, "service-connector", "list-resources", "acr", "-o", "json")
        self.refused(listed, "UPSTREAM_AUTH_REJECTED", "InvalidAuthenticationTokenAudience",
                     "made for another audience")
        self.assertIn("https://management.azure.com", json.loads(listed.err)["remedy"])


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


class SovereignClouds:
    """Sign in at home, and from there to a pull."""

    def test_its_own_sign_in(self):
        daemon = self.daemon()
        login = self.service_principal(self.azure.application("AcrPush"))
        self.connect(daemon, "service-principal", authority_host=self.azure.authority, **login)
        self.full_path(daemon)
        by_suffix = self.daemon()
        self.connect(by_suffix, "service-principal", "--no-verify", **login)
        self.assert_stored(self.push_acr(by_suffix, tag="2"))
        listed = self.ok(daemon, "service-connector", "list-resources", "acr", "-o", "json").json()
        self.assertEqual([r["uri"] for r in listed["resources"]], [self.registry.host])
        self.assertEqual({r.host for r in self.azure.emulator.requests(path="*/oauth2/v2.0/token")},
                         {self.azure.authority})

    def test_a_managed_identity(self):
        self.azure.machine.system_assigned = self.azure.managed_identity("AcrPush")
        daemon = self.daemon("--allow-implicit-login")
        self.connect(daemon, "managed-identity")
        self.full_path(daemon)


class Government(SovereignClouds, AzureCase):
    cloud = "us"


class China(SovereignClouds, AzureCase):
    cloud = "cn"


class Authorities(AzureCase):
    def test_one_that_is_not_microsofts_own_host(self):
        """A gateway in front of Entra, for all who can name one."""
        gateway = "entra.gateway.example"
        self.azure.emulator.alias(gateway, self.azure.authority)
        application = self.azure.application("AcrPush")
        daemon = self.daemon()
        self.connect(daemon, "service-principal", authority_host=f"https://{gateway}/",
                     **self.service_principal(application))
        self.full_path(daemon)
        pod = self.daemon("--allow-implicit-login", env={
            "AZURE_CLIENT_ID": application.client_id, "AZURE_TENANT_ID": application.tenant,
            "AZURE_CLIENT_SECRET": application.secret, "AZURE_AUTHORITY_HOST": f"https://{gateway}/"})
        self.connect(pod, "implicit")
        self.assert_stored(self.push_acr(pod, tag="2"))
        self.assertEqual({r.host for r in self.azure.emulator.requests(path="*/oauth2/v2.0/token")}, {gateway})


if __name__ == "__main__":
    harness.main()
