#!/usr/bin/env python3
"""Amazon ECR: what is in its repositories, and how its registries differ from others."""
import json
import subprocess

import harness
import images
from aws_case import HOST, AwsCase  # finds the emulated clouds
from clouds.aws_iam import allow


class Listing(AwsCase):
    def test_images_come_page_by_page_with_tags_and_sizes(self):
        self.aws.create("team/app")
        daemon = self.daemon()
        self.connect(daemon, "secret-key", self.user)
        pushed = {}
        for seed, tags in (("a", ["v1", "stable"]), ("b", ["v2"]), ("c", ["v3"])):
            digest = images.simple(self.dir / seed, seed, 5000 * (1 + len(pushed)))
            for tag in tags:
                self.assertEqual(self.push_app(daemon, tag, seed).code, 0)
            manifest = json.loads((self.dir / seed / "blobs" / digest.replace(":", "/")).read_text())
            pushed[digest] = (sorted(tags), sum(layer["size"] for layer in manifest["layers"]))
        self.assertEqual(self.push_app(daemon, "v3", "a").code, 0, "the tag moves, and leaves an image without one")
        (a, (tags, size)), _, (c, (_, size_c)) = pushed.items()
        pushed |= {a: (sorted([*tags, "v3"]), size), c: ([], size_c)}

        found, pages, token = {}, [], []
        while not pages or token:
            page = self.ok(daemon, "image", "list", "team/app", "-r", "ecr", "--limit", "2", *token, "-o",
                           "json").json()
            for image in page["images"]:
                self.assertEqual(image["digest_uri"], f"{HOST}/team/app@{image['digest']}")
                self.assertEqual(image["media_type"], images.OCI_MANIFEST)
                self.assertIn("push_time", image)
                found[image["digest"]] = (sorted(image.get("tags", [])), int(image["size_bytes"]))
            pages.append(len(page["images"]))
            self.assertLess(len(pages), 4, "a page comes again")
            token = ["--page-token", page["next_page_token"]] if page.get("next_page_token") else []
        self.assertEqual((found, pages), (pushed, [2, 1]))
        self.aws.quirks.page_size = 1
        everything = self.ok(daemon, "image", "list", "team/app", "-r", "ecr", "-o", "json").json()["images"]
        self.assertEqual({i["digest"] for i in everything}, set(pushed))
        stale = self.gantry(daemon, "image", "list", "team/app", "-r", "ecr", "--limit", "2", "--page-token", "x",
                                "-o", "json")
        self.assert_refused(stale, 2, "INVALID_ARGUMENT", "next_page_token of the page before")


class Throttling(AwsCase):
    """A short one is waited out; of a lasting one it is told, here by a login, which tries less long than a push."""

    def setUp(self):
        super().setUp()
        self.aws.create("team/app")
        self.role = self.aws.role("pusher")
        self.running = self.daemon()

    def assert_told(self):
        refused = self.gantry(self.running, "login", "ecr", "--config", self.dir / "auth.json", "-o", "json")
        self.assert_refused(refused, 7, "UPSTREAM_THROTTLED", "Try again later, or with fewer pushes")

    def test_of_sts(self):
        self.aws.quirks.throttle_sts = 2
        self.assertEqual(self.connect(self.running, "iam-role", self.user, f"--role_arn={self.role.arn}").code, 0)
        self.aws.quirks.throttle_sts = 1000
        self.assert_told()
        self.aws.quirks.throttle_sts = 0
        self.assertEqual(self.push_app(self.running).code, 0)

    def test_of_the_registry(self):
        self.connect(self.running, "secret-key", self.user)
        self.aws.quirks.throttled = 2
        self.assertEqual(self.push_app(self.running).code, 0)
        self.assertEqual(self.aws.quirks.throttled, 0)

    def test_of_the_registrys_api(self):
        self.connect(self.running, "secret-key", self.user)
        self.aws.quirks.throttle_ecr = {"GetAuthorizationToken": 1000}
        self.assert_told()
        self.aws.quirks.throttle_ecr = {"GetAuthorizationToken": 2}
        self.assertEqual(self.push_app(self.running).code, 0)


