"""What `conf/kubernetes` comes to, and what it may be asked."""

import shutil
import subprocess
import sys
import tempfile
from ipaddress import ip_address, ip_network
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "conf" / "kubernetes"


def tool(name):
    """A program of requirements.txt: beside this Python, or on the path."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is missing: pip install -r tests/deploy/requirements.txt"
    return found


def build(*components):
    """The kustomization as `kubectl apply -k` would send it, with these of its components."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(KUBERNETES, folder, dirs_exist_ok=True)
        with (Path(folder) / "kustomization.yaml").open("a") as file:
            file.write(f"components: [{', '.join(components)}]\n")
        command = [tool("kubectl"), "kustomize", folder]
        built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


def example(name):
    """A file that is not part of the kustomization."""
    return list(yaml.safe_load_all((KUBERNETES / name).read_text()))


def one(documents, kind, name=None):
    """The only document of a kind, or of a kind and a name."""
    found = [
        document
        for document in documents
        if document["kind"] == kind and name in (None, document["metadata"]["name"])
    ]
    assert len(found) == 1, f"{len(found)} documents are {kind} {name or ''}"
    return found[0]


def selects(selector, labels):
    """Whether a label selector picks what has these labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for rule in selector.get("matchExpressions", []):
        has = labels.get(rule["key"]) in rule.get("values", [])
        if not {"In": has, "NotIn": not has}[rule["operator"]]:
            return False
    return True


def peer_matches(peer, pod, namespace):
    """Whether a NetworkPolicy peer is a Pod with these labels, in a namespace with these labels
    (None: the policy's own)."""
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        if namespace is None or not selects(peer["namespaceSelector"], namespace):
            return False
    elif namespace is not None:
        return False
    return selects(peer.get("podSelector", {}), pod)


def port_open(rule, port, protocol="TCP"):
    """Whether a NetworkPolicy rule is about a port."""
    return any((p["protocol"], p["port"]) == (protocol, port) for p in rule["ports"])


def may_enter(policy, port, pod, namespace=None):
    """Whether a Pod may connect to a port of the policy's Pods."""
    return any(
        port_open(rule, port) and any(peer_matches(p, pod, namespace) for p in rule["from"])
        for rule in policy["spec"]["ingress"]
    )


def may_leave(policy, address, port):
    """Whether the policy's Pods may connect to an address outside the cluster."""
    address = ip_address(address)

    def allows(peer):
        block = peer.get("ipBlock")
        return (
            block is not None
            and address in ip_network(block["cidr"])
            and not any(address in ip_network(net) for net in block.get("except", []))
        )

    return any(
        port_open(rule, port) and any(allows(peer) for peer in rule["to"])
        for rule in policy["spec"]["egress"]
    )


def quantity(text):
    """Bytes of a Kubernetes or Egret size with a binary unit."""
    text = text.replace(" ", "").removesuffix("B")
    return int(text[:-2]) * 1024 ** {"Ki": 1, "Mi": 2, "Gi": 3}[text[-2:]]
