"""One workstation's own parts: heat, smoothness, storage, display and power."""

from __future__ import annotations

from collections.abc import Iterator

from panels import Shown, chart, listing

_I = 'instance="$instance"'
_HERE = f"{{{_I}}}"
_SENSOR = "{{chip}} {{sensor}}"


def heat() -> Iterator[Shown]:
    """Every temperature and fan, those that are judged first."""
    yield from _temperatures()
    yield from _fans()
    yield from _nvidia()


def _temperatures() -> Iterator[Shown]:
    for component, title, rules in (
        ("cpu", "处理器距上限 · processor headroom", "cpu-overheating"),
        ("gpu", "显卡距上限 · graphics card headroom", "gpu-overheating"),
        ("disk", "硬盘距上限 · disk headroom", "disk-overheating"),
    ):
        yield chart(
            title,
            "距传感器自己的上限还有多少度，越少越热。 · Degrees left to the sensor's own limit; fewer are hotter.",
            [(f'endpoint_temperature_headroom_celsius{{{_I},component="{component}"}}', _SENSOR)],
            "celsius",
            rules,
        )
    yield chart(
        "主板温度 · board temperature",
        "主板传感器没有可信的自身上限。 · Board sensors have no limit of their own that can be trusted.",
        [(f'endpoint_temperature_celsius{{{_I},component="board"}}', _SENSOR)],
        "celsius",
        "board-overheating",
    )
    yield chart(
        "全部温度及上限 · all temperatures and their limits",
        "上限由设备自己给出。 · The limits are the devices' own.",
        [
            (f"endpoint_temperature_celsius{_HERE}", _SENSOR),
            (f"endpoint_temperature_limit_celsius{_HERE}", f"{_SENSOR} 上限 limit {{{{limit}}}}"),
        ],
        "celsius",
    )


def _fans() -> Iterator[Shown]:
    yield chart(
        "传感器故障、风扇停转和全速 · sensor faults, fans stalled and racing",
        "1 为是。 · 1 is yes.",
        [
            (f"endpoint_temperature_sensor_fault{_HERE}", f"{_SENSOR} 故障 fault"),
            (f"endpoint_fan_stalled{_HERE}", "{{chip}} {{fan}} 停转 stalled"),
            (f"endpoint_fan_racing{_HERE}", "{{chip}} {{fan}} 全速 racing"),
        ],
    )
    yield chart(
        "风扇转速 · fan speed",
        "0 本身不是故障，不需要时许多风扇会停。 · 0 alone is no fault; many fans stop when they are not needed.",
        [(f"endpoint_fan_speed_rpm{_HERE}", "{{chip}} {{fan}}")],
        "rotrpm",
    )
    yield chart(
        "因过热降速的时间 · time slowed down by heat",
        "最近 5 分钟内。 · Within five minutes.",
        [(f"increase(endpoint_cpu_throttled_seconds_total{_HERE}[5m])", "处理器 processor")],
        "s",
        "cpu-throttled",
    )


def _nvidia() -> Iterator[Shown]:
    yield chart(
        "NVIDIA 显卡温度与余量 · NVIDIA temperature and margin",
        "余量是距降速还有多少度。 · The margin is what is left until the card slows down.",
        [
            (f"endpoint_gpu_temperature_celsius{_HERE}", "{{gpu}} 温度 temperature"),
            (f"endpoint_gpu_temperature_margin_celsius{_HERE}", "{{gpu}} 余量 margin"),
        ],
        "celsius",
        "gpu-near-limit",
    )
    yield chart(
        "NVIDIA 显卡降速原因 · NVIDIA slowed down because",
        "1 为是；风扇是设定值，不是测得的。 · 1 is yes; the fan's speed is what it is told, not measured.",
        [
            (f"endpoint_gpu_throttled{_HERE}", "{{gpu}} {{reason}}"),
            (f"endpoint_gpu_fan_speed_ratio{_HERE}", "{{gpu}} 风扇 fan {{fan}}"),
        ],
    )


def smoothness() -> Iterator[Shown]:
    """What makes the computer slow."""
    yield from _processor()
    yield from _memory()
    yield from _waiting()


def _processor() -> Iterator[Shown]:
    yield chart(
        "处理器占用 · processor in use",
        "不含等待硬盘。 · Waiting for disks not included.",
        [(f"endpoint_cpu_usage_ratio{_HERE}", "占用 in use")],
        "percentunit",
        "cpu-busy",
    )
    yield chart(
        "每核任务数 · tasks per core",
        "一分钟平均。 · Averaged over a minute.",
        [(f"endpoint_cpu_load_per_core{_HERE}", "任务 tasks")],
        "short",
        "cpu-load",
    )
    yield chart(
        "处理器频率 · clock",
        "有负载时长期很低，说明被降速。 · Low for long under load means slowed down.",
        [(f"endpoint_cpu_frequency_hertz{_HERE}", "频率 clock")],
        "hertz",
    )


