#!/usr/bin/env python3
"""Every method has a request file, and is sent it through reflection by python3-grpcio.

The requests are sent in an order in which each finds what it needs; each answer is checked, and of the one that
has to be refused, the refusal.
"""
import json
import pathlib
import re
import sys

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / "integration"),
             str(pathlib.Path(__file__).resolve().parent)]
import harness
import images
from reflection_client import ReflectionClient

FILES = harness.ROOT / "clients/grpcurl"
SERVICES = ("gantry.v1.ContainerRegistry", "gantry.v1.ServiceConnectors")
SECRET = "example-password"


class ApiRequests(harness.Case):
    def setUp(self):
        super().setUp()
        self.daemon = harness.Gantryd(self, "--dev")
        images.simple(self.dir / "l")
        self.seed = self.push(self.daemon, f"oci:{self.dir}/l", "--registry", "local", "--repository", "seed",
                              "--tag", "1")
        self.host = self.seed["uri"].split("/")[0]
        self.client = ReflectionClient(self.daemon.address)
        self.addCleanup(self.client.channel.close)
        self.methods = {}
        for service in SERVICES:
            self.methods.update(self.client.methods(service))
        self.sent = []

    def send(self, name):
        """The answers to a request file; the last alone unless it streams."""
        self.sent.append(name)
        text = (FILES / f"{name}.json").read_text().replace("LOCAL_HOST", self.host)
        answers = self.client.call(self.methods[name], json.loads(text))
        self.assertNotIn(SECRET, str(answers))
        if name == "PushImage":
            return answers
        self.assertEqual(len(answers), 1)
        return answers[0]

    def test_every_request_file(self):
        self.flavors_and_connector_types()
        self.connectors_and_registries()
        self.images()
        self.assertEqual(sorted(self.sent), sorted(self.methods), "every method is asked once")
        self.assertEqual(sorted(self.sent), sorted(p.stem for p in FILES.glob("*.json")))

    def test_the_request_in_the_readme(self):
        text = (harness.ROOT / "README.md").read_text()
        shown = re.search(r"grpcurl -plaintext -d '([^']*)' \\\n +(\S+) (\S+)/(\S+)\n", text)
        request, address, service, method = shown.groups()
        self.assertEqual(address, "127.0.0.1:7460", "where gantryd listens unless told otherwise")
        request = json.loads(request)
        self.assertEqual(request["start"]["source"], {"reference": "docker.io/library/alpine:3.20"})
        request["start"]["source"]["reference"] = self.seed["uri"]  # the one thing that needs the Internet
        *_, last = self.client.call(self.client.methods(service)[method], request)
        self.assertEqual(last["image"]["digest"], self.seed["digest"])
        self.assertRegex(last["image"]["uri"], rf"^{self.host}/training_pipeline:\d{{4}}(-\d\d){{5}}$")

    def flavors_and_connector_types(self):
        flavors = {f["name"]: f for f in self.send("ListFlavors")["flavors"]}
        self.assertLessEqual({"default", "dockerhub"}, set(flavors))
        hub = self.send("GetFlavor")
        self.assertEqual(hub, flavors["dockerhub"])
        self.assertEqual(hub["state"], "STATE_LOADED")
        self.assertIn("docker/password", hub["auth_methods"])
        for field in ("version", "display_name", "best_for", "uri_form", "uri_example", "config_schema", "sha256"):
            self.assertTrue(hub[field], field)
        needs = {o["name"]: o["registry_need"] for o in self.send("ListOrchestrators")["orchestrators"]}
        self.assertEqual(needs["kubernetes"], "REGISTRY_NEED_REQUIRED")
        self.assertEqual(needs["local"], "REGISTRY_NEED_NONE")
        types = {t["type"]: t for t in self.send("ListConnectorTypes")["connector_types"]}
        self.assertLessEqual({"default", "dockerhub"}, set(types["docker"]["flavors"]))
        schema = types["docker"]["auth_methods"][0]["config_schema"]
        self.assertTrue(schema["properties"]["password"]["writeOnly"])

    def connectors_and_registries(self):
        created = self.send("CreateServiceConnector")
        self.assertEqual(created["secret_fields"], ["password"])
        self.assertEqual(created["config"], {"username": "myusername"})
        self.assertEqual(self.send("GetServiceConnector"), created)
        self.assertEqual(self.send("ListServiceConnectors"), {"connectors": [created]})
        updated = self.send("UpdateServiceConnector")
        self.assertEqual(updated["description"], "The team's Docker Hub account")
        self.assertEqual(updated["secret_fields"], ["password"], "kept, though it was not sent again")
        self.assertNotEqual(updated["etag"], created["etag"])

        registry = self.send("CreateRegistry")
        self.assertEqual((registry["uri"], registry["labels"]), ("docker.io/myusername", {"team": "ml"}))
        self.assertEqual(self.send("GetRegistry"), registry)
        self.assertEqual([r["name"] for r in self.send("ListRegistries")["registries"]], ["hub", "local"])
        changed = self.send("UpdateRegistry")
        self.assertEqual((changed["connector"], changed["default_repository"]), ("hub_login", "pipelines"))
        self.assertEqual(changed["create_time"], registry["create_time"])
        # With Docker Hub in reach it refuses the example's password.
        verified = self.send("VerifyServiceConnector")["verifications"]
        self.assertEqual([v["registry_host"] for v in verified], ["docker.io"])
        self.assertIn(verified[0]["state"], ("STATE_REJECTED", "STATE_UNREACHABLE"))
        self.assertTrue(verified[0]["message"])
        self.sent.append("ListConnectorResources")
        asked = json.loads((FILES / "ListConnectorResources.json").read_text())
        unable = self.client.fails(self.methods["ListConnectorResources"], asked)
        self.assertEqual((unable["code"], unable["reason"]), ("UNIMPLEMENTED", "FLAVOR_UNSUPPORTED"))
        self.assertEqual(self.send("DeleteRegistry"), {})
        self.assertEqual(self.send("DeleteServiceConnector"), {})
        for name in ("GetRegistry", "GetServiceConnector"):
            gone = self.client.fails(self.methods[name], json.loads((FILES / f"{name}.json").read_text()))
            self.assertEqual(gone["code"], "NOT_FOUND")

    def images(self):
        *before, last = self.send("PushImage")
        self.assertTrue(before and all("progress" in answer for answer in before))
        uri = f"{self.host}/training_pipeline"
        image = last["image"]
        self.assertEqual((image["uri"], image["digest"]), (f"{uri}:2024-01-15-10-30-45", self.seed["digest"]))
        self.assertEqual(image["digest_uri"], f"{uri}@{self.seed['digest']}")
        self.assertEqual(self.skopeo_digest(image["digest_uri"], "--tls-verify=false"), self.seed["digest"])
        resolved = self.send("ResolveImage")
        self.assertEqual(resolved["digest_uri"], image["digest_uri"])
        listed = self.send("ListImages")["images"]
        self.assertEqual([(i["digest"], i["tags"]) for i in listed], [(image["digest"], ["2024-01-15-10-30-45"])])
        credential = self.send("MintPullCredential")
        self.assertEqual(credential["repository"], "training_pipeline")
        self.assertNotIn("username", credential, "the development registry asks for no login")
        secret = json.loads(credential["kubernetes_secret"])
        self.assertEqual(secret["metadata"]["name"], "training-pull")
        health = self.send("DiagnoseRegistry")
        self.assertTrue(health["healthy"])
        self.assertGreater(len(health["checks"]), 3)
        self.assertNotIn("OUTCOME_FAILED", {check["outcome"] for check in health["checks"]})


if __name__ == "__main__":
    harness.main()