class TheEmulator(AwsCase):
    """Of both kinds of registries."""

    def setUp(self):
        super().setUp()
        self.urls = {}  # URL below which a repository is: the login for curl
        for region, url in (("us-east-1", f"https://{HOST}/v2"), ("public", "https://public.ecr.aws/v2/acme")):
            self.aws.create("team/app", region=region)
            public = region == "public"
            token = self.aws.add_registry_token(self.user, "us-east-1", public, self.cloud.now() + 600)
            login = ("-H", f"Authorization: Bearer {token}") if public else ("-u", f"AWS:{token}")
            self.urls[f"{url}/team/app"] = login

    def curl(self, *argv):
        """(status, body, headers)"""
        done = subprocess.run(["curl", "-sS", "-D", self.dir / "head", *map(str, argv)], capture_output=True,
                              text=True, check=True, env=self.cloud.client_env())
        heads = [block for block in (self.dir / "head").read_text().replace("\r", "").split("\n\n") if block]
        status, *lines = heads[-1].splitlines()
        return int(status.split()[1]), done.stdout, {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    def code(self, answer):
        return answer[0], json.loads(answer[1])["errors"][0]["code"]

    def file(self, name, data):
        (self.dir / name).write_bytes(data)
        return f"@{self.dir / name}"

    def test_parts_of_blobs(self):
        large, small = self.file("large", b"x" * (5 << 20)), self.file("small", b"y")
        for url, login in self.urls.items():
            with self.subTest(url):
                at = self.curl(*login, "-X", "POST", "-d", "", f"{url}/blobs/uploads/")[2]["location"]
                for data, told in ((large, 201), (large, 201), (small, 201), (small, 400)):
                    answer = self.curl(*login, "-X", "PATCH", "-H", "Content-Type: application/octet-stream",
                                       "--data-binary", data, at)
                    self.assertEqual(answer[0], told, answer)
                    if told == 201:
                        at = answer[2]["location"]
                        self.assertEqual(answer[2]["range"], f"0-{(5 << 20) - 1}", "it does not advance")
                self.assertEqual(self.code(answer), (400, "BLOB_UPLOAD_INVALID"))
                self.assertEqual(self.curl(*login, at)[0], 404 if "public" in url else 405)

    def test_manifests(self):
        config = {"mediaType": images.OCI_CONFIG, "digest": "sha256:" + "0" * 64, "size": 2}
        good = {"schemaVersion": 2, "mediaType": images.OCI_MANIFEST, "config": config, "layers": []}
        bad = [{**good, "mediaType": None}, {**good, "artifactType": "a/b; c=d"},
               {**good, "config": {**config, "mediaType": "a/b;c=d"}}, {**good, "config": {"size": 2}},
               {**good, "layers": [{**config, "mediaType": "text"}]}]
        for url, login in self.urls.items():
            for manifest in bad:
                with self.subTest(url, manifest=manifest):
                    data = self.file("manifest", json.dumps({k: v for k, v in manifest.items() if v}).encode())
                    put = lambda kind: self.curl(*login, "-X", "PUT", "-H", f"Content-Type: {kind}", "--data-binary",
                                                 data, f"{url}/manifests/v1")
                    self.assertEqual(self.code(put(images.OCI_MANIFEST)), (405, "UNSUPPORTED"))
            data = self.file("manifest", json.dumps(good).encode())
            self.assertEqual(self.code(put("application/vnd.docker.distribution.manifest.v2+json")),
                             (405, "UNSUPPORTED"))

    def test_referrers(self):
        [(url, login)] = [(url, login) for url, login in self.urls.items() if HOST in url]
        subject = self.digest
        self.skopeo("copy", "--dest-creds", login[1], f"oci:{self.dir}/l", f"docker://{HOST}/team/app:v1",
                    env=self.cloud.client_env())
        self.assertEqual(self.referrers(url, login, subject), [], "no 404 where there are none")

        manifest = json.loads((self.dir / "l/blobs" / subject.replace(":", "/")).read_text())
        data = json.dumps({**manifest, "artifactType": "application/x-signature", "annotations": {"by": "ci"},
                           "subject": {"mediaType": images.OCI_MANIFEST, "digest": subject, "size": 1}}).encode()
        signature = images.digest_of(data)
        status, _, headers = self.curl(*login, "-X", "PUT", "-H", f"Content-Type: {images.OCI_MANIFEST}",
                                       "--data-binary", self.file("signature", data), f"{url}/manifests/{signature}")
        self.assertEqual((status, headers.get("oci-subject")), (201, subject))
        self.assertEqual(self.referrers(url, login, subject), [
            {"mediaType": images.OCI_MANIFEST, "digest": signature, "size": len(data),
             "artifactType": "application/x-signature", "annotations": {"by": "ci"}}])
        self.assertEqual(self.referrers(url, login, signature), [])

        self.assertEqual(self.curl(f"{url}/referrers/{subject}")[0], 401)
        none = url.replace("team/app", "team/none")
        self.assertEqual(self.code(self.curl(*login, f"{none}/referrers/{subject}")), (404, "NAME_UNKNOWN"))
        self.user.layers = [[allow("ecr:ListImages")]]
        self.assertEqual(self.code(self.curl(*login, f"{url}/referrers/{subject}")), (403, "DENIED"))

    def referrers(self, url, login, digest):
        status, body, headers = self.curl(*login, f"{url}/referrers/{digest}")
        self.assertEqual((status, headers["content-type"]), (200, images.OCI_INDEX))
        return json.loads(body)["manifests"]


if __name__ == "__main__":
    harness.main()
