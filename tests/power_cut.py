#!/usr/bin/env python3
"""Power cuts: a file system on a loop device is shut down at random moments of a command, mounted again, and looked at.

    sudo tests/power_cut.py target/release/fast_pyramid [--rounds 20] [--seed 1] [--short]

The commands are builds, `build --rebuild-from`, `vacuum` with and without sources, and `repair`. After each cut no source
tile of a version that stays is lost, every published version verifies, `latest` leads to one, and the same command, run
again, ends as if nothing had happened. Then the negative controls: with syncfs and fsync taken out (strace lets them
succeed without being carried out) a cut right after the end of a first build, and of a vacuum, must do damage, or the
whole test would show nothing.

Needs root, loop devices, mkfs.ext4, mkfs.xfs, xfs_io and, for the control, strace. What is not there is said, and exits 0
with a line that begins with SKIPPED.
"""

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONTROLS = ("first build", "vacuum")
GRID = 40  # base tiles each way
SHORT_GRID = 16
FILE_SYSTEMS = {"ext4": (["mkfs.ext4", "-q", "-F"], "192M"), "xfs": (["mkfs.xfs", "-q", "-f"], "320M")}
WITHOUT_SYNC = ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "trace=syncfs,fsync,fdatasync",
                "-e", "inject=syncfs,fsync,fdatasync:retval=0"]  # fmt: skip


def run(*command, check=True):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if check and done.returncode != 0:
        sys.exit(f"FAILED: {' '.join(map(str, command))}: {done.stderr.strip()}")
    return done


