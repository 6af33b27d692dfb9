"""agent.yaml: every key optional, every fault with its place."""

from pathlib import Path

import pytest

from agent.config import Config, LocalListener, MetricsListener, ProbeSettings, load_config
from agent.config_journal import JournalLimits
from agent.config_text import describe
from agent.probes.probe import Target
from agent.yamlsource import Faults

EXAMPLE = Path(__file__).parent.parent / "deploy" / "agent.yaml"
SYSTEM = {"STATE_DIRECTORY": "/var/lib/device-health"}


def load(folder: Path, text: str, environment: dict[str, str] = SYSTEM) -> Config:
    path = folder / "agent.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, environment)


def faults(folder: Path, text: str) -> list[str]:
    """The messages without the folder."""
    with pytest.raises(Faults) as caught:
        load(folder, text)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


def test_every_wrong_name_of_who_may_silence_is_told_at_its_place(tmp_path: Path) -> None:
    """What is no name, no text, no list, or stands there twice."""
    text = """\
local:
  silence_users: [li, "two words", 1000, li, "", "a:b"]
  silence_groups: it
  silence_group: [it]
"""
    no_name = "expected letters, digits and . _ - @ \\ +"
    assert faults(tmp_path, text) == [
        f"agent.yaml:2:23: `two words` is no login name; {no_name}",
        "agent.yaml:2:36: `1000` is a number in YAML; put it in quotes to make it text",
        "agent.yaml:2:42: `li` stands here twice; expected each name once",
        "agent.yaml:2:46: this text is empty; expected some words",
        f"agent.yaml:2:50: `a:b` is no login name; {no_name}",
        "agent.yaml:3:19: `it` stands here; expected a list",
        "agent.yaml:4:3: unknown key `silence_group`; did you mean `silence_groups`?",
    ]


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    """Nothing written is nothing wrong."""
    assert load(tmp_path, "") == Config(
        data_dir=Path("/var/lib/device-health"),
        local=LocalListener(socket=Path("/run/device-health/agent.sock")),
    )


