"""An HTTP proxy for tools that know no --connect-to: CONNECT to any host on port 443 reaches the emulator.

So skopeo and curl use a cloud's real host names, and verify its certificates, without a change to DNS.
"""
import socket
import socketserver
import threading


class ConnectProxy:
    """Listens on loopback until the test ends."""

    def __init__(self, case, emulator_port):
        self._server = _Server(("127.0.0.1", 0), _Tunnel)
        self._server.emulator_port = emulator_port
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
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT" or not target.endswith(":443"):
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", self.server.emulator_port)) as emulator:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(emulator, self.connection), daemon=True)
            back.start()
            _pump(self.connection, emulator)
            back.join()


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
