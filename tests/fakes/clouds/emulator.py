"""The base of all emulated clouds: an HTTP/1.1 server on loopback that answers under real host names.

    cloud = Emulator(case)                      # case: a harness.Case; ends with the test
    ghcr = cloud.host("ghcr.io")                # TLS, with a certificate of the test's CA for that name
    ghcr.on("GET", "/token", self.token)        # a handler takes a Request and returns a Response
    ghcr.on("*", "/v2/.*", self.registry)       # e.g. RegistryProxy.forward, after a look at the login
    imds = cloud.host("169.254.169.254", plain=True)
    harness.Gantryd(case, *cloud.gantryd_flags())
    case.skopeo("copy", ..., env=cloud.client_env())
    cloud.requests(host="ghcr.io", path="/token")

Handlers run in this process, one thread a connection, so a test flips their switches directly.  A request
that nothing handles and a handler that raises fail the test at its end.
"""
import fnmatch
import os
import pathlib
import re
import tempfile
import threading
import time
import traceback

from clouds.certificates import Authority
from clouds.connect_proxy import ConnectProxy
from clouds.exchange import Response
from clouds.server import Server


class Host:
    """What one host name answers.  Handlers are registered before the first request."""

    def __init__(self, name, port, plain):
        self.name, self.port, self.plain = name, port, plain
        self._handlers = []

    def on(self, method, path, handler):
        """`path` is a regular expression of the whole path, without the query; its match is request.match.
        The first registered handler that fits answers; "*" is every method."""
        self._handlers.append((method, re.compile(path), handler))

    def share(self, other):
        self._handlers = other._handlers

    def handler_of(self, request):
        for method, path, handler in self._handlers:
            request.match = path.fullmatch(request.path)
            if request.match and method in ("*", request.method):
                return handler
        return None


class Emulator:
    """Two listeners, TLS and plain, and the hosts behind them.  Thread-safe once its hosts are declared."""

    def __init__(self, case):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir=case.dir, prefix="cloud"))
        self.clock_skew = 0  # seconds that the cloud's clock is ahead of the machine's
        self.secrets = case.secrets  # the watch that is told what the cloud gives out
        self._case = case
        self._hosts = {}
        self._log, self._faults, self._mutex = [], [], threading.Lock()
        self._authority = Authority(self.directory)
        self.ca_file = self._authority.ca_file
        context = self._authority.server_context(
            lambda name: any(h.name == name and not h.plain for h in self._hosts.values()))
        self._tls = Server(self, "https", context)
        self._plain = Server(self, "http")
        self.port, self.plain_port = self._tls.server_port, self._plain.server_port
        self._proxy = ConnectProxy(case, self.port)
        case.addCleanup(self._close)

    def host(self, name, plain=False, port=None):
        """Declares a host; once declared, returns it again."""
        port = port or (80 if plain else 443)
        return self._hosts.setdefault((name, port), Host(name, port, plain))

    def alias(self, name, of):
        """Has another name, as of a gateway in front, answered by a host that is declared."""
        self.host(name).share(self._hosts[of, 443])

    def now(self):
        """The cloud's clock, in seconds since 1970."""
        return time.time() + self.clock_skew

    def gantryd_flags(self):
        """Makes gantryd find the hosts here and trust them."""
        flags = ["--ca-certificates", self.ca_file]
        for host in self._hosts.values():
            flags += ["--connect-to",
                      f"{host.name}:{host.port}:127.0.0.1:{self.plain_port if host.plain else self.port}"]
        return flags

    def client_env(self):
        """An environment in which skopeo, curl and other tools find the TLS hosts here and trust them."""
        proxy = f"http://127.0.0.1:{self._proxy.port}"
        return dict(os.environ, HTTPS_PROXY=proxy, https_proxy=proxy, NO_PROXY="", no_proxy="",
                    SSL_CERT_FILE=str(self.ca_file), CURL_CA_BUNDLE=str(self.ca_file))

    def private_authority(self, *names):
        """These hosts' certificates are another authority's from now on, which nothing trusts: its file."""
        directory = tempfile.mkdtemp(dir=self.directory, prefix="private")
        other = Authority(directory, f"Private CA in {pathlib.Path(directory).name}")
        for name in names:
            self._authority.leave_to(other, name)
        return other.ca_file

    def requests(self, host="*", method="*", path="*"):
        """The requests so far, in the order of their arrival; host, method and path as in a shell pattern."""
        with self._mutex:
            return [r for r in self._log if fnmatch.fnmatchcase(r.host, host) and
                    fnmatch.fnmatchcase(r.method, method) and fnmatch.fnmatchcase(r.path, path)]

    def answer(self, scheme, request, port):
        """The answer of the host that the request names; never raises."""
        with self._mutex:
            self._log.append(request)
        host = self._hosts.get((request.host, port))
        if host is None or host.plain != (scheme == "http"):
            return self._fault(421, f"{scheme}://{request.host}:{port} is not emulated: {request!r}")
        handler = host.handler_of(request)
        if handler is None:
            return self._fault(404, f"nothing handles {request!r}")
        try:
            return handler(request)
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001 - the test reports it
            return self._fault(500, f"{request!r}: {traceback.format_exc()}")

    def _fault(self, status, what):
        with self._mutex:
            self._faults.append(what)
        return Response(status, what.encode())

    def _close(self):
        self._tls.stop()
        self._plain.stop()
        self._case.assertEqual(self._faults, [], "requests that the emulator did not expect")
