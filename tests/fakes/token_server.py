#!/usr/bin/env python3
"""A registry token server (Docker token authentication) as strict as a real one.

Tokens are RS256 JWTs that a real docker-registry verifies by the certificate in --cert.  Prints
"ready PORT" when it listens; every request is logged to --log, a JSON object a line.

  token_server.py --key K --cert C --service S --issuer I --lifetime SECONDS --users JSON --log FILE
                  [--tls] [--post-status STATUS]

--users: {"name": {"password": "...", "actions": ["pull", "push"]}}; "" is the anonymous user.  "lifetime" is
that of this user's tokens.  A user's password is also taken as an OAuth2 refresh token by POST, unless
--post-status answers all of those.
"""
import argparse
import base64
import http.server
import json
import ssl
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

# docker-registry accepts a token up to a minute after its "exp"; take that off, so that the stated
# lifetime is the real one.
REGISTRY_LEEWAY_SECONDS = 60


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        self.give_token(url, urllib.parse.parse_qs(url.query), self.authenticated_user())

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = {user["password"]: name for name, user in OPTIONS.users.items()}
        user = known.get(form.get("refresh_token", [""])[0]) if form.get("grant_type") == ["refresh_token"] else None
        self.give_token(urllib.parse.urlparse(self.path), form, user)

    def give_token(self, url, query, user):
        scopes = [s for value in query.get("scope", []) for s in value.split(" ")]
        self.log({"method": self.command, "path": url.path, "user": user, "scopes": scopes,
                  "service": query.get("service")})
        if self.command == "POST" and OPTIONS.post_status:
            return self.answer(OPTIONS.post_status, {"details": "no OAuth2 here"})
        if url.path != "/token":
            return self.answer(404, {"details": "no such path"})
        if user is None:
            return self.answer(401, {"details": "incorrect username or password"})
        if query.get("service") != [OPTIONS.service]:
            return self.answer(400, {"details": "unknown service"})
        account = OPTIONS.users.get(user, {})
        allowed, lifetime = account.get("actions", []), account.get("lifetime", OPTIONS.lifetime)
        access = []
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            granted = [a for a in actions.split(",") if a in allowed]
            if granted:
                access.append({"type": kind, "name": name, "actions": granted})
        self.answer(200, {"token": self.token(user, access, lifetime), "expires_in": lifetime})

    def authenticated_user(self):
        header = self.headers.get("Authorization")
        if header is None:
            return "" if "" in OPTIONS.users else None
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        user, _, password = base64.b64decode(value).decode().partition(":")
        if user == "<token>":
            return next((name for name, known in OPTIONS.users.items() if known["password"] == password), None)
        known = OPTIONS.users.get(user)
        return user if user and known and known["password"] == password else None

    def token(self, user, access, lifetime):
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [OPTIONS.chain]}
        claims = {"iss": OPTIONS.issuer, "sub": user, "aud": OPTIONS.service,
                  "exp": now + lifetime - REGISTRY_LEEWAY_SECONDS, "nbf": now - 120,
                  "iat": now, "jti": str(time.monotonic_ns()), "access": access}
        signed = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
        signature = OPTIONS.private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return signed + "." + b64(signature)

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log(self, record):
        with open(OPTIONS.log, "a") as out:
            out.write(json.dumps(record) + "\n")

    def log_message(self, *_):
        pass


def options():
    parser = argparse.ArgumentParser()
    for name in ("key", "cert", "service", "issuer", "log"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--lifetime", type=int, default=300)
    parser.add_argument("--users", type=json.loads, required=True)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--post-status", type=int)
    opts = parser.parse_args()
    with open(opts.key, "rb") as f:
        opts.private = serialization.load_pem_private_key(f.read(), None)
    with open(opts.cert, "rb") as f:
        certificate = x509.load_pem_x509_certificate(f.read())
    opts.chain = base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    return opts


OPTIONS = options()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if OPTIONS.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(OPTIONS.cert, OPTIONS.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", server.server_address[1], flush=True)
server.serve_forever()
