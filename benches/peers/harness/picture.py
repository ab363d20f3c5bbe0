"""The picture and its base tiles, kept from run to run."""

import json
from dataclasses import dataclass
from pathlib import Path

from .tools import PEERS, Failure, run, say

SCRIPT = PEERS / "harness" / "vips_picture.py"


@dataclass
class Picture:
    folder: Path
    size: int
    facts: dict

    @property
    def jpeg(self):
        return self.folder / "picture.jpg"

    @property
    def uncompressed(self):
        return self.folder / "picture.v"

    def pyramid(self, quality):
        return self.folder / f"q{quality}"


def get(tools, trash, work, size, photos, qualities):
    """Makes what is not there yet, or for other photographs, and says what there is."""
    folder = work / f"size-{size}"
    facts = read(folder / "facts.json")
    wanted = [str(Path(photo).resolve()) for photo in photos]
    if not facts or (wanted and facts["given"] != wanted):
        if not tools.python:
            raise Failure("the picture is made with libvips, which is not there")
        if not wanted:
            raise Failure(f"no picture of {size} x {size} in {work} yet: give photographs (JPEG files) to make one of")
        say(f"making a picture of {size} x {size} pixels ...")
        trash.take(folder)
        folder.mkdir(parents=True)
        facts = {"given": wanted, "cut": {}} | last_line(run([tools.python, SCRIPT, "make", folder, size, *wanted]))
        write(folder / "facts.json", facts)
    for quality in qualities:
        if str(quality) not in facts["cut"]:
            say(f"cutting base tiles of quality {quality} ...")
            target = folder / f"q{quality}"
            trash.take(target)
            facts["cut"][str(quality)] = last_line(run([tools.python, SCRIPT, "cut", folder, quality, target]))
            write(folder / "facts.json", facts)
    picture = Picture(folder, size, facts)
    describe(picture, qualities)
    return picture


def describe(picture, qualities):
    facts = picture.facts
    say(f"picture: {picture.size} x {picture.size}, windows of {facts['cell']} pixels from {', '.join(facts['photos'])};")
    for photo in facts["passed over"]:
        say(f"  passed over: {photo}")
    say(f"  as JPEG of quality 90 {picture.jpeg.stat().st_size / 1e6:.1f} MB")
    for quality in qualities:
        cut = facts["cut"][str(quality)]
        mean = cut["bytes"] / cut["tiles"] / 1024
        say(f"  quality {quality}: {cut['tiles']} base tiles of 256 x 256, {mean:.1f} KiB each in the mean")


def last_line(text):
    return json.loads(text.strip().splitlines()[-1])


def read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def write(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")
