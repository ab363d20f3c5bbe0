"""From one picture to a served pyramid: `fast_pyramid cut --build` beside libvips' dzsave of the same file."""

import json

from . import report, rounds
from .builds import SCRIPT
from .picture import SCRIPT as PICTURES
from .rounds import Contestant, ratio
from .tools import Failure, run, say

KINDS = {"jpeg": "one JPEG", "tiff": "one tiled TIFF", "png": "one PNG"}


def run_cuts(tools, trash, picture, quality, count):
    """Each kind of file, and a JPEG of which one tile in a hundred changed."""
    say(f"\ncutting one picture, quality {quality} (one round for nothing first):")
    files, everyone = beside_libvips(tools, picture, quality)
    everyone.append(changed(tools, trash, picture, files, quality))
    return rounds.alternate(tools, trash, everyone, count)


def beside_libvips(tools, picture, quality, shape=None):
    """Files of each kind, and ours and libvips with each of them; `shape` is a tile size and an overlap."""
    if not tools.python:
        raise Failure("libvips is not there")
    files = json.loads(run([tools.python, PICTURES, "files", picture.folder, quality]).splitlines()[-1])
    everyone = []
    for kind, what in KINDS.items():
        everyone += [ours(tools, picture, kind, what, files[kind], quality, shape), vips(tools, picture, kind, what, files[kind], quality, shape)]
    return files, everyone


def ours(tools, picture, kind, what, file, quality, shape):
    """As a user runs it: reads, cuts, builds, flushes, publishes. At a JPEG's own quality, nothing is requantised."""
    out = picture.folder / f"out-cut-{kind}"
    options = ["--tile-size", shape[0], "--overlap", shape[1]] if shape else []
    command = [tools.fast_pyramid, "--json", "--quiet", "cut", "--build", "--format", "jpg", "--quality", quality, *options, file, out]
    return Contestant(f"ours {kind}", f"fast_pyramid cut --build of {what}", command, [file], [out])


def vips(tools, picture, kind, what, file, quality, shape):
    """libvips in its fastest way that writes such a tree."""
    out = picture.folder / f"out-vips-{kind}"
    outputs = [out, out.with_suffix(".dzi"), f"{out}_files"]
    options = [f"tile_size={shape[0]}", f"overlap={shape[1]}"] if shape else []
    command = [tools.python, SCRIPT, "file", file, out, quality, "mode=direct", *options]
    return Contestant(f"vips {kind}", f"libvips dzsave of {what}, direct", command, [file], outputs)


def changed(tools, trash, picture, files, quality):
    """A pyramid whose picture goes back and forth between two states: each run finds the one that is not the latest."""
    out = picture.folder / f"out-changed-q{quality}"
    trash.take(out)
    cut = [tools.fast_pyramid, "--json", "--quiet", "cut", "--build", "--quality", quality]
    run([*cut, files["jpeg"], out])
    pictures = [files["changed"], files["jpeg"]]
    command = [*cut, picture.folder / "next.jpg", out]

    def turn():
        """A name for the state that comes next."""
        (picture.folder / "next.jpg").unlink(missing_ok=True)
        (picture.folder / "next.jpg").symlink_to(pictures[0])
        pictures.reverse()

    return Contestant("changed", "fast_pyramid cut --build, 1 % of tiles changed", command, pictures[:], [], before=turn)


def show(results, quality):
    report.plain(results, f"from one picture to a pyramid, quality {quality}", "ours jpeg")
    show_beside_libvips(results)
    times = ratio(results["vips jpeg"], results["changed"], "time")
    said = [measured["said"] for measured in results["changed"]["rounds"]]
    tiles = f", {said[-1]['written']} of {said[-1]['tiles']} tiles" if said else ""
    say(f"  changed{tiles}: {report.show(times)} times as fast as libvips' dzsave of the whole")


def show_beside_libvips(results):
    for kind in KINDS:
        one, other = results[f"ours {kind}"], results[f"vips {kind}"]
        times, memory = ratio(other, one, "time"), ratio(one, other, "peak_mb")
        say(f"  {kind}: {report.show(times)} times as fast as libvips, with {report.show(memory)} of its memory")
