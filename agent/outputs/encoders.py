"""prometheus_client's two encoders, without the web server, WSGI server and HTTP client that it loads for others.

The package imports those for its own server and its push gateway, which the agent does not use; with what they import
in turn they take 2 MiB of every workstation's memory. Empty classes stand in while the package is loaded, and are taken
away again, so that whoever imports those modules later gets the real ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

SERVERS = ("http.server", "socketserver", "urllib.error", "urllib.request", "wsgiref.simple_server")


class _Placeholder(ModuleType):
    """Inherits because `import` takes nothing else; whatever is imported from it is an empty class."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


@contextmanager
def _without_servers() -> Iterator[None]:
    absent = [name for name in SERVERS if name not in sys.modules]
    sys.modules.update({name: _Placeholder(name) for name in absent})
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _without_servers():
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
    from prometheus_client.metrics_core import Metric
    from prometheus_client.openmetrics import exposition as openmetrics
    from prometheus_client.samples import Sample
    from prometheus_client.utils import floatToGoString

__all__ = ["CONTENT_TYPE_PLAIN_0_0_4", "Metric", "Sample", "floatToGoString", "generate_latest", "openmetrics"]
