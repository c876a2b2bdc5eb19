"""The Kubernetes overlays: valid, locked up, sized, and named as the code names things."""

import importlib.util
import re

import kubernetes_validate
import pytest
import yaml

from helpers.deployed import KUBERNETES, OVERLAYS, ROOT, as_bytes, build, memory_needed
from streams.cli.main import COMMANDS
from streams.kafka.topics import specs
from streams.settings import PREFIX, Settings
from streams.stage import STAGES, app_id
from streams.web.guard import PROBES, is_loopback

VERSIONS = ("1.32", "1.35")
CUSTOM = {"KafkaTopic", "KafkaUser", "PodMonitor", "PrometheusRule", "ScaledObject", "TriggerAuthentication"}  # fmt: skip
overlays = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture(scope="module")
def built():
    made = {}

    def of(overlay):
        if overlay not in made:
            made[overlay] = build(overlay)
        return made[overlay]

    return of


def program():
    spec = importlib.util.spec_from_file_location("kubernetes_files", ROOT / "scripts" / "kubernetes.py")  # fmt: skip
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_kind(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def workloads(objects):
    """(name, pod spec, the container, its settings) of every workload."""
    [config] = of_kind(objects, "ConfigMap")
    for one in of_kind(objects, "Deployment", "StatefulSet", "Job"):
        pod = one["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert container["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
        own = {each["name"]: each.get("value") for each in container.get("env", ())}
        yield one["metadata"]["name"], pod, container, config["data"] | own


def test_the_files_that_follow_from_the_code_are_as_it_has_them():
    for path, text in program().files().items():
        assert path.read_text("utf-8") == text, "run `python scripts/kubernetes.py`"


@overlays
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_knows_every_field(built, overlay, version):
    for one in built(overlay):
        if one["kind"] not in CUSTOM:
            kubernetes_validate.validate(one, version, strict=True)


def test_a_field_that_kubernetes_does_not_know_would_be_found(built):
    [account] = of_kind(built("small"), "ServiceAccount")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(account | {"automount": False}, VERSIONS[-1], strict=True)


def test_the_small_overlay_needs_no_operator(built):
    assert not of_kind(built("small"), *CUSTOM)
    assert {one["kind"] for one in built("large")} >= CUSTOM


@overlays
def test_every_pod_keeps_to_the_restricted_profile(built, overlay):
    """Kubernetes' Pod Security Standards, restricted, and a root that is read-only."""
    for name, pod, _, _ in workloads(built(overlay)):
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert pod["serviceAccountName"] == "cleanwire"
        secured = pod["securityContext"]
        assert secured["runAsNonRoot"] is True
        assert secured["runAsUser"] == secured["fsGroup"] == 10001
        assert secured["seccompProfile"] == {"type": "RuntimeDefault"}
        # With `Always`, the kubelet lets the group write to the folder of compiled code again.
        assert secured["fsGroupChangePolicy"] == "OnRootMismatch"
        for container in [*pod["containers"], *pod.get("initContainers", ())]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]
        assert all({"emptyDir", "projected"} & set(volume) for volume in pod["volumes"])


@overlays
def test_what_a_pod_writes_to_is_mounted(built, overlay):
    for name, pod, container, env in workloads(built(overlay)):
        for each in [container, *pod.get("initContainers", ())]:
            mounts = {mount["mountPath"] for mount in each["volumeMounts"]}
            assert {"/tmp", env["CLEANWIRE_SECRETS_DIR"]} <= mounts, name  # noqa: S108 - of the pod
            if each["name"] == "compile" or "initContainers" in pod:
                # Everybody may write to an emptyDir, so the code is in a folder below it.
                assert env["NUMBA_CACHE_DIR"].rpartition("/")[0] in mounts, name
        assert env["CLEANWIRE_DATA_DIR"] in {one["mountPath"] for one in container["volumeMounts"]}


@overlays
def test_every_worker_and_view_compiles_first_and_is_probed(built, overlay):
    for _, pod, container, _ in workloads(built(overlay)):
        assert container["args"][0] in COMMANDS
        if container["args"][0] == "topics":
            continue
        [first] = pod["initContainers"]
        assert first["args"] == ["compile"]
        for probe, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):  # fmt: skip
            asked = container[f"{probe}Probe"]["httpGet"]
            assert asked == {"path": path, "port": "web"}
            assert path in PROBES
        [port] = container["ports"]
        assert port == {"name": "web", "containerPort": Settings().web_port}
        # The worker ends itself after 20 seconds.
        assert pod["terminationGracePeriodSeconds"] > 20


