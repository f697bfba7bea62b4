#!/usr/bin/env python3
"""Flavors that were built elsewhere, at work: the installed gantryd finds them beside its own and pushes
through each to a real registry.

    out_of_tree_push_test.py BIN_DIR
"""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "integration"))
import harness  # noqa: E402
import images  # noqa: E402
from clouds.emulator import Emulator  # noqa: E402
from clouds.exchange import json_response, registry_error  # noqa: E402
from clouds.registry_proxy import RegistryProxy  # noqa: E402

BIN = pathlib.Path(sys.argv.pop())
harness.GANTRYD, harness.GANTRY = BIN / "gantryd", BIN / "gantry"


class OutOfTree(harness.Case):
    def setUp(self):
        super().setUp()
        self.cloud = Emulator(self)
        self.store = RegistryProxy(harness.Registry(self).port)
        self.digest = images.many_layers(self.dir / "l", 3)

    def daemon(self):
        return harness.Gantryd(self, *self.cloud.gantryd_flags())

    def push_app(self, daemon):
        return self.gantry(daemon, "push", f"oci:{self.dir}/l", "--pipeline", "app", "--version", "1", "-o", "json")

    def test_harbor_in_cpp(self):
        robot, projects = ("robot$vision+gantry", "the-secret"), set()
        challenge = {"WWW-Authenticate": 'Basic realm="harbor"'}

        def create(request):
            project = request.json()["project_name"]
            if request.basic() != robot:
                return registry_error(401, "UNAUTHORIZED", "unauthorized")
            if project in projects:
                return registry_error(409, "CONFLICT", f"The project named {project} already exists")
            projects.add(project)
            return json_response(201, {})

        def registry(request):
            if request.basic() != robot:
                return registry_error(401, "UNAUTHORIZED", "unauthorized", headers=challenge)
            project = request.path.split("/")[2]
            if project and project not in projects:
                return registry_error(404, "NOT_FOUND", f"project {project} not found")
            return self.store.forward(request)

        harbor = self.cloud.host("harbor.example.com")
        harbor.on("GET", "/api/version", lambda r: json_response(200, {"version": "v2.0"}))
        harbor.on("POST", "/api/v2.0/projects", create)
        harbor.on("*", "/v2/.*", registry)
        daemon = self.daemon()
        self.ok(daemon, "service-connector", "register", "robot", "--type", "docker", "--auth-method=password",
                f"--username={robot[0]}", f"--password={robot[1]}", "--registry=harbor.example.com")
        refused = self.gantry(daemon, "container-registry", "register", "harbor", "--flavor=harbor",
                              "--uri=harbor.example.com", "--connector", "robot")
        self.assertIn("harbor.example.com/<project>", refused.err)
        self.ok(daemon, "container-registry", "register", "harbor", "--flavor=harbor",
                "--uri=harbor.example.com/vision", "--connector", "robot")
        missing = self.push_app(daemon)
        self.assertIn("set create_project", missing.err)
        self.ok(daemon, "container-registry", "update", "harbor", "--create_project=true")
        for _ in range(2):
            self.assertEqual(self.push_app(daemon).json()["digest"], self.digest)
        projects.clear()
        self.assertEqual(self.push_app(daemon).json()["digest"], self.digest, "it was deleted, and is made again")
        self.assertEqual([r.status for r in self.cloud.requests(path="/api/v2.0/projects")], [201, 409, 201])
        self.assertIn("Harbor with API v2.0", self.ok(daemon, "container-registry", "verify", "harbor",
                                                      "--repository", "app").out)
        self.assertEqual(self.skopeo_digest("harbor.example.com/vision/app:1", "--creds", ":".join(robot),
                                            env=self.cloud.client_env()), self.digest)

    def test_bearer_in_c(self):
        def registry(request):
            if request.bearer() != "the-token":
                return registry_error(401, "UNAUTHORIZED", "no", headers={"WWW-Authenticate": "Bearer"})
            return self.store.forward(request)

        self.cloud.host("gateway.example.com").on("*", "/v2/.*", registry)
        daemon = self.daemon()
        self.ok(daemon, "service-connector", "register", "gateway", "--type", "bearer", "--auth-method=token",
                "--token=the-token")
        self.ok(daemon, "container-registry", "register", "gateway", "--flavor=bearer",
                "--uri=gateway.example.com/team", "--connector", "gateway")
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], self.digest)
        self.ok(daemon, "service-connector", "update", "gateway", "--token=another", "--no-verify")
        self.assertIn("Update the connector with a token that gateway.example.com takes",
                      self.push_app(daemon).err)


if __name__ == "__main__":
    harness.main()
