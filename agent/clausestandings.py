"""How every clause stands, worked out anew only when something that it depends on changed.

The journal asks each cycle and Prometheus each scrape; on a machine at rest the answer is that of the cycle before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from agent.alerts.alert import State, Update
from agent.rules.clause import EXIT_STATUS, ClauseState, Standing


class ClauseStandings:
    """The last answer, and what it was made from."""

    def __init__(self, states: Callable[[Update], Mapping[str, ClauseState]]) -> None:
        """`states` are the full states of an update, by the rules in force."""
        self._states = states
        self._last: tuple[object, Mapping[str, Standing]] = (None, {})

    def of(self, update: Update) -> Mapping[str, Standing]:
        """The standing of every clause that counts."""
        basis = _basis(update)
        before, standings = self._last
        if basis != before:
            standings = {name: state.standing for name, state in self._states(update).items() if state.counts}
            self._last = basis, standings  # as one: a scrape asks in the listeners' thread
        return standings

    def numbers(self, update: Update) -> Mapping[str, int]:
        """The values of `endpoint_clause_status`."""
        return {name: EXIT_STATUS[standing] for name, standing in self.of(update).items()}

    def words(self, update: Update) -> Mapping[str, str]:
        """The same in the words of `check`: what the report adds up."""
        return {name: standing.value for name, standing in self.of(update).items()}


def _basis(update: Update) -> object:
    """All that a standing depends on: rules, outcomes, firing alerts, and which trusted readings there are.

    Values and words are left out: they change what is said of a clause, never how it stands.
    """
    return (
        update.rules,  # the same object until a reload, and compared by identity first
        [(verdict.rule, verdict.severity, verdict.resource, verdict.outcome) for verdict in update.verdicts],
        [(alert.key, alert.cannot_tell) for alert in update.alerts if alert.state is State.FIRING],
        [
            (reading.metric, reading.labels)
            for result in update.snapshot.results.values()
            for reading in result.readings
            if reading.suspect is None
        ],
    )
