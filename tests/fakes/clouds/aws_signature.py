"""Checks the signatures of requests to the emulated AWS, with botocore as the one who computes them."""
import datetime
import hmac
import re

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=(\S+)/(\d{8})/([a-z0-9-]+)/([a-z-]+)/aws4_request, "
                           r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})")
TIME = "%Y%m%dT%H%M%SZ"
TOLERANCE = 5 * 60


class Refused(Exception):
    """`kind` is one of "missing", "key", "expired", "signature"; the services have names of their own for it."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind, self.text = kind, text


def check(request, region, service, identity_of, now):
    """The Identity that signed the request for this region and service; raises Refused."""
    header = request.headers.get("Authorization")
    if header is None:
        raise Refused("missing", "Missing Authentication Token")
    found = AUTHORIZATION.fullmatch(header)
    if found is None:
        raise Refused("signature", "Authorization header requires existence of Credential, SignedHeaders, Signature")
    access_key_id, date, signed_region, signed_service, names, signature = found.groups()
    identity = identity_of(access_key_id)
    if identity is None or request.headers.get("X-Amz-Security-Token") != identity.session_token:
        raise Refused("key", "The security token included in the request is invalid.")
    names = names.split(";")
    _check_scope(request, names, date, (signed_region, signed_service), (region, service), identity)
    if not hmac.compare_digest(signature, _signature(request, names, region, service, identity)):
        raise Refused("signature", "The request signature we calculated does not match the signature you provided. "
                                   "Check your AWS Secret Access Key and signing method.")
    _check_time(request.headers["X-Amz-Date"], now)
    if identity.is_temporary and identity.ends <= now:
        raise Refused("expired", "The security token included in the request is expired")
    return identity


def _check_scope(request, names, date, signed_for, asked, identity):
    wanted = {"host", "x-amz-date", "content-type"} | ({"x-amz-target"} if "X-Amz-Target" in request.headers else set())
    if identity.is_temporary:
        wanted.add("x-amz-security-token")
    if not wanted <= set(names) or names != sorted(names):
        raise Refused("signature", f"these headers must be signed: {', '.join(sorted(wanted - set(names)))}")
    if signed_for != asked or not request.headers["X-Amz-Date"].startswith(date):
        raise Refused("signature", f"Credential should be scoped to {'/'.join(asked)}, not {'/'.join(signed_for)}.")


def _signature(request, names, region, service, identity):
    copy = AWSRequest(method=request.method, url=f"https://{request.headers['Host']}{request.target}",
                      data=request.body)
    for name in names:
        copy.headers[name] = ",".join(request.headers.get_all(name))
    copy.context["timestamp"] = request.headers["X-Amz-Date"]
    keys = Credentials(identity.access_key_id, identity.secret_access_key, identity.session_token)
    signer = botocore.auth.SigV4Auth(keys, service, region)
    return signer.signature(signer.string_to_sign(copy, signer.canonical_request(copy)), copy)


def _check_time(text, now):
    signed = datetime.datetime.strptime(text, TIME).replace(tzinfo=datetime.timezone.utc).timestamp()
    here = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime(TIME)
    if signed < now - TOLERANCE:
        raise Refused("signature", f"Signature expired: {text} is now earlier than {here} - 5 min.")
    if signed > now + TOLERANCE:
        raise Refused("signature", f"Signature not yet current: {text} is still later than {here} + 5 min.")
