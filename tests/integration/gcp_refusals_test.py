#!/usr/bin/env python3
"""Google Cloud, emulated: repositories made on the way, and what is said when Google refuses."""
import os
import subprocess

import harness
from gcp_case import HOST, REPOSITORY, GcpCase  # finds the emulated clouds

import images
from clouds import gcp_policy
from clouds.gcp import PROJECT
from clouds.gcp_tokens import FULL

NEW = f"projects/{PROJECT}/locations/us-central1/repositories/new-repo"


class Keys(GcpCase):
    def test_a_key_that_is_gone(self):
        daemon = self.daemon()
        fields = {"service_account_json": f"@{self.key_file()}"}
        self.account.rotate()
        self.not_stored(self.connect(daemon, "service-account", **fields),
                     "no such key any more", "Create a new key")
        self.google.oauth.accounts.clear()
        self.not_stored(self.connect(daemon, "service-account", **fields),
                     "deleted or disabled")
        self.assertEqual(self.ok(daemon, "service-connector", "list", "-o", "json").json().get("connectors", []), [])

    def test_a_clock_that_is_wrong(self):
        daemon = self.daemon()
        for skew in (-7200, 7200):
            self.google.emulator.clock_skew = skew
            self.not_stored(self.connect(daemon, "service-account", service_account_json=f"@{self.key_file()}"),
                            "this machine's clock is wrong", "NTP")

    def test_users_who_have_to_log_in_again(self):
        user = self.google.user("me@example.com")
        file = self.file("user.json", user.credentials_file(PROJECT))
        daemon = self.daemon()
        self.google.oauth.quirks.reauth = True
        self.not_stored(self.connect(daemon, "user-account", user_account_json=f"@{file}"),
                     "invalid_rapt", "Use a service account")
        self.google.oauth.quirks.reauth = False
        user.refresh_token = "1//another"
        self.not_stored(self.connect(daemon, "user-account", user_account_json=f"@{file}"),
                     "gcloud auth application-default login")

    def test_files_of_the_wrong_kind(self):
        daemon = self.daemon()
        user = self.file("user.json", self.google.user("me@example.com").credentials_file(PROJECT))
        self.not_stored(self.connect(daemon, "service-account", service_account_json=f"@{user}"),
                     "authorized_user")
        self.not_stored(self.connect(daemon, "service-account", service_account_json="{}"),
                     "no credential file of Google")


class Apis(GcpCase):
    def test_json_that_calls_itself_a_form(self):
        """As curl does; a flavor that forgets to say what it sends meets the refusal here."""
        token = self.google.tokens.give(self.account.email, [FULL]).value
        curl = ("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}",
                "-d", '{"permissions": []}')
        for url in (f"https://artifactregistry.googleapis.com/v1/{REPOSITORY}:testIamPermissions",
                    f"https://cloudresourcemanager.googleapis.com/v1/projects/{PROJECT}:testIamPermissions",
                    "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a:generateAccessToken"):
            for kind, answer in (((), "400"), (("-H", "Content-Type: application/json"), "200")):
                if "generateAccessToken" in url and kind:
                    continue  # it would be another request
                got = subprocess.run([*curl, *kind, url], env=self.google.emulator.client_env(),
                                     capture_output=True, text=True, check=True).stdout
                self.assertEqual(got, answer, (url, kind))


class RightsCase(GcpCase):
    def failed_checks(self, daemon):
        """What is wrong, as {check: message with remedy}."""
        result = self.gantry(daemon, "container-registry", "verify", "gar", "--repository", "team/app", "-o", "json")
        self.assertEqual(result.code, 12, result)
        return {c["name"]: c["message"] + " " + c.get("remedy", "") for c in result.json()["checks"]
                if c["outcome"] == "OUTCOME_FAILED"}