@overlays
def test_the_secrets_are_files_and_no_settings_of_a_map(built, overlay):
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name, pod, _, env in workloads(built(overlay)):
        assert {key for key in env if key.startswith(PREFIX)} <= known | {"CLEANWIRE_SECRETS_DIR"}
        assert not {"CLEANWIRE_WEB_TOKEN", "CLEANWIRE_SASL_PASSWORD"} & set(env), name
        assert not is_loopback(env["CLEANWIRE_WEB_BIND"])
        [secrets] = [one["projected"] for one in pod["volumes"] if one["name"] == "secrets"]
        assert {"secret": {"name": "cleanwire"}} in secrets["sources"]
        assert secrets["defaultMode"] == 0o440


@overlays
def test_the_memory_of_a_pod_is_what_its_settings_need(built, overlay):
    for name, _, container, env in workloads(built(overlay)):
        if container["args"][0] != "topics":
            limit = as_bytes(container["resources"]["limits"]["memory"])
            needed = memory_needed(container["args"], env)
            assert needed <= limit < 1.5 * needed, name


@overlays
def test_both_stages_run(built, overlay):
    stages = set()
    for _, _, container, _ in workloads(built(overlay)):
        if container["args"][0] == "worker":
            stages.update(container["args"][2:] or STAGES)
    assert stages == set(STAGES)


def test_a_name_in_the_group_is_for_pods_that_keep_theirs(built):
    objects = built("large")
    [dedupe] = of_kind(objects, "StatefulSet")
    [container] = dedupe["spec"]["template"]["spec"]["containers"]
    env = {one["name"]: one for one in container["env"]}
    assert env["CLEANWIRE_INSTANCE_ID"]["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    session = float(env["CLEANWIRE_SESSION_TIMEOUT"]["value"])
    grace = dedupe["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert Settings().session_timeout < grace < session < Settings().stall_limit
    for name, _, other, _ in workloads(objects):
        if name != "cleanwire-dedupe":
            assert "CLEANWIRE_INSTANCE_ID" not in {one["name"] for one in other.get("env", ())}


def test_the_scaler_asks_for_the_group_and_the_topic_of_extract(built):
    config = program().settings()
    [scaled] = of_kind(built("large"), "ScaledObject")
    spec, [trigger] = scaled["spec"], scaled["spec"]["triggers"]
    asked = trigger["metadata"]
    assert asked["consumerGroup"] == app_id(config, "extract") == "cleanwire-extract"
    assert asked["topic"] == config.topics.raw == "raw-pages"
    assert asked["bootstrapServers"] == config.broker
    assert asked["offsetResetPolicy"] == "earliest"
    assert 1 <= spec["minReplicaCount"] < spec["maxReplicaCount"] <= config.raw_partitions
    [deployment] = [
        one for one in of_kind(built("large"), "Deployment")
        if one["metadata"]["name"] == spec["scaleTargetRef"]["name"]
    ]  # fmt: skip
    # Otherwise every `apply` would set it back.
    assert "replicas" not in deployment["spec"]


def test_strimzi_makes_every_topic_as_the_code_wants_it(built):
    config = program().settings()
    found = {one["spec"]["topicName"]: one["spec"] for one in of_kind(built("large"), "KafkaTopic")}
    assert set(found) == {spec.name for spec in specs(config)}
    for spec in specs(config):
        topic = found[spec.name]
        assert topic["partitions"] == spec.partitions
        assert topic["replicas"] == config.replication_factor == 3
        assert topic["config"] == dict(spec.config)


def test_topics_that_a_setting_adds_are_made_too():
    """The files are written from `specs`, so that nothing has to be added here for another topic."""
    made = program()
    config = made.settings().model_copy(update={"topic_prefix": "Other."})
    names = [one["metadata"]["name"] for one in made.topics(config)]
    assert len(names) == len(specs(config))
    # RFC 1123, as Kubernetes wants it.
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name) for name in names)


