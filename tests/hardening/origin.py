"""An origin that writes down what it gets: by a parser of its own, strict and short."""

import json
import re
import socketserver
import threading
from dataclasses import dataclass

from stack import HOST

ANSWER = json.dumps({
    "id": "x", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{
        "index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "hi"},
    }],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}).encode()
LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t\x20-\x7e]*)")


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Connection(socketserver.StreamRequestHandler):
    def line(self) -> bytes:
        line = self.rfile.readline(1 << 16)
        assert line.endswith(b"\r\n"), f"a line that does not end: {line!r}"
        return line[:-2]

    def request(self) -> Request | None:
        begin = self.rfile.readline(1 << 16)
        if not begin:
            return None
        method, target, version = begin.removesuffix(b"\r\n").decode("ascii").split(" ")
        assert version in ("HTTP/1.1", "HTTP/1.0"), begin
        headers: dict[str, str] = {}
        while line := self.line():
            header = LINE.fullmatch(line)
            assert header, f"no header: {line!r}"
            name = header[1].decode().lower()
            assert name not in headers, f"{name} twice"
            headers[name] = header[2].decode()
        if "transfer-encoding" in headers:
            assert headers["transfer-encoding"] == "chunked" and "content-length" not in headers
            body = b""
            while size := int(self.line(), 16):
                body += self.rfile.read(size)
                assert self.line() == b""
            assert self.line() == b""
        else:
            body = self.rfile.read(int(headers.get("content-length", "0")))
        return Request(method, target, headers, body)

    def handle(self) -> None:
        try:
            while request := self.request():
                self.server.got.append(request)
                head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                head += f"Content-Length: {len(ANSWER)}\r\n\r\n"
                self.wfile.write(head.encode() + ANSWER)
        except (AssertionError, ValueError) as error:
            self.server.wrong.append(str(error))
        except OSError:
            pass


class Origin(socketserver.ThreadingTCPServer):
    """On a port of its own; `got` is what came, `wrong` what could not be read."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self) -> None:
        super().__init__((HOST, 0), Connection)
        self.got: list[Request] = []
        self.wrong: list[str] = []
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()
