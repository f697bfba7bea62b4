"""An HTTP proxy for tools that know no --connect-to: CONNECT to any host on port 443 reaches the emulator.

So skopeo and curl use a cloud's real host names, and verify its certificates, without a change to DNS.
"""
import base64
import socket
import socketserver
import threading


class ConnectProxy:
    """Listens on loopback until the test ends.  `login` is the "user:password" that it wants; `asked` are the first
    lines of all requests."""

    def __init__(self, case, emulator_port, login=None):
        self.asked = []
        self._server = _Server(("127.0.0.1", 0), _Tunnel)
        self._server.emulator_port, self._server.asked = emulator_port, self.asked
        self._server.authorization = login and "Basic " + base64.b64encode(login.encode()).decode()
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()
        case.addCleanup(self._stop)

    def _stop(self):
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


class _Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        method, target, _ = self.rfile.readline().decode().split()
        self.server.asked.append(f"{method} {target}")
        headers = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        if headers.get("proxy-authorization") != self.server.authorization:
            return self._refuse("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="proxy"\r\n')
        if method != "CONNECT" or not target.endswith(":443"):
            return self._refuse("403 Forbidden")
        with socket.create_connection(("127.0.0.1", self.server.emulator_port)) as emulator:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(emulator, self.connection), daemon=True)
            back.start()
            _pump(self.connection, emulator)
            back.join()

    def _refuse(self, status, headers=""):
        self.wfile.write(f"HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())


def _pump(source, target):
    try:
        while data := source.recv(64 << 10):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
