"""The manifests: what the API server would refuse, and what it would not but should not be so."""

import copy
import os
import subprocess
from ipaddress import ip_network
from pathlib import PurePosixPath

import kubernetes_validate
import pytest
import yaml
from kubernetes_validate import ValidationError

import manifests
from manifests import build, example, may_enter, may_leave, one, quantity, selects

# The releases that are supported upstream when this was written, and the newest schema there is.
VERSIONS = ["1.34", "1.35", "1.36", "1.37"]
COMPONENTS = [["identity"], ["tls"], ["identity", "tls"]]
EXAMPLES = ["identity.example.yaml", "secret.example.yaml", "workloads.example.yaml"]


@pytest.fixture(scope="module")
def documents():
    return build()


@pytest.fixture(scope="module")
def secrets():
    return {secret["metadata"]["name"]: secret for secret in example("secret.example.yaml")}


@pytest.fixture(scope="module")
def pod(documents):
    return one(documents, "Deployment")["spec"]["template"]


@pytest.fixture(scope="module")
def container(pod):
    (container,) = pod["spec"]["containers"]
    return container


@pytest.fixture(scope="module")
def config_text(documents):
    return one(documents, "ConfigMap", "egret")["data"]["egret.yaml"]


@pytest.fixture(scope="module")
def config(config_text):
    return yaml.safe_load(config_text)


def port_named(container, name):
    return {port["name"]: port["containerPort"] for port in container["ports"]}[name]


# === What the API server checks ===


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_fits_the_schema(documents, version):
    everything = documents + [document for name in EXAMPLES for document in example(name)]
    for document in everything:
        assert kubernetes_validate.validate(document, version, strict=True) == version


def test_a_misspelt_field_would_be_seen(documents):
    deployment = copy.deepcopy(one(documents, "Deployment"))
    security = deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"]
    security["readOnlyRootFileSystem"] = security.pop("readOnlyRootFilesystem")
    with pytest.raises(ValidationError):
        kubernetes_validate.validate(deployment, VERSIONS[-1], strict=True)


def test_every_manifest_is_listed():
    kustomization = yaml.safe_load((manifests.KUBERNETES / "kustomization.yaml").read_text())
    files = {path.name for path in manifests.KUBERNETES.glob("*.yaml")}
    config = set(kustomization["configMapGenerator"][0]["files"])
    assert files == {*kustomization["resources"], *config, *EXAMPLES, "kustomization.yaml"}


def test_an_exception_lies_within_its_block(documents):
    policy = one(documents, "NetworkPolicy")
    blocks = [p["ipBlock"] for r in policy["spec"]["egress"] for p in r["to"] if "ipBlock" in p]
    assert blocks
    for block in blocks:
        for net in block["except"]:
            assert ip_network(net).subnet_of(ip_network(block["cidr"])), net


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("components", COMPONENTS, ids="+".join)
def test_every_component_fits_the_schema(components, version):
    for document in build(*components):
        assert kubernetes_validate.validate(document, version, strict=True) == version


# === Names that must meet ===


def test_what_the_pod_mounts_exists(documents, secrets, pod, container):
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    assert not any("subPath" in mount for mount in container["volumeMounts"])
    one(documents, "ConfigMap", volumes["config"]["configMap"]["name"])
    claim = volumes["ledger"]["persistentVolumeClaim"]["claimName"]
    one(documents, "PersistentVolumeClaim", claim)
    mounted = {v["secret"]["secretName"] for v in volumes.values() if "secret" in v}
    assert mounted == set(secrets)
    one(documents, "ServiceAccount", pod["spec"]["serviceAccountName"])


def test_the_service_and_the_policy_pick_the_pod(documents, pod, container):
    labels = pod["metadata"]["labels"]
    assert selects(one(documents, "Deployment")["spec"]["selector"], labels)
    service = one(documents, "Service")
    assert selects({"matchLabels": service["spec"]["selector"]}, labels)
    assert selects(one(documents, "NetworkPolicy")["spec"]["podSelector"], labels)
    (workloads,) = example("workloads.example.yaml")
    assert not selects(workloads["spec"]["podSelector"], labels)
    targets = [port["targetPort"] for port in service["spec"]["ports"]]
    assert targets == ["gateway"]
    assert port_named(container, "gateway")