def test_the_user_of_the_pods_may_not_alter_delete_or_create(built):
    [user] = of_kind(built("large"), "KafkaUser")
    rights = {
        (acl["resource"]["type"], acl["resource"]["name"]): set(acl["operations"])
        for acl in user["spec"]["authorization"]["acls"]
    }
    assert {"Read"} <= rights[("topic", "raw-pages")]
    assert "Write" not in rights[("topic", "raw-pages")]
    assert {"Read", "Write"} <= rights[("topic", "candidates")]
    assert rights[("group", "cleanwire-dedupe")] == {"Read", "Describe"}
    assert set().union(*rights.values()) == {"Read", "Write", "Describe", "DescribeConfigs"}
    [deployment, *_] = of_kind(built("large"), "Deployment")
    sources = next(
        one["projected"]["sources"] for one in deployment["spec"]["template"]["spec"]["volumes"]
        if one["name"] == "secrets"
    )  # fmt: skip
    assert user["metadata"]["name"] in {one["secret"]["name"] for one in sources}


def test_prometheus_finds_the_workers_with_the_token_under_the_job_of_the_alerts(built):
    [monitor] = of_kind(built("large"), "PodMonitor")
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["authorization"]["credentials"]["key"] == "CLEANWIRE_WEB_TOKEN"
    assert endpoint["port"] == "web"
    label = monitor["spec"]["jobLabel"]
    [only] = monitor["spec"]["selector"]["matchExpressions"]
    for name, one in ((one["metadata"]["name"], one) for one in of_kind(built("large"), "Deployment", "StatefulSet")):  # fmt: skip
        labels = one["spec"]["template"]["metadata"]["labels"]
        assert labels[label] == "cleanwire"
        assert (labels[only["key"]] in only["values"]) == ("view" not in name)


def test_the_alerts_of_the_operator_are_those_of_prometheus(built):
    [rule] = of_kind(built("large"), "PrometheusRule")
    text = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8")
    assert rule["spec"] == yaml.safe_load(text)


@overlays
def test_a_pod_reaches_names_and_brokers_alone_and_prometheus_reaches_it(built, overlay):
    policy = next(
        one["spec"] for one in of_kind(built(overlay), "NetworkPolicy")
        if one["metadata"]["name"] == "cleanwire"
    )  # fmt: skip
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    names, brokers = policy["egress"]
    assert {port["port"] for port in names["ports"]} == {53}
    [config] = of_kind(built(overlay), "ConfigMap")
    port = int(config["data"]["CLEANWIRE_BROKER"].rpartition(":")[2])
    assert port in {one["port"] for one in brokers["ports"]}
    assert ("to" in brokers) == (overlay == "large")


def test_no_pod_of_a_budget_blocks_a_node_for_ever(built):
    budgets = of_kind(built("large"), "PodDisruptionBudget")
    assert {one["metadata"]["name"] for one in budgets} == {"cleanwire-extract", "cleanwire-dedupe"}
    assert all(one["spec"]["maxUnavailable"] == 1 for one in budgets)


def test_every_file_is_part_of_an_overlay():
    named = set()
    for path in KUBERNETES.rglob("kustomization.yaml"):
        said = yaml.safe_load(path.read_text("utf-8"))
        listed = said.get("resources", []) + [one["path"] for one in said.get("patches", ()) if "path" in one]  # fmt: skip
        named |= {(path.parent / name).resolve() for name in listed}
    files = {path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert files <= named
