#!/usr/bin/env python3
"""Power cuts: a file system on a loop device is shut down at random moments of a build, mounted again, and looked at.

    sudo tests/power_cut.py target/release/fast_pyramid [--rounds 20] [--seed 1]

After each cut all sources are as they were, every published version verifies, `latest` leads to one, and the next build
ends as if nothing had happened. Then the negative control: with syncfs and fsync taken out (strace lets them succeed
without being carried out) a cut right after the end must do damage, or the whole test would show nothing.

Needs root, loop devices, mkfs.ext4, mkfs.xfs, xfs_io and, for the control, strace. What is not there is said, and exits 0
with a line that begins with SKIPPED.
"""

import argparse
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
GRID = 40  # base tiles each way
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


def make_sources(folder):
    """A grid of real tiles, v1 and v2 with a few others each."""
    tiles = sorted((HERE.parent / "fixtures/relief/v0").glob("[0-5]_[0-3].jpg"))
    side = 256 * GRID
    folder.mkdir()
    (folder / "pyramid.json").write_text(f"{{ width: {side}, height: {side}, tile_size: 256, overlap: 0 }}")
    (folder / "v0").mkdir()
    for index in range(GRID * GRID):
        shutil.copy(tiles[index % len(tiles)], folder / "v0" / f"{index % GRID}_{index // GRID}.jpg")


def add_patch(folder, version, count):
    (folder / f"v{version}").mkdir()
    tiles = sorted((HERE.parent / "fixtures/relief/v0").glob("[0-5]_[0-3].jpg"))
    for index in range(count):
        at = (index * 7919 + version) % (GRID * GRID)
        shutil.copy(tiles[(index + version) % len(tiles)], folder / f"v{version}" / f"{at % GRID}_{at // GRID}.jpg")


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


def check(tool, pyramid, sources, context):
    """What must hold after a cut; the text of what does not."""
    found = {name: value for name, value in tree(pyramid).items() if not name.startswith("dest")}
    if found != sources:
        return f"{context}: sources have changed"
    trees = pyramid / "dest/dzi"
    latest = trees / "latest"
    if latest.is_symlink() and not latest.is_dir():
        return f"{context}: latest leads nowhere"
    if trees.is_dir() and any(path.is_dir() and not path.is_symlink() for path in trees.iterdir()):
        done = run(tool, "verify", pyramid, check=False)
        if done.returncode != 0:
            return f"{context}: verify ended with {done.returncode}: {(done.stdout + done.stderr)[:500]}"
    return None


def one_cut(tool, disk, prepared, expected, moment, flush_log, prefix=()):
    """Builds on a fresh copy, cuts the power, and looks."""
    pyramid = disk.point / "p"
    if pyramid.exists():
        shutil.rmtree(pyramid)
    run("cp", "-a", prepared, pyramid)
    sources = {name: value for name, value in tree(pyramid).items() if not name.startswith("dest")}
    run("sync", "-f", disk.point)
    child = subprocess.Popen([*prefix, str(tool), "-q", str(pyramid)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if moment is None:
        child.wait()
    else:
        time.sleep(moment)
    disk.cut(flush_log)
    child.wait()
    disk.remount()
    when = "after the end" if moment is None else f"after {moment:.3f} s"
    context = f"{disk.kind}, cut {when}{', log flushed' if flush_log else ''}"
    problem = check(tool, pyramid, sources, context)
    if problem:
        return problem
    if run(tool, "-q", pyramid, check=False).returncode != 0:
        return f"{context}: the next build fails"
    if tree(pyramid / "dest/dzi") != expected:
        return f"{context}: the next build gives other trees"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool", type=Path)
    parser.add_argument("--rounds", type=int, default=20, help="cuts for each file system and scenario [20]")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    tool = given.tool.resolve()
    missing = [name for name in ("mkfs.ext4", "mkfs.xfs", "xfs_io", "losetup", "mount", "strace") if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        return print(f"SKIPPED: power cuts need root{' and ' + ', '.join(missing) if missing else ''}")
    rng = random.Random(given.seed)
    problems, cuts = [], 0
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        first, patched = scratch / "first", scratch / "patched"
        make_sources(first)
        run("cp", "-a", first, patched)
        run(tool, "-q", patched)
        for version, count in ((1, 3), (2, 200)):
            add_patch(patched, version, count)
        scenarios = []
        for name, prepared in (("first build", first), ("patches", patched)):
            built = scratch / "built"
            run("cp", "-a", prepared, built)
            started = time.time()
            run(tool, "-q", built)
            scenarios.append((name, prepared, tree(built / "dest/dzi"), time.time() - started))
            shutil.rmtree(built)
        for kind in FILE_SYSTEMS:
            try:
                disk = Disk(scratch, kind)
            except SystemExit as failure:
                print(f"SKIPPED: {kind}: {failure}")
                continue
            try:
                for name, prepared, expected, seconds in scenarios:
                    for turn in range(given.rounds):
                        moment = None if turn % 5 == 4 else rng.uniform(0, 1.5 * seconds)
                        problem = one_cut(tool, disk, prepared, expected, moment, turn % 2 == 1)
                        cuts += 1
                        if problem:
                            problems.append(f"{name}: {problem}")
                    print(f"{kind}, {name}: {given.rounds} power cuts", flush=True)
                # With the log flushed names are there whose contents are not; without it there would be nothing at all.
                control = one_cut(tool, disk, scenarios[0][1], scenarios[0][2], None, True, WITHOUT_SYNC)
                print(f"{kind}, without syncing: {control or 'no damage'}", flush=True)
                if control is None:
                    problems.append(f"{kind}: without syncing nothing was lost, so this test shows nothing")
            finally:
                disk.unmount()
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{cuts} power cuts, {len(problems)} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
