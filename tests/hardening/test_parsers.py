"""S-34: what Egret sends is read in the same way by nginx, HAProxy, Varnish and Python."""

import pytest

from gateway import PATH, Gateway, body, post
from origin import Origin
from parsers import Parser

PARSERS = ["nginx", "haproxy", "varnish"]
SECRET = "canary-of-the-caller"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A gateway whose backends are one origin, straight and through each parser."""
    folder = tmp_path_factory.mktemp("parsers")
    origin = Origin()
    parsers = {name: Parser(name, folder, origin.port) for name in PARSERS}
    ports = {"python": origin.port} | {name: parser.port for name, parser in parsers.items()}
    gateway = Gateway(folder, ports)
    yield gateway, origin
    gateway.close()
    for parser in parsers.values():
        parser.close()


def chunked(model: str, size: str = "", trailers: str = "") -> bytes:
    content = body(model)
    head = f"POST {PATH} HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = f"{len(content):x}{size}\r\n".encode() + content
    return head.encode() + chunk + f"\r\n0\r\n{trailers}\r\n".encode()


def with_headers(headers: str):
    return lambda model: post(model).replace(b"Host: gateway\r\n", f"Host: gateway\r\n{headers}".encode())


def with_line(line: str):
    return lambda model: post(model).replace(f"POST {PATH} HTTP/1.1".encode(), line.encode())


# Served, and whatever is odd about them stays here.
ODD = {
    "nothing": post,
    "chunks": chunked,
    "chunk extensions": lambda model: chunked(model, ";a=b"),
    "trailers": lambda model: chunked(model, "", f"Content-Length: 3\r\nX-A: {SECRET}\r\n"),
    "HTTP/1.0": with_line(f"POST {PATH} HTTP/1.0"),
    "a query": with_line(f"POST {PATH}?a={SECRET} HTTP/1.1"),
    "an absolute target": with_line(f"POST http://gateway{PATH} HTTP/1.1"),
    "an offer of h2c": with_headers("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
    "hops": with_headers(f"Connection: X-A, Content-Length\r\nX-A: {SECRET}\r\nTE: trailers\r\n"),
    "credentials": with_headers(f"Authorization: Bearer {SECRET}\r\nCookie: a={SECRET}\r\n"),
    "who has forwarded it": with_headers(f"X-Forwarded-For: {SECRET}\r\nX-HTTP-Method-Override: GET\r\n"),
    "bytes beyond ASCII": with_headers("X-A: caf\u00e9\r\nContent-Type: \u00e9\r\n"),
    "a request in the text": lambda model: post(model, "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a large body": lambda model: post(model, "word " * 400_000),
}
# Refused, or cut off: nothing of them arrives.
BROKEN = {
    "length and chunks": lambda model: chunked(model).replace(b"Host", b"Content-Length: 4\r\nHost"),
    "gzip, chunked": lambda model: chunked(model).replace(b": chunked", b": gzip, chunked"),
    "two lengths": with_headers("Content-Length: 3\r\n"),
    "bare line feeds": lambda model: post(model).replace(b"\r\n", b"\n", 3),
    "a folded header": with_headers("X-A: b\r\n c\r\n"),
    "a space before the colon": with_headers("X-A : b\r\n"),
    "two hosts": with_headers("Host: other\r\n"),
    "dots": with_line(f"POST /v1/..{PATH} HTTP/1.1"),
}


@pytest.mark.parametrize("model", ["python", *PARSERS])
@pytest.mark.parametrize("what", ODD)
def test_it_is_read_as_one_request(house, what, model):
    gateway, origin = house
    origin.got.clear()
    request = ODD[what](model)
    assert gateway.ask(request) == 200
    assert origin.wrong == []
    [got] = origin.got
    assert (got.method, got.target) == ("POST", PATH)
    sent = {"a large body": body(model, "word " * 400_000)}.get(what)
    sent = sent or {"a request in the text": body(model, "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")}.get(what, body(model))
    assert got.body == sent
    assert got.headers["authorization"] == "Bearer sk-canary"
    assert SECRET not in str(got.headers)


@pytest.mark.parametrize("what", BROKEN)
def test_it_goes_nowhere(house, what):
    gateway, origin = house
    origin.got.clear()
    for model in ["python", *PARSERS]:
        status = gateway.ask(BROKEN[what](model) + post(model, "smuggled"))
        assert status == 0 or 400 <= status < 600, status
        assert gateway.ask(post(model)) == 200
    assert origin.wrong == []
    assert [got.body for got in origin.got] == [body(model) for model in ["python", *PARSERS]]
