#!/usr/bin/env python3
"""What gantryd sends to AWS is what botocore sends for the same calls: host, path, headers, body."""
import base64
import json
import os

import botocore.config
import botocore.session
from botocore import xform_name

import harness
import images
from clouds.aws import Aws
from clouds.aws_iam import allow
from clouds.aws_signature import AUTHORIZATION
from clouds.emulator import Emulator
from clouds.registry_proxy import RegistryProxy

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
REGION = "eu-west-1"


def seen(request):
    """All of a request that AWS looks at; of the signature, who signed what for which service."""
    header = request.headers.get("Authorization")
    if header:
        key, _, region, service, names, _ = AUTHORIZATION.fullmatch(header).groups()
        header = (key, region, service, names)
    is_form = request.headers["Content-Type"].startswith("application/x-www-form-urlencoded")
    return (request.method, request.host, request.path, request.headers["Content-Type"],
            request.headers.get("X-Amz-Target"), header, request.form() if is_form else request.json())


def arguments(request):
    """(service, operation, arguments) for botocore."""
    if "X-Amz-Target" in request.headers:
        service = "ecr-public" if "Spencer" in request.headers["X-Amz-Target"] else "ecr"
        return service, request.headers["X-Amz-Target"].split(".")[1], request.json()
    form = request.form()
    action, _ = form.pop("Action"), form.pop("Version")
    arns = [form.pop(name) for name in sorted(form) if name.startswith("PolicyArns.")]
    if arns:
        form["PolicyArns"] = [{"arn": arn} for arn in arns]
    if "DurationSeconds" in form:
        form["DurationSeconds"] = int(form["DurationSeconds"])
    return "sts", action, form


class AwsWire(harness.Case):
    def setUp(self):
        super().setUp()
        os.environ["AWS_STS_REGIONAL_ENDPOINTS"] = "regional"  # the default of newer releases
        self.cloud = Emulator(self)
        self.aws = Aws(self.cloud, RegistryProxy(harness.Registry(self).port))
        self.user = self.aws.user()

    def botocore(self, service, identity, region):
        session = botocore.session.Session()
        session.set_credentials(identity.access_key_id, identity.secret_access_key, identity.session_token)
        config = botocore.config.Config(proxies={"https": self.cloud.client_env()["HTTPS_PROXY"]})
        client = session.create_client(service, region, verify=str(self.cloud.ca_file), config=config)
        self.addCleanup(client.close)
        return client

    def assert_as_botocore(self, requests):
        self.assertTrue(requests)
        for request in requests:
            service, operation, fields = arguments(request)
            key = AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
            identity = self.aws.identity_of(key[1]) if key else self.user
            region = "us-east-1" if "us-east-1" in request.host else REGION
            already = len(self.cloud.requests())
            try:
                getattr(self.botocore(service, identity, region), xform_name(operation))(**fields)
            except botocore.exceptions.ClientError:
                pass  # what was created cannot be created again
            [theirs] = self.cloud.requests()[already:]
            self.assertEqual(seen(request), seen(theirs))
        return {arguments(request)[1] for request in requests}

    def test_requests_are_those_of_botocore(self):
        role = self.aws.role("pusher", external_id="e-1")
        token = self.dir / "token"
        token.write_text(self.aws.sts.web_token("sub"))
        pod = self.aws.role("pod", trusts=["sub"])
        images.simple(self.dir / "l")
        daemon = harness.Gantryd(self, *self.cloud.gantryd_flags(), "--allow-implicit-login",
                                 env={"AWS_WEB_IDENTITY_TOKEN_FILE": str(token), "AWS_ROLE_ARN": pod.arn})
        keys = (f"--aws_access_key_id={self.user.access_key_id}",
                f"--aws_secret_access_key={self.user.secret_access_key}")
        arns = [self.aws.policy(name, allow(action)) for name, action in (("registry", "ecr:*"), ("keys", "kms:*"))]
        arns = f"--policy_arns={json.dumps(arns)}"
        for method, fields in (("secret-key", keys), ("session-token", keys), ("federation-token", keys),
                               ("iam-role", (*keys, f"--role_arn={role.arn}", "--external_id=e-1", arns)),
                               ("web-identity", ())):
            self.ok(daemon, "service-connector", "register", method, "--type=aws", f"--auth-method={method}",
                    *fields)
            self.ok(daemon, "container-registry", "register", method, f"--uri={HOST}/{method}",
                    f"--connector={method}", "--create_repository=true", "--image_tag_mutability=IMMUTABLE",
                    "--scan_on_push=true", "--encryption_type=KMS", "--kms_key=alias/k",
                    '--repository_tags={"team": "ml & co"}')
            self.push(daemon, f"oci:{self.dir}/l", "-r", method, "--repository", "app", "--tag", "1")
            self.ok(daemon, "image", "list", "app", "-r", method)
        self.ok(daemon, "container-registry", "register", "public", "--uri=public.ecr.aws/acme",
                "--connector=secret-key", "--create_repository=true")
        self.push(daemon, f"oci:{self.dir}/l", "-r", "public", "--repository", "app", "--tag", "1")
        self.ok(daemon, "service-connector", "register", "alone", "--type=aws", "--auth-method=secret-key", *keys)
        self.ok(daemon, "service-connector", "list-resources", "alone")
        sent = [r for r in self.cloud.requests(method="POST", path="/")]
        self.assertEqual(self.assert_as_botocore(sent), {
            "GetAuthorizationToken", "DescribeRepositories", "CreateRepository", "DescribeImages",
            "DescribeRegistries", "GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken",
            "GetFederationToken"})

    def skopeo_push(self, login):
        """By PATCH, as docker does; and the layer comes back from the bucket."""
        digest = images.simple(self.dir / "l")
        env = self.cloud.client_env()
        self.skopeo("copy", "--dest-creds", login, f"oci:{self.dir}/l", f"docker://{HOST}/team/app:1", env=env)
        self.assertEqual({r.status for r in self.cloud.requests(method="PATCH")}, {201})
        self.skopeo("copy", "--src-creds", login, f"docker://{HOST}/team/app:1", f"dir:{self.dir}/back", env=env)
        self.assertTrue(self.cloud.requests(host="*.s3.eu-west-1.amazonaws.com"))
        self.assertIn(digest, self.aws.repositories[self.aws.account, REGION, "team/app"].images)

    def test_the_emulator_takes_botocore_and_refuses_what_aws_refuses(self):
        sts = self.botocore("sts", self.user, REGION)
        self.assertEqual(sts.get_caller_identity()["Arn"], self.user.arn)
        ecr = self.botocore("ecr", self.user, REGION)
        ecr.create_repository(repositoryName="team/app")
        self.assertEqual(ecr.describe_repositories()["repositories"][0]["repositoryName"], "team/app")
        self.assertEqual(len(ecr.get_authorization_token()["authorizationData"]), 1)
        [given] = ecr.get_authorization_token()["authorizationData"]
        self.skopeo_push(base64.b64decode(given["authorizationToken"]).decode())
        self.user.secret_access_key += "x"
        with self.assertRaisesRegex(ecr.exceptions.ClientError, "InvalidSignatureException"):
            ecr.describe_repositories()
        self.user.session_token = "wanted"
        with self.assertRaisesRegex(sts.exceptions.ClientError, "InvalidClientTokenId"):
            sts.get_caller_identity()


if __name__ == "__main__":
    harness.main()
