#!/usr/bin/env python3
"""Google Cloud, emulated: every kind of host and project, and endpoints that are not Google's own."""
import harness
from gcp_case import HOST, GcpCase  # finds the emulated clouds

from clouds import gcp_policy
from clouds.gcp import PROJECT
from clouds.gcp_federation import GET_ACCESS_TOKEN

DOMAIN = "example.com:domain-project"
# (host, path of the registry, the repository behind it)
PLACES = [
    ("gcr.io", PROJECT, f"projects/{PROJECT}/locations/us/repositories/gcr.io"),
    ("us.gcr.io", PROJECT, f"projects/{PROJECT}/locations/us/repositories/us.gcr.io"),
    ("eu.gcr.io", PROJECT, f"projects/{PROJECT}/locations/europe/repositories/eu.gcr.io"),
    ("asia.gcr.io", PROJECT, f"projects/{PROJECT}/locations/asia/repositories/asia.gcr.io"),
    ("gcr.io", "example.com/domain-project", f"projects/{DOMAIN}/locations/us/repositories/gcr.io"),
    ("europe-docker.pkg.dev", f"{PROJECT}/my-repo", f"projects/{PROJECT}/locations/europe/repositories/my-repo"),
    ("docker.europe-west12.rep.pkg.dev", f"{PROJECT}/my-repo",
     f"projects/{PROJECT}/locations/europe-west12/repositories/my-repo"),
    (HOST, "example.com/domain-project/my-repo", f"projects/{DOMAIN}/locations/us-central1/repositories/my-repo")]
TOKEN, IAM, API = "oauth2.googleapis.com", "iamcredentials.googleapis.com", "artifactregistry.googleapis.com"


class HostNames(GcpCase):
    def test_every_kind_of_host_and_project(self):
        self.google.policy.grant(self.account.email, f"projects/{DOMAIN}", gcp_policy.WRITER)
        for host in {host for host, _, _ in PLACES} - {HOST}:
            self.google.registry(host)
        for host, path, resource in PLACES:
            with self.subTest(f"{host}/{path}"):
                self.google.artifact_registry.add(resource)
                daemon = self.daemon()
                connected = self.connect(daemon, "service-account", service_account_json=f"@{self.key_file()}")
                self.assertEqual(connected.code, 0, connected)
                self.register_gar(daemon, uri=f"{host}/{path}")
                verified = self.ok(daemon, "container-registry", "verify", "gar", "--repository", "team/app").out
                self.assertIn(resource, verified)
                self.journey(daemon, self.account.email)
                pushed = self.push_gar(daemon, tag="3").json()
                self.assertEqual(pushed["uri"], f"{host}/{path}/team/app:3")


class Endpoints(GcpCase):
    def setUp(self):
        super().setUp()
        self.names = {}
        for field, of, path in (("token_uri", TOKEN, "/token"), ("iam_endpoint", IAM, ""), ("api_endpoint", API, "")):
            self.google.emulator.alias(f"{of.partition('.')[0]}.gateway.example", of)
            self.names[field] = f"https://{of.partition('.')[0]}.gateway.example{path}"

    def fields(self, *names):
        return {name: self.names[name] for name in names}

    def assert_asked_by_gateway_alone(self, *asked):
        """The tokens and what they are for come from the gateway; Google's own hosts are left alone."""
        hosts = {r.host for r in self.google.emulator.requests()} - {HOST}
        self.assertEqual(hosts, {f"{name}.gateway.example" for name in asked})

    def create_on_push(self, daemon, identity, uri=f"{HOST}/{PROJECT}/new-repo"):
        self.google.policy.grant(identity, f"projects/{PROJECT}", gcp_policy.ADMIN)
        self.register_gar(daemon, "--create_repository=true", uri=uri)
        self.journey(daemon, identity)
        self.ok(daemon, "container-registry", "verify", "gar", "--repository", "team/app")
        self.ok(daemon, "service-connector", "list-resources", "c")

    def test_a_service_account(self):
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "service-account", service_account_json=f"@{self.key_file()}",
                                      **self.fields("token_uri", "api_endpoint")).code, 0)
        self.create_on_push(daemon, self.account.email)
        self.assert_asked_by_gateway_alone("oauth2", "artifactregistry")

    def test_impersonation(self):
        target = self.google.account("target")
        self.google.policy.grant(self.account.email, target.email, {GET_ACCESS_TOKEN})
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "impersonation", service_account_json=f"@{self.key_file()}",
                                      target_principal=target.email,
                                      **self.fields("token_uri", "iam_endpoint", "api_endpoint")).code, 0)
        self.create_on_push(daemon, target.email)
        self.assert_asked_by_gateway_alone("oauth2", "iamcredentials", "artifactregistry")

    def test_a_user(self):
        user = self.google.user("me@example.com")
        file = self.file("user.json", user.credentials_file(PROJECT))
        daemon = self.daemon()
        self.assertEqual(self.connect(daemon, "user-account", user_account_json=f"@{file}",
                                      **self.fields("token_uri", "api_endpoint")).code, 0)
        self.create_on_push(daemon, user.email)
        self.assert_asked_by_gateway_alone("oauth2", "artifactregistry")

    def test_a_gateway_that_is_not_there(self):
        daemon = self.daemon("--connect-to", "gone.gateway.example:443:127.0.0.1:1")
        self.stored_untried(self.connect(daemon, "service-account", service_account_json=f"@{self.key_file()}",
                                         token_uri="https://gone.gateway.example/token"), "gone.gateway.example")


if __name__ == "__main__":
    harness.main()
