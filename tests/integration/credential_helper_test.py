#!/usr/bin/env python3
"""docker-credential-gantry, the kubelet's plugin and Kubernetes Secrets, for a cloud whose logins end: Amazon ECR."""
import base64
import json
import os
import subprocess

import harness
from aws_case import HOST, AwsCase  # finds the emulated clouds

LIFE = 600  # seconds, of what ECR gives


class CredentialHelper(AwsCase):
    def start(self):
        self.aws.create("team/app")
        self.daemon_ = self.daemon()
        self.assertEqual(self.connect(self.daemon_, "secret-key", self.user).code, 0)
        self.image = self.push_app(self.daemon_).json()
        home = self.dir / "user"
        home.mkdir()
        self.user_env = {"HOME": str(home), "DOCKER_CONFIG": str(home / ".docker"), "XDG_RUNTIME_DIR": str(home),
                         "PATH": f"{harness.GANTRY.parent}:{os.environ['PATH']}",
                         "GANTRY_ADDRESS": self.daemon_.address}

    def ends(self, secret):
        """When ECR's token ends, in the cloud's time."""
        return self.aws.registry_tokens[secret].ends

    def get(self):
        done = subprocess.run(["docker-credential-gantry", "get"], input=f"https://{HOST}", capture_output=True,
                              text=True, env={**os.environ, **self.user_env})
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return json.loads(done.stdout)

    def kubelet(self):
        done = self.ok(self.daemon_, "credential-helper", "kubelet", input=json.dumps(
            {"kind": "CredentialProviderRequest", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
             "image": self.image["uri"]}))
        return done.json()

    def pull(self):
        env = {**self.cloud.client_env(), **self.user_env}
        return subprocess.run(["skopeo", "inspect", "--raw", f"docker://{self.image['uri']}"], env=env,
                              capture_output=True, text=True)

    def test_tools_pull_by_what_the_helper_gives_and_renews(self):
        self.start()
        self.assertNotEqual(self.pull().returncode, 0, "there is no login yet")
        self.aws.quirks.registry_token_lifetime = 2
        self.ok(self.daemon_, "login", "ecr", "--helper", env=self.user_env)
        first = self.get()
        self.assertEqual((first["ServerURL"], first["Username"]), (f"https://{HOST}", "AWS"))
        self.aws.quirks.registry_token_lifetime = LIFE
        harness.wait_until(lambda: self.cloud.now() > self.ends(first["Secret"]), "the first one has ended")
        second = self.get()
        self.assertNotEqual(second["Secret"], first["Secret"])
        self.assertEqual(self.get(), second, "it is kept while it lives")
        pulled = self.pull()
        self.assertEqual(pulled.returncode, 0, pulled.stderr)
        self.assertEqual({r.status for r in self.cloud.requests(host=HOST, path="/v2/team/app/manifests/*")
                          if r.headers.get("User-Agent", "").startswith("skopeo")}, {401, 200})

    def test_a_kubelet_keeps_a_login_for_half_of_its_life(self):
        self.start()
        self.aws.quirks.registry_token_lifetime = LIFE
        answer = self.kubelet()
        [(place, login)] = answer["auth"].items()
        self.assertEqual((place, login["username"]), (f"{HOST}/team/app", "AWS"))
        left = self.ends(login["password"]) - self.cloud.now()
        kept = int(answer["cacheDuration"].removesuffix("s"))
        self.assertAlmostEqual(kept, left / 2, delta=5)
        self.assertEqual(answer["cacheKeyType"], "Image")

    def test_a_secret_for_kubernetes_tells_its_end_and_what_it_opens(self):
        self.start()
        for scope, narrowed in ((["--repository", "team/app"], True), ([], False)):
            with self.subTest(scope):
                warned, metadata, file = self.kubernetes_secret(self.daemon_, "ecr", *scope)
                self.assertEqual(warned, "")
                said = metadata["annotations"]
                [login] = json.loads(file.read_text())["auths"].values()
                user, _, password = base64.b64decode(login["auth"]).decode().partition(":")
                self.assertEqual(user, "AWS")
                self.assertAlmostEqual(harness.unix_time(said.pop("gantry-expires")), self.ends(password), delta=2)
                self.assertEqual(said, {"gantry-registry": HOST, "gantry-read-only": "true",
                                        **({"gantry-one-repository": "true"} if narrowed else {})})
                self.assertEqual(self.skopeo_digest(self.image["uri"], "--authfile", file,
                                                    env=self.cloud.client_env()), self.digest)


if __name__ == "__main__":
    harness.main()
