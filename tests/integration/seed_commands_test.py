#!/usr/bin/env python3
"""The commands that ZenML's users know, with `gantry` in the place of `zenml`."""
import os
import subprocess

import harness
from clouds import gcp_policy
from clouds.aws import Aws
from clouds.azure import Azure
from clouds.dockerhub import DockerHub
from clouds.emulator import Emulator
from clouds.gcp import PROJECT, Google
from clouds.github import GitHub
from clouds.registry_proxy import RegistryProxy

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
  --username=myusername \
  --password=$DOCKERHUB_TOKEN

gantry container-registry register dockerhub --flavor=dockerhub \
  --uri=docker.io/myusername \
  --connector dockerhub_connector
""", r"""
gantry service-connector register github_connector --type docker \
  --auth-method=password \
  --username=myusername \
  --password=$GITHUB_TOKEN

gantry container-registry register ghcr --flavor=github \
  --uri=ghcr.io/myusername \
  --connector github_connector
gantry service-connector register my_connector --type docker \
  --auth-method=password \
  --username=myusername --password=$GITHUB_TOKEN

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
  --tenant_id=$TENANT_ID \
  --client_id=$CLIENT_ID \
  --client_secret=$CLIENT_SECRET

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
  --aws_access_key_id=$ACCESS_KEY_ID \
  --aws_secret_access_key=$SECRET_ACCESS_KEY

gantry container-registry register ecr --flavor=aws \
  --uri=123456789012.dkr.ecr.us-east-1.amazonaws.com \
  --connector aws_connector
"""), "github": (r"""
gantry container-registry register ghcr --flavor=github \
  --uri=ghcr.io/myusername
""", r"""
gantry service-connector register github_connector --type docker \
  --auth-method=password \
  --username=myusername \
  --password=$GITHUB_TOKEN

gantry container-registry register ghcr --flavor=github \
  --uri=ghcr.io/myusername \
  --connector github_connector
""")}


class SeedCommands(harness.Case):
    # What fills the placeholders, at the cloud that knows it: its emulator and the variables.

    def docker_hosts(self):
        cloud = Emulator(self)
        store = RegistryProxy(harness.Registry(self).port)
        hub, github = DockerHub(cloud, store), GitHub(cloud, store)
        return cloud, {"DOCKERHUB_TOKEN": hub.access_token("myusername"), "GITHUB_TOKEN": github.issue("myusername")}

    def aws(self):
        cloud = Emulator(self)
        user = Aws(cloud, RegistryProxy(harness.Registry(self).port)).user()
        return cloud, {"ACCESS_KEY_ID": user.access_key_id, "SECRET_ACCESS_KEY": user.secret_access_key}

    def azure(self):
        azure = Azure(self)
        azure.registry("myregistry")
        app = azure.application("AcrPush")
        return azure.emulator, {"TENANT_ID": app.tenant, "CLIENT_ID": app.client_id, "CLIENT_SECRET": app.secret}

    def gcp(self):
        google = Google(self)
        google.registry("gcr.io")
        account = google.account("robot")
        google.policy.grant(account.email, f"projects/{PROJECT}", gcp_policy.WRITER)
        path = self.dir / "key.json"
        path.write_text(account.key_file())
        return google.emulator, {"KEY_FILE": str(path)}

    def run_block(self, block, cloud):
        """Runs the lines; returns what there is then: registries by name, connectors, and how their verification
        goes."""
        emulator, filled = cloud
        daemon = harness.Gantryd(self, *emulator.gantryd_flags())
        env = dict(os.environ, GANTRY_ADDRESS=daemon.address, PATH=f"{harness.GANTRY.parent}:{os.environ['PATH']}",
                   **filled)
        done = subprocess.run(["bash", "-euc", block], env=env, capture_output=True, text=True)
        self.secrets.heard("the lines", done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("could not be tried", done.stderr)
        registries = self.ok(daemon, "container-registry", "list", "-o", "json").json()["registries"]
        connectors = self.ok(daemon, "service-connector", "list", "-o", "json").json()["connectors"]
        for connector in connectors:
            verified = self.ok(daemon, "service-connector", "verify", connector["name"], "-o", "json").json()
            self.assertEqual({v["state"] for v in verified["verifications"]}, {"STATE_ACCEPTED"}, verified)
        return {r["name"]: (r["flavor"], r["uri"], r["connector"]) for r in registries}, connectors

    def test_the_lines_as_they_are_written(self):
        cloud = self.docker_hosts()
        registries, connectors = self.run_block(BLOCKS[0], cloud)
        self.assertEqual(registries, {"default_registry": ("default", "localhost:5000", ""),
                                      "dockerhub_registry": ("default", "docker.io/myusername", ""),
                                      "dockerhub": ("dockerhub", "docker.io/myusername", ""),
                                      "ghcr": ("github", "ghcr.io/myusername", "")})
        self.assertEqual(connectors, [])
        registries, connectors = self.run_block(BLOCKS[1], cloud)
        self.assertEqual(registries, {"dockerhub": ("dockerhub", "docker.io/myusername", "dockerhub_connector")})
        self.assertEqual([(c["name"], c["type"], c["auth_method"], c["config"], c["secret_fields"])
                          for c in connectors],
                         [("dockerhub_connector", "docker", "password", {"username": "myusername"}, ["password"])])
        registries, connectors = self.run_block(BLOCKS[2], cloud)
        self.assertEqual(registries, {"ghcr": ("github", "ghcr.io/myusername", "github_connector"),
                                      "my_registry": ("default", "ghcr.io/myusername", "my_connector")})
        self.assertEqual([c["name"] for c in connectors], ["github_connector", "my_connector"])

    def test_the_lines_of_the_clouds(self):
        clouds = {"gcp": self.gcp, "azure": self.azure, "aws": self.aws, "github": self.docker_hosts}
        for flavor, (alone, linked) in CLOUD_BLOCKS.items():
            with self.subTest(flavor=flavor):
                cloud = clouds[flavor]()
                registries, connectors = self.run_block(alone, cloud)
                self.assertEqual({r[0] for r in registries.values()}, {flavor})
                self.assertEqual(connectors, [])
                registries, (connector,) = self.run_block(linked, cloud)
                (_, (its_flavor, _, its_connector)), = registries.items()
                self.assertEqual((its_flavor, its_connector), (flavor, connector["name"]))
                self.assertTrue(connector["secret_fields"])
                # A password names no cloud that could be asked before a registry is linked to it.
                self.assertEqual(connector["verification"]["state"],
                                 "STATE_SKIPPED" if connector["type"] == "docker" else "STATE_ACCEPTED")

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
