"""The check before work from the status page: measure in a child, join the operator's answers, hand both to the record.

One measurement runs at a time; whoever asks meanwhile waits for the same one. The event loop never waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent.checking import check_document, digest_of
from agent.config import Config
from agent.onepass import Pass
from agent.outputs.page_api import CheckRefused, Made
from agent.probes.hostfs import HostFs
from agent.rulebook import Rulebook

GOOD_SECONDS = 600.0
"""Ten minutes for seven questions; what was measured before that says little about now."""
_SAID: Mapping[str, bool | None] = {"yes": True, "no": False, "skipped": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    found: Pass
    at: float


class PageChecks:
    """Makes the checks; each user's last measurement is kept until it is answered or too old."""

    def __init__(self, config: Config, host: HostFs, rulebook: Callable[[], Rulebook]) -> None:
        self._config = config
        self._host = host
        self._rulebook = rulebook
        self._running: asyncio.Task[Pass] | None = None
        self._measured: dict[int, _Measured] = {}

    async def measure(self, uid: int) -> str:
        """Look now, for this user; the time of the look. Raises CheckRefused where it cannot be done."""
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(asyncio.to_thread(_fresh, self._config, self._host))
        found = await asyncio.shield(self._running)  # one page that is closed must not end it for another
        self._forget_old()
        self._measured[uid] = _Measured(found=found, at=time.monotonic())
        return found.snapshot.taken_at.isoformat()

    def conclude(self, uid: int, answers: Mapping[str, str], language: str) -> Made:
        """The check as the operator reads it and as it is recorded. Raises CheckRefused without a measurement."""
        self._forget_old()
        measured = self._measured.pop(uid, None)
        if measured is None:
            raise CheckRefused("nothing was measured in the last ten minutes; begin the check again")
        rulebook = self._rulebook()
        said = {name: _SAID[answers.get(name, "skipped")] for name in rulebook.procedure.questions}
        found = _judged_by(rulebook, measured.found)
        recorded = check_document(rulebook, found, said)
        shown = check_document(rulebook.in_language(language or rulebook.reader.language), found, said)
        return Made(shown=shown, result=digest_of(recorded), answers=recorded["answers"])

    def _forget_old(self) -> None:
        now = time.monotonic()
        self._measured = {uid: one for uid, one in self._measured.items() if now - one.at < GOOD_SECONDS}


def _fresh(config: Config, host: HostFs) -> Pass:
    from agent.freshlook import NoPass, fresh_pass  # noqa: PLC0415  # most agents are never asked for a check

    try:
        return fresh_pass(config, host)
    except NoPass as reason:
        raise CheckRefused(str(reason)) from reason


def _judged_by(rulebook: Rulebook, found: Pass) -> Pass:
    """Without verdicts of rules that the agent does not know: the rule files may have changed since it read them."""
    verdicts = tuple(verdict for verdict in found.verdicts if verdict.rule in rulebook.by_name)
    return Pass(snapshot=found.snapshot, verdicts=verdicts)
