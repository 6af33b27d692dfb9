"""NVIDIA's management library behind a few questions, each answered by a number or by nothing.

A call that a card or a driver does not know is an answer (nothing), and is not made again. Calls that NVIDIA takes out
with CUDA 14 are made only where a driver lacks their successors. Every other error of the library leaves as an OSError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

from agent.probes.probe import Unsupported
from agent.readings import Labels


class Nvml:
    """The opened library.

    Raises:
        Unsupported: NVIDIA's driver is not installed or not loaded.
        OSError: the library cannot start, as after an update of the driver without a restart of the machine.
    """

    def __init__(self) -> None:
        import pynvml  # noqa: PLC0415  three megabytes, for the few machines with an NVIDIA card that is awake

        self._library: ModuleType = pynvml
        self._cards: dict[str, NvmlCard] = {}
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError_LibraryNotFound:
            raise Unsupported("NVIDIA's driver library libnvidia-ml is not installed") from None
        except pynvml.NVMLError_DriverNotLoaded:
            raise Unsupported("NVIDIA's driver is not loaded") from None
        except pynvml.NVMLError as error:
            raise OSError(f"NVIDIA's library does not start: {error}") from None

    def card(self, address: str) -> NvmlCard:
        """The card at a PCI address; finding it by address touches no other card.

        Raises:
            OSError: it is lost, or unknown to the driver.
        """
        if address not in self._cards:
            self._cards[address] = NvmlCard(self._library, address)
        return self._cards[address]

    def close(self) -> None:
        """Give the library back; one that was shut down under us by a reloaded driver counts as given back."""
        with suppress(self._library.NVMLError):
            self._library.nvmlShutdown()


class NvmlCard:
    """One card. Every question may raise an OSError and may answer nothing."""

    def __init__(self, library: ModuleType, address: str) -> None:
        self.labels: Labels = (("gpu", address),)
        self._library = library
        self._unknown: set[tuple[str, tuple[int, ...]]] = set()
        self._not_known = (
            library.NVMLError_NotSupported,
            library.NVMLError_FunctionNotFound,
            library.NVMLError_ArgumentVersionMismatch,
            library.NVMLError_InvalidArgument,
            library.NVMLError_NoPermission,
        )
        try:
            self._handle = library.nvmlDeviceGetHandleByPciBusId(address)
        except library.NVMLError as error:
            raise OSError(str(error)) from None

    def celsius(self) -> int | None:
        """Temperature of the graphics processor."""
        sensor = self._library.NVML_TEMPERATURE_GPU
        celsius = self._number("nvmlDeviceGetTemperatureV", sensor)
        return self._number("nvmlDeviceGetTemperature", sensor) if celsius is None else celsius

    def margin_celsius(self) -> int | None:
        """Degrees left to the nearest slow-down, as newer cards tell it instead of limits."""
        return self._number("nvmlDeviceGetMarginTemperature")

    def limits_celsius(self) -> Iterator[int]:
        """Where hardware slows the card down, and the highest temperature at which it should work."""
        library = self._library
        for which in (library.NVML_TEMPERATURE_THRESHOLD_SLOWDOWN, library.NVML_TEMPERATURE_THRESHOLD_GPU_MAX):
            limit = self._number("nvmlDeviceGetTemperatureThreshold", which)
            if limit is not None:
                yield limit

    def fan_percents(self) -> Iterator[int | None]:
        """Every fan's intended speed in percent of its highest."""
        for fan in range(self._number("nvmlDeviceGetNumFans") or 0):
            yield self._number("nvmlDeviceGetFanSpeed_v2", fan)

    def use_percent(self) -> int | None:
        """Share of the last moments in which a program ran on the card."""
        rates = self._ask("nvmlDeviceGetUtilizationRates")
        return None if rates is None else int(rates.gpu)

    def memory_bytes(self) -> tuple[int, int] | None:
        """Free and total memory."""
        memory = self._ask("nvmlDeviceGetMemoryInfo")
        return None if memory is None else (int(memory.free), int(memory.total))

    def throttle_bits(self) -> int | None:
        """Why the clocks are not as high as they could be (nvml.h, nvmlClocksEventReason*)."""
        bits = self._number("nvmlDeviceGetCurrentClocksEventReasons")
        return self._number("nvmlDeviceGetCurrentClocksThrottleReasons") if bits is None else bits

    def _number(self, function: str, *arguments: int) -> int | None:
        answer = self._ask(function, *arguments)
        return None if answer is None else int(answer)

    def _ask(self, function: str, *arguments: int) -> Any:  # the library ships no types
        if (function, arguments) in self._unknown:
            return None
        try:
            return getattr(self._library, function)(self._handle, *arguments)
        except self._not_known:
            self._unknown.add((function, arguments))
            return None
        except self._library.NVMLError as error:
            raise OSError(f"{function}: {error}") from None
