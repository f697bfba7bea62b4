"""JSON Web Tokens (RFC 7519) by RS256, signed and verified with python3-cryptography."""
import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


class Refused(Exception):
    """Why a token does not count."""


class Signer:
    """An issuer of tokens.  Thread-safe."""

    def __init__(self):
        self.given = []
        self._key = rsa.generate_private_key(65537, 2048)

    def sign(self, claims):
        parts = _encode({"typ": "JWT", "alg": "RS256", "kid": "1"}), _encode(claims)
        signature = self._key.sign(".".join(parts).encode(), padding.PKCS1v15(), hashes.SHA256())
        token = ".".join((*parts, _b64(signature)))
        self.given.append(token)
        return token

    def verify(self, token, now, **expected):
        """The claims of a token that was signed here and is valid now; each expected claim must have that
        value, or one of them when it is a set.  Raises Refused."""
        try:
            header, claims, signature = token.split(".")
            self._key.public_key().verify(_unb64(signature), f"{header}.{claims}".encode(),
                                          padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            raise Refused("the signature is not valid") from None
        if json.loads(_unb64(header))["alg"] != "RS256":
            raise Refused("the algorithm is another")
        claims = json.loads(_unb64(claims))
        if not claims["nbf"] <= now + 300 or not now < claims["exp"]:
            raise Refused("the token has expired or is not valid yet")
        for name, value in expected.items():
            if claims.get(name) not in (value if isinstance(value, set) else {value}):
                raise Refused(f"{name} is {claims.get(name)!r}")
        return claims


def claims_of(token):
    """What a token says, whoever signed it."""
    return json.loads(_unb64(token.split(".")[1]))


def _encode(value):
    return _b64(json.dumps(value).encode())


def _b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