def _memory() -> Iterator[Shown]:
    yield chart(
        "可用内存 · memory available",
        "虚线以下电脑会变慢。 · Below the dashed line the computer becomes slow.",
        [
            (f"endpoint_memory_available_ratio{_HERE}", "可用 available"),
            (f"endpoint_memory_swap_used_ratio{_HERE}", "交换空间已用 swap used"),
        ],
        "percentunit",
        "memory-low",
    )
    yield chart(
        "交换空间读写 · swap traffic",
        "每分钟。 · A minute.",
        [
            (f"increase(endpoint_memory_swapped_in_bytes_total{_HERE}[1m])", "读回 in"),
            (f"increase(endpoint_memory_swapped_out_bytes_total{_HERE}[1m])", "写出 out"),
        ],
        "bytes",
        "swap-traffic",
    )


def _waiting() -> Iterator[Shown]:
    yield chart(
        "等待资源的时间 · time spent waiting",
        "full：所有程序都在等。 · full: all programs wait.",
        [(f"endpoint_stall_ratio{_HERE}", "{{resource}} {{kind}}")],
        "percentunit",
        "memory-stalls|io-stalls",
    )
    yield chart(
        "定时任务迟到 · timers late by",
        "使用者会感到卡顿。 · The operator feels it as stutter.",
        [(f"endpoint_stall_timer_overrun_seconds{_HERE}", "迟到 late")],
        "s",
        "timer-overrun",
    )
    yield chart(
        "NVIDIA 显卡占用与显存 · NVIDIA use and memory",
        "显存为空闲的比例。 · Memory is the share that is free.",
        [
            (f"endpoint_gpu_usage_ratio{_HERE}", "{{gpu}} 占用 in use"),
            (f"endpoint_gpu_memory_available_ratio{_HERE}", "{{gpu}} 空闲显存 memory free"),
        ],
        "percentunit",
    )


def storage() -> Iterator[Shown]:
    """Space, files and speed of the disks."""
    yield chart(
        "剩余空间 · space left",
        "普通用户还能写入的比例。 · What an ordinary user can still fill.",
        [(f"endpoint_storage_available_ratio{_HERE}", "{{mountpoint}}")],
        "percentunit",
        "storage-full",
    )
    yield chart(
        "还能建的文件 · files left",
        "inode 的比例；变为只读时为 1。 · Share of inodes; read-only is 1.",
        [
            (f"endpoint_storage_inodes_available_ratio{_HERE}", "{{mountpoint}}"),
            (f"endpoint_storage_read_only{_HERE}", "{{mountpoint}} 只读 read-only"),
        ],
        "percentunit",
        "storage-inodes-low",
    )
    yield chart(
        "每次读写的时间 · time for an operation",
        "没有读写时没有值。 · Absent where nothing was read or written.",
        [(f"endpoint_storage_io_seconds{_HERE}", "{{device}}")],
        "s",
        "storage-slow",
    )


def display() -> Iterator[Shown]:
    """Displays and what drives them."""
    yield chart(
        "显示器断开与显卡重置 · displays lost, card resets",
        "最近 10 分钟断开的次数，1 小时内重置的次数。 · Drops within ten minutes, resets within an hour.",
        [
            (f"increase(endpoint_display_drops_total{_HERE}[10m])", "{{connector}} 断开 drops"),
            (f"increase(endpoint_gpu_resets_total{_HERE}[1h])", "重置 resets"),
        ],
        "short",
        "display-flapping|gpu-resets",
    )
    yield chart(
        "显示器状态 · displays",
        "1 为是。 · 1 is yes.",
        [
            (f"endpoint_display_connected{_HERE}", "{{connector}} 已连接 connected"),
            (f"endpoint_display_enabled{_HERE}", "{{connector}} 有画面 enabled"),
            (f"endpoint_display_edid_valid{_HERE}", "{{connector}} 标识完好 identification valid"),
        ],
    )
    yield (
        listing(
            "显示器型号 · display models",
            "序列号只有散列。 · Serial numbers are hashed.",
            f"endpoint_display_info{_HERE}",
            (
                ("connector", "接口 · connector"),
                ("maker", "厂商 · maker"),
                ("model", "型号 · model"),
                ("mode", "模式 · mode"),
            ),
        )
        .height(8)
        .span(8)
    )


def power() -> Iterator[Shown]:
    """Mains and batteries."""
    yield chart(
        "电池 · battery",
        "电量，以及充满后是设计容量的多少。 · Charge, and what a full battery holds of its design.",
        [
            (f"endpoint_power_battery_charge_ratio{_HERE}", "{{battery}} 电量 charge"),
            (f"endpoint_power_battery_health_ratio{_HERE}", "{{battery}} 健康 health"),
        ],
        "percentunit",
        "battery-low|battery-worn",
    )
    yield chart(
        "供电 · supply",
        "1 为是。 · 1 is yes.",
        [
            (f"endpoint_power_mains_online{_HERE}", "{{supply}} 外接电源 mains"),
            (f"endpoint_power_battery_discharging{_HERE}", "{{battery}} 放电 discharging"),
        ],
    )