def tree(folder):
    """All that is in a folder: links with their targets, files with their hashes."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = Path(root, name)
            key = str(path.relative_to(folder))
            if path.is_symlink():
                found[key] = os.readlink(path)
            elif path.is_file():
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def is_of_sources(name):
    return not name.startswith("dest")


def shown(folder):
    """What the trees show to who follows links: hashes by path."""
    trees = folder / "dest/dzi"
    return {str(path.relative_to(trees)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in trees.glob("v*/**/*") if path.is_file()}  # fmt: skip


def make_sources(folder, grid):
    """A grid of real tiles."""
    tiles = sorted((HERE.parent / "fixtures/relief/v0").glob("[0-5]_[0-3].jpg"))
    side = 256 * grid
    folder.mkdir()
    (folder / "pyramid.json").write_text(f"{{ width: {side}, height: {side}, tile_size: 256, overlap: 0 }}")
    (folder / "v0").mkdir()
    for index in range(grid * grid):
        shutil.copy(tiles[index % len(tiles)], folder / "v0" / f"{index % grid}_{index // grid}.jpg")


def add_patch(folder, grid, version, count):
    """A later version of so many other tiles."""
    (folder / f"v{version}").mkdir()
    tiles = sorted((HERE.parent / "fixtures/relief/v0").glob("[0-5]_[0-3].jpg"))
    for index in range(count):
        at = (index * 7919 + version) % (grid * grid)
        shutil.copy(tiles[(index + version) % len(tiles)], folder / f"v{version}" / f"{at % grid}_{at // grid}.jpg")


def break_some(folder):
    """Damage of each kind that is mended in place, and much of it."""
    trees = folder / "dest/dzi"
    for index, tile in enumerate(sorted((trees / "v0/dzi_files").glob("*/*.jpg"))):
        if index % 3 == 0:
            tile.unlink()
        elif index % 3 == 1 and not tile.is_symlink():
            tile.write_bytes(b"torn")
    (trees / "v1/dzi.xml").unlink()
    (trees / "stranger").write_text("")


class Disk:
    """A file system in an image file, mounted."""

    def __init__(self, scratch, kind):
        self.image, self.point, self.kind = scratch / f"{kind}.img", scratch / kind, kind
        self.point.mkdir(exist_ok=True)
        command, size = FILE_SYSTEMS[kind]
        run("truncate", "-s", size, self.image)
        run(*command, self.image)
        self.mount()

    def mount(self):
        run("mount", "-o", "loop", self.image, self.point)

    def unmount(self):
        run("umount", self.point)

    def cut(self, flush_log):
        run("xfs_io", "-x", "-c", "shutdown -f" if flush_log else "shutdown", self.point)

    def remount(self):
        self.unmount()
        self.mount()


class Scenario:
    """A pyramid folder, a command, and what comes of it undisturbed."""

    def __init__(self, name, prepared, arguments, scratch, tool):
        self.name, self.prepared, self.arguments = name, prepared, arguments
        self.sources = {name: value for name, value in tree(prepared).items() if is_of_sources(name)}
        done = scratch / "done"
        run("cp", "-a", prepared, done)
        started = time.time()
        run(tool, *arguments, "-q", done)
        self.seconds = time.time() - started
        self.expected = {name: value for name, value in tree(done).items() if not name.startswith("dest/.fast_pyramid")}
        self.shown = shown(done)
        shutil.rmtree(done)

    def lost_sources(self, found):
        """Source tiles that should stay whatever happens, and are not there or others."""
        return [name for name, value in self.sources.items()
                if self.expected.get(name) == value and found.get(name) != value]  # fmt: skip


def check(tool, pyramid, scenario, context):
    """What must hold after a cut; the text of what does not."""
    lost = scenario.lost_sources(tree(pyramid))
    if lost:
        return f"{context}: {len(lost)} sources have changed, such as {lost[0]}"
    trees = pyramid / "dest/dzi"
    latest = trees / "latest"
    if latest.is_symlink() and not latest.is_dir():
        return f"{context}: latest leads nowhere"
    for path in trees.rglob("*"):
        # A repair is for trees with such links.
        if path.is_symlink() and not path.exists() and "repair" not in scenario.arguments:
            return f"{context}: {path.relative_to(trees)} leads nowhere"
    if "vacuum" in scenario.arguments:
        now = shown(pyramid)
        others = [name for name, value in scenario.shown.items() if now.get(name) != value]
        if others:
            return f"{context}: {len(others)} tiles show something else, such as {others[0]}"
    # What a build or rebuild has published verifies at once; the others are half way until they are run again. Versions that
    # are being replaced may be out of sight.
    if "build" in scenario.arguments and trees.is_dir() and any(p.is_dir() and not p.is_symlink() for p in trees.iterdir()):
        done = run(tool, "verify", pyramid, check=False)
        wrong = [line for line in done.stdout.splitlines() if not is_out_of_sight(pyramid, line)]
        if done.returncode not in (0, 1) or wrong or (done.returncode == 1 and not done.stdout):
            return f"{context}: verify ended with {done.returncode}: {(done.stdout + done.stderr)[:500]}"
    return None


def is_out_of_sight(pyramid, line):
    """Whether verify's line is about a version that a stopped rebuild has taken out, as it noted."""
    if not (pyramid / "dest/.fast_pyramid/replaced.json").exists():
        return False
    return any(mark in line for mark in (": missing", "damaged_manifest", "wrong_latest"))