def test_every_key_is_read(tmp_path: Path) -> None:
    """All keys of the contract, with values of every form."""
    text = """\
language: en
it_contact: "Help desk 8000"
labels: {site: Shanghai, seat: "12"}
interval: 10s
data_dir: /srv/health
rules_dir: /srv/rules
metrics: {listen: "[::1]:1", web_config: /srv/web.yaml, allow_unprotected: true}
local: {listen: "localhost:2", socket: /srv/sock, silence_users: [li, 'CORP\\wang'], silence_groups: [it]}
journal: {keep: 90d, megabytes: 20}
network:
  targets:
    - {name: crm, role: business, address: crm.example.com, port: 443}
    - {name: v6, role: dns, address: "2001:db8::1"}
probes: {temperature: {every: 500ms, deadline: 1m}, gpu: {enabled: false}}
"""
    assert load(tmp_path, text) == Config(
        language="en",
        it_contact="Help desk 8000",
        labels={"site": "Shanghai", "seat": "12"},
        interval_seconds=10,
        data_dir=Path("/srv/health"),
        rules_dir=Path("/srv/rules"),
        metrics=MetricsListener(host="::1", port=1, web_config=Path("/srv/web.yaml"), allow_unprotected=True),
        local=LocalListener(
            host="localhost",
            port=2,
            socket=Path("/srv/sock"),
            silence_users=("li", "CORP\\wang"),
            silence_groups=("it",),
        ),
        journal=JournalLimits(days=90, megabytes=20),
        targets=(
            Target(name="crm", role="business", address="crm.example.com", port=443),
            Target(name="v6", role="dns", address="2001:db8::1"),
        ),
        probes={
            "temperature": ProbeSettings(every_seconds=0.5, deadline_seconds=60),
            "gpu": ProbeSettings(enabled=False),
        },
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.1.2.3", "workstation.example.com"])
def test_a_listener_that_all_can_reach_must_be_asked_for_by_name(tmp_path: Path, host: str) -> None:
    """Beyond loopback there must be a web configuration, or the word that none is wanted."""
    listen = f"listen: '{host}:9847'"
    advice = "name a `web_config` with TLS or users, or write `allow_unprotected: true`"
    message = f"`{host.strip('[]')}` can be reached from outside by everybody; {advice}"
    assert faults(tmp_path, f"metrics: {{{listen}}}\n") == [f"agent.yaml:1:19: {message}"]
    assert load(tmp_path, f"metrics: {{{listen}, web_config: /srv/web.yaml}}\n").metrics.needs_protection
    assert not load(tmp_path, f"metrics: {{{listen}, allow_unprotected: true}}\n").metrics.needs_protection
    assert not load(tmp_path, "metrics: {listen: '127.0.0.2:9847'}\n").metrics.needs_protection


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Ten wrong values give ten lines, each with its place and what was expected."""
    text = """\
langauge: zh
language: fr
interval: 5
labels: {version: x, "a-b": y}
data_dir: state
metrics: {listen: 9847}
local: {listen: "0.0.0.0:1"}
network: {targets: [{name: a, role: busines, address: "http://x"}, {name: b, role: dns}]}
probes: {temprature: {every: 5s}, gpu: {enabled: yes, every: 1ms}}
"""
    assert faults(tmp_path, text) == [
        "agent.yaml:1:1: unknown key `langauge`; did you mean `language`?",
        "agent.yaml:2:11: `fr` is not known here; expected one of zh, en",
        "agent.yaml:3:11: `5` has no unit; write 5s if seconds are meant",
        "agent.yaml:4:10: `version` cannot be a label; expected letters, digits and _, not `version`",
        "agent.yaml:4:22: `a-b` cannot be a label; expected letters, digits and _, not `version`",
        "agent.yaml:5:11: `state` depends on where the agent is started; expected a path that begins with /",
        "agent.yaml:6:19: `9847` is no address; expected host:port such as 127.0.0.1:9847 or [::1]:9847",
        "agent.yaml:7:17: `0.0.0.0` can be reached from outside; expected a loopback address such as 127.0.0.1",
        "agent.yaml:8:37: `busines` is not known here; did you mean `business`?",
        "agent.yaml:8:55: `http://x` is no host; expected a name or an address alone, such as crm.example.com",
        "agent.yaml:8:68: `address` is missing here; expected `name`, `role`, `address`",
        "agent.yaml:9:10: unknown key `temprature`; did you mean `temperature`?",
        "agent.yaml:9:50: `yes` is not a yes or no here; write true",
        "agent.yaml:9:62: 0.001 s does not fit; expected 100ms to 1d",
    ]


def test_a_record_is_kept_for_whole_days_within_limits(tmp_path: Path) -> None:
    """A month at least, for its report must be whole; hours and too small files are refused with their place."""
    assert load(tmp_path, "journal: {keep: 30d}\n").journal == JournalLimits(days=30, megabytes=100)
    assert faults(tmp_path, "journal: {keep: 29d, megabytes: 5}\n") == [
        "agent.yaml:1:17: 29 days do not fit; expected whole days from 30d to 3650d",
        "agent.yaml:1:33: 5 does not fit; expected a whole number from 10 to 10000",
    ]
    assert faults(tmp_path, "journal: {keep: 1000h}\n") == [
        "agent.yaml:1:17: 41.6667 days do not fit; expected whole days from 30d to 3650d"
    ]


def test_targets_have_names_of_their_own(tmp_path: Path) -> None:
    """A name used twice, or the gateway's, is refused."""
    text = """\
network:
  targets:
    - {name: gateway, role: dns, address: a}
    - {name: x, role: dns, address: b}
    - {name: x, role: dns, address: c}
"""
    assert faults(tmp_path, text) == [
        "agent.yaml:3:14: the name `gateway` is taken; expected one of its own for each target",
        "agent.yaml:5:14: the name `x` is taken; expected one of its own for each target",
    ]


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """Only the default file may be missing."""
    with pytest.raises(Faults, match=r"no-such-file\.yaml:1:1: the file cannot be read: No such file or directory"):
        load_config(tmp_path / "no-such-file.yaml")


def test_without_root_the_users_own_folders_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State goes to the XDG state directory, the socket to the runtime directory, or beside the state without one."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    config = load(tmp_path, "", {"HOME": "/home/li", "XDG_RUNTIME_DIR": "/run/user/1000"})
    assert (config.data_dir, config.local.socket) == (
        Path("/home/li/.local/state/device-health"),
        Path("/run/user/1000/device-health/agent.sock"),
    )
    bare = load(tmp_path, "", {"HOME": "/home/li", "XDG_STATE_HOME": "/data"})
    assert (bare.data_dir, bare.local.socket) == (
        Path("/data/device-health"),
        Path("/data/device-health/agent.sock"),
    )


def test_the_shipped_example_is_valid_and_says_the_defaults() -> None:
    """deploy/agent.yaml loads, and every value it shows beside the examples is the default."""
    example, default = load_config(EXAMPLE, SYSTEM), load_config(None, SYSTEM)
    same = ("language", "interval_seconds", "data_dir", "rules_dir", "metrics", "local")
    assert [getattr(example, name) for name in same] == [getattr(default, name) for name in same]


def test_what_is_shown_reads_back_to_the_same(tmp_path: Path) -> None:
    """`config show` prints a configuration that loads to the one it came from."""
    example = load_config(EXAMPLE, SYSTEM)
    assert load(tmp_path, describe(example)) == example


@pytest.mark.parametrize(
    ("is_there", "data_dir", "socket"),
    [
        (True, "/var/lib/device-health", "/run/device-health/agent.sock"),
        (False, "/home/anna/.local/state/device-health", "/run/user/1000/device-health/agent.sock"),
    ],
    ids=["the system's file is there", "there is none"],
)
def test_a_user_asks_the_machines_agent_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool, data_dir: str, socket: str
) -> None:
    """A file in /etc means that the machine has an agent: its folders are the defaults for every user's commands."""
    path = tmp_path / "agent.yaml"
    if is_there:
        path.write_text("language: en\n", encoding="utf-8")
    monkeypatch.setattr("agent.config.DEFAULT_PATH", path)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    config = load_config(None, {"HOME": "/home/anna", "XDG_RUNTIME_DIR": "/run/user/1000"})
    assert (config.data_dir, config.local.socket) == (Path(data_dir), Path(socket))
