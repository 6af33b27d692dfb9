"""Series to one remote-write message: protobuf, compressed with snappy.

Source: "Prometheus Remote-Write 1.0 specification", prometheus.io/docs/specs/prw/remote_write_spec/. The messages are
described here instead of in a file that protoc generates, which would bind the agent to one version of the library.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import cramjam
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from agent.outputs.exposition import Series, encodable
from agent.readings import PREFIX, Labels

CONTENT_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
Sample = tuple[Labels, float]
"""A series by all its labels in their order, its name among them, and a value."""

STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""Ends a series at once instead of after five minutes. Source: the specification, "Stale markers"."""

_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGES = {
    "Label": (("name", 1, _FIELD.TYPE_STRING, ""), ("value", 2, _FIELD.TYPE_STRING, "")),
    "Sample": (("value", 1, _FIELD.TYPE_DOUBLE, ""), ("timestamp", 2, _FIELD.TYPE_INT64, "")),
    "TimeSeries": (("labels", 1, _FIELD.TYPE_MESSAGE, "Label"), ("samples", 2, _FIELD.TYPE_MESSAGE, "Sample")),
    "WriteRequest": (("timeseries", 1, _FIELD.TYPE_MESSAGE, "TimeSeries"),),
}
"""Name, number, type and message of each field; those of a message type are repeated."""


def samples_of(series: Iterable[Series], outer: Mapping[str, str]) -> dict[Labels, float]:
    """The values by their full labels, as a scrape with these outer labels would store them.

    An outer label wins and the series' own is kept as `exported_…`; an empty label is none; of a repeated series the
    first counts; what is not a number has no sample.
    """
    samples: dict[Labels, float] = {}
    for spec, labels, value in series:
        if math.isfinite(value):
            samples.setdefault(_full_labels(PREFIX + spec.name, labels, tuple(outer.items())), value)
    return samples


def encode(samples: Iterable[Sample], at_milliseconds: int) -> bytes:
    """The body of one request; all samples have the same time, in milliseconds since 1970."""
    request = _message_class()()
    for labels, value in samples:
        series = request.timeseries.add()
        for name, text in labels:
            series.labels.add(name=name, value=text)
        series.samples.add(value=value, timestamp=at_milliseconds)
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def decode(body: bytes) -> Any:  # a class that the library makes while the program runs
    """The message in a body, for tests and for people who look into a spool."""
    request = _message_class()()
    request.ParseFromString(bytes(cramjam.snappy.decompress_raw(body)))
    return request


def _full_labels(name: str, labels: Labels, outer: Labels) -> Labels:
    named = dict(outer)
    own = {f"exported_{key}" if key in named else key: encodable(value) for key, value in labels}
    return tuple(sorted((key, value) for key, value in ({"__name__": name} | own | named).items() if value))


@cache
def _message_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="remote_write.proto", package="prometheus", syntax="proto3")
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for name, number, kind, of in fields:
            field = described.field.add(name=name, number=number, type=kind, label=_FIELD.LABEL_OPTIONAL)
            if of:
                field.label, field.type_name = _FIELD.LABEL_REPEATED, f".prometheus.{of}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))
