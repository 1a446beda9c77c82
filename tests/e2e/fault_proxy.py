"""An HTTP proxy between a program under test and a server, which does what networks do.

    with FaultProxy(("127.0.0.1", 4443)) as proxy:
        proxy.faults = [Fault(r"GET /storage/v1/b/rows/o", status=403)]
        ...  # requests to proxy.address
        assert proxy.requests[0].path ...

A fault is for requests whose "METHOD path?query" its pattern finds; the first that fits is taken.
"""
from __future__ import annotations

import dataclasses
import http.client
import http.server
import re
import sys
import threading
import time

# Of one connection alone, so they are not passed on.
HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "content-length"}
REASONS = {401: "Invalid Credentials", 403: "caller does not have storage.objects access",
           503: "Backend Error"}


@dataclasses.dataclass
class Fault:
    pattern: str
    status: int = 0  # Answered in place of the server.
    cut_after: int | None = None  # Bytes of the body; then the connection breaks.
    shorten_to: int | None = None  # Bytes of the body, which then claims to be whole.
    flip_byte: int | None = None  # Of the body: this one is another.
    delay: float = 0  # Seconds before the request is passed on.
    times: int = 1_000_000  # So often, then never again.
    keeps_hash: bool = True  # Whether x-goog-hash is passed on.
    on_request: object = None  # Called with the proxy.


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]


class FaultProxy:
    def __init__(self, upstream: tuple[str, int]) -> None:
        self.upstream = upstream
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> FaultProxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.requests = []

    def count(self, pattern: str) -> int:
        return sum(1 for r in self.requests if re.search(pattern, f"{r.method} {r.path}"))

    def take(self, request: Request) -> Fault:
        with self._lock:
            self.requests.append(request)
            for fault in self.faults:
                if fault.times > 0 and re.search(fault.pattern, f"{request.method} {request.path}"):
                    fault.times -= 1
                    return fault
        return Fault("")


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # The program, or the server, went away.
            super().handle_error(request, client_address)
        self.shutdown_request(request)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FaultProxy

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(size)
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            body = self._read_chunks()
        fault = self.owner.take(Request(self.command, self.path, dict(self.headers)))
        if callable(fault.on_request):
            fault.on_request(self.owner)
        time.sleep(fault.delay)
        if fault.status:
            return self._answer_error(fault.status)
        upstream = http.client.HTTPConnection(*self.owner.upstream, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_HEADERS}
        upstream.request(self.command, self.path, body, headers)
        answer = upstream.getresponse()
        self._answer(answer, answer.read(), fault)
        upstream.close()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer_error(self, status: int) -> None:
        text = ('{"error": {"code": %d, "message": "%s"}}' % (status, REASONS.get(status, "")))
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def _answer(self, answer: http.client.HTTPResponse, body: bytes, fault: Fault) -> None:
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            hidden = name.lower() == "x-goog-hash" and not fault.keeps_hash
            if name.lower() not in HOP_HEADERS and not hidden:
                self.send_header(name, value.replace("%s:%d" % self.owner.upstream,
                                                     self.owner.address))
        if fault.shorten_to is not None:
            body = body[: fault.shorten_to]
        if fault.flip_byte is not None:
            at = fault.flip_byte
            body = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault.cut_after is not None:
            self.wfile.write(body[: fault.cut_after])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)
