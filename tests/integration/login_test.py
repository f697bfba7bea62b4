#!/usr/bin/env python3
"""Logging in to real registries: htpasswd behind TLS with a private CA, and short-lived tokens."""
import base64
import json
import os
import pathlib

import harness
import images

USERS = {"pusher": {"password": "p-secret-1", "actions": ["pull", "push"]},
         "reader": {"password": "r-secret-2", "actions": ["pull"], "lifetime": 300}}


class Login(harness.Case):
    def connector(self, daemon, name, user, password, registry, *flags):
        return self.gantry(daemon, "service-connector", "register", name, "--type", "docker",
                           "--auth-method=password", f"--username={user}", "--password", "-",
                           f"--registry={registry.host}", *flags, input=password)

    def test_htpasswd_and_private_ca(self):
        registry = harness.Registry(self, "htpasswd", {"me": "secret-of-me"})
        daemon = harness.Gantryd(self)
        digest = images.simple(self.dir / "l")

        untrusted = self.ok(daemon, "container-registry", "register", "untrusted", "--flavor=default",
                            f"--uri=https://{registry.host}")
        refused = self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", "untrusted", "--pipeline", "p")
        self.assertIn("UPSTREAM_TLS", refused.err, untrusted)

        self.register(daemon, "private", registry)
        anonymous = self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", "private", "--pipeline", "p")
        self.assertEqual(anonymous.code, 3, anonymous)

        # The connector finds its registry, and the CA to trust, by the link.
        self.ok(daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                "--username=me", "--password=secret-of-me", "--no-verify")
        self.ok(daemon, "container-registry", "update", "private", "--connector", "c")
        verified = self.ok(daemon, "service-connector", "verify", "c", "-o", "json").json()
        self.assertEqual(verified["verifications"][0]["state"], "STATE_ACCEPTED")
        image = self.push(daemon, f"oci:{self.dir}/l", "-r", "private", "--pipeline", "p", "--version", "1")
        self.assert_pulls_back(self.dir / "l", image, digest, *registry.access("me:secret-of-me"))

        wrong = self.gantry(daemon, "service-connector", "update", "c", "--password=wrong")
        self.assertEqual(wrong.code, 3, wrong)
        self.assertIn("UPSTREAM_AUTH_REJECTED", wrong.err)
        self.assertNotIn("wrong", wrong.err.replace("wrong user", ""))
        still = self.ok(daemon, "service-connector", "verify", "c", "-o", "json").json()
        self.assertEqual(still["verifications"][0]["state"], "STATE_ACCEPTED")

    def test_a_push_outlives_its_tokens(self):
        registry = harness.Registry(self, "token", USERS, lifetime=2)
        slow = harness.Helper(self, harness.FAKES / "tcp_proxy.py", "--to", registry.host,
                              "--bytes-per-second", 2_000_000)
        direct, registry.host = registry.host, f"127.0.0.1:{slow.port}"
        daemon = harness.Gantryd(self)
        created = self.connector(daemon, "c", "pusher", "p-secret-1", registry)
        self.assertEqual(created.code, 0, created)
        self.register(daemon, "slow", registry, "--connector", "c")
        layout = images.Layout(self.dir / "l")
        layers = [layout.layer({f"f{i}": os.urandom(1_000_000)}, "none") for i in range(16)]
        digest = layout.root(layout.image(layers), "latest")
        image = self.push(daemon, f"oci:{self.dir}/l", "-r", "slow", "--repository", "team/app", "--tag", "t")
        pushes = [r for r in registry.token_requests()
                  if any("team/app:" in s and "push" in s for s in r["scopes"])]
        self.assertGreater(len(pushes), 3, "16 MB at 2 MB/s take 8 s, which no three tokens of 2 s last")
        self.assertLess(len(pushes), 40, "tokens are shared, not asked for by every request")
        # skopeo asks for one token: as the reader, whose tokens last, and past the slow line.
        image = json.loads(json.dumps(image).replace(registry.host, direct))
        self.assert_pulls_back(self.dir / "l", image, digest, *registry.access("reader:r-secret-2"))

    def test_a_token_without_push_names_the_scope(self):
        registry = harness.Registry(self, "token", USERS)
        daemon = harness.Gantryd(self)
        self.assertEqual(self.connector(daemon, "c", "reader", "r-secret-2", registry).code, 0)
        self.register(daemon, "r", registry, "--connector", "c")
        images.simple(self.dir / "l")
        denied = self.gantry(daemon, "push", f"oci:{self.dir}/l", "-r", "r", "--repository", "team/app", "--tag",
                             "t")
        self.assertEqual(denied.code, 5, denied)
        self.assertIn("UPSTREAM_DENIED", denied.err)
        self.assertIn("repository:team/app:", denied.err)
        self.assertIn("push", denied.err)
        self.assertEqual(registry.stored_tags() if (registry.dir / "data").exists() else [], [])

    def test_anonymous_tokens(self):
        registry = harness.Registry(self, "token", {"": {"password": "", "actions": ["pull", "push"]}})
        daemon = harness.Gantryd(self)
        self.register(daemon, "open", registry)
        digest = images.simple(self.dir / "l")
        image = self.push(daemon, f"oci:{self.dir}/l", "--repository", "a", "--tag", "t")
        self.assertEqual(image["digest"], digest)
        self.assertEqual({r["user"] for r in registry.token_requests()}, {""})

    def test_tokens_over_tls_of_a_private_ca(self):
        registry = harness.Registry(self, "token", USERS, tls=True)
        daemon = harness.Gantryd(self)
        self.ok(daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                "--username=pusher", "--password=p-secret-1", "--no-verify")
        self.register(daemon, "private", registry, "--connector", "c")
        digest = images.simple(self.dir / "l")
        image = self.push(daemon, f"oci:{self.dir}/l", "--repository", "a", "--tag", "t")
        self.assert_pulls_back(self.dir / "l", image, digest, *registry.access("reader:r-secret-2"))

    def test_identity_tokens_are_posted_and_fall_back_to_get(self):
        digest = images.simple(self.dir / "l")
        for status, methods in ((None, {"POST"}), (404, {"POST", "GET"}), (405, {"POST", "GET"})):
            with self.subTest(status):
                flags = ["--post-status", status] if status else []
                registry = harness.Registry(self, "token", USERS, token_flags=flags)
                auth = {"auths": {registry.host: {"identitytoken": "p-secret-1"}}}
                daemon = harness.Gantryd(self, env={"DOCKER_AUTH_CONFIG": ""})
                docker = pathlib.Path(daemon.env["DOCKER_CONFIG"])
                docker.mkdir()
                (docker / "config.json").write_text(json.dumps(auth))
                self.register(daemon, "r", registry)
                image = self.push(daemon, f"oci:{self.dir}/l", "--repository", "a", "--tag", "t")
                self.assertEqual(image["digest"], digest)
                self.assertEqual({r["method"] for r in registry.token_requests()}, methods)

    def test_wrong_password_is_refused_and_not_stored(self):
        for auth, users in (("htpasswd", {"me": "x1"}), ("token", USERS)):
            with self.subTest(auth):
                registry = harness.Registry(self, auth, users)
                daemon = harness.Gantryd(self)
                if registry.ca:
                    self.register(daemon, "r", registry)
                refused = self.connector(daemon, "c", "me", "not-the-password", registry)
                self.assertEqual(refused.code, 3, refused)
                self.assertIn("what to do", refused.err)
                self.assertNotIn("not-the-password", refused.err + daemon.process.log())
                self.assertEqual(self.ok(daemon, "service-connector", "list", "-o", "json").json()
                                 .get("connectors", []), [])

    def test_the_daemons_own_docker_login(self):
        registry = harness.Registry(self, "token", USERS)
        digest = images.simple(self.dir / "l")
        auth = {"auths": {registry.host: {"auth": base64.b64encode(b"pusher:p-secret-1").decode()}}}
        home = self.dir / "docker"
        home.mkdir()
        (home / "config.json").write_text(json.dumps(auth))
        helpers = self.dir / "bin"
        helpers.mkdir()
        helper = helpers / "docker-credential-test"
        helper.write_text('#!/bin/sh\nread key\n[ "$1" = get ] || exit 1\n'
                          'printf \'{"ServerURL":"%s","Username":"pusher","Secret":"p-secret-1"}\' "$key"\n')
        helper.chmod(0o755)
        with_helper = self.dir / "with-helper"
        with_helper.mkdir()
        (with_helper / "config.json").write_text(json.dumps({"credHelpers": {registry.host: "test"}}))
        ways = {"config.json": {"DOCKER_CONFIG": str(home)},
                "DOCKER_AUTH_CONFIG": {"DOCKER_AUTH_CONFIG": json.dumps(auth)},
                "helper": {"DOCKER_CONFIG": str(with_helper), "PATH": f"{helpers}:{os.environ['PATH']}"}}
        for name, env in ways.items():
            with self.subTest(name):
                daemon = harness.Gantryd(self, env=env)
                self.register(daemon, "r", registry)
                image = self.push(daemon, f"oci:{self.dir}/l", "--repository", "a", "--tag", name.lower())
                self.assertEqual(image["digest"], digest)

    def test_a_password_is_named_and_never_told(self):
        """The harness looks for it in the state, the log and the answers."""
        registry = harness.Registry(self, "htpasswd", {"me": "very-secret-value"})
        daemon = harness.Gantryd(self, "--log-level", "debug")
        self.register(daemon, "r", registry)
        self.ok(daemon, "service-connector", "register", "c", "--type", "docker", "--auth-method=password",
                "--username=me", "--password=very-secret-value", "--no-verify")
        self.ok(daemon, "container-registry", "update", "r", "--connector", "c")
        images.simple(self.dir / "l")
        self.push(daemon, f"oci:{self.dir}/l", "-r", "r", "--pipeline", "p")
        described = self.ok(daemon, "service-connector", "describe", "c", "-o", "json")
        self.ok(daemon, "service-connector", "list", "-o", "json")
        self.assertEqual(described.json()["secret_fields"], ["password"])


if __name__ == "__main__":
    harness.main()
