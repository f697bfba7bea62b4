"""A listener of an emulated cloud: HTTP/1.1, plain or TLS, one thread a connection."""
import email.utils
import http.server
import threading

from clouds.exchange import BLOCK, Request


class Server(http.server.ThreadingHTTPServer):
    """Hands every request to emulator.answer(); TLS is negotiated on the connection's own thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, emulator, scheme, tls=None):
        super().__init__(("127.0.0.1", 0), _Connection)
        self.emulator, self.scheme, self.tls = emulator, scheme, tls
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def get_request(self):
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        """Clients go away, or do not trust the CA: that is theirs to tell."""

    def stop(self):
        self.shutdown()
        self.server_close()


class _Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def handle_expect_100(self):
        return True  # said when the body is wanted, so that a refusal can come first

    def _serve(self):
        name, _, port = self.headers.get("Host", "").partition(":")
        default_port = 80 if self.server.scheme == "http" else 443
        request = Request(self.command, name.lower(), self.path, self.headers, self.rfile,
                          self._send_continue)
        response = self.server.emulator.answer(self.server.scheme, request, int(port or default_port))
        request.status = response.status
        self.close_connection = self.close_connection or request.has_unread_body
        self._send(response, with_body=request.method != "HEAD" and response.status not in (204, 304))
        if request.has_unread_body:
            self._linger()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def _send_continue(self):
        self.send_response_only(100)
        self.end_headers()

    def _send(self, response, with_body):
        whole = isinstance(response.body, bytes)
        chunked = not whole and not response.header("Content-Length")
        self.send_response_only(response.status)
        if not response.header("Date"):
            self.send_header("Date", email.utils.formatdate(self.server.emulator.now(), usegmt=True))
        for name, value in response.headers.items():
            for line in [value] if isinstance(value, str) else value:
                self.send_header(name, line)
        if chunked and with_body:
            self.send_header("Transfer-Encoding", "chunked")
        elif whole and response.status != 204 and not response.header("Content-Length"):
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for block in [response.body] if whole else response.body:
            if with_body:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block) if chunked else block)
        if chunked and with_body:
            self.wfile.write(b"0\r\n\r\n")

    def _linger(self):
        """Closing with bytes unread would reset the connection, and the client might miss the answer."""
        self.connection.settimeout(10)
        while self.rfile.read1(BLOCK):
            pass

    def log_message(self, *_):
        pass
