"""A provider that answers whatever it is asked with a recording."""

import sys
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from recordings import Recording
from stack import HOST

# Streams are written in pieces of this many bytes: cut anywhere, as a network does.
PIECE = 331


@dataclass(frozen=True)
class Arrival:
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *of: object) -> None:
        # Who has read an answer to its end need not read what comes after.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*of)


class Provider:
    """Plays one recording after the other. Everything it is asked is answered with the current."""

    def __init__(self) -> None:
        self.playing: Recording | None = None
        self.arrivals: list[Arrival] = []
        self.server = Server((HOST, 0), self._handler())
        self.url = f"http://{HOST}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def play(self, recording: Recording) -> None:
        self.playing = recording
        self.arrivals = []

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self._body()
                provider.arrivals.append(Arrival(self.path, dict(self.headers), body))
                recording = provider.playing
                self.send_response(recording.status)
                for name, value in recording.headers.items():
                    self.send_header(name, value)
                if recording.framing != "json":
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for at in range(0, len(recording.response), PIECE):
                        piece = recording.response[at : at + PIECE]
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.write(b"0\r\n\r\n")
                else:
                    self.send_header("Content-Length", str(len(recording.response)))
                    self.end_headers()
                    self.wfile.write(recording.response)

            def _body(self) -> bytes:
                if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body

            def log_message(self, *_: object) -> None:
                pass

        return Handler
