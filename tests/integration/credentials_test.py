#!/usr/bin/env python3
"""What leaves the daemon so that somebody else can pull, and the tools that take it."""
import base64
import json
import os
import subprocess

import harness
import images

SECRET = "secret-of-me"


class Credentials(harness.Case):
    def start(self, *flags):
        """A daemon, a registry behind a password, and an image in it."""
        self.registry = harness.Registry(self, auth="htpasswd")
        self.daemon = harness.Gantryd(self, *flags)
        self.ok(self.daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                "--username=me", "--password=-", "--no-verify", input=SECRET)
        self.register(self.daemon, "prod", self.registry, "--connector", "c")
        images.simple(self.dir / "l")
        self.image = self.push(self.daemon, f"oci:{self.dir}/l", "-r", "prod", "--pipeline", "app", "--version", "1")
        self.home = self.dir / "user"
        self.home.mkdir()
        # Debian's skopeo trusts what lies in a folder of certificates.
        self.certs = self.dir / "certs"
        self.certs.mkdir()
        (self.certs / "ca.crt").write_bytes(self.registry.ca.read_bytes())

    def user(self):
        return {"HOME": str(self.home), "DOCKER_CONFIG": str(self.home / ".docker"),
                "XDG_RUNTIME_DIR": str(self.home), "REGISTRY_AUTH_FILE": "",
                "PATH": f"{harness.GANTRY.parent}:{os.environ['PATH']}", "GANTRY_ADDRESS": self.daemon.address}

    def pull(self, **env):
        """skopeo's exit code for the image, as a user that has only what was written for it."""
        kept = {k: v for k, v in {**os.environ, **self.user(), **env}.items() if v}
        return subprocess.run(["skopeo", "inspect", "--cert-dir", self.certs, f"docker://{self.image['uri']}"],
                              env=kept, capture_output=True, text=True).returncode

    def helper(self, verb, text):
        done = subprocess.run(["docker-credential-gantry", verb], input=text, env={**os.environ, **self.user()},
                              capture_output=True, text=True)
        return harness.Result(done)

    def test_a_secret_without_an_end_stays_in_the_daemon(self):
        self.start()
        for command in ("login", "pull-secret"):
            refused = self.gantry(self.daemon, command, "prod", env=self.user())
            self.assertNotEqual(refused.code, 0, refused)
            self.assertIn("no short-lived credential", refused.err)
            self.assertIn("--allow-long-lived-credentials default", refused.err)
            self.assertNotIn(SECRET, refused.out + refused.err)
        self.assertFalse((self.home / ".docker").exists())
        self.assertNotEqual(self.pull(), 0)
        answer = self.helper("get", self.registry.host)
        self.assertEqual(answer.code, 1)
        self.assertIn("no short-lived credential", answer.out)

    def test_the_operator_may_allow_it_and_it_is_marked(self):
        self.start("--allow-long-lived-credentials", "default")
        self.assertNotEqual(self.pull(), 0, "the user has no login yet")
        (self.home / ".docker").mkdir()
        config = self.home / ".docker/config.json"
        config.write_text(json.dumps({"auths": {"other.example": {"auth": "eA=="}}, "HttpHeaders": {"X": "y"}}))
        done = self.ok(self.daemon, "login", "prod", env=self.user())
        self.assertIn("does not end by itself", done.err)
        self.assertIn("may push and delete", done.err)
        self.assertNotIn("alone", done.err, "nobody asked for one repository")
        self.assertIn(str(config), done.out)
        written = json.loads(config.read_text())
        self.assertEqual(written["HttpHeaders"], {"X": "y"})
        self.assertIn("other.example", written["auths"])
        self.assertEqual(self.pull(), 0)

        shown = self.ok(self.daemon, "login", "prod", "--config", self.dir / "auth.json", "-o", "json",
                        env=self.user()).json()
        self.assertTrue(shown["long_lived"])
        self.assertFalse(shown["read_only"] or shown["one_repository"])
        self.assertEqual(shown["password"], "")
        self.assertEqual(self.pull(DOCKER_CONFIG=str(self.dir), REGISTRY_AUTH_FILE=str(self.dir / "auth.json")), 0)


    def test_a_password_that_the_registry_changes(self):
        self.start("--allow-long-lived-credentials", "default")
        verified = self.ok(self.daemon, "container-registry", "verify", "prod", "--repository", "app").out
        self.assertIn("may push to app", verified)
        resolved = self.ok(self.daemon, "image", "resolve", self.image["uri"], "-o", "json").json()
        self.assertEqual(resolved["digest_uri"], self.image["digest_uri"])
        self.ok(self.daemon, "login", "prod", env=self.user())
        self.assertEqual(self.pull(), 0)
        self.registry.set_password("me", "next-secret-of-me")
        self.assertNotEqual(self.pull(), 0)
        again = ("push", f"oci:{self.dir}/l", "-r", "prod", "--pipeline", "app", "--version", "2")
        refused = self.gantry(self.daemon, *again)
        self.assertEqual(refused.code, 3, refused)
        self.assertIn("UPSTREAM_AUTH_REJECTED", refused.err)
        self.ok(self.daemon, "service-connector", "update", "c", "--password=-", input="next-secret-of-me")
        self.ok(self.daemon, *again)
        self.ok(self.daemon, "login", "prod", env=self.user())
        self.assertEqual(self.pull(), 0)

    def secret(self, *argv):
        """The manifest that would go to kubectl; a pull by it alone works."""
        warned, metadata, file = self.kubernetes_secret(self.daemon, "prod", "--repository", "app", *argv)
        for words in ("does not end by itself", "may push and delete", f"not for {self.registry.host}/app alone"):
            self.assertIn(words, warned)
        self.assertEqual(metadata["annotations"], {"gantry-registry": self.registry.host, "gantry-long-lived": "true"})
        self.assertEqual(self.pull(DOCKER_CONFIG=str(self.dir), REGISTRY_AUTH_FILE=str(file)), 0)
        [login] = json.loads(file.read_text())["auths"].values()
        self.assertEqual(base64.b64decode(login["auth"], validate=True).decode(), f"me:{SECRET}")
        return metadata

    def test_a_secret_for_kubernetes(self):
        self.start("--allow-long-lived-credentials", "default")
        named = self.secret("--namespace", "ml", "--name", "pull")
        self.assertEqual((named["name"], named["namespace"]), ("pull", "ml"))
        self.assertEqual(self.secret()["name"], "gantry-prod")
        self.assertNotIn("namespace", self.secret(), "it goes where kubectl goes")
        for name in ("Not_A_Name", "-x", "x" * 254, "a..b"):
            bad = self.gantry(self.daemon, "pull-secret", "prod", f"--name={name}")
            self.assertEqual(bad.code, 2, bad)

    def test_tools_ask_the_daemon_by_its_helper(self):
        self.start("--allow-long-lived-credentials", "default")
        self.ok(self.daemon, "login", "prod", "--helper", env=self.user())
        config = json.loads((self.home / ".docker/config.json").read_text())
        self.assertEqual(config["credHelpers"], {self.registry.host: "gantry"})
        self.assertNotIn("auths", config)
        self.assertEqual(self.pull(), 0)

        got = self.helper("get", f"https://{self.registry.host}/v2/")
        self.assertEqual((got.json()["Username"], got.json()["Secret"]), ("me", SECRET))
        self.assertIn("does not end by itself", got.err)
        self.assertNotIn(SECRET, got.err)
        stranger = self.helper("get", "registry.example.com")
        self.assertEqual((stranger.code, stranger.out), (1, "credentials not found in native keychain\n"))
        self.assertEqual(self.helper("list", "").json(), {self.registry.host: "c"})
        self.assertEqual(self.helper("erase", self.registry.host).code, 1)
        self.assertEqual(self.helper("version", "").code, 0)

        # A login in the file would not be seen, and must not be written as if it were.
        hidden = self.gantry(self.daemon, "login", "prod", env=self.user())
        self.assertNotEqual(hidden.code, 0)
        self.assertIn("--helper", hidden.err)

    def test_helpers_are_asked_by_host_alone(self):
        self.start("--allow-long-lived-credentials", "default")
        for narrow in (("--repository", "app"), ("--reference", self.image["uri"])):
            named = () if narrow[0] == "--reference" else ("prod",)
            refused = self.gantry(self.daemon, "login", *named, "--helper", *narrow, env=self.user())
            self.assertEqual(refused.code, 2, refused)
            self.assertIn(f"{narrow[0]} excludes --helper", refused.err)
        self.ok(self.daemon, "service-connector", "register", "narrow", "--type", "docker", "--auth-method=password",
                "--username=other", "--password=secret-of-other", "--no-verify")
        self.ok(self.daemon, "container-registry", "register", "team", f"--uri={self.registry.host}/team",
                "--flavor=default", "--ca-file", self.registry.ca, "--connector", "narrow")
        words = f"the login for {self.registry.host} is that of registry prod: for team, use gantry login"
        self.assertIn(words, self.ok(self.daemon, "login", "team", "--helper", env=self.user()).err)
        got = self.helper("get", self.registry.host)
        self.assertEqual(got.json()["Username"], "me")
        self.assertIn(words, got.err)

    def test_kubelets_ask_it_too(self):
        self.start("--allow-long-lived-credentials", "default")
        ask = lambda image: self.ok(self.daemon, "credential-helper", "kubelet", input=json.dumps(
            {"kind": "CredentialProviderRequest", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
             "image": image}))
        told = ask(self.image["uri"])
        self.assertIn("does not end by itself", told.err)
        answer = told.json()
        self.assertEqual(answer["kind"], "CredentialProviderResponse")
        self.assertEqual(answer["auth"], {f"{self.registry.host}/app": {"username": "me", "password": SECRET}})
        stranger = ask("quay.io/other/image:1")
        self.assertEqual((stranger.json()["auth"], stranger.err), ({}, ""))
        wrong = self.gantry(self.daemon, "credential-helper", "kubelet", input="{}")
        self.assertEqual(wrong.code, 2, wrong)

    def test_a_registry_without_a_login_needs_none(self):
        self.registry = harness.Registry(self)
        self.daemon = harness.Gantryd(self)
        self.register(self.daemon, "open", self.registry)
        self.home = self.dir
        done = self.ok(self.daemon, "login", "open", env=self.user())
        self.assertIn("asks for no login", done.out)
        self.assertFalse((self.dir / ".docker").exists())
        self.assertEqual(self.helper("get", self.registry.host).out, "credentials not found in native keychain\n")


if __name__ == "__main__":
    harness.main()
