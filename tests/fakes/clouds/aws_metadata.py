"""The emulated services that tell a machine of AWS its own keys: EC2, ECS and EKS Pod Identity."""
import datetime
import secrets

from clouds.exchange import Response, json_response

ROLE_PATH = "/latest/meta-data/iam/security-credentials/"
TTL, SESSION = "X-aws-ec2-metadata-token-ttl-seconds", "X-aws-ec2-metadata-token"


class InstanceMetadata:
    """IMDSv2 on 169.254.169.254, for an instance with a role of an Aws (see aws.py)."""

    def __init__(self, aws, role):
        self.aws, self.role, self._sessions = aws, role, set()
        host = aws.emulator.host("169.254.169.254", plain=True)
        host.on("PUT", "/latest/api/token", self._token)
        host.on("GET", ROLE_PATH, lambda request: self._guarded(request, lambda: Response(200, self._name)))
        host.on("GET", ROLE_PATH + ".+", lambda request: self._guarded(request, self._keys))
        host.on("GET", "/latest/meta-data/placement/availability-zone",
                lambda request: self._guarded(request, lambda: Response(200, b"eu-central-1b")))

    @property
    def _name(self):
        return self.role.arn.rsplit("/", 1)[1].encode()

    def _token(self, request):
        if "X-Forwarded-For" in request.headers:
            return Response(403, b"")
        assert 1 <= int(request.headers[TTL]) <= 21600
        self._sessions.add(token := secrets.token_hex(16))
        return Response(200, token.encode(), {TTL: request.headers[TTL]})

    def _guarded(self, request, answer):
        return answer() if request.headers.get(SESSION) in self._sessions else Response(401, b"")

    def _keys(self):
        return json_response(200, {"Code": "Success", "Type": "AWS-HMAC", **keys_of(self.aws, self.role, "i-0abc")})


class ContainerCredentials:
    """The endpoint of ECS (169.254.170.2) and of EKS Pod Identity (169.254.170.23); this one wants a token."""

    def __init__(self, aws, host, role, token=None):
        self.aws, self.role, self.token = aws, role, token
        aws.emulator.host(host, plain=True).on("GET", "/v[12]/credentials.*", self._answer)

    def _answer(self, request):
        if request.headers.get("Authorization") != self.token:
            return json_response(401, {"code": "AccessDenied", "message": "invalid service account token"})
        return json_response(200, {**keys_of(self.aws, self.role, "container"), "AccountId": "123456789012"})


def keys_of(aws, role, session_name):
    identity = role.session(session_name, [], aws.emulator.now() + 6 * 3600)
    aws.add(identity)
    ends = datetime.datetime.fromtimestamp(identity.ends, datetime.timezone.utc)
    return {"AccessKeyId": identity.access_key_id, "SecretAccessKey": identity.secret_access_key,
            "Token": identity.session_token, "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
