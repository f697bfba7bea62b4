"""oauth2.googleapis.com: service accounts' statements and users' refresh tokens for access tokens.

Signatures are checked by python3-cryptography.
"""
import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from clouds.exchange import json_response
from clouds.gcp_tokens import EMAIL, FULL, SCOPES, oauth_error
from clouds.quirks import Quirks

AUDIENCE = "https://oauth2.googleapis.com/token"
ALLOWED_SKEW = 60  # seconds that a statement may be from the future


class ServiceAccount:
    """An account with one key, and the file that Google gives for it."""

    def __init__(self, project, name):
        self.project, self.email = project, f"{name}@{project}.iam.gserviceaccount.com"
        self.rotate()

    def rotate(self):
        """Makes a new key; the old one is no longer known."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key_id = format(self._key.public_key().public_numbers().n & ((1 << 160) - 1), "040x")

    @property
    def public_key(self):
        return self._key.public_key()

    @property
    def pem(self):
        return self._key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption()).decode()

    def key_file(self):
        return json.dumps({
            "type": "service_account", "project_id": self.project, "private_key_id": self.key_id,
            "private_key": self.pem, "client_email": self.email, "client_id": "103456789012345678901",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": AUDIENCE,
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{self.email}",
            "universe_domain": "googleapis.com"}, indent=2) + "\n"


class User:
    def __init__(self, email):
        self.email = email
        self.client_id, self.client_secret = "764086051850.apps.googleusercontent.com", "d-FL95Q19q7MQmFpd7hHD0Ty"
        self.refresh_token = f"1//refresh-token-of-{email}-XyZ"
        self.scopes = {FULL, EMAIL}

    def credentials_file(self, quota_project):
        """What gcloud auth application-default login writes."""
        return json.dumps({"account": "", "client_id": self.client_id, "client_secret": self.client_secret,
                           "quota_project_id": quota_project, "refresh_token": self.refresh_token,
                           "type": "authorized_user", "universe_domain": "googleapis.com"})

    def impersonating_file(self, account, delegates=()):
        """What it writes with --impersonate-service-account, whose last account is the one to act as."""
        return json.dumps({"delegates": list(delegates), "service_account_impersonation_url":
                           "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
                           f"{account}:generateAccessToken",
                           "source_credentials": json.loads(self.credentials_file(None)),
                           "type": "impersonated_service_account"})


def read_jwt(token):
    """(header, claims, signed part, signature); ValueError when it is none."""
    head, claims, signature = token.split(".")
    decode = lambda part: base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return json.loads(decode(head)), json.loads(decode(claims)), f"{head}.{claims}".encode(), decode(signature)


def signed_by(public_key, signed, signature):
    try:
        public_key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        return True
    except InvalidSignature:
        return False


class TokenService:
    """The host's handlers.  Thread-safe once accounts and users are declared."""

    def __init__(self, host, tokens, now):
        self.accounts, self.users = {}, {}
        self.quirks = Quirks(reauth=False, throttled=0, retry_after=0)
        self._tokens, self._now = tokens, now
        host.on("POST", "/token", self._token)
        host.on("POST", "/tokeninfo", self._token_info)

    def _token(self, request):
        if self.quirks.throttled > 0:
            self.quirks.throttled -= 1
            return json_response(429, {"error": "rate_limit_exceeded", "error_description": "Rate Limit Exceeded"},
                                 {"Retry-After": str(self.quirks.retry_after)})
        # Older clients of Google's own add a character set.
        kind = request.headers.get("Content-Type", "").partition(";")[0]
        assert kind == "application/x-www-form-urlencoded", request.headers.get("Content-Type")
        form = request.form()
        grants = {"urn:ietf:params:oauth:grant-type:jwt-bearer": self._statement,
                  "refresh_token": self._refresh}
        grant = grants.get(form.get("grant_type"))
        return grant(form) if grant else oauth_error(400, "unsupported_grant_type", "Invalid grant_type")

    def _statement(self, form):
        assert form.keys() == {"grant_type", "assertion"}, form.keys()
        try:
            header, claims, signed, signature = read_jwt(form["assertion"])
        except ValueError:
            return oauth_error(400, "invalid_grant", "Invalid JWT: not well-formed")
        account = self.accounts.get(claims.get("iss"))
        if not account:
            return oauth_error(400, "invalid_grant", "Invalid grant: account not found")
        # Google's client for Node states neither "typ" nor "kid".
        stated = (header["alg"], header.get("typ", "JWT"), header.get("kid", account.key_id))
        if stated != ("RS256", "JWT", account.key_id) or not signed_by(account.public_key, signed, signature):
            return oauth_error(400, "invalid_grant", "Invalid JWT Signature.")
        if claims["aud"] != AUDIENCE:
            return oauth_error(400, "invalid_grant", "Invalid JWT: Failed audience check. The right audience is "
                               + AUDIENCE)
        now = self._now()
        if not (claims["iat"] - ALLOWED_SKEW <= now < claims["exp"] <= claims["iat"] + 3600):
            return oauth_error(400, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) "
                               "and in a reasonable timeframe. Check your iat and exp values in the JWT claim.")
        scopes = set(claims["scope"].split())
        if not scopes or not scopes <= SCOPES:
            return oauth_error(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return self._give(account.email, scopes)

    def _refresh(self, form):
        assert form.keys() - {"scope"} == {"grant_type", "client_id", "client_secret", "refresh_token"}, form.keys()
        user = next((u for u in self.users.values() if u.refresh_token == form["refresh_token"]), None)
        if not user:
            return oauth_error(400, "invalid_grant", "Token has been expired or revoked.")
        if (form["client_id"], form["client_secret"]) != (user.client_id, user.client_secret):
            return oauth_error(401, "invalid_client", "Unauthorized")
        if self.quirks.reauth:
            return oauth_error(400, "invalid_grant", "reauth related error (invalid_rapt)",
                               error_subtype="invalid_rapt")
        scopes = set(form.get("scope", " ".join(user.scopes)).split())
        if not scopes <= user.scopes:
            return oauth_error(400, "invalid_scope", "Some requested scopes were not granted by the user.")
        return self._give(user.email, scopes)

    def _give(self, identity, scopes):
        token = self._tokens.give(identity, scopes)
        return json_response(200, {"access_token": token.value, "scope": " ".join(sorted(scopes)),
                                   "expires_in": self._tokens.seconds_left(token), "token_type": "Bearer"})

    def _token_info(self, request):
        token = self._tokens.find(request.form().get("access_token"))
        if not token:
            return oauth_error(400, "invalid_token", "Invalid Value")
        shows_email = EMAIL in token.scopes or token.identity.endswith("gserviceaccount.com")
        return json_response(200, {"azp": "1", "aud": "1", "sub": "117", "scope": " ".join(sorted(token.scopes)),
                                   "exp": str(int(token.expires)), "expires_in": str(self._tokens.seconds_left(token)),
                                   **({"email": token.identity, "email_verified": "true"} if shows_email else {})})
