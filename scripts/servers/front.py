"""One origin before two: `/static/` comes from a bucket, all else from Django, as a CDN with two origins has it. Standard
library only."""

import contextlib
import http.client
import http.server
import threading

# They are between the two ends of one connection.
HOP = {"connection", "keep-alive", "transfer-encoding", "server", "date"}


@contextlib.contextmanager
def serving(bucket, django):
    """Where it listens, as `host:port`; `bucket` and `django` give the host, and what stands before the path there."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            host, before = bucket if self.path.startswith("/static/") else django()
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(host, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            try:
                connection.request(self.command, before + self.path, body or None, headers)
                answer = connection.getresponse()
                content = answer.read()
            except OSError as error:
                return self.send_error(502, str(error))
            finally:
                connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = pass_on

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "127.0.0.1:%d" % server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
