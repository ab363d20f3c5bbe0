#!/usr/bin/env python3
"""Side-by-side benchmarks of fast_pyramid and its peers. What they are, and why they are fair: README.md.

    python3 benches/peers/run.py PHOTO...                 everything but patches and threads
    python3 benches/peers/run.py PHOTO... --only a,b,c2   some of it
    python3 benches/peers/run.py --patch --threads        those (the picture is kept from the first run)
"""

import argparse
import json
import sys
import time
from pathlib import Path

from harness import builds, cuts, overlap, patch, picture, report
from harness.tools import PEERS, Failure, get, machine, say, versions
from harness.trash import Trash

BUILDS = ["a", "b", "b2", "c1", "c2", "c3", "d", "f"]
PARTS = [*BUILDS, "e", "cut", "overlap", "variants", "threads", "patch"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", metavar="PHOTO", help="photographs (JPEG) to make the picture of")
    parser.add_argument("--size", type=int, default=16384, help="side of the picture in pixels [16384]")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of everything [5]")
    parser.add_argument("--work", type=Path, default=PEERS / "target" / "work", help="folder for what is made")
    parser.add_argument("--quality", default="75,90", help="qualities of the tiles [75,90]")
    parser.add_argument("--only", default="", help=f"parts, of: {','.join(PARTS)} (c stands for c1,c2,c3)")
    parser.add_argument("--patch", nargs="?", const="10000,100000,1000000", metavar="TILES",
                        help="what a patch of one tile costs among so many [10000,100000,1000000]")  # fmt: skip
    parser.add_argument("--threads", action="store_true", help="fast_pyramid with 1, 2 and all threads")
    parser.add_argument("--no-wait", action="store_true", help="begin although files were deleted just before")
    given = parser.parse_args()
    given.parts = parts(parser, given)
    given.qualities = numbers(parser, given.quality)
    given.tiles = numbers(parser, given.patch or "10000,100000,1000000")
    if given.rounds < 1 or given.size < 512:
        parser.error("at least 1 round and 512 pixels")
    if unknown := [tiles for tiles in given.tiles if tiles not in patch.SHAPES]:
        parser.error(f"--patch {unknown[0]}: possible are {','.join(map(str, patch.SHAPES))}")
    return given


def parts(parser, given):
    """--only decides; --patch and --threads alone mean just those."""
    wanted = {word for word in given.only.replace(" ", "").split(",") if word}
    if "c" in wanted:
        wanted = wanted - {"c"} | {"c1", "c2", "c3"}
    if unknown := wanted - set(PARTS):
        parser.error(f"--only {','.join(sorted(unknown))}: possible are {','.join(PARTS)}")
    wanted |= {"patch"} if given.patch else set()
    wanted |= {"threads"} if given.threads else set()
    return wanted or {*BUILDS, "e", "cut", "overlap"}


def numbers(parser, text):
    try:
        return [int(word.replace("_", "")) for word in text.split(",")]
    except ValueError:
        parser.error(f"{text}: not numbers separated by commas")


class Results:
    """results.json: what is measured again replaces what was there. Written after each part."""

    def __init__(self, path, about):
        self.path, self.about = path, about
        self.parts = (picture.read(path) or {}).get("parts", {})

    def add(self, name, about, value):
        self.parts[name] = {**self.about, **about, "when": time.strftime("%Y-%m-%d %H:%M:%S"), "results": value}
        picture.write(self.path, {"parts": self.parts})


def main():
    given = arguments()
    given.work.mkdir(parents=True, exist_ok=True)
    tools = get(given.work)
    about = {"machine": machine(given.work), "versions": versions(tools), "rounds": given.rounds}
    for name, facts in about.items():
        say(f"{name}: {json.dumps(facts)}")
    trash = Trash(given.work)
    trash.prepare(wait=not given.no_wait)
    results = Results(given.work / "results.json", about)
    failed = []

    def attempt(name, facts, measure, show):
        try:
            value = measure()
        except (Failure, OSError, ValueError) as failure:
            say(f"FAILED: {name}: {failure}")
            failed.append(name)
            return
        failed.extend(f"{name}, {key}" for key, one in value.items() if isinstance(one, dict) and one.get("failed"))
        results.add(name, facts, value)
        shown.append(lambda: show(value))

    shown = []
    if given.parts - {"patch"}:
        on_picture(given, tools, trash, attempt)
    if "patch" in given.parts:
        for tiles in given.tiles:
            # A million tiles take long; three rounds show as much.
            count = min(given.rounds, 3) if tiles >= 1_000_000 else given.rounds
            for shared in (0, 1):
                name = f"patch-{tiles}" + ("-overlap" if shared else "")
                attempt(name, {"rounds": count},
                        lambda shared=shared: patch.run_patch(tools, trash, given.work, tiles, count, shared),
                        lambda value, tiles=tiles: report.patch(value, tiles))  # fmt: skip
    trash.empty()
    say("\n" + "=" * 100)
    for show in shown:
        show()
    say(f"\nall rounds: {results.path}")
    if failed:
        sys.exit("FAILED: " + "; ".join(failed))


def on_picture(given, tools, trash, attempt):
    """The parts that need the picture."""
    made = picture.get(tools, trash, given.work, given.size, given.photos, given.qualities)
    facts, count = {"size": given.size, "picture": made.facts}, given.rounds
    size = f"size-{given.size}"
    wanted = given.parts & set(BUILDS)
    for quality in given.qualities if wanted else []:
        title = f"builds of {given.size} x {given.size}, quality {quality}"
        attempt(f"builds-{size}-q{quality}", facts,
                lambda quality=quality: builds.run_builds(tools, trash, made, quality, wanted, count),
                lambda value, title=title: report.builds(value, title))  # fmt: skip
    if "e" in given.parts:
        attempt(f"parents-{size}", facts, lambda: builds.run_parents(tools, made, given.qualities, count), report.parents)
    for quality in given.qualities if "cut" in given.parts else []:
        attempt(f"cut-{size}-q{quality}", facts,
                lambda quality=quality: cuts.run_cuts(tools, trash, made, quality, count),
                lambda value, quality=quality: cuts.show(value, quality))  # fmt: skip
    for quality in given.qualities if "overlap" in given.parts else []:
        attempt(f"overlap-{size}-q{quality}", facts,
                lambda quality=quality: overlap.run_overlap(tools, trash, made, quality, count),
                lambda value, quality=quality: overlap.show(value, quality))  # fmt: skip
    for quality in given.qualities if "variants" in given.parts else []:
        attempt(f"variants-{size}-q{quality}", facts,
                lambda quality=quality: builds.run_variants(tools, trash, made, quality, count),
                lambda value, quality=quality: report.plain(value, f"libvips' dzsave, quality {quality}", "v2"))  # fmt: skip
    for quality in given.qualities if "threads" in given.parts else []:
        attempt(f"threads-{size}-q{quality}", facts,
                lambda quality=quality: builds.run_threads(tools, trash, made, quality, count),
                lambda value, quality=quality: report.threads(value, quality))  # fmt: skip


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
