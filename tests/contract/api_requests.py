#!/usr/bin/env python3
"""Every method has a request file, and every file works: sent through reflection by python3-grpcio."""
import json
import pathlib
import sys
import unittest

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / "integration"),
             str(pathlib.Path(__file__).resolve().parent)]
import harness
import images
from reflection_client import ReflectionClient

FILES = harness.ROOT / "clients/grpcurl"
SERVICES = ("gantry.v1.ContainerRegistry", "gantry.v1.ServiceConnectors")
# An order in which each finds what it needs.
ORDER = ["ListFlavors", "GetFlavor", "ListConnectorTypes", "CreateServiceConnector", "GetServiceConnector",
         "ListServiceConnectors", "UpdateServiceConnector", "CreateRegistry", "GetRegistry", "ListRegistries",
         "UpdateRegistry", "VerifyServiceConnector", "DeleteRegistry", "DeleteServiceConnector", "PushImage",
         "ResolveImage", "ListImages", "DiagnoseRegistry"]


class ApiRequests(harness.Case):
    def test_every_request_file(self):
        daemon = harness.Gantryd(self, "--dev")
        images.simple(self.dir / "l")
        seed = self.push(daemon, f"oci:{self.dir}/l", "--registry", "local", "--repository", "seed", "--tag", "1")
        client = ReflectionClient(daemon.address)
        self.assertLessEqual(set(SERVICES) | {"grpc.health.v1.Health"}, set(client.services()))
        methods = {}
        for service in SERVICES:
            methods.update(client.methods(service))
        self.assertEqual(sorted(methods), sorted(ORDER))
        self.assertEqual(sorted(p.stem for p in FILES.glob("*.json")), sorted(ORDER))
        answers = {}
        for name in ORDER:
            text = (FILES / f"{name}.json").read_text().replace("LOCAL_HOST", seed["uri"].split("/")[0])
            with self.subTest(name):
                answers[name] = client.call(methods[name], json.loads(text))
        self.assertEqual(answers["PushImage"][-1]["image"]["digest"], seed["digest"])
        self.assertTrue(any("progress" in a for a in answers["PushImage"]))
        self.assertEqual(answers["ResolveImage"][0]["digest"], seed["digest"])
        self.assertEqual(answers["ListImages"][0]["images"][0]["digest"], seed["digest"])
        self.assertTrue(answers["DiagnoseRegistry"][0]["healthy"])
        self.assertNotIn("password", answers["GetServiceConnector"][0].get("config", {}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
