"""The part of an emulated cloud that keeps images: a real docker-registry, reached through the emulator.

    def registry(self, request):                  # the handler of /v2/
        if refusal := self.refusal_of(request):   # the cloud's own login, names and limits
            return refusal
        response = self.store.forward(request)
        response.status = 201 if request.method == "PATCH" else response.status   # and its habits
        return response
"""
import http.client

from clouds.exchange import BLOCK, Response

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "expect", "host"}


class RegistryProxy:
    """Sends requests to the registry on a port of loopback.  Thread-safe: one connection a request."""

    def __init__(self, port):
        self.port = port

    def forward(self, request, path=None):
        """The registry's answer, its body still to come.  The login stays here; the host name and https go
        along, so that a Location is under the cloud's own name.  `path` replaces the path and query."""
        headers = {name: ", ".join(request.headers.get_all(name)) for name in request.headers
                   if name.lower() not in HOP_BY_HOP | {"authorization"}}
        headers |= {"Host": request.host, "X-Forwarded-Proto": "https", "Connection": "close"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(request.method, path or request.target, headers=headers,
                               body=request.blocks() if request.has_unread_body else request.held_body)
        except BrokenPipeError:
            pass  # the registry has answered before it heard everything
        answer = connection.getresponse()
        # The Date is the cloud's to tell.
        kept = {k: v for k, v in answer.getheaders() if k.lower() not in HOP_BY_HOP | {"date"}}
        return Response(answer.status, iter(lambda: answer.read(BLOCK), b""), kept)
