"""The emulated Security Token Service: keys for a while, and who keys belong to."""
import base64
import datetime
import fnmatch
import hashlib
import hmac
import json
import re
import xml.sax.saxutils

from clouds import aws_signature
from clouds.aws_iam import Identity, parse_policy
from clouds.exchange import Response

FORM = "application/x-www-form-urlencoded; charset=utf-8"
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
ISSUER = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
CODES = {"missing": ("MissingAuthenticationToken", 403), "key": ("InvalidClientTokenId", 403),
         "expired": ("ExpiredToken", 403), "signature": ("SignatureDoesNotMatch", 403)}


class StsError(Exception):
    def __init__(self, code, text, status=400):
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


class Sts:
    """The regional services of an Aws (see aws.py), which knows identities and roles."""

    ACTIONS = ("GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken",
               "GetFederationToken")

    def __init__(self, aws):
        self.aws = aws
        self._issuer_key = b"known to the token's issuer and to STS"

    def serve(self, host, region):
        self.aws.emulator.host(host).on("POST", "/", lambda request: self._answer(request, region))

    def web_token(self, subject, audience="sts.amazonaws.com", issuer=ISSUER, life=3600):
        """A token as the kubelet would put into a pod."""
        claims = {"iss": issuer, "sub": subject, "aud": [audience], "exp": int(self.aws.emulator.now() + life)}
        parts = [_base64(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims)]
        return ".".join([*parts, self._token_signature(parts)])

    def _token_signature(self, parts):
        return _base64(hmac.digest(self._issuer_key, ".".join(parts).encode(), hashlib.sha256))

    def _answer(self, request, region):
        fields = request.form()
        action = fields.get("Action")
        assert request.headers["Content-Type"] == FORM and fields["Version"] == "2011-06-15", request
        assert action in self.ACTIONS, action
        if self.aws.quirks.throttle_sts > 0:
            self.aws.quirks.throttle_sts -= 1
            return _error(StsError("Throttling", "Rate exceeded"))
        try:
            if action == "AssumeRoleWithWebIdentity":
                assert "Authorization" not in request.headers, "this action is not signed"
                identity = None
            else:
                identity = aws_signature.check(request, region, "sts", self.aws.identity_of, self.aws.emulator.now())
            result = getattr(self, "_" + action)(identity, fields)
        except aws_signature.Refused as refused:
            code, status = CODES[refused.kind]
            return _error(StsError(code, refused.text, status))
        except StsError as error:
            return _error(error)
        return _xml(200, f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
                         f'{result}</{action}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>'
                         f'</{action}Response>')

    def _GetCallerIdentity(self, identity, _):
        return _elements(Arn=identity.arn, UserId=identity.access_key_id, Account=identity.account)

    def _AssumeRole(self, identity, fields):
        role = self.aws.roles.get(fields["RoleArn"])
        trusted = role and any(fnmatch.fnmatchcase(identity.arn, t) for t in role.trusts) and \
            role.external_id == fields.get("ExternalId")
        if not trusted or not identity.may("sts:AssumeRole", role.arn):
            raise _denied(identity, "sts:AssumeRole", fields["RoleArn"])
        seconds = _role_duration(fields, role)
        if ":assumed-role/" in identity.arn and seconds > 3600:
            raise StsError("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for "
                                              "roles assumed by role chaining")
        policies = self._session_policies(fields, role.arn)
        return self._keys(role.session(_session_name(fields), policies, self._end(seconds)))

    def _AssumeRoleWithWebIdentity(self, _, fields):
        parts = fields["WebIdentityToken"].split(".")
        if len(parts) != 3 or not hmac.compare_digest(self._token_signature(parts[:2]), parts[2]):
            raise StsError("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider")
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
        if claims["iss"] != ISSUER:
            raise StsError("InvalidIdentityToken",
                           f"No OpenIDConnect provider found in your account for {claims['iss']}")
        if claims["exp"] <= self.aws.emulator.now():
            raise StsError("ExpiredTokenException", "Token expired: current date/time must be before the expiration "
                                                    "date/time")
        role = self.aws.roles.get(fields["RoleArn"])
        trusted = role and any(fnmatch.fnmatchcase(claims["sub"], t) for t in role.trusts)
        if not trusted or claims["aud"] != ["sts.amazonaws.com"]:
            raise StsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
        end = self._end(_role_duration(fields, role))
        return self._keys(role.session(_session_name(fields), self._session_policies(fields, role.arn), end))

    def _GetSessionToken(self, identity, fields):
        _need_long_lived(identity, "GetSessionToken")
        return self._keys(Identity(identity.arn, identity.layers, self._end(_duration(fields, 43200, 129600))))

    def _GetFederationToken(self, identity, fields):
        _need_long_lived(identity, "GetFederationToken")
        if not identity.may("sts:GetFederationToken", "*"):
            raise _denied(identity, "sts:GetFederationToken",
                          f"arn:{self.aws.partition}:sts::{identity.account}:federated-user/*")
        assert re.fullmatch(r"[\w+=,.@-]{2,32}", fields["Name"]), fields["Name"]
        arn = f"arn:{self.aws.partition}:sts::{identity.account}:federated-user/{fields['Name']}"
        # Without a session policy there is nothing that a federated user may do.
        layers = [*identity.layers, self._session_policies(fields, identity.arn)]
        return self._keys(Identity(arn, layers, self._end(_duration(fields, 43200, 129600))))

    def _session_policies(self, fields, arn):
        """The set of policies that limits a session of the role or user: the inline one, and managed ones of its
        own account or of AWS."""
        text = fields.get("Policy")
        arns = [value for name, value in fields.items() if name.startswith("PolicyArns.")]
        if sum(map(len, [text or "", *arns])) > 2048:
            raise StsError("PackedPolicyTooLarge", "Packed size of session policy consumes more than 100% of quota.")
        policies = []
        for named in arns:
            # The code is documented; the words are ours.
            if named not in self.aws.policies or named.split(":")[4] not in ("aws", arn.split(":")[4]):
                raise StsError("MalformedPolicyDocument", f"The session policy {named} does not exist.")
            policies.append(self.aws.policies[named])
        if text is None:
            return policies
        try:
            return [*policies, parse_policy(text)]
        except ValueError as error:
            raise StsError("MalformedPolicyDocument", str(error)) from None

    def _end(self, seconds):
        return self.aws.emulator.now() + (self.aws.quirks.session_lifetime or seconds)

    def _keys(self, identity):
        self.aws.add(identity)
        ends = datetime.datetime.fromtimestamp(identity.ends, datetime.timezone.utc)
        return "<Credentials>" + _elements(
            AccessKeyId=identity.access_key_id, SecretAccessKey=identity.secret_access_key,
            SessionToken=identity.session_token, Expiration=ends.strftime("%Y-%m-%dT%H:%M:%SZ")) + "</Credentials>"


