#!/usr/bin/env python3
"""Amazon ECR by all the host names it has: dual stack, FIPS, China, GovCloud, and tokens that end inside of pushes."""
import os

import harness
import images
from aws_case import API, HOST, STS, AwsCase
from clouds.aws import Aws
from clouds.aws_iam import partition_of
from clouds.registry_proxy import RegistryProxy

ACCOUNT = "123456789012"
# region: (registry, ECR's API, STS) of each kind of host name.
HOSTS = {
    "us-east-1": {
        "dual stack": (f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws", "ecr.us-east-1.api.aws", "sts.us-east-1.api.aws"),
        "FIPS": (f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com", "ecr-fips.us-east-1.amazonaws.com",
                 "sts-fips.us-east-1.amazonaws.com"),
        # As AWS's SDKs have it, where the documented name is not known.
        "FIPS of the SDKs": (f"{ACCOUNT}.dkr.ecr-fips.us-east-1.amazonaws.com",
                             "api.ecr-fips.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"),
        "FIPS on dual stack": (f"{ACCOUNT}.dkr-ecr-fips.us-east-1.on.aws", "ecr-fips.us-east-1.api.aws",
                               "sts-fips.us-east-1.api.aws")},
    "cn-north-1": {
        "China": (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", "api.ecr.cn-north-1.amazonaws.com.cn",
                  "sts.cn-north-1.amazonaws.com.cn"),
        "China on dual stack": (f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
                                "ecr.cn-north-1.api.amazonwebservices.com.cn",
                                "sts.cn-north-1.api.amazonwebservices.com.cn")},
    "us-gov-west-1": {
        "GovCloud": (f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com", "api.ecr.us-gov-west-1.amazonaws.com",
                     "sts.us-gov-west-1.amazonaws.com"),
        "GovCloud with FIPS": (f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                               "ecr-fips.us-gov-west-1.amazonaws.com", "sts.us-gov-west-1.amazonaws.com"),
        "GovCloud on dual stack": (f"{ACCOUNT}.dkr-ecr.us-gov-west-1.on.aws", "ecr.us-gov-west-1.api.aws",
                                   "sts.us-gov-west-1.api.aws")}}
FIPS_OF_AWS = "ecr-fips.us-east-1.amazonaws.com"


class HostNames(AwsCase):
    def test_every_kind_of_host_name(self):
        """From a role's connector to a pull, by the API and the STS that are of the registry's kind.  Outside of AWS's
        main partition a connector names its region: it is tried before there is a registry."""
        for region, kinds in HOSTS.items():
            for kind, (host, api, sts) in kinds.items():
                with self.subTest(kind):
                    self.start_cloud(region)
                    self.aws.serve(region, host, api, sts)
                    self.aws.create("team/app", region)
                    role = self.aws.role("pusher", trusts=[self.user.arn])
                    self.host = host
                    nowhere = () if api == FIPS_OF_AWS else (
                        "--connect-to", f"{FIPS_OF_AWS}:443:127.0.0.1:1")
                    daemon = self.daemon(*nowhere)
                    own = [] if region == "us-east-1" else [f"--region={region}"]
                    made = self.connect(daemon, "iam-role", self.user, f"--role_arn={role.arn}", *own)
                    self.assertEqual(made.code, 0, made)
                    verified = self.ok(daemon, "service-connector", "verify", "aws_connector").out
                    self.assertIn(f"arn:{self.aws.partition}:sts::{ACCOUNT}:assumed-role/pusher/", verified)
                    self.assert_full_path(daemon)
                    tried = f"sts.{region}.{partition_of(region)[1]}", f"api.ecr.{region}.{partition_of(region)[1]}"
                    asked = {r.host for r in self.cloud.requests(method="POST", path="/")}
                    self.assertEqual(asked - {*tried}, {api, sts} - {*tried})
                    self.assertTrue(self.cloud.requests(host=api), "the registry's own API")
                    self.assertTrue(self.cloud.requests(host=sts), "and STS")


class Regions(AwsCase):
    def asked(self, since=0):
        return {r.host for r in self.cloud.requests(method="POST", path="/")[since:]}

    def test_a_registry_in_china_says_where_its_connector_is_tried(self):
        self.start_cloud("cn-north-1")
        # The main partition, which has other accounts and other keys.
        Aws(self.cloud, RegistryProxy(self.registry.port), ("us-east-1",))
        self.host, api, sts = HOSTS["cn-north-1"]["China"]
        self.aws.create("team/app", "cn-north-1")
        daemon = self.daemon()
        alone = self.connect(daemon, "secret-key", self.user)
        self.assert_refused(alone, 3, "UPSTREAM_AUTH_REJECTED", "give the connector --region")
        before = len(self.cloud.requests(method="POST", path="/"))

        made = self.connect(daemon, "secret-key", self.user, f"--resource-id={self.host}")
        self.assertEqual(made.code, 0, made)
        self.assert_full_path(daemon)
        # Stored without a try, and linked.
        keys = (f"--aws_access_key_id={self.user.access_key_id}",
                f"--aws_secret_access_key={self.user.secret_access_key}")
        self.ok(daemon, "service-connector", "register", "linked", "--type=aws", "--auth-method=secret-key", *keys,
                "--no-verify")
        self.ok(daemon, "container-registry", "update", "ecr", "--connector=linked")
        verified = self.ok(daemon, "service-connector", "verify", "linked", "-o", "json").json()
        self.assertEqual({v["state"] for v in verified["verifications"]}, {"STATE_ACCEPTED"}, verified)
        listed = self.ok(daemon, "service-connector", "list-resources", "linked", "-o", "json").json()["resources"]
        self.assertEqual([r["uri"] for r in listed], [self.host, f"{self.host}/team/app"])
        self.assertEqual(self.asked(before), {api, sts})

    def test_a_registrys_region_counts_before_that_of_the_daemons_environment(self):
        self.aws.serve("eu-west-1", f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com",
                       "sts.eu-west-1.amazonaws.com")
        self.aws.create("team/app")
        role = self.aws.role("pusher", trusts=[self.user.arn])
        daemon = self.daemon("--allow-implicit-login", env={
            "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": self.user.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.user.secret_access_key})
        made = self.connect(daemon, "implicit", None, f"--role_arn={role.arn}")
        self.assertEqual(made.code, 0, made)
        self.assertEqual(self.asked(), {"api.ecr.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"},
                         "tried before there was a registry")
        before = len(self.cloud.requests(method="POST", path="/"))
        self.assert_full_path(daemon)
        self.assertEqual(self.asked(before), {API, STS})


class Interruptions(AwsCase):
    def big_image(self):
        layout = images.Layout(self.dir / "big")
        layers = [layout.layer({f"f{i}": os.urandom(1_000_000)}, "none") for i in range(12)]
        return layout.root(layout.image(layers), "latest")

    def test_tokens_and_sessions_that_end_inside_of_a_push(self):
        """Twice in one push: ECR answers 403 to a token that was good before, and takes no old one again."""
        digest = self.big_image()
        for method in ("secret-key", "iam-role", "session-token", "federation-token"):
            with self.subTest(method):
                self.start_cloud(self.region)  # with a registry that has no layer yet
                self.aws.create("team/app")
                role = [f"--role_arn={self.aws.role('pusher').arn}"] if method == "iam-role" else []
                daemon = self.daemon()
                self.assertEqual(self.connect(daemon, method, self.user, *role).code, 0)
                # Far enough apart that no request meets both: a new token that is refused at its first use is final.
                self.aws.quirks.end_at_blobs = (2, 9)
                before = len(self.aws.registry_tokens)
                pushed = self.push_app(daemon, image="big")
                self.assertEqual(pushed.code, 0, pushed)
                self.assertEqual(pushed.json()["digest"], digest)
                self.assertGreaterEqual(len(self.aws.registry_tokens) - before, 2)
                refused = [r for r in self.cloud.requests(host=HOST) if r.status == 403]
                self.assertTrue(refused, "nobody was told that a token had expired")

    def test_a_token_of_the_public_registry_that_ends_inside_of_a_push(self):
        self.aws.create("app", region="public")
        digest = self.big_image()
        daemon = self.daemon()
        self.connect(daemon, "secret-key", self.user)
        self.ok(daemon, "container-registry", "register", "public", "--uri=public.ecr.aws/acme",
                "--connector", "aws_connector")
        self.aws.quirks.end_at_blobs = (2, 9)
        pushed = self.gantry(daemon, "push", f"oci:{self.dir}/big", "-r", "public", "--repository", "app",
                             "--tag", "v1", "-o", "json")
        self.assertEqual(pushed.code, 0, pushed)
        self.assertEqual(pushed.json()["digest"], digest)


if __name__ == "__main__":
    harness.main()
