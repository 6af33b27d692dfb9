"""One pass over all probes in a process of its own, for the status page's check: `python -m agent.freshlook`.

The running agent's cycle shares neither its interpreter nor its probes with it, and a probe that hangs is ended with
the process. Configuration in on standard input, the pass out on standard output, both pickled: parent and child are
the same program, and nobody else writes to these pipes.
"""

from __future__ import annotations

import pickle
import subprocess
import sys

from agent.config import Config
from agent.looking import CATALOGUE, PROVIDERS
from agent.onepass import Pass, one_pass
from agent.probes.hostfs import HostFs
from agent.rulebook import load_rulebook

DEADLINE_SECONDS = 25.0
"""The check's own 15 s, and the start of an interpreter on a loaded machine."""


class NoPass(Exception):
    """The pass could not be made; the message says why."""


def fresh_pass(config: Config, host: HostFs) -> Pass:
    """Make one pass in a child; takes about six seconds.

    Raises:
        NoPass: it took too long, or the child failed.
    """
    orders = pickle.dumps((config, host))
    try:
        child = subprocess.run(
            [sys.executable, "-m", "agent.freshlook"],
            input=orders,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoPass(f"the check was not over within {DEADLINE_SECONDS:g} s") from None
    except OSError as error:
        raise NoPass(f"the check could not be started: {error}") from error
    if child.returncode:
        last = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NoPass(f"the check failed: {''.join(last) or f'exit status {child.returncode}'}")
    found = pickle.loads(child.stdout)  # noqa: S301  # our own child wrote it
    assert isinstance(found, Pass)  # noqa: S101  # for the type checker
    return found


def main() -> None:
    """The child: configuration and machine in, pass out; a wrong rule file ends it with a word on standard error."""
    config, host = pickle.load(sys.stdin.buffer)  # noqa: S301  # our own parent wrote it
    rulebook = load_rulebook(config, CATALOGUE, PROVIDERS)
    found = one_pass(config, rulebook, host, lambda _done, _of: None)
    sys.stdout.buffer.write(pickle.dumps(found))


if __name__ == "__main__":
    main()