def _base64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _elements(**texts):
    return "".join(f"<{name}>{xml.sax.saxutils.escape(text)}</{name}>" for name, text in texts.items())


def _xml(status, body):
    return Response(status, body.encode(), {"Content-Type": "text/xml", "x-amzn-RequestId": "r-1"})


def _error(error):
    return _xml(error.status, '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error>' +
                _elements(Type="Sender", Code=error.code, Message=error.text) +
                "</Error><RequestId>r-1</RequestId></ErrorResponse>")


def _denied(identity, action, resource):
    return StsError("AccessDenied", f"User: {identity.arn} is not authorized to perform: {action} on resource: "
                                    f"{resource}", 403)


def _need_long_lived(identity, action):
    if identity.is_temporary:
        raise StsError("AccessDenied", f"Cannot call {action} with session credentials", 403)


def _session_name(fields):
    assert SESSION_NAME.fullmatch(fields["RoleSessionName"]), fields["RoleSessionName"]
    return fields["RoleSessionName"]


def _duration(fields, default, most):
    seconds = int(fields.get("DurationSeconds", default))
    if not 900 <= seconds <= most:
        raise StsError("ValidationError", f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed "
                                          "to satisfy constraint")
    return seconds


def _role_duration(fields, role):
    seconds = _duration(fields, 3600, 43200)
    if seconds > role.max_session:
        raise StsError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this "
                                          "role.")
    return seconds
