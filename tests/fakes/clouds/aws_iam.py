"""Who may do what at the emulated AWS: identities with keys, and IAM's rules for policies."""
import fnmatch
import itertools
import json
import secrets

ACCOUNT = "123456789012"
PARTITIONS = {"cn-": ("aws-cn", "amazonaws.com.cn"), "us-gov-": ("aws-us-gov", "amazonaws.com"),
              "": ("aws", "amazonaws.com")}
_numbers = itertools.count(1)


def partition_of(region):
    """What ARNs of the region have behind "arn:", and what its host names end with."""
    return next(partition for prefix, partition in PARTITIONS.items() if region.startswith(prefix))


class Identity:
    """Keys, who they belong to, and the policies that limit them.  `layers` are sets of policies: each set has
    to allow, and none may deny.  `ends` is None for the long-lived keys of a user."""

    def __init__(self, arn, layers, ends=None):
        self.arn, self.layers, self.ends = arn, layers, ends
        self.account = arn.split(":")[4]
        self.access_key_id = ("ASIA" if ends else "AKIA") + f"{next(_numbers):016d}"
        self.secret_access_key = secrets.token_urlsafe(30)
        self.session_token = secrets.token_urlsafe(64) if ends else None

    @property
    def is_temporary(self):
        return self.ends is not None

    def may(self, action, resource):
        return all(_layer_allows(layer, action, resource) for layer in self.layers)


class Role:
    """`trusts` are the ARNs, or subjects of web identity tokens, that may assume it, as shell patterns;
    `max_session` is its MaxSessionDuration in seconds."""

    def __init__(self, name, policies, trusts=("*",), external_id=None, max_session=3600, account=ACCOUNT,
                 partition="aws"):
        self.arn = f"arn:{partition}:iam::{account}:role/{name}"
        self.policies, self.trusts, self.external_id = policies, trusts, external_id
        self.max_session = max_session

    def session(self, name, session_policies, ends):
        arn = self.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/" + name
        return Identity(arn, [self.policies] + ([session_policies] if session_policies else []), ends)


def allow(*actions, resource="*"):
    return {"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}]}


POWER_USER = allow("ecr:*", "ecr-public:*", "sts:*", "kms:*")
_READ = ["ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer",
         "ecr:GetRepositoryPolicy", "ecr:DescribeRepositories", "ecr:ListImages", "ecr:DescribeImages",
         "ecr:BatchGetImage", "ecr:GetLifecyclePolicy", "ecr:GetLifecyclePolicyPreview", "ecr:ListTagsForResource",
         "ecr:DescribeImageScanFindings"]
# What AWS itself manages for ECR, by name: docs.aws.amazon.com/aws-managed-policy/latest/reference/.
AWS_MANAGED = {
    "AmazonEC2ContainerRegistryReadOnly": allow(*_READ),
    "AmazonEC2ContainerRegistryPowerUser": allow(*_READ, "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
                                                 "ecr:CompleteLayerUpload", "ecr:PutImage"),
    "AmazonEC2ContainerRegistryFullAccess": allow("ecr:*", "cloudtrail:LookupEvents"),
}


def parse_policy(text):
    """The policy, or ValueError with IAM's words."""
    try:
        policy = json.loads(text)
        for statement in policy["Statement"]:
            if not {"Effect"} < statement.keys() or statement["Effect"] not in ("Allow", "Deny"):
                raise ValueError
            if len({"Action", "NotAction"} & statement.keys()) != 1 or \
                    len({"Resource", "NotResource"} & statement.keys()) != 1:
                raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError("Syntax errors in policy.") from None
    return policy


def _layer_allows(policies, action, resource):
    effects = {statement["Effect"] for policy in policies for statement in policy["Statement"]
               if _covers(statement, "Action", action) and _covers(statement, "Resource", resource)}
    return effects == {"Allow"}


def _covers(statement, key, value):
    if "Not" + key in statement:
        return not _matches(statement["Not" + key], value)
    return _matches(statement[key], value)


def _matches(patterns, value):
    return any(fnmatch.fnmatchcase(value, p) for p in ([patterns] if isinstance(patterns, str) else patterns))