class Rights(RightsCase):
    def grant(self, permissions):
        self.google.policy.grant(self.account.email, f"projects/{PROJECT}", permissions)

    def test_a_missing_role_and_a_missing_repository_are_told_apart(self):
        daemon = self.daemon()
        self.ready(daemon)
        self.grant(gcp_policy.READER)
        denied = self.push_gar(daemon)
        self.refused(denied, "UPSTREAM_DENIED", "the role or the repository is missing",
                     "roles/artifactregistry.writer")
        failed = self.failed_checks(daemon)
        self.assertIn(f"{self.account.email} lacks", failed["artifact-registry-permissions"])
        self.assertNotIn("artifact-registry-repository", failed)

        self.grant(gcp_policy.WRITER)
        missing = self.gantry(daemon, "image", "resolve", "team/none:1", "-r", "gar", "-o", "json")
        self.assertEqual(missing.code, 4, missing)
        self.refused(missing, "IMAGE_NOT_FOUND")
        self.google.artifact_registry.repositories.clear()
        self.refused(self.push_gar(daemon, tag="2"), "UPSTREAM_DENIED", "the role or the repository is missing")
        failed = self.failed_checks(daemon)
        self.assertIn("does not exist", failed["artifact-registry-repository"])
        self.assertIn("gcloud artifacts repositories create my-repo", failed["artifact-registry-repository"])
        self.assertNotIn("artifact-registry-permissions", failed)

    def test_what_else_a_repository_may_be(self):
        daemon = self.daemon()
        self.ready(daemon)
        self.google.artifact_registry.add(REPOSITORY, mode="REMOTE_REPOSITORY")
        pushed = self.push_gar(daemon)
        self.assertEqual(pushed.code, 1, pushed)
        self.assertIn("UPSTREAM_REJECTED", pushed.err)
        self.assertIn("nothing can be pushed", self.failed_checks(daemon)["artifact-registry-repository"])
        self.google.artifact_registry.add(REPOSITORY, format="PYTHON")
        self.assertIn("holds no images", self.failed_checks(daemon)["artifact-registry-repository"])
        self.google.artifact_registry.quirks.service_disabled = True
        self.assertIn("gcloud services enable", str(self.failed_checks(daemon)))

    def test_gcr_io_without_its_repository(self):
        self.google.registry("gcr.io")
        daemon = self.daemon()
        self.connect(daemon, "service-account", service_account_json=f"@{self.key_file()}")
        self.register_gar(daemon, uri=f"gcr.io/{PROJECT}")
        self.refused(self.push_gar(daemon), "REPOSITORY_NOT_FOUND", "createOnPushWriter")
        self.google.artifact_registry.add(f"projects/{PROJECT}/locations/us/repositories/gcr.io")
        image = self.push_gar(daemon, tag="2")
        self.assertEqual(image.code, 0, image)
        self.pull_with_minted(daemon, image.json()["uri"])

    def test_a_uri_without_its_repository(self):
        daemon = self.daemon()
        for uri, words in ((f"{HOST}/{PROJECT}", "the repository is missing"), (HOST, "the project is missing"),
                           ("gcr.io.evil.example/p", "not gcr.io.evil.example"), ("k8s.gcr.io/x", "Google's own")):
            refused = self.gantry(daemon, "container-registry", "register", "x", "--flavor=gcp", f"--uri={uri}")
            self.assertEqual(refused.code, 2, refused)
            self.assertIn(words, refused.err)


class Repositories(RightsCase):
    def create(self, daemon, **config):
        self.connect(daemon, "service-account", service_account_json=f"@{self.key_file()}")
        self.register_gar(daemon, "--create_repository=true", *[f"--{k}={v}" for k, v in config.items()],
                          uri=f"{HOST}/{PROJECT}/new-repo")

    def test_one_is_made_when_it_is_missing(self):
        self.google.policy.grant(self.account.email, f"projects/{PROJECT}", gcp_policy.ADMIN)
        daemon = self.daemon()
        self.create(daemon, immutable_tags="true", labels='{"team": "ml"}')
        verified = self.ok(daemon, "container-registry", "verify", "gar", "--repository", "team/app", "-o", "json")
        [right] = [c for c in verified.json()["checks"] if c["name"] == "push-right"]
        self.assertEqual(right["outcome"], "OUTCOME_WARNING")
        self.assertIn("the next push creates it", right["message"])
        self.google.resource_manager.quirks.service_disabled = True
        verified = self.ok(daemon, "container-registry", "verify", "gar", "--repository", "team/app", "-o", "json")
        self.assertIn("which is not known", verified.out)
        image = self.push_gar(daemon)
        self.assertEqual(image.code, 0, image)
        made = self.google.artifact_registry.repositories[NEW]
        self.assertEqual((made["dockerConfig"], made["labels"]), ({"immutableTags": True}, {"team": "ml"}))
        self.pull_with_minted(daemon, image.json()["uri"])
        self.assertEqual(self.push_gar(daemon).code, 0, "the same image again")
        other = images.Layout(self.dir / "l3")
        other.root(other.image([other.layer({"x": b"1"})]), "latest")
        self.refused(self.push_gar(daemon, "l3"), "UPSTREAM_CONFLICT", "tag immutability")
        self.assertEqual(self.push_gar(daemon, "l3", tag="2").code, 0)

    def test_one_cannot_be_made(self):
        daemon = self.daemon()
        self.create(daemon, kms_key=f"projects/{PROJECT}/locations/us-central1/keyRings/r/cryptoKeys/k")
        failed = self.failed_checks(daemon)
        self.assertIn(f"{self.account.email} lacks artifactregistry.repositories.create",
                      failed["artifact-registry-permissions"])
        self.assertIn("roles/artifactregistry.admin", failed["artifact-registry-permissions"])
        self.refused(self.push_gar(daemon), "UPSTREAM_DENIED", "artifactregistry.repositories.create",
                     "roles/artifactregistry.admin")
        self.google.policy.grant(self.account.email, f"projects/{PROJECT}", gcp_policy.ADMIN)
        self.google.artifact_registry.quirks.key_refused = True
        self.refused(self.push_gar(daemon, tag="2"), "UPSTREAM_DENIED", "roles/cloudkms.cryptoKeyEncrypterDecrypter")

    def test_what_a_connector_reaches(self):
        api = self.google.artifact_registry
        api.add(f"projects/{PROJECT}/locations/europe/repositories/eu.gcr.io")
        api.add(f"projects/{PROJECT}/locations/europe/repositories/packages", format="PYTHON")
        for i in range(3):
            api.add(f"projects/{PROJECT}/locations/us/repositories/r{i}")
        api.quirks.page_size = 2
        daemon = self.daemon()
        self.ready(daemon)
        found, token = [], ""
        while True:
            page = self.ok(daemon, "service-connector", "list-resources", "c", "-o", "json",
                           *(["--page-token", token] if token else [])).json()
            found += [r["uri"] for r in page.get("resources", [])]
            token = page.get("next_page_token", "")
            if not token:
                break
        self.assertEqual(sorted(found), sorted([f"eu.gcr.io/{PROJECT}", f"{HOST}/{PROJECT}/my-repo"] +
                                               [f"us-docker.pkg.dev/{PROJECT}/r{i}" for i in range(3)]))


