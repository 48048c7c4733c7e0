"""A service with one known fault, as main.go's: python3 python.py FAULT PORT.

GET /metrics tells what prometheus_client tells.
"""

import resource
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

one = threading.Lock()
eight = threading.Semaphore(8)


def compute():
    x = 1
    for _ in range(20_000):
        x = (x * 1103515245 + 12345) & 0xFFFFFFFF
    return x


def lock():
    with one:
        time.sleep(0.002)


def pool():
    with eight:
        time.sleep(0.02)


def metrics():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return f"process_cpu_seconds_total {used.ru_utime + used.ru_stime}\nprocess_resident_memory_bytes {used.ru_maxrss * 1024}\n"


work = {"cpu": compute, "lock": lock, "pool": pool}[sys.argv[1]]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        body = "ok"
        if self.path == "/metrics":
            body = metrics()
        elif self.path != "/ready":
            work()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
