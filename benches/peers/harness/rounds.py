"""Timing contestants in turn.

Each round runs every contestant once, in the same order: a, b, c, a, b, c ... so that whatever slows the machine for a
while slows all of them. Before each run, outside the clock: its last output is moved aside (see trash.py), everything is flushed to the disk
(`sync`), and its input is read, so the page cache is warm. After it, how long `sync` takes by then is noted beside the
time, as not every tool flushes what it wrote.
"""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Callable

from .tools import Failure, run, say


@dataclass
class Contestant:
    key: str
    label: str
    command: list
    inputs: list = field(default_factory=list)  # files or folders to have in the page cache
    outputs: list = field(default_factory=list)  # what to move aside before
    before: Callable[[], None] | None = None  # anything else outside the clock
    environment: dict = field(default_factory=dict)
    warm_up: bool = True  # whether to run it once for nothing first


def alternate(tools, trash, contestants, rounds):
    """All rounds; returns {key: {"label", "command", "rounds": [...], "failed": text or None}}."""
    results = {one.key: {"label": one.label, "command": shown(one), "rounds": [], "failed": None} for one in contestants}
    for number in range(-1, rounds):
        for one in contestants:
            result = results[one.key]
            if result["failed"] or (number < 0 and not one.warm_up):
                continue
            try:
                measured = once(tools, trash, one)
            except (Failure, OSError) as failure:
                result["failed"] = str(failure)
                say(f"  {one.key}: FAILED, left out: {failure}")
                continue
            if number >= 0:
                result["rounds"].append(measured)
                say(f"  round {number + 1}, {one.key:>9}: {measured['time']:8.3f} s, CPU {measured['cpu']:8.3f} s, "
                    f"{measured['peak_mb']:7.1f} MB{note(measured)}")
    for one in contestants:
        for output in one.outputs:
            trash.take(output)
    return results


def once(tools, trash, one):
    """One timed run."""
    for output in one.outputs:
        trash.take(output)
    if one.before:
        one.before()
    os.sync()
    for source in one.inputs:
        warm(Path(source))
    environment = os.environ | {key: str(value) for key, value in one.environment.items()}
    load = os.getloadavg()[0]
    measured = json.loads(run([tools.peers, "measure", *one.command], env=environment))
    started = time.perf_counter()
    os.sync()
    said = measured["said"] if isinstance(measured["said"], dict) else {}
    # Programs in Python say how long they worked after they had started; that is what counts for them.
    ran_python = "cpu" in said
    return measured | {
        "time": said["seconds"] if ran_python else measured["wall"],
        "cpu": said["cpu"] if ran_python else measured["user"] + measured["system"],
        "flush_after": time.perf_counter() - started,
        "load_before": load,
    }


def note(measured):
    said = measured["said"] if isinstance(measured["said"], dict) else {}
    return " (after raising the limit of open files)" if said.get("open files limit raised") else ""


def warm(path):
    """Reads a file, or all files of a folder."""
    for file in path.iterdir() if path.is_dir() else [path]:
        with open(file, "rb", buffering=0) as source:
            while source.read(1 << 20):
                pass


def shown(one):
    words = [f"{key}={value}" for key, value in one.environment.items()] + [str(word) for word in one.command]
    return " ".join(words)


def middle(result, key):
    """The median of a number over the rounds, or None."""
    values = [measured[key] for measured in result["rounds"]]
    return median(values) if values else None


def ratio(over, under, key):
    """The median over the rounds of the ratio within a round, or None."""
    pairs = list(zip(over["rounds"], under["rounds"]))
    return median(left[key] / right[key] for left, right in pairs if right[key]) if pairs else None
