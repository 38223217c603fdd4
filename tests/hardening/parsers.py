"""Other people's parsers, each between Egret and the origin."""

import socket
import time
from pathlib import Path

from gateway import PATIENCE_S
from stack import HOST, Process, free_ports

NGINX = """
daemon off;
worker_processes 1;
error_log stderr error;
pid {folder}/nginx.pid;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  client_max_body_size 64m;
  server {{
    listen {host}:{port};
    location / {{ proxy_pass http://{host}:{origin}; proxy_http_version 1.1; }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 60s
  timeout client 60s
  timeout server 60s
frontend in
  bind {host}:{port}
  default_backend out
backend out
  server origin {host}:{origin}
"""
VARNISH = """
vcl 4.1;
backend default {{ .host = "{host}"; .port = "{origin}"; }}
"""


class Parser:
    """One of them on a port of its own."""

    def __init__(self, name: str, folder: Path, origin: int) -> None:
        [self.port] = free_ports(1)
        text = {"nginx": NGINX, "haproxy": HAPROXY, "varnish": VARNISH}[name]
        file = folder / f"{name}.conf"
        file.write_text(text.format(folder=folder, host=HOST, port=self.port, origin=origin))
        command = {
            "nginx": ["nginx", "-c", str(file)],
            "haproxy": ["haproxy", "-db", "-f", str(file)],
            "varnish": [
                "varnishd", "-F", "-f", str(file), "-a", f"{HOST}:{self.port}",
                "-n", str(folder / "varnish"), "-s", "malloc,32m", "-j", "none",
            ],
        }[name]
        self.process = Process(name, folder, command, {})
        until = time.monotonic() + PATIENCE_S
        while True:
            assert self.process.child.poll() is None, self.process.log.read_text()
            try:
                socket.create_connection((HOST, self.port), 5).close()
                return
            except OSError:
                assert time.monotonic() < until, f"{name} is not ready"
                time.sleep(0.05)

    def close(self) -> None:
        self.process.child.terminate()
        self.process.child.wait(PATIENCE_S)
