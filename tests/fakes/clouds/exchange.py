"""One HTTP request to an emulator, and the answer to it.

Bodies are read as they are asked for, so that a layer is never held whole.
"""
import base64
import json
import urllib.parse

BLOCK = 64 << 10
LARGEST_HELD_BODY = 8 << 20


class Request:
    """What a client sent.  Belongs to the thread of its connection until it is answered; what a test
    reads in the emulator's log afterwards no longer changes."""

    def __init__(self, method, host, target, headers, reader, send_continue):
        self.method, self.host, self.headers = method, host, headers
        self.target = target                               # "/token?service=x", as sent
        self.path, _, query = target.partition("?")        # still percent-encoded
        self.query = urllib.parse.parse_qs(query, keep_blank_values=True)
        self.match = None                                  # of the handler's path pattern
        self.status = None                                 # what it was answered
        self._reader, self._send_continue = reader, send_continue
        self._begun = self._ended = False
        self._body = None

    def __repr__(self):
        return f"{self.method} {self.host}{self.target} -> {self.status}"

    def parameter(self, name, default=None):
        """A query parameter; its first value when it is repeated."""
        return self.query.get(name, [default])[0]

    @property
    def held_body(self):
        """The body, if it was asked for as a whole before; else None."""
        return self._body

    @property
    def body(self):
        """The whole body, of at most 8 MiB."""
        if self._body is None:
            parts, size = [], 0
            for block in self.blocks():
                parts.append(block)
                size += len(block)
                assert size <= LARGEST_HELD_BODY, f"the body of {self!r} is for blocks()"
            self._body = b"".join(parts)
        return self._body

    def json(self):
        return json.loads(self.body)

    def form(self):
        """The fields of a form that was sent, the first value of each."""
        fields = urllib.parse.parse_qs(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        return {name: values[0] for name, values in fields.items()}

    def basic(self):
        """(user, password) of an Authorization header of scheme Basic, or None."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        return user, password

    def bearer(self):
        """The token of an Authorization header of scheme Bearer, or None."""
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        return value if scheme.lower() == "bearer" else None

    @property
    def is_chunked(self):
        return self.headers.get("Transfer-Encoding", "").lower() == "chunked"

    @property
    def has_unread_body(self):
        return not self._ended and (self.is_chunked or int(self.headers.get("Content-Length", 0)) > 0)

    def blocks(self):
        """The body, a block at a time, once."""
        assert not self._begun and self.status is None, f"the body of {self!r} was not kept"
        self._begun = True
        if self.headers.get("Expect", "").lower() == "100-continue":
            self._send_continue()
        yield from self._chunked() if self.is_chunked else self._sized(
            int(self.headers.get("Content-Length", 0)))
        self._ended = True

    def _sized(self, left):
        while left:
            block = self._reader.read1(min(left, BLOCK))
            if not block:
                raise ConnectionError("the client ended inside of a body")
            left -= len(block)
            yield block

    def _chunked(self):
        while size := int(self._reader.readline().split(b";")[0], 16):
            yield from self._sized(size)
            self._reader.readline()
        while self._reader.readline().strip():
            pass


class Response:
    """An answer.  `body` is bytes, or an iterable of blocks that is sent as it comes; the value of a header
    is a string, or a list of them for as many lines."""

    def __init__(self, status, body=b"", headers=None):
        self.status, self.body = status, body
        self.headers = dict(headers or {})

    def header(self, name):
        """(key, value) of a header whatever its case, or None."""
        return next(((k, v) for k, v in self.headers.items() if k.lower() == name.lower()), None)

    def drop(self, name):
        """Removes a header; returns its value or None."""
        found = self.header(name)
        return self.headers.pop(found[0]) if found else None


def json_response(status, value, headers=None):
    return Response(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})


def registry_error(status, code, message, detail=None, headers=None):
    """A refusal in the words of the distribution specification."""
    error = {"code": code, "message": message, **({"detail": detail} if detail is not None else {})}
    return json_response(status, {"errors": [error]}, headers)
