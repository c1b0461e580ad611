"""A proxy before an S3 endpoint that fails a share of the requests, as a seed says."""

import random
import socket
import socketserver
import struct
import threading
import time

REFUSAL = ("HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\n\r\n"
           "<Error><Code>{code}</Code><Message>by the proxy</Message></Error>")
TROUBLES = ("SlowDown", "InternalError", "reset", "lost", "late")


class Proxy:
    """Listens on a port of its own; `share` of the requests fail, and are counted by how."""

    def __init__(self, upstream, share, seed):
        self.upstream, self.share, self.chance = upstream, share, random.Random(seed)
        self.lock, self.requests, self.struck = threading.Lock(), 0, dict.fromkeys(TROUBLES, 0)
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    proxy.serve(self.request)
                except OSError:
                    pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, request_queue_size = True, 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def trouble(self):
        """What happens to the next request."""
        with self.lock:
            self.requests += 1
            if self.chance.random() >= self.share:
                return None
            trouble = self.chance.choice(TROUBLES)
            self.struck[trouble] += 1
            return trouble

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rest = b""
        while True:
            head, rest = read_until(connection, rest, b"\r\n\r\n")
            if head is None:
                return
            body, rest = read_length(connection, rest, content_length(head))
            trouble = self.trouble()
            if trouble == "reset":
                return reset(connection)
            if trouble in ("SlowDown", "InternalError"):
                connection.sendall(refusal(trouble, head.startswith(b"HEAD ")))
                continue
            if trouble == "late":
                time.sleep(0.5)
            answer = self.ask(head, body)
            if trouble == "lost":
                return reset(connection)
            connection.sendall(answer)

    def ask(self, head, body):
        """The answer to a request, over a connection of its own."""
        with socket.create_connection(("127.0.0.1", self.upstream)) as upstream:
            upstream.sendall(head[:-2] + b"connection: close\r\n\r\n" + body)
            pieces = []
            while piece := upstream.recv(1 << 16):
                pieces.append(piece)
        return b"".join(pieces).replace(b"connection: close\r\n", b"", 1)


def refusal(code, without_body):
    status = {"SlowDown": "503 Slow Down", "InternalError": "500 Internal Server Error"}[code]
    body = REFUSAL.partition("\r\n\r\n")[2].format(code=code)
    text = REFUSAL.format(status=status, code=code, length=0 if without_body else len(body))
    return (text.partition("<")[0] if without_body else text).encode()


def read_until(connection, rest, end):
    while end not in rest:
        piece = connection.recv(1 << 16)
        if not piece:
            return None, b""
        rest += piece
    head, _, rest = rest.partition(end)
    return head + end, rest


def read_length(connection, rest, length):
    pieces, missing = [rest], length - len(rest)
    while missing > 0:
        piece = connection.recv(1 << 16)
        if not piece:
            raise ConnectionResetError
        pieces.append(piece)
        missing -= len(piece)
    whole = b"".join(pieces)
    return whole[:length], whole[length:]


def content_length(head):
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
