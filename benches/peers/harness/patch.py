"""What one patched tile costs, by the number of tiles.

The tiles are 8 x 8 pixels, so that their number is all that counts. A round is, alternating:

    first     fast_pyramid builds v0
    v1        one tile in the middle is patched; fast_pyramid publishes v1. v0 owns its generated tiles, so a quarter of
              v1's tiles are new symbolic links, the rest further names of v0's
    links, j1 and links, jN
              a bare loop gives every tile of v0's tree a second name in a fresh tree: one thread, and all
    v2        the same tile is patched again; now nearly all of v2's tiles are further names of v1's links

With overlap, the base tiles are plain, and the base level is generated: a patch changes up to nine tiles of each level.

Everything is undone between the rounds.
"""

import os
from pathlib import Path

from . import rounds
from .rounds import Contestant
from .tools import Failure, run, say

SHAPES = {10_000: (100, 100), 100_000: (400, 250), 1_000_000: (1000, 1000)}


def run_patch(tools, trash, work, tiles, count, overlap):
    columns, rows = SHAPES[tiles]
    enough_inodes(work, tiles, count)
    beside = f", overlap {overlap}" if overlap else ""
    say(f"\npatch of one tile among {tiles:,} ({columns} x {rows}{beside}):")
    folder = work / f"patch-{tiles}"
    trash.take(folder)
    try:
        run([tools.peers, "grid", folder, columns, rows, "--overlap", overlap])
        first = rounds.alternate(tools, trash, [first_build(tools, folder)], count)
        if failed := first["first"]["failed"]:
            raise Failure(failed)
        run([tools.fast_pyramid, "--quiet", folder])
        return first | rounds.alternate(tools, trash, patches(tools, trash, folder, columns, rows), count)
    finally:
        trash.take(folder)


def first_build(tools, folder):
    command = [tools.fast_pyramid, "--json", "--quiet", folder]
    return Contestant("first", "first build", command, outputs=[folder / "dest"], warm_up=False)


def patches(tools, trash, folder, columns, rows):
    threads = os.cpu_count()
    tile = f"{columns // 2}_{rows // 2}.jpg"

    def before_v1():
        forget(trash, folder, 1)
        forget(trash, folder, 2)
        source(tools, folder, 1, tile)

    command = [tools.fast_pyramid, "--json", "--quiet", folder]
    fresh = folder / "fresh"

    def links(key, label, number):
        bare = [tools.peers, "links", folder / "dest" / "dzi" / "v0", fresh, "-j", number]
        return Contestant(key, label, bare, outputs=[fresh], warm_up=False)

    return [
        Contestant("v1", "patch of one tile, v1", command, before=before_v1, warm_up=False),
        links("links j1", "bare links, one thread", 1),
        links(f"links j{threads}", f"bare links, {threads} threads", threads),
        Contestant("v2", "another patch, v2", command, before=lambda: source(tools, folder, 2, tile), warm_up=False),
    ]


def source(tools, folder, version, tile):
    """A source version of one tile that differs from what was there."""
    (folder / f"v{version}").mkdir()
    run([tools.peers, "tile", folder / f"v{version}" / tile, 64 * version])


def forget(trash, folder, version):
    """Takes a version back as if it had never been built: its source, its tree and its manifest."""
    for path in (f"v{version}", f"dest/dzi/v{version}", f"dest/.fast_pyramid/versions/v{version}"):
        trash.take(folder / path)
    latest = folder / "dest" / "dzi" / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to("v0")


def enough_inodes(work, tiles, count):
    """Each build of v0 takes a link or file for each tile, each v1 a link for each generated tile; all other links and
    the sources are hard. Nothing is deleted until the end."""
    needed, there = int(tiles * (1.34 * (count + 1) + 0.34 * count)), os.statvfs(work).f_favail
    if there and there < needed:  # some file systems have no such limit and say 0
        raise Failure(f"{tiles:,} tiles need about {needed:,} inodes in {Path(work)}, {there:,} are free")
