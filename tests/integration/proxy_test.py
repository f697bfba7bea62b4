#!/usr/bin/env python3
"""A daemon that reaches the outside through an HTTP proxy alone, and what it keeps off the proxy."""
import harness
from aws_case import HOST, AwsCase  # finds the emulated clouds
from clouds.aws_metadata import InstanceMetadata
from clouds.connect_proxy import ConnectProxy

LOGIN = "me:password-of-the-proxy"


class Proxy(AwsCase):
    def setUp(self):
        super().setUp()
        self.aws.create("team/app")
        self.proxy = ConnectProxy(self, self.cloud.port, LOGIN)
        self.secrets.add(LOGIN.partition(":")[2])

    def behind(self, login, *flags):
        """A daemon for which real names lead nowhere; the services of the machine itself are at hand."""
        url = f"http://{login}127.0.0.1:{self.proxy.port}"
        env = {"AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "", "AWS_REGION": "", "NO_PROXY": "", "no_proxy": "",
               **{name: url for name in ("HTTPS_PROXY", "https_proxy", "http_proxy", "all_proxy")}}
        return harness.Gantryd(
            self, *flags, "--ca-certificates", self.cloud.ca_file, "--allow-implicit-login", "--log-level", "debug",
            "--connect-to", f"169.254.169.254:80:127.0.0.1:{self.cloud.plain_port}", env=env)

    def test_clouds_are_reached_through_it_and_the_machines_own_services_are_not(self):
        InstanceMetadata(self.aws, self.aws.role("machine"))
        daemon = self.behind(f"{LOGIN}@")
        made = self.connect(daemon, "implicit")
        self.assertEqual(made.code, 0, made)
        pushed = self.push_app(daemon)
        self.assertEqual(pushed.code, 0, pushed)
        self.assertTrue(self.cloud.requests(host="169.254.169.254"))
        self.assertEqual(set(self.proxy.asked), {f"CONNECT {host}:443" for host in (
            HOST, "sts.us-east-1.amazonaws.com", "api.ecr.us-east-1.amazonaws.com")})

    def test_a_proxy_that_wants_a_login(self):
        daemon = self.behind("")
        self.ok(daemon, "container-registry", "register", "ecr", "--flavor=aws", f"--uri={HOST}")
        refused = self.push_app(daemon)
        self.assert_refused(refused, 3, "UPSTREAM_AUTH_REJECTED", "the HTTP proxy's user and password")
        self.assertEqual(self.cloud.requests(), [])

    def test_registries_of_this_machine_are_not_asked_for_through_it(self):
        registry = harness.Registry(self)
        daemon = self.behind("", "--dev")
        self.ok(daemon, "container-registry", "register", "here", "--flavor=default", f"--uri={registry.host}")
        for name in ("local", "here"):
            self.ok(daemon, "push", f"oci:{self.dir}/l", "-r", name, "--repository", "app", "--tag", "1")
        self.assertEqual(self.proxy.asked, [])

    def test_a_proxy_that_does_not_let_through(self):
        daemon = self.behind(f"{LOGIN}@")
        self.ok(daemon, "container-registry", "register", "other", "--flavor=default", f"--uri={HOST}:8443/x")
        checked = self.gantry(daemon, "container-registry", "verify", "other", "--repository", "app")
        self.assertIn(f"let the HTTP proxy pass connections to {HOST}:8443", checked.out)


if __name__ == "__main__":
    harness.main()
