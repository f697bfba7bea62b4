#!/usr/bin/env python3
"""A TCP proxy that makes a network worse: slow, or cut after a number of bytes.

  tcp_proxy.py --to HOST:PORT [--bytes-per-second N] [--cut-after N]

--bytes-per-second is what all connections carry to the server together.  --cut-after N resets, once, the
first connection that has carried N bytes to the server.
Prints "ready PORT" when it listens.
"""
import argparse
import socket
import struct
import threading
import time


class Link:
    """A slow line that all connections share."""

    def __init__(self, rate):
        self.rate, self.free_at, self.mutex = rate, 0.0, threading.Lock()

    def carry(self, size):
        """Returns when the line has carried that much more."""
        with self.mutex:
            self.free_at = max(self.free_at, time.monotonic()) + size / self.rate
            done = self.free_at
        # The proxy is the slow network itself; nothing waits for this by the clock.
        time.sleep(max(0.0, done - time.monotonic()))


def pump(source, target, link, budget, both):
    sent = 0
    try:
        while data := source.recv(65536):
            target.sendall(data)
            sent += len(data)
            if budget is not None and sent >= budget[0]:
                limit, budget[0] = budget[0], float("inf")
                if limit != float("inf"):
                    for sock in both:  # RST on both sides
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        sock.close()
                    return
            if link:
                link.carry(len(data))
    except OSError:
        pass
    for sock in both:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True)
    parser.add_argument("--bytes-per-second", type=int, default=0)
    parser.add_argument("--cut-after", type=int, default=0)
    options = parser.parse_args()
    host, _, port = options.to.rpartition(":")
    budget = [options.cut_after] if options.cut_after else None
    link = Link(options.bytes_per_second) if options.bytes_per_second else None
    listener = socket.create_server(("127.0.0.1", 0))
    print("ready", listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        try:
            server = socket.create_connection((host, int(port)))
        except OSError:
            client.close()
            continue
        both = (client, server)
        threading.Thread(target=pump, args=(client, server, link, budget, both), daemon=True).start()
        threading.Thread(target=pump, args=(server, client, None, None, both), daemon=True).start()


main()
