"""A service for .github/trial/cost.sh, with a thread for each connection. Each GET does the same work, and MORE percent
more: python3 work.py PORT MORE"""

import sys
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HASHES = 1800  # two to three milliseconds, so that the rest of a request is a small part of its CPU time
N = int(HASHES * (1 + float(sys.argv[2]) / 100))


class Work(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        total = self.path.encode()
        for _ in range(N):
            total = sha256(total).digest()
        body = total.hex().encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Work).serve_forever()
