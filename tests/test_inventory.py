"""A sensor that belongs to the machine is missed; one that can be unplugged is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from agent.inventory import Inventory, Sensor, observe
from agent.readings import Labels, MetricSpec, ProbeResult, ProbeStatus, Reading, Snapshot

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SPECS = {
    "fan_speed_rpm": MetricSpec(name="fan_speed_rpm", help="", source="", labels=("fan",)),
    "storage_ratio": MetricSpec(name="storage_ratio", help="", source="", labels=("mountpoint",), removable=True),
}
FAN: Labels = (("fan", "cpu"),)
STICK: Labels = (("mountpoint", "/media/stick"),)


def snapshot(*readings: Reading, status: ProbeStatus = ProbeStatus.SUCCESS, days: float = 0) -> Snapshot:
    now = START + timedelta(days=days)
    result = ProbeResult(probe="p", status=status, readings=readings, started_at=now, duration_seconds=0)
    return Snapshot(taken_at=now, results={"p": result})


BOTH = (
    Reading(metric="fan_speed_rpm", value=900, labels=FAN),
    Reading(metric="storage_ratio", value=0.5, labels=STICK, suspect="odd"),
)


def stored(probe: str) -> Sensor:
    """The fan as an earlier run of this probe left it."""
    return Sensor(probe=probe, metric="fan_speed_rpm", labels=FAN, first_seen_at=START, last_seen_at=START)


def test_only_what_belongs_to_the_machine_is_learnt() -> None:
    """The fan is known after one look, the memory stick is not; the second look has nothing new."""
    inventory = Inventory(SPECS)
    assert inventory.learn(snapshot(*BOTH)) == (
        Sensor(probe="p", metric="fan_speed_rpm", labels=FAN, first_seen_at=START, last_seen_at=START),
    )
    assert inventory.learn(snapshot(*BOTH)) == ()
    assert inventory.known() == {"fan_speed_rpm": {FAN}}


def test_a_sensor_is_lost_only_when_its_probe_succeeds_without_it() -> None:
    """A failing probe loses nothing; a successful one that shows less does."""
    inventory = Inventory(SPECS)
    inventory.learn(snapshot(*BOTH))
    failed, fewer = snapshot(status=ProbeStatus.FAILED), snapshot(BOTH[1])
    assert inventory.lost(failed) == {}
    inventory.learn(fewer)
    assert [sensor.labels for sensor in inventory.lost(fewer)["p"]] == [FAN]
    inventory.learn(snapshot(*BOTH))
    assert inventory.lost(snapshot(*BOTH)) == {}


def test_a_probe_that_shows_nothing_at_all_has_lost_everything() -> None:
    """Success without one reading is a loss too."""
    inventory = Inventory(SPECS)
    inventory.learn(snapshot(*BOTH))
    nothing = snapshot()
    inventory.learn(nothing)
    assert [sensor.labels for sensor in inventory.lost(nothing)["p"]] == [FAN]


def test_a_week_of_absence_is_a_removal() -> None:
    """After seven days, missed for an hour, the sensor is forgotten; a present one never is, and is stored hourly."""
    inventory = Inventory(SPECS)
    inventory.learn(snapshot(*BOTH))
    assert [s.labels for s in inventory.learn(snapshot(*BOTH, days=8))] == [FAN]
    assert inventory.forget(START + timedelta(days=14)) == ()
    inventory.learn(snapshot(BOTH[1], days=15))
    assert [sensor.labels for sensor in inventory.forget(START + timedelta(days=15.1))] == [FAN]
    assert inventory.known() == {}
    assert inventory.lost(snapshot(BOTH[1], days=15.1)) == {}


def test_time_in_which_nobody_looked_is_no_absence() -> None:
    """After a week's holiday neither a hung probe nor its first look forgets a sensor: IT is told of it first."""
    inventory = Inventory(SPECS, [stored("p")])
    inventory.learn(snapshot(status=ProbeStatus.TIMED_OUT, days=9))
    assert inventory.forget(START + timedelta(days=10)) == ()
    inventory.learn(snapshot(days=10))
    assert inventory.forget(START + timedelta(days=10)) == ()
    assert inventory.lost(snapshot(days=10)) == {"p": [stored("p")]}
    assert inventory.forget(START + timedelta(days=10, hours=1)) == (stored("p"),)


