"""Which machine this is, by what its maker wrote into the firmware: so that one model can be told from another.

Read once, at the start. Serial numbers and asset tags are left alone: they name a person's machine, and need root.
"""

from __future__ import annotations

from agent.probes.hostfs import HostFs, read_text
from agent.readings import Labels

_DMI = "class/dmi/id"
_DEVICE_TREE = "firmware/devicetree/base/model"
_FILLERS = frozenset(
    {
        "default string",
        "not applicable",
        "not available",
        "not specified",
        "none",
        "oem",
        "o.e.m.",
        "system manufacturer",
        "system product name",
        "system version",
        "to be filled by o.e.m.",
        "unknown",
    }
)
"""What board makers leave in the fields that they should fill in (seen in linux-hardware.org's probes)."""


def machine_identity(host: HostFs) -> Labels:
    """`vendor` and `model`; empty where the firmware names neither.

    Lenovo writes the machine's type into the product name and the model's name into the version (kernel,
    drivers/platform/x86/thinkpad_acpi.c, get_thinkpad_model_data). ARM machines name both in the device tree.
    """
    vendor, name, version = (
        _field(f"{host.sysfs}/{_DMI}/{field}") for field in ("sys_vendor", "product_name", "product_version")
    )
    is_lenovo = vendor.casefold() == "lenovo"
    model = (version if is_lenovo else "") or name or _field(f"{host.sysfs}/{_DEVICE_TREE}")
    return (("vendor", vendor), ("model", model)) if vendor or model else ()


def _field(path: str) -> str:
    """One field without the makers' fillers; empty where there is none."""
    try:
        text = read_text(path).strip("\0 ")
    except OSError:
        return ""
    return "" if text.casefold() in _FILLERS else text
