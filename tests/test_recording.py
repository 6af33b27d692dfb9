"""Looks become series that read back the same, without names of persons, hosts and devices."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agent.readings import Labels, ProbeResult, ProbeStatus, Reading, Snapshot
from agent.recording import Pseudonyms, compact, recording
from agent.rules.ruletestfile import InputSeries
from agent.rules.series import Look, Missing, parse_values

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(Missing), st.integers(-3, 3).map(float), st.floats(-1e18, 1e18).map(lambda x: x + 0.0)
        )
    )
)
def test_the_notation_reads_back_to_the_same_looks(looks: list[Look]) -> None:
    """Whatever was seen, the written series is read as the same numbers and the same gaps."""
    assert parse_values(compact(looks)) == looks


def test_runs_are_one_word() -> None:
    """Equal values, equal steps and repeated gaps are written once with their count."""
    assert compact([5.0, 5.0, 5.0]) == "5x2"
    assert compact([1.0, 3.0, 5.0, 4.0]) == "1+2x2 4"
    assert compact([9.0, 8.5, 8.0]) == "9-0.5x2"
    assert compact([1.0, 2.0]) == "1 2"
    assert compact([Missing.NOT_READ, Missing.NOT_READ, 1.0, Missing.SUSPECT]) == "_x2 1 suspect"


def result(status: ProbeStatus, *readings: Reading, errors: tuple[str, ...] = ()) -> ProbeResult:
    return ProbeResult(
        probe="network", status=status, readings=readings, errors=errors, started_at=AT, duration_seconds=0.0
    )


def carrier(device: str, suspect: str | None = None) -> Reading:
    return Reading(metric="network_carrier", value=1.0, labels=(("device", device),), suspect=suspect)


def test_every_way_of_not_reading_keeps_its_word() -> None:
    """Suspect, failed, unread and unplugged looks stay apart; what was never read is named as silent."""
    results = [
        result(ProbeStatus.SUCCESS, carrier("eth0")),
        result(ProbeStatus.SUCCESS, carrier("eth0", suspect="odd")),
        result(ProbeStatus.FAILED),
        result(ProbeStatus.TIMED_OUT),
        result(ProbeStatus.SUCCESS, errors=("eth0: no",)),
        result(ProbeStatus.SUCCESS),
    ]
    gone = ProbeResult(probe="fan", status=ProbeStatus.UNSUPPORTED, reason="none", started_at=AT, duration_seconds=0.0)
    snapshots = [Snapshot(taken_at=AT, results={"network": one, "fan": gone}) for one in results]
    made = recording(snapshots, 5, "test", Pseudonyms())
    assert made.series == (
        InputSeries(
            metric="network_carrier",
            labels=(("device", "eth0"),),
            looks=(1.0, Missing.SUSPECT, Missing.FAILED, Missing.TIMED_OUT, Missing.NOT_READ, Missing.STALE),
        ),
    )
    assert made.silent == ("fan",)


def test_names_are_replaced_each_by_the_same_word() -> None:
    """Hardware and network addresses, persons, volumes and the host's name go; a configured target's name stays."""
    hide = Pseudonyms(("seat-12.example.com", "seat-12"))

    def shown(name: str, value: str) -> Labels:
        return hide.labels(((name, value),))

    assert shown("device", "enx0a1b2c3d4e5f") == (("device", "enxmac1"),)
    assert shown("device", "enx0a1b2c3d4e5f") == (("device", "enxmac1"),)
    assert shown("battery", "hid-34:88:5d:aa:bb:cc-battery") == (("battery", "hid-mac2-battery"),)
    assert shown("mountpoint", "/home/zhang/data") == (("mountpoint", "/home/name3"),)
    assert shown("mountpoint", "/media/zhang/12AB-34CD") == (("mountpoint", "/media/name4"),)
    assert shown("mountpoint", "/srv/12AB-34CD") == (("mountpoint", "/srv/volume5"),)
    assert shown("mountpoint", "/mnt/10.1.2.3") == (("mountpoint", "/mnt/address6"),)
    assert shown("mountpoint", "/srv/seat-12") == (("mountpoint", "/srv/host7"),)
    assert shown("target", "crm") == (("target", "crm"),)
    assert shown("chip", "nvme@0000:04:00.0") == (("chip", "nvme@0000:04:00.0"),)