class Interruptions(GcpCase):
    def test_tokens_that_end_inside_of_a_push(self):
        """Twice in one push, an access token and what the registry gave for it end before their time."""
        self.google.tokens.life = 60
        # Far enough apart that no request meets both: a new token that is refused at its first use is final.
        self.front.quirks.jumps = {2: 100, 9: 100}
        daemon = self.daemon()
        self.ready(daemon)
        layout = images.Layout(self.dir / "big")
        layers = [layout.layer({f"f{i}": os.urandom(1_000_000)}, "none") for i in range(12)]
        digest = layout.root(layout.image(layers), "latest")
        before = len(self.google.tokens.given)
        pushed = self.push_gar(daemon, "big")
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], digest)
        self.assertEqual(self.front.quirks.jumps, {})
        self.assertGreaterEqual(len(self.google.tokens.given) - before, 3)
        self.pull_with_minted(daemon, pushed.json()["uri"], digest)

    def test_tokens_that_are_revoked(self):
        daemon = self.daemon()
        self.ready(daemon)
        for tag in ("1", "2"):
            self.assertEqual(self.push_gar(daemon, tag=tag).code, 0)
            self.google.tokens.revoke_all()
            self.front.forget_logins()

    def test_throttling_is_waited_out(self):
        daemon = self.daemon()
        self.google.oauth.quirks.throttled = 1
        self.ready(daemon)
        self.front.quirks.throttled = 2
        self.google.oauth.quirks.throttled = 1
        pushed = self.push_gar(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.google.oauth.quirks.throttled = 99
        self.stored_untried(self.connect(self.daemon(), "service-account",
                                         service_account_json=f"@{self.key_file()}"), "quota of requests")

    def test_throttling_that_lasts_is_told(self):
        for quirks in (self.google.oauth.quirks, self.front.quirks):
            daemon = self.daemon()
            self.ready(daemon, "service-account", "--no-verify", service_account_json=f"@{self.key_file()}")
            quirks.throttled, quirks.retry_after = 1000, 600
            pushed = self.push_gar(daemon)
            self.assertEqual(pushed.code, 7, pushed)
            self.refused(pushed, "UPSTREAM_THROTTLED", "quota of requests", "ask for a higher quota")
            quirks.throttled = 0

    def test_an_api_that_is_throttled(self):
        """The repositories' API is asked for what is to be created."""
        self.google.policy.grant(self.account.email, f"projects/{PROJECT}", gcp_policy.ADMIN)
        daemon = self.daemon()
        self.ready(daemon)
        self.ok(daemon, "container-registry", "update", "gar", "--create_repository=true")
        api = self.google.artifact_registry
        api.repositories.clear()
        api.quirks.throttled = 2
        self.assertEqual(self.push_gar(daemon).code, 0)
        api.quirks.throttled = 1000
        throttled = self.push_gar(daemon)
        self.assertEqual(throttled.code, 7, throttled)
        self.refused(throttled, "UPSTREAM_THROTTLED", "quota of requests", "Wait a minute")

    def test_challenges_as_they_are_seen(self):
        for service in ("absent", "unquoted"):
            with self.subTest(service):
                self.front.quirks.service = service
                daemon = self.daemon()
                self.ready(daemon)
                self.assertEqual(self.push_gar(daemon, tag=service).code, 0)

    def test_no_credential_for_this_host(self):
        daemon = self.daemon()
        self.ok(daemon, "container-registry", "register", "gar", "--flavor=gcp", f"--uri={HOST}/{PROJECT}/my-repo")
        self.refused(self.push_gar(daemon), "UPSTREAM_DENIED", "no usable credential for this very host",
                     "Link the registry to a connector")


if __name__ == "__main__":
    harness.main()
