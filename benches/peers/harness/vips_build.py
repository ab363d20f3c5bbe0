"""One pyramid by libvips, in a process of its own. Runs with the environment that has libvips.

    vips_build.py tiles|file SOURCE TARGET QUALITY [OPTION=VALUE...]

`tiles` joins the base tiles in the folder SOURCE with arrayjoin; `file` opens the picture SOURCE. Then dzsave, with
tiles of 256 pixels and no overlap unless `tile_size` and `overlap` say something else. Options: `mode=suffix` (default) gives dzsave `suffix=".jpg[Q=..]"`, for which it
starts a libvips pipeline for each tile; `mode=direct` gives it only `Q`, and it writes each tile straight through
libjpeg (as .jpeg, the bytes are the same). `access=random` instead of sequential. Any other option goes to dzsave.

Prints the time from before the first file is opened, and the CPU time since then: what Python takes to start and to
load libvips is not counted against it.
"""

import json
import resource
import shutil
import sys
import time
from pathlib import Path

import pyvips


def joined(folder, access):
    """The base tiles as one picture."""
    places = {tuple(int(number) for number in tile.stem.split("_")): tile for tile in Path(folder).iterdir()}
    columns = 1 + max(column for column, _ in places)
    order = sorted(places, key=lambda place: (place[1], place[0]))
    tiles = [pyvips.Image.new_from_file(str(places[place]), access=access) for place in order]
    return pyvips.Image.arrayjoin(tiles, across=columns)


def build(kind, source, target, quality, options):
    mode, access = options.pop("mode", "suffix"), options.pop("access", "sequential")
    picture = joined(source, access) if kind == "tiles" else pyvips.Image.new_from_file(source, access=access)
    form = {"Q": int(quality)} if mode == "direct" else {"suffix": f".jpg[Q={quality}]"}
    shape = {key: int(options.pop(key, default)) for key, default in [("tile_size", 256), ("overlap", 0)]}
    picture.dzsave(target, **shape, **form, **options)


def may_open_more():
    """Raises the limit of open files as far as it goes; whether that is further than before."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard > soft


def main():
    _, kind, source, target, quality, *rest = sys.argv
    options = dict(option.split("=", 1) for option in rest)
    raised = False
    while True:
        cpu, started = time.process_time(), time.perf_counter()
        try:
            build(kind, source, target, quality, dict(options))
            break
        except pyvips.Error:
            # Should it be for too many open files, it is tried again with more, and only that time counts.
            if raised or not may_open_more():
                raise
            raised = True
            shutil.rmtree(f"{target}_files", ignore_errors=True)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "open files limit raised": raised}))


if __name__ == "__main__":
    main()
