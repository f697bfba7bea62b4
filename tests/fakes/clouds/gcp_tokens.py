"""Google's access tokens and who they belong to; what Google's APIs say when they refuse one."""
import secrets
import threading

from clouds.exchange import json_response

FULL = "https://www.googleapis.com/auth/cloud-platform"
READ_ONLY = "https://www.googleapis.com/auth/cloud-platform.read-only"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
IAM = "https://www.googleapis.com/auth/iam"
SCOPES = {FULL, READ_ONLY, EMAIL, IAM}
USUAL_LIFE = 3599


class Token:
    def __init__(self, value, identity, scopes, expires):
        self.value, self.identity, self.scopes, self.expires = value, identity, frozenset(scopes), expires

    def allows(self, write):
        return FULL in self.scopes or (not write and READ_ONLY in self.scopes)


class Tokens:
    """Every token that was given; how long those to come live at most is the test's to say: `life`.  Thread-safe."""

    def __init__(self, now):
        self.life = None
        self.given = []
        self._now, self._by_value, self._mutex = now, {}, threading.Lock()

    def give(self, identity, scopes, life=None):
        life = life or USUAL_LIFE
        if self.life is not None:
            life = min(life, self.life)
        token = Token("ya29." + secrets.token_urlsafe(40), identity, scopes, self._now() + life)
        with self._mutex:
            self._by_value[token.value] = token
            self.given.append(token)
        return token

    def find(self, value):
        """The token, while it lives."""
        with self._mutex:
            token = self._by_value.get(value)
        return token if token and token.expires > self._now() else None

    def revoke_all(self):
        with self._mutex:
            self._by_value.clear()

    def seconds_left(self, token):
        return int(token.expires - self._now())


def oauth_error(status, error, description, **fields):
    return json_response(status, {"error": error, "error_description": description, **fields})


def api_error(status, name, message, reason=None, headers=None):
    error = {"code": status, "message": message, "status": name}
    if reason:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason,
                             "domain": "googleapis.com"}]
    return json_response(status, {"error": error}, headers)


def form_refused(request):
    """The refusal of JSON that calls itself a form, as curl does by itself: Google reads it as one."""
    kind = request.headers.get("Content-Type", "").partition(";")[0]
    if kind != "application/x-www-form-urlencoded":
        return None
    return api_error(400, "INVALID_ARGUMENT", "Invalid JSON payload received. Unknown name "
                     f"\"{request.body.decode()}\": Cannot bind query parameter. Field could not be found in "
                     "request message.")


def unauthenticated():
    return api_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials. Expected OAuth 2 "
                     "access token, login cookie or other valid authentication credential.",
                     "ACCESS_TOKEN_EXPIRED")


def permission_denied(permission, resource):
    return api_error(403, "PERMISSION_DENIED", f"Permission '{permission}' denied on resource '{resource}' "
                     "(or it may not exist).", "IAM_PERMISSION_DENIED")


def scope_insufficient():
    return api_error(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.",
                     "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