def test_probes_and_prometheus_ask_the_admin_port(pod, container):
    for probe, path in [
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ]:
        assert container[probe]["httpGet"] == {"path": path, "port": "admin"}
    annotations = pod["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(port_named(container, "admin"))
    assert annotations["prometheus.io/path"] == "/metrics"


def test_the_configuration_listens_on_the_pods_ports(config, container):
    addresses = [listener["address"] for listener in config["listeners"]]
    assert addresses == [f"0.0.0.0:{port_named(container, 'gateway')}"]
    assert config["admin"]["address"] == f"0.0.0.0:{port_named(container, 'admin')}"


def secret_files(config):
    backends = config["backends"].values()
    callers = config.get("callers", [])
    return [b["credential"]["file"] for b in backends] + [c["key"]["file"] for c in callers]


def test_every_key_is_a_file_of_a_mounted_secret(config, secrets, pod, container):
    mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    used = set()
    for file in map(PurePosixPath, secret_files(config)):
        secret = volumes[mounts[str(file.parent)]]["secret"]["secretName"]
        assert file.name in secrets[secret]["stringData"], file
        used.add((secret, file.name))
    named = {(name, key) for name, secret in secrets.items() for key in secret["stringData"]}
    assert used == named


def test_the_ledger_is_on_the_claim(config, pod, container):
    mount = next(m for m in container["volumeMounts"] if m["name"] == "ledger")
    assert PurePosixPath(config["ledger"]).parent == PurePosixPath(mount["mountPath"])
    assert not mount.get("readOnly")


def check(text, contents, folder):
    """What `egret check` has to say of a configuration as the Pod has it; `contents` are the files
    that are mounted."""
    egret = os.environ.get("EGRET_BIN")
    if egret is None and os.environ.get("CI") != "true":
        pytest.skip("EGRET_BIN does not name the egret binary")
    assert egret, "EGRET_BIN must name the egret binary"
    for file, content in contents.items():
        staged = folder / file.lstrip("/")
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.write_text(content)
        text = text.replace(file, str(staged))
    path = folder / "egret.yaml"
    path.write_text(text.replace("/var/lib/egret", str(folder)))
    return subprocess.run([egret, "check", "--config", path], capture_output=True, text=True)


def keys(config, secrets):
    """The files of keys that a configuration names, and what is in them."""
    known = {k: v for secret in secrets.values() for k, v in secret["stringData"].items()}
    return {file: known[PurePosixPath(file).name] for file in secret_files(config)}


def test_the_gateway_accepts_the_configuration(config_text, config, secrets, tmp_path):
    checked = check(config_text, keys(config, secrets), tmp_path)
    assert checked.returncode == 0, checked.stderr


# === Components ===


def fragment(component):
    """What stands in the configuration with it."""
    return yaml.safe_load((manifests.KUBERNETES / component / "egret.yaml").read_text())


def with_components(config, components):
    """The configuration, as their files say that it has to be."""
    if "identity" in components:
        config = {key: value for key, value in config.items() if key != "callers"}
    for component in components:
        config = config | fragment(component)
    return config


def files(value):
    """Every path of a file in a configuration."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return [file for inner in inside for file in files(inner)]
    return [value] if isinstance(value, str) and value.startswith("/run/") else []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-subj", "/CN=egret", "-addext", "subjectAltName=DNS:egret"]
    command += ["-keyout", folder / "key", "-out", folder / "crt"]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "crt").read_text(), (folder / "key").read_text()


@pytest.mark.parametrize("components", COMPONENTS, ids="+".join)
def test_the_gateway_accepts_what_goes_with_a_component(
    config, secrets, certificate, components, tmp_path
):
    config = with_components(config, components)
    (public, private) = certificate
    mounted = {"ca.crt": public, "tls.crt": public, "tls.key": private, "token": "a.b.c"}
    contents = {
        file: mounted[PurePosixPath(file).name] for name in components for file in files(fragment(name))
    }
    assert contents
    checked = check(yaml.safe_dump(config), contents | keys(config, secrets), tmp_path)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("components", COMPONENTS, ids="+".join)
def test_the_pod_mounts_what_a_component_reads_and_nothing_for_nobody(config, components):
    spec = one(build(*components), "Deployment")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert set(mounts.values()) == set(volumes)
    read = set()
    config = with_components(config, components)
    for file in map(PurePosixPath, files(config)):
        volume = volumes[mounts[str(file.parent)]]
        read.add(volume["name"])
        if "projected" in volume:
            sources = volume["projected"]["sources"]
            given = [items["path"] for s in sources for items in s.get("configMap", {}).get("items", [])]
            given += [s["serviceAccountToken"]["path"] for s in sources if "serviceAccountToken" in s]
            assert file.name in given
    assert read == set(volumes) - {"config", "ledger"}


def test_a_workload_has_a_token_for_the_gateway_and_no_other(config):
    pod, _ = example("identity.example.yaml")
    (container,) = pod["spec"]["containers"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    (source,) = pod["spec"]["volumes"][0]["projected"]["sources"]
    token = source["serviceAccountToken"]
    assert token["audience"] == fragment("identity")["identity"]["kubernetes"]["audience"]
    variables = {variable["name"]: variable["value"] for variable in container["env"]}
    (mount,) = container["volumeMounts"]
    assert variables["EGRET_TOKEN_FILE"] == f"{mount['mountPath']}/{token['path']}"


def test_identity_opens_the_way_to_the_api_server_and_no_other():
    policies = [d for d in build("identity") if d["kind"] == "NetworkPolicy"]
    api = next(p for p in policies if p["metadata"]["name"] == "egret-kubernetes")
    assert api["spec"]["policyTypes"] == ["Egress"]
    labels = one(build("identity"), "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert selects(api["spec"]["podSelector"], labels)
    assert may_leave(api, "192.0.2.1", 6443)
    assert not any(may_leave(api, address, 6443) for address in PUBLIC + CLOSED)


# === What must be so ===


def test_the_pod_fits_the_restricted_standard(pod, container):
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    allowed = {"configMap", "secret", "persistentVolumeClaim"}
    assert all(set(volume) - {"name"} <= allowed for volume in spec["volumes"])


def test_the_pod_has_no_token_of_the_cluster(documents, pod):
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert one(documents, "ServiceAccount")["automountServiceAccountToken"] is False


def test_no_secret_is_in_what_is_applied(documents, container):
    assert not [document for document in documents if document["kind"] == "Secret"]
    assert "env" not in container and "envFrom" not in container


def test_there_is_one_ledger_at_a_time(documents):
    spec = one(documents, "Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    claim = one(documents, "PersistentVolumeClaim")["spec"]
    assert claim["accessModes"] == ["ReadWriteOncePod"]


def test_there_is_time_to_drain_and_room_for_bodies(config, pod, container):
    drain = config["limits"]["drain"]
    assert drain.endswith("s")
    assert pod["spec"]["terminationGracePeriodSeconds"] >= int(drain[:-1]) + 15
    memory = quantity(container["resources"]["limits"]["memory"])
    # A body that is translated is there twice for a while.
    assert memory >= 2 * quantity(config["limits"]["in_flight"]) + quantity("256Mi")


def test_a_change_of_the_configuration_makes_no_new_pod(documents):
    names = [d["metadata"]["name"] for d in documents if d["kind"] == "ConfigMap"]
    assert names == ["egret"]


# === Who may talk to whom ===

PROMETHEUS = {"app.kubernetes.io/name": "prometheus"}
MONITORING = {"kubernetes.io/metadata.name": "monitoring"}
ELSEWHERE = {"kubernetes.io/metadata.name": "elsewhere"}


@pytest.mark.parametrize(
    "port, labels, namespace, allowed",
    [
        ("gateway", {"app": "checkout"}, None, True),
        ("gateway", {"app": "checkout"}, ELSEWHERE, False),
        ("gateway", PROMETHEUS, MONITORING, False),
        ("admin", PROMETHEUS, MONITORING, True),
        ("admin", PROMETHEUS, None, False),
        ("admin", {"app": "checkout"}, None, False),
        ("admin", {"app": "grafana"}, MONITORING, False),
        ("admin", PROMETHEUS, ELSEWHERE, False),
    ],
)
def test_who_may_come_in(documents, container, port, labels, namespace, allowed):
    policy = one(documents, "NetworkPolicy")
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert may_enter(policy, port_named(container, port), labels, namespace) is allowed


PUBLIC = ["162.159.140.245", "142.250.74.106", "2606:4700::1", "2a00:1450:4001::1"]
CLOSED = [
    *["10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1", "100.64.0.1", "127.0.0.1"],
    *["169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"],
    *["0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::ffff:10.0.0.1", "fe80::1"],
    *["fd00:ec2::254", "fd00::1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "ff02::1"],
]


@pytest.mark.parametrize("address", PUBLIC)
def test_providers_can_be_reached_by_tls_only(documents, address):
    policy = one(documents, "NetworkPolicy")
    assert may_leave(policy, address, 443)
    assert not may_leave(policy, address, 80)


@pytest.mark.parametrize("address", CLOSED)
def test_nothing_inside_can_be_reached(documents, address):
    assert not may_leave(one(documents, "NetworkPolicy"), address, 443)


def test_workloads_have_no_way_out_but_the_gateway(container):
    (policy,) = example("workloads.example.yaml")
    assert policy["spec"]["policyTypes"] == ["Egress"]
    assert not any(may_leave(policy, address, 443) for address in PUBLIC)
    ports = [port["port"] for rule in policy["spec"]["egress"] for port in rule["ports"]]
    assert ports == [port_named(container, "gateway"), 53, 53]
