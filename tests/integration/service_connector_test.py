#!/usr/bin/env python3
"""Service connectors by the CLI: what they may be used for, what is odd about them, and ZenML's words for it."""
import json
import time

import harness

ACCESS_KEY = ["--aws_access_key_id=AKIAIOSFODNN7EXAMPLE", "--aws_secret_access_key=kept-in-the-daemon"]


class ServiceConnector(harness.Case):
    def setUp(self):
        super().setUp()
        self.daemon = harness.Gantryd(self, "--allow-implicit-login")

    def register(self, name, kind, method, *fields):
        return self.gantry(self.daemon, "service-connector", "register", name, "--type", kind,
                           f"--auth-method={method}", "--no-verify", *fields)

    def docker(self, name, *flags):
        made = self.register(name, "docker", "password", "--username=me", "--password=pw", *flags)
        self.assertEqual(made.code, 0, made)
        return made

    def described(self, group, name):
        return self.ok(self.daemon, group, "describe", name, "-o", "json").json()

    def refused(self, result, *words):
        self.assertEqual(result.code, 2, result)
        for word in words:
            self.assertIn(word, result.err)

    def test_a_connector_that_cannot_work_is_not_stored(self):
        for name, kind, method, *fields, words in (
                ("a", "azure", "managed-identity", "--client_id=x", "--object_id=y", ["more than one", "client_id"]),
                ("b", "azure", "service-principal", "--tenant_id=t", "--client_id=c", "--client_secret=s",
                 "--authority_host=http://sts.example", ["authority_host", "no host of Microsoft Entra"]),
                ("c", "aws", "implicit", '--policy={"Statement": []}', ["role_arn"]),
                ("d", "aws", "iam-role", *ACCESS_KEY, "--role_arn=arn:aws:iam::123456789012:role/r",
                 "--policy=allow everything", ["policy", "no IAM policy"])):
            self.refused(self.register(name, kind, method, *fields), *words)
        self.assertEqual(self.ok(self.daemon, "service-connector", "list", "-o", "json").json()["connectors"], [])

    def test_what_is_odd_is_told_and_stored(self):
        self.assertEqual(self.register("c", "aws", "secret-key", *ACCESS_KEY, "--region=eu-west-1").code, 0)
        uri = "--uri=123456789012.dkr.ecr.us-east-1.amazonaws.com"
        made = self.ok(self.daemon, "container-registry", "register", "ecr", uri, "--connector", "c", "-o", "json")
        [warning] = made.json()["warnings"]
        self.assertIn("names the region eu-west-1, but this registry is in us-east-1", warning)
        self.assertIn(f"warning: {warning}", made.err)
        self.assertEqual(self.described("container-registry", "ecr")["warnings"], [])
        changed = self.ok(self.daemon, "service-connector", "update", "c", "--region=eu-west-2", "--no-verify")
        self.assertIn("warning: registry ecr: the connector names the region eu-west-2", changed.err)
        calm = self.ok(self.daemon, "service-connector", "update", "c", "--remove-attr", "region", "--no-verify")
        self.assertEqual(calm.err, "")

    def test_a_resource_id_confines_it(self):
        self.docker("c", "--resource-type", "docker-registry", "--resource-id", "https://ghcr.io/acme/")
        self.assertEqual(self.described("service-connector", "c")["resource_id"], "ghcr.io/acme")
        self.assertIn("ghcr.io/acme alone", self.ok(self.daemon, "service-connector", "describe", "c").out)
        self.ok(self.daemon, "container-registry", "register", "in", "--uri=ghcr.io/acme/team", "--connector", "c")
        outside = self.gantry(self.daemon, "container-registry", "register", "out", "--uri=ghcr.io/other",
                              "--connector", "c", "-o", "json")
        self.assertEqual(json.loads(outside.err)["reason"], "CONNECTOR_MISMATCH")
        free = ("service-connector", "update", "c", "--remove-attr", "resource_id", "--no-verify")
        self.refused(self.gantry(self.daemon, *free), "config.password", "resource_id may send it elsewhere")
        self.ok(self.daemon, *free, "--password=pw")
        self.ok(self.daemon, "container-registry", "register", "out", "--uri=ghcr.io/other", "--connector", "c")
        self.refused(self.register("d", "docker", "password", "--resource-type", "s3-bucket"), "docker-registry alone")

    def test_a_token_counts_as_ended_a_little_before(self):
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 120))
        registry = harness.Registry(self, auth="htpasswd", users={"me": "pw"})
        self.docker("c", f"--expires-at={soon}")
        self.register_at(registry)
        push = lambda: self.gantry(self.daemon, "container-registry", "verify", "r")
        self.assertIn("nearer than its tolerance of 300 s", push().out)
        self.ok(self.daemon, "service-connector", "update", "c", "--expires-skew-tolerance=0")
        self.assertEqual(push().code, 0)

    def register_at(self, registry):
        self.ok(self.daemon, "container-registry", "register", "r", f"--uri={registry.host}", "--connector", "c",
                "--ca-file", registry.ca)

    def test_zenmls_words(self):
        self.assertEqual(self.register("c", "aws", "session-token", *ACCESS_KEY, "--expiration-seconds=3600",
                                       "--no-docs").code, 0)
        self.assertEqual(self.described("service-connector", "c")["config"]["duration_seconds"], 3600)
        self.refused(self.register("d", "aws", "secret-key", *ACCESS_KEY, "--interactive"), "describe-type")
        self.refused(self.gantry(self.daemon, "container-registry", "register", "r", "--uri=docker.io/me",
                                 "--authentication_secret=s"), "--type docker", "--connector")

    def test_types_are_shown_one_by_one(self):
        shown = self.ok(self.daemon, "service-connector", "describe-type", "aws", "--auth-method=iam-role").out
        self.assertIn("--auth-method=iam-role", shown)
        self.assertNotIn("--auth-method=secret-key", shown)
        secret = next(line for line in shown.splitlines() if "--aws_secret_access_key" in line)
        self.assertIn("required, secret", secret)
        one = self.ok(self.daemon, "service-connector", "list-types", "--type", "docker", "-o", "json").json()
        self.assertEqual([t["type"] for t in one["connector_types"]], ["docker"])
        typed = self.ok(self.daemon, "service-connector", "describe-type", "gcp", "-o", "json").json()
        self.assertEqual(typed["type"], "gcp")
        self.refused(self.gantry(self.daemon, "service-connector", "describe-type", "gpc"), "aws", "docker", "gcp")
        self.refused(self.gantry(self.daemon, "service-connector", "list-types", "--type", "gcp", "-a", "password"),
                     "service-account")

    def test_attributes_are_taken_away(self):
        self.docker("c", "--description=mine", "--registry=docker.io")
        self.ok(self.daemon, "service-connector", "update", "c", "--remove-attr", "description", "--remove-attr",
                "registry", "--password=pw", "--no-verify")
        left = self.described("service-connector", "c")
        self.assertEqual((left["description"], left["config"]), ("", {"username": "me"}))
        self.refused(self.gantry(self.daemon, "service-connector", "update", "c", "--remove-attr", "colour"),
                     "no 'colour' to remove")
        self.ok(self.daemon, "container-registry", "register", "r", "--uri=us-docker.pkg.dev/my-project/my-repo",
                "--default_repository=app", "--label", "a=1", "--label", "b=2", "--create_repository=true")
        self.assertIn("connector c", self.ok(self.daemon, "container-registry", "connect", "r", "-c", "c").out)
        self.assertEqual(self.described("container-registry", "r")["connector"], "c")
        self.assertIn("docker login", self.ok(self.daemon, "container-registry", "disconnect", "r").out)
        self.ok(self.daemon, "container-registry", "remove-attribute", "r", "default_repository", "create_repository",
                "-l", "a")
        left = self.described("container-registry", "r")
        self.assertEqual((left["connector"], left["default_repository"], left["labels"], left.get("config")),
                         ("", "", {"b": "2"}, None))
        self.refused(self.gantry(self.daemon, "container-registry", "remove-attribute", "r", "colour"),
                     "no field 'colour'")
        self.refused(self.gantry(self.daemon, "container-registry", "remove-attribute", "r", "-l", "a"),
                     "no label 'a'")

    def test_resources_of_every_connector(self):
        self.docker("a")
        self.docker("b")
        all_of_them = ("service-connector", "list-resources")
        shown = self.ok(self.daemon, *all_of_them, "--resource-type", "docker-registry").out
        self.assertEqual([line.split()[0] for line in shown.splitlines()[1:]], ["a", "b"])
        self.assertIn("not known", shown)
        told = self.ok(self.daemon, *all_of_them, "-o", "json").json()["connectors"]
        self.assertEqual([(c["connector"], c["resources"]) for c in told], [("a", []), ("b", [])])
        self.assertTrue(all(c["error"] for c in told))
        self.assertEqual(self.ok(self.daemon, *all_of_them, "-e", "-o", "json").json(), {"connectors": []})
        self.assertEqual(self.ok(self.daemon, *all_of_them, "-c", "aws", "-o", "json").json(), {"connectors": []})
        self.assertEqual(self.gantry(self.daemon, *all_of_them, "a").code, 1)


if __name__ == "__main__":
    harness.main()