def test_a_sensor_may_move_to_another_probe() -> None:
    """After an update another probe shows it: it is not lost, its row is stored anew, and it is missed only once."""
    inventory = Inventory(SPECS, [stored("old")])
    old = replace(snapshot().results["p"], probe="old")
    before = Snapshot(taken_at=START, results={"old": old})
    inventory.learn(before)
    assert inventory.lost(before) == {"old": [stored("old")]}
    both = Snapshot(taken_at=START, results={"old": old, **snapshot(*BOTH).results})
    assert inventory.learn(both) == (stored("p"),)
    assert inventory.lost(both) == {}
    inventory.learn(snapshot(days=8))
    assert inventory.forget(START + timedelta(days=9)) == (stored("p"),)


def test_rows_of_metrics_that_are_no_more_are_dropped() -> None:
    """What no probe declares now, or can be unplugged now, is forgotten at once and never counts as lost."""
    stale = [
        replace(stored("p"), metric="fan_noise"),
        replace(stored("p"), metric="storage_ratio", labels=STICK),
    ]
    inventory = Inventory(SPECS, stale)
    assert inventory.known() == {}
    assert inventory.forget(START) == tuple(stale)
    assert inventory.forget(START) == ()


def test_an_undeclared_metric_harms_nobody() -> None:
    """A probe's slip is not learnt, and the rest of its readings are."""
    inventory = Inventory(SPECS)
    inventory.learn(snapshot(*BOTH, Reading(metric="undeclared", value=1)))
    assert inventory.known() == {"fan_speed_rpm": {FAN}}


def test_a_clock_set_back_does_not_stop_the_last_sights() -> None:
    """A sight dated years ahead is corrected at the next look."""
    ahead = Sensor(
        probe="p",
        metric="fan_speed_rpm",
        labels=FAN,
        first_seen_at=START,
        last_seen_at=START + timedelta(days=2000),
    )
    assert Inventory(SPECS, [ahead]).learn(snapshot(*BOTH)) == (stored("p"),)


def test_an_input_that_was_never_believable_is_not_a_sensor() -> None:
    """Nothing is connected there: it is neither learnt nor doubted, nor missed; once believable, it is all three."""
    believable = Reading(metric="fan_speed_rpm", value=900, labels=FAN)
    doubtful = replace(believable, value=65535, suspect="odd")
    inventory = Inventory(SPECS)

    def look(*readings: Reading) -> tuple[int, int, int]:
        learnt = inventory.learn(snapshot(*readings))
        values = {r.metric: int(r.value) for r in observe(snapshot(*readings), inventory).readings}
        return len(learnt), values["probe_suspect_readings"], values["probe_lost_sensors"]

    assert [look(doubtful), look()] == [(0, 0, 0), (0, 0, 0)]
    assert [look(doubtful), look(believable), look(doubtful), look()] == [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_the_probes_are_reported_on() -> None:
    """Success, suspect readings and lost sensors of each probe; an unsupported one has no series."""
    inventory = Inventory(SPECS)
    inventory.learn(snapshot(*BOTH))
    doubted = replace(BOTH[0], suspect="odd")
    values = {r.metric: (r.labels, r.value) for r in observe(snapshot(doubted), inventory).readings}
    about = (("probe", "p"),)
    assert values == {
        "probe_success": (about, 1),
        "probe_suspect_readings": (about, 1),
        "probe_lost_sensors": (about, 0),
    }
    assert observe(snapshot(status=ProbeStatus.UNSUPPORTED), inventory).readings == ()
    failed = observe(snapshot(status=ProbeStatus.TIMED_OUT), inventory)
    assert failed.readings[0] == Reading(metric="probe_success", value=0.0, labels=about)
