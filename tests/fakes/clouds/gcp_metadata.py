"""The metadata server of Google's machines: metadata.google.internal, plain HTTP."""
import json

from clouds.exchange import Response
from clouds.gcp_tokens import FULL
from clouds.quirks import Quirks


class MetadataServer:
    def __init__(self, host, tokens, project):
        self.identity = None  # of the machine; None: it has no service account
        self.quirks = Quirks(captive=False, binding_missing=False)
        self._tokens, self._project = tokens, project
        host.on("*", "/.*", self._answer)

    def _answer(self, request):
        if self.quirks.captive:
            return Response(200, b"<html>Welcome to the hotel</html>", {"Content-Type": "text/html"})
        headers = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
        if request.method != "GET" or request.headers.get("Metadata-Flavor") != "Google" or \
                "X-Forwarded-For" in request.headers:
            return Response(403, b"Your client does not have permission to get URL", headers)
        status, body = self._value(request)
        kind = "application/json" if body.startswith("{") else "application/text"
        return Response(status, body.encode(), {**headers, "Content-Type": kind})

    def _value(self, request):
        accounts = "/computeMetadata/v1/instance/service-accounts/"
        if request.path == "/computeMetadata/v1/project/project-id":
            return 200, self._project
        account, _, name = request.path.removeprefix(accounts).partition("/")
        if not self.identity or account not in ("default", self.identity):
            return 404, "Error 404 (Not Found)"
        if self.quirks.binding_missing:
            return 403, "Unable to generate access token; IAM returned 403 Forbidden"
        if name == "email":
            return 200, self.identity
        if name == "":
            return 200, json.dumps({"aliases": ["default"], "email": self.identity, "scopes": [FULL]})
        if name == "token":
            token = self._tokens.give(self.identity, request.parameter("scopes", FULL).split(","))
            return 200, json.dumps({"access_token": token.value, "token_type": "Bearer",
                                    "expires_in": self._tokens.seconds_left(token)})
        return 404, "Error 404 (Not Found)"
