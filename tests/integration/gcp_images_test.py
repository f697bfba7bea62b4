#!/usr/bin/env python3
"""Google Cloud, emulated: what is in a repository, of few images and of more than one answer holds."""
import json
import subprocess

import harness
import images
from gcp_case import HOST, GcpCase  # finds the emulated clouds

from clouds import gcp_policy
from clouds.gcp import PROJECT
from clouds.gcp_tokens import FULL

NAME = f"{PROJECT}/my-repo/team/app"
CROWD = [{"digest": f"sha256:{i:064x}", "tags": [f"build-{i}"] if i % 10 else [], "size": 1000 + i,
          "media_type": images.OCI_MANIFEST} for i in range(5000)]


class Listing(GcpCase):
    def list(self, daemon, *flags):
        return self.gantry(daemon, "image", "list", "team/app", "-r", "gar", "-o", "json", *flags)

    def grant(self, permissions):
        self.google.policy.grant(self.account.email, f"projects/{PROJECT}", permissions)

    def ready(self, daemon):
        """With two images: one of the tags "1" and "2", another that has lost its tag."""
        super().ready(daemon)
        self.other = images.simple(self.dir / "other", "other", 5000)
        for source, tag in (("other", "1"), ("l", "1"), ("l", "2")):
            self.assertEqual(self.push_gar(daemon, source, tag=tag).code, 0)

    def check(self, listed):
        found = {i["digest"]: i for i in listed["images"]}
        self.assertEqual(found.keys(), {self.digest, self.other})
        self.assertEqual(found[self.digest]["tags"], ["1", "2"])
        self.assertEqual(found[self.other]["tags"], [])
        for digest, image in found.items():
            layout = self.dir / ("l" if digest == self.digest else "other")
            manifest = json.loads((layout / "blobs" / digest.replace(":", "/")).read_text())
            self.assertEqual(int(image["size_bytes"]), sum(layer["size"] for layer in manifest["layers"]))
            self.assertEqual(image["media_type"], images.OCI_MANIFEST)
            self.assertEqual(image["push_time"][:19], "2026-11-23T12:00:00")
            self.assertIn(f"/team/app@{digest}", image["digest_uri"])

    def test_images_have_tags_sizes_and_times(self):
        daemon = self.daemon()
        self.ready(daemon)
        self.check(self.list(daemon).json())
        self.assertEqual(self.google.emulator.requests(path="*/tags/list"), [])

    def test_images_behind_gcr_io_and_of_a_domains_project(self):
        for host, project, repository in (("eu.gcr.io", PROJECT, "europe/repositories/eu.gcr.io"),
                                          (HOST, "example.com:my-shop", "us-central1/repositories/r-1")):
            with self.subTest(project):
                resource = f"projects/{project}/locations/{repository}"
                self.google.artifact_registry.add(resource)
                self.google.policy.grant(self.account.email, resource, gcp_policy.WRITER)
                if host != HOST:
                    self.google.registry(host)
                daemon = self.daemon()
                self.connect(daemon, "service-account", service_account_json=f"@{self.key_file()}")
                self.register_gar(daemon, uri=f"{host}/{project.replace(':', '/')}" + "/r-1" * (host == HOST))
                self.assertEqual(self.push_gar(daemon).code, 0)
                [image] = self.list(daemon).json()["images"]
                self.assertEqual((image["digest"], image["tags"]), (self.digest, ["1"]))
                self.assertEqual(self.google.emulator.requests(path="*/tags/list"), [])

    def test_more_images_than_the_registry_tells_in_one_answer(self):
        daemon = self.daemon()
        self.ready(daemon)
        self.google.images.crowds[NAME] = CROWD
        listed = self.list(daemon).json()["images"]
        self.assertEqual(len({i["digest"] for i in listed}), 2 + len(CROWD))
        self.assertEqual(sum(len(i.get("tags", [])) for i in listed), 2 + sum(len(i["tags"]) for i in CROWD))
        page = self.list(daemon, "--limit", "150").json()
        self.assertEqual(len(page["images"]), 150)
        more = self.list(daemon, "--limit", "150", "--page-token", page["next_page_token"]).json()
        self.assertEqual({i["digest"] for i in more["images"]} & {i["digest"] for i in page["images"]}, set())

    def test_the_registry_is_asked_where_the_api_may_not_be(self):
        daemon = self.daemon()
        self.ready(daemon)
        api = self.google.artifact_registry
        for case in ("no right", "no api"):
            with self.subTest(case):
                self.grant(gcp_policy.WRITER - {"artifactregistry.versions.list"})
                api.quirks.service_disabled = case == "no api"
                self.assertEqual(sorted(t for i in self.list(daemon).json()["images"] for t in i["tags"]), ["1", "2"])
        api.quirks.service_disabled = False
        self.grant(gcp_policy.WRITER)
        api.quirks.throttled = 1000
        self.refused(self.list(daemon), "UPSTREAM_THROTTLED", "ask for a higher quota")

    def test_a_manifest_keeps_its_tags(self):
        """Which is why a removal takes them away first."""
        self.grant(gcp_policy.ADMIN)
        daemon = self.daemon()
        self.ready(daemon)
        token = self.google.tokens.give(self.account.email, [FULL]).value
        with self.assertRaises(subprocess.CalledProcessError) as refused:
            self.skopeo("delete", "--creds", f"oauth2accesstoken:{token}", f"docker://{HOST}/{NAME}:1",
                        env=self.google.emulator.client_env())
        self.assertIn("still referenced by tag", refused.exception.stderr)


if __name__ == "__main__":
    harness.main()
