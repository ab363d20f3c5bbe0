"""One pyramid by libvips, in a process of its own. Runs with the environment that has libvips.

    vips_build.py tiles|file SOURCE TARGET QUALITY [OPTION=VALUE...]

`tiles` joins the base tiles in the folder SOURCE with arrayjoin; `file` opens the picture SOURCE. Then dzsave, with
tiles of 256 pixels and no overlap. Options: `mode=suffix` (default) gives dzsave `suffix=".jpg[Q=..]"`, for which it
starts a libvips pipeline for each tile; `mode=direct` gives it only `Q`, and it writes each tile straight through
libjpeg (as .jpeg, the bytes are the same). `access=random` instead of sequential. Any other option goes to dzsave.

Prints the time from before the first file is opened, and the CPU time since then: what Python takes to start and to
load libvips is not counted against it.
"""

import json
import resource
import sys
import time
from pathlib import Path

import pyvips


def joined(folder, access):
    """The base tiles as one picture, and whether the limit of open files was raised for it."""
    places = {tuple(int(number) for number in tile.stem.split("_")): tile for tile in Path(folder).iterdir()}
    columns = 1 + max(column for column, _ in places)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    raised = len(places) + 64 > soft
    if raised:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    order = sorted(places, key=lambda place: (place[1], place[0]))
    tiles = [pyvips.Image.new_from_file(str(places[place]), access=access) for place in order]
    return pyvips.Image.arrayjoin(tiles, across=columns), raised


def build(kind, source, target, quality, options):
    mode, access = options.pop("mode", "suffix"), options.pop("access", "sequential")
    raised = False
    if kind == "tiles":
        picture, raised = joined(source, access)
    else:
        picture = pyvips.Image.new_from_file(source, access=access)
    form = {"Q": int(quality)} if mode == "direct" else {"suffix": f".jpg[Q={quality}]"}
    picture.dzsave(target, tile_size=256, overlap=0, **form, **options)
    return raised


if __name__ == "__main__":
    _, kind, source, target, quality, *rest = sys.argv
    cpu, started = time.process_time(), time.perf_counter()
    raised = build(kind, source, target, quality, dict(option.split("=", 1) for option in rest))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "open files limit raised": raised}))
