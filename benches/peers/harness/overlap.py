"""Pyramids with overlap: cutting one picture beside libvips, and building from base tiles beside the floor.

The tiles are 254 with overlap 1, libvips' defaults, whose blocks never align; and 256 with overlap 16, whose blocks do.
"""

import os

from . import cuts, report, rounds
from .rounds import Contestant, ratio
from .tools import run, say

SHAPE = (254, 1)


def run_overlap(tools, trash, picture, quality, count):
    say(f"\noverlap, quality {quality} (one round for nothing first):")
    files, everyone = cuts.beside_libvips(tools, picture, quality, SHAPE)
    tiles = [["254/1", 254, 1], ["256/16", 256, 16], ["256/0", 256, 0]]
    pyramids = {name: pyramid(tools, trash, picture, files["jpeg"], quality, *shape) for name, *shape in tiles}
    everyone += [build(tools, name, folder) for name, folder in pyramids.items()]
    base, threads = pyramids["254/1"] / "v0", os.cpu_count()
    floor = [tools.peers, "floor", base, "--samples", "-j", threads]
    everyone.append(Contestant("floor 254/1", "floor: read the tiles and decode them to samples", floor, [base]))
    return rounds.alternate(tools, trash, everyone, count)


def pyramid(tools, trash, picture, file, quality, tile_size, overlap):
    """Base tiles of the picture, not built."""
    folder = picture.folder / f"overlap-q{quality}-{tile_size}-{overlap}"
    trash.take(folder)
    shape = ["--tile-size", tile_size, "--overlap", overlap]
    run([tools.fast_pyramid, "--quiet", "cut", "--format", "jpg", "--quality", quality, *shape, file, folder])
    return folder


def build(tools, name, folder):
    command = [tools.fast_pyramid, "--json", "--quiet", folder]
    return Contestant(f"build {name}", f"fast_pyramid, base tiles of {name}", command, [folder / "v0"], [folder / "dest"])


def show(results, quality):
    report.plain(results, f"overlap, quality {quality}", "build 254/1")
    cuts.show_beside_libvips(results)
    for one, other, what in [
        ("build 254/1", "floor 254/1", "254/1 takes {} times the floor (target 2.5)"),
        ("build 256/16", "build 256/0", "256/16 takes {} times as long as 256/0 (target 1.6)"),
    ]:
        say("  " + what.format(report.show(ratio(results[one], results[other], "time"))))
