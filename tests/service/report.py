"""Figures in a table, each set with the load that the machine was under."""

import os
import sys
from collections.abc import Mapping


def load() -> str:
    """Processes that want a processor, mean of the last minute, over the processors."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def say(title: str, rows: Mapping[str, object]) -> None:
    """Print a title and its figures, a line each."""
    width = max(len(name) for name in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows.items()]
    sys.stdout.write("\n".join([title, *lines]) + "\n")
    sys.stdout.flush()


def quantiles(seconds: list[float]) -> str:
    """Median, 99th percentile and maximum, in ms."""
    ordered = sorted(seconds)
    at = [ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.99, 1.0)]
    return "p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms".format(*(1000 * value for value in at))
