"""Other people's attacks on the listener: slowhttptest, h2load, testssl.sh."""

import json
import re
import subprocess
import time

import pytest

from gateway import PATH, PATIENCE_S, Gateway, body, post
from origin import Origin
from stack import HOST

MODEL = "model"
# What a slow caller may cost, all of them together.
SLACK = 128 << 20
# Tasks of what stays open for the next call: connections to providers, and those of who looks.
TASKS = 20


@pytest.fixture
def house(tmp_path):
    origin = Origin()
    gateway = Gateway(tmp_path, {MODEL: origin.port})
    yield gateway, origin
    gateway.close()


def until(what, asked):
    """Waits for the event itself."""
    deadline = time.monotonic() + PATIENCE_S
    while not asked():
        assert time.monotonic() < deadline, f"it never came to: {what}"
        time.sleep(0.1)


def test_s_33_slow_headers_bodies_and_readers_keep_nobody_else_waiting(house):
    gateway, _ = house
    assert gateway.ask(post(MODEL)) == 200
    before, tasks = gateway.memory(), gateway.metric("egret_tasks")
    url = f"http://{HOST}:{gateway.port}{PATH}"
    common = ["-c", "300", "-r", "150", "-l", "25", "-i", "2", "-p", "60", "-u", url]
    attacks = [
        ["slowhttptest", "-H", *common],
        ["slowhttptest", "-B", "-s", "8192", "-t", "POST", *common],
        ["slowhttptest", "-X", "-w", "1", "-y", "2", "-n", "5", "-z", "1", *common],
    ]
    output = subprocess.DEVNULL
    running = [subprocess.Popen(attack, stdout=output, stderr=output) for attack in attacks]
    served = 0
    until("the attack is on", lambda: gateway.metric("egret_connections") > 300)
    while any(attack.poll() is None for attack in running):
        assert gateway.ask(post(MODEL)) == 200
        served += 1
        time.sleep(0.1)
    assert served > 20
    until("they are gone", lambda: gateway.metric("egret_connections") == 0)
    assert gateway.metric("egret_requests_in_flight") == 0
    until("so are their tasks", lambda: gateway.metric("egret_tasks") <= tasks + TASKS)
    assert gateway.memory() - before < SLACK
    assert gateway.ask(post(MODEL)) == 200


def test_h2load_loses_nothing(house, tmp_path):
    gateway, origin = house
    file = tmp_path / "body.json"
    file.write_bytes(body(MODEL))
    command = ["h2load", "-n", "4000", "-c", "20", "-m", "50", "-d", str(file)]
    command += ["-H", "content-type: application/json", f"http://{HOST}:{gateway.port}{PATH}"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True).stdout
    assert "4000 succeeded, 0 failed, 0 errored" in said, said
    assert "status codes: 4000 2xx" in said, said
    assert len(origin.got) == 4000 and origin.wrong == []
    until("its connections are gone", lambda: gateway.metric("egret_connections") == 0)


def test_testssl_finds_nothing_wrong_with_the_listener(tmp_path):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-keyout", "tls.key", "-out", "tls.crt", "-days", "30"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    tls = {"certificate": "tls.crt", "key": "tls.key"}
    gateway = Gateway(tmp_path, {MODEL: Origin().port}, listener={"tls": tls})
    try:
        findings = tmp_path / "findings.json"
        # Protocols, vulnerabilities, and what is preferred; not who signed the test's certificate.
        command = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--fast"]
        command += ["--protocols", "--vulnerable", "--server-preference", "--std"]
        command += ["--jsonfile", str(findings), f"localhost:{gateway.port}"]
        subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=600, check=False)
        found = {one["id"]: one for one in json.loads(findings.read_text())}
        severe = [
            one for one in found.values() if one["severity"] in ("MEDIUM", "HIGH", "CRITICAL", "FATAL")
        ]
        assert severe == []
        for old in ["SSLv2", "SSLv3", "TLS1", "TLS1_1"]:
            assert re.match("not offered", found[old]["finding"]), found[old]
        assert found["TLS1_3"]["finding"].startswith("offered")
    finally:
        gateway.close()