def one_cut(tool, disk, scenario, moment, flush_log, prefix=()):
    """Runs the command on a fresh copy, cuts the power, and looks."""
    pyramid = disk.point / "p"
    if pyramid.exists():
        shutil.rmtree(pyramid)
    run("cp", "-a", scenario.prepared, pyramid)
    run("sync", "-f", disk.point)
    command = [*prefix, str(tool), *scenario.arguments, "-q", str(pyramid)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if moment is None:
        child.wait()
    else:
        time.sleep(moment)
    disk.cut(flush_log)
    child.wait()
    disk.remount()
    when = "after the end" if moment is None else f"after {moment:.3f} s"
    context = f"{disk.kind}, {scenario.name}, cut {when}{', log flushed' if flush_log else ''}"
    problem = check(tool, pyramid, scenario, context)
    if problem:
        return problem
    for arguments in (scenario.arguments, ["verify"]):
        done = run(tool, *arguments, "-q", pyramid, check=False)
        if done.returncode != 0:
            return f"{context}: then {' '.join(arguments)} ends with {done.returncode}: {(done.stdout + done.stderr)[:500]}"
    found = {name: value for name, value in tree(pyramid).items() if not name.startswith("dest/.fast_pyramid")}
    if found != scenario.expected:
        differ = sorted(name for name in {**found, **scenario.expected} if found.get(name) != scenario.expected.get(name))
        return f"{context}: the next run gives something else in {len(differ)} places, such as {differ[0]}"
    return None


def make_scenarios(tool, scratch, grid):
    first, patched, published, broken = (scratch / name for name in ("first", "patched", "published", "broken"))
    make_sources(first, grid)
    run("cp", "-a", first, patched)
    run(tool, "-q", patched)
    for version, count in ((1, 3), (2, grid * grid // 8)):
        add_patch(patched, grid, version, count)
    run("cp", "-a", patched, published)
    run(tool, "-q", published)
    run("cp", "-a", published, broken)
    break_some(broken)
    return [Scenario(name, prepared, arguments, scratch, tool) for name, prepared, arguments in (
        ("first build", first, ["build"]),
        ("patches", patched, ["build"]),
        ("rebuild", published, ["build", "--rebuild-from", "0"]),
        ("vacuum", published, ["vacuum", "--keep-last", "1"]),
        ("vacuum, sources kept", published, ["vacuum", "--keep-last", "1", "--keep-sources"]),
        ("repair", broken, ["repair"]),
    )]  # fmt: skip


def try_disk(tool, disk, scenarios, rounds, rng):
    """All cuts on one file system; how many there were, and what went wrong."""
    problems, cuts = [], 0
    for scenario in scenarios:
        for turn in range(rounds):
            moment = None if turn % 5 == 4 else rng.uniform(0, 1.3 * scenario.seconds)
            problem = one_cut(tool, disk, scenario, moment, turn % 2 == 1)
            cuts += 1
            if problem:
                problems.append(problem)
        print(f"{disk.kind}, {scenario.name}: {rounds} power cuts", flush=True)
    # With the log flushed names are there whose contents are not; without it there would be nothing at all.
    for scenario in [scenario for scenario in scenarios if scenario.name in CONTROLS]:
        control = one_cut(tool, disk, scenario, None, True, WITHOUT_SYNC)
        print(f"without syncing: {control or f'{disk.kind}, {scenario.name}: no damage'}", flush=True)
        if control is None:
            problems.append(f"{disk.kind}, {scenario.name}: without syncing nothing was lost, so this test shows nothing")
    return cuts, problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", type=Path)
    parser.add_argument("--rounds", type=int, default=20, help="cuts for each file system and scenario [20]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="a few rounds on small pyramids, about a minute")
    given = parser.parse_args()
    tool = given.tool.resolve()
    missing = [name for name in ("mkfs.ext4", "mkfs.xfs", "xfs_io", "losetup", "mount", "strace") if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        needs = (["root"] if os.geteuid() != 0 else []) + missing
        return print(f"SKIPPED: no power was cut: that needs {', '.join(needs)}")
    # So that nothing stays mounted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rng = random.Random(given.seed)
    problems, cuts = [], 0
    rounds, grid = (3, SHORT_GRID) if given.short else (given.rounds, GRID)
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        scenarios = make_scenarios(tool, scratch, grid)
        for kind in FILE_SYSTEMS:
            try:
                disk = Disk(scratch, kind)
            except SystemExit as failure:
                print(f"SKIPPED: {kind}: {failure}")
                continue
            try:
                more, found = try_disk(tool, disk, scenarios, rounds, rng)
                cuts, problems = cuts + more, problems + found
            finally:
                disk.unmount()
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{cuts} power cuts, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
