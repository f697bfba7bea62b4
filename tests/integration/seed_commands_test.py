#!/usr/bin/env python3
"""The commands that ZenML's users know, with `gantry` in the place of `zenml`."""
import json
import os
import subprocess

import harness

# As written, with the placeholders filled.  Each block stands for itself: the second and the third
# name what the first has named too.
BLOCKS = (r"""
gantry container-registry register default_registry --flavor=default \
  --uri=localhost:5000
gantry container-registry register dockerhub_registry --flavor=default \
  --uri=docker.io/myusername
gantry container-registry register dockerhub --flavor=dockerhub \
  --uri=docker.io/myusername
gantry container-registry register ghcr --flavor=github \
  --uri=ghcr.io/myusername
""", r"""
gantry service-connector register dockerhub_connector --type docker \
  --auth-method=password \
  --username=me \
  --password=not-a-real-password

gantry container-registry register dockerhub --flavor=dockerhub \
  --uri=docker.io/myusername \
  --connector dockerhub_connector
""", r"""
gantry service-connector register github_connector --type docker \
  --auth-method=password \
  --username=me \
  --password=not-a-real-token

gantry container-registry register ghcr --flavor=github \
  --uri=ghcr.io/myusername \
  --connector github_connector
gantry service-connector register my_connector --type docker \
  --auth-method=password \
  --username=me --password=not-a-real-password

gantry container-registry register my_registry --flavor=default \
  --uri=ghcr.io/myusername \
  --connector my_connector
""")

CLOUD_BLOCKS = {"gcp": (r"""
gantry integration install gcp
gantry container-registry register gcr --flavor=gcp \
  --uri=gcr.io/my-project
gantry container-registry register gar --flavor=gcp \
  --uri=us-central1-docker.pkg.dev/my-project/my-repo
""", r"""
gantry service-connector register gcp_connector --type gcp \
  --auth-method=service-account \
  --service_account_json=@$KEY_FILE

gantry container-registry register gcr --flavor=gcp \
  --uri=gcr.io/my-project \
  --connector gcp_connector
"""), "azure": (r"""
gantry integration install azure
gantry container-registry register acr --flavor=azure \
  --uri=myregistry.azurecr.io
""", r"""
gantry service-connector register azure_connector --type azure \
  --auth-method=service-principal \
  --tenant_id=11111111-2222-3333-4444-555555555555 \
  --client_id=66666666-7777-8888-9999-000000000000 \
  --client_secret=not-a-real-secret

gantry container-registry register acr --flavor=azure \
  --uri=myregistry.azurecr.io \
  --connector azure_connector
"""), "aws": (r"""
gantry integration install aws
gantry container-registry register ecr --flavor=aws \
  --uri=123456789012.dkr.ecr.us-east-1.amazonaws.com
""", r"""
gantry service-connector register aws_connector --type aws \
  --auth-method=secret-key \
  --aws_access_key_id=AKIAIOSFODNN7EXAMPLE \
  --aws_secret_access_key=not-a-real-key

gantry container-registry register ecr --flavor=aws \
  --uri=123456789012.dkr.ecr.us-east-1.amazonaws.com \
  --connector aws_connector
"""), "github": (r"""
gantry container-registry register ghcr --flavor=github \
  --uri=ghcr.io/myusername
""", r"""
gantry service-connector register github_connector --type docker \
  --auth-method=password \
  --username=me \
  --password=not-a-real-token

gantry container-registry register ghcr --flavor=github \
  --uri=ghcr.io/myusername \
  --connector github_connector
""")}


def key_file(path):
    """The key file of a service account that nobody has."""
    key = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                         check=True, capture_output=True, text=True).stdout
    path.write_text(json.dumps({
        "type": "service_account", "project_id": "my-project", "private_key_id": "not-a-real-id",
        "private_key": key, "client_email": "robot@my-project.iam.gserviceaccount.com", "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/robot"}))
    return path


class SeedCommands(harness.Case):
    def run_block(self, block, **env):
        """Runs the lines; returns what there is then: registries by name, and connectors."""
        daemon = harness.Gantryd(self)
        env = dict(os.environ, GANTRY_ADDRESS=daemon.address, PATH=f"{harness.GANTRY.parent}:{os.environ['PATH']}",
                   **env)
        done = subprocess.run(["bash", "-euc", block], env=env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        registries = self.ok(daemon, "container-registry", "list", "-o", "json").json()["registries"]
        connectors = self.ok(daemon, "service-connector", "list", "-o", "json").json()["connectors"]
        self.assertNotIn("not-a-real", json.dumps(connectors))
        return {r["name"]: (r["flavor"], r["uri"], r["connector"]) for r in registries}, connectors

    def test_the_lines_as_they_are_written(self):
        registries, connectors = self.run_block(BLOCKS[0])
        self.assertEqual(registries, {"default_registry": ("default", "localhost:5000", ""),
                                      "dockerhub_registry": ("default", "docker.io/myusername", ""),
                                      "dockerhub": ("dockerhub", "docker.io/myusername", ""),
                                      "ghcr": ("github", "ghcr.io/myusername", "")})
        self.assertEqual(connectors, [])
        registries, connectors = self.run_block(BLOCKS[1])
        self.assertEqual(registries, {"dockerhub": ("dockerhub", "docker.io/myusername", "dockerhub_connector")})
        self.assertEqual([(c["name"], c["type"], c["auth_method"], c["config"], c["secret_fields"])
                          for c in connectors],
                         [("dockerhub_connector", "docker", "password", {"username": "me"}, ["password"])])
        registries, connectors = self.run_block(BLOCKS[2])
        self.assertEqual(registries, {"ghcr": ("github", "ghcr.io/myusername", "github_connector"),
                                      "my_registry": ("default", "ghcr.io/myusername", "my_connector")})
        self.assertEqual([c["name"] for c in connectors], ["github_connector", "my_connector"])

    def test_the_lines_of_the_clouds(self):
        key = key_file(self.dir / "key.json")
        for flavor, (alone, linked) in CLOUD_BLOCKS.items():
            with self.subTest(flavor=flavor):
                registries, connectors = self.run_block(alone)
                self.assertEqual({r[0] for r in registries.values()}, {flavor})
                self.assertEqual(connectors, [])
                registries, connectors = self.run_block(linked, KEY_FILE=str(key))
                (name, (its_flavor, _, connector)), = registries.items()
                self.assertEqual((its_flavor, connector), (flavor, connectors[0]["name"]))
                self.assertTrue(connectors[0]["secret_fields"])

    def test_integrations_are_loaded_or_not(self):
        daemon = harness.Gantryd(self)
        self.assertIn("nothing to install", self.ok(daemon, "integration", "install", "gcp").out)
        unknown = self.gantry(daemon, "integration", "install", "kaniko")
        self.assertEqual(unknown.code, 4, unknown)
        self.assertIn("flavors of this daemon: aws, azure, default, dockerhub, gcp, github", unknown.err)

    def test_wrong_uris_are_refused_with_an_example(self):
        daemon = harness.Gantryd(self)
        for flavor, uri in (("dockerhub", "gcr.io/me"), ("dockerhub", "docker.io.evil.example/me"),
                            ("dockerhub", "docker.io/a/b"), ("default", "myusername"), ("default", "/")):
            with self.subTest(uri=uri):
                refused = self.gantry(daemon, "container-registry", "register", "x", f"--flavor={flavor}",
                                      f"--uri={uri}")
                self.assertEqual(refused.code, 2, refused)
                self.assertIn("docker.io/", refused.err)


if __name__ == "__main__":
    harness.main()
