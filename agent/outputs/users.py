"""The name of a calling user, for the record."""

from __future__ import annotations

import asyncio
from functools import lru_cache

LOOKUP_SECONDS = 2.0
"""Names may come from a directory server that does not answer; the number will do then."""


async def user_name(uid: int) -> str:
    """The login name, or `uid 1234` where it cannot be found in time; looked up outside the event loop."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(_look_up, uid), LOOKUP_SECONDS)
    except (KeyError, TimeoutError):
        return f"uid {uid}"


@lru_cache(maxsize=64)
def _look_up(uid: int) -> str:
    import pwd  # noqa: PLC0415  # missing on Windows, which has no uids either

    return pwd.getpwuid(uid).pw_name
