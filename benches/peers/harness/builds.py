"""Who builds the pyramid: fast_pyramid, its peers, and the floor. Each is one command; see README.md for what it means."""

import json
import os

from . import rounds
from .rounds import Contestant
from .tools import PEERS, Failure, run, say

SCRIPT = PEERS / "harness" / "vips_build.py"

# From this PSNR on (dB), two ways count as making about the same picture.
LIKENESS = 35

# What Python and libvips take before they do anything: to be known beside libvips' peak memory.
IDLE = "import json, pyvips; print(json.dumps({'seconds': 0, 'cpu': 0}))"

# Ways of libvips that were tried for c2; `--only variants` times them again.
VARIANTS = {
    "suffix": [],
    "suffix, random access": ["access=random"],
    "direct": ["mode=direct"],
    "direct, random access": ["mode=direct", "access=random"],
    "direct, region_shrink=nearest": ["mode=direct", "region_shrink=nearest"],
    "direct, container=zip": ["mode=direct", "container=zip"],
    "direct, container=szi": ["mode=direct", "container=szi"],
}


def contestants(tools, picture, quality, wanted):
    """Those of a, b, b2, c1, c2, c3, d, f that are wanted and whose programs are there."""
    pyramid, threads = picture.pyramid(quality), os.cpu_count()
    tiles = pyramid / "v0"
    vips = Vips(tools, picture, quality)
    everyone = [
        ours(tools, pyramid),
        vips.contestant("b", "libvips: arrayjoin of the tiles + dzsave", "tiles", tiles),
        vips.contestant("b2", "libvips: the same, direct mode", "tiles", tiles, ["mode=direct"]),
        vips.contestant("c1", "libvips: dzsave of one JPEG", "file", picture.jpeg),
        vips.contestant("c2", "libvips: the same, direct mode", "file", picture.jpeg, ["mode=direct"]),
        vips.contestant("c3", "libvips: dzsave of one .v, direct", "file", picture.uncompressed, ["mode=direct"]),
        gdal(tools, picture, quality),
        Contestant("f", "floor: read and decode the tiles", [tools.peers, "floor", tiles, "-j", threads], [tiles]),
        Contestant("idle", "Python with libvips, doing nothing", [tools.python, "-c", IDLE]),
    ]
    of_vips = {"b", "b2", "c1", "c2", "c3"}
    wanted = wanted | ({"idle"} if wanted & of_vips else set())
    return [one for one in everyone if one and one.key in wanted and (tools.python or one.key not in {*of_vips, "idle"})]


def ours(tools, pyramid, threads=None, key="a"):
    """fast_pyramid as a user runs it: checks the tiles, builds, flushes, publishes."""
    options = ["-j", threads] if threads else []
    label = "fast_pyramid" + (f" -j {threads}" if threads else "")
    command = [tools.fast_pyramid, "--json", "--quiet", *options, pyramid]
    return Contestant(key, label, command, inputs=[pyramid / "v0"], outputs=[pyramid / "dest"])


class Vips:
    """libvips' contestants of one picture and quality."""

    def __init__(self, tools, picture, quality):
        self.tools, self.picture, self.quality = tools, picture, quality

    def contestant(self, key, label, kind, source, options=(), environment=None):
        out = self.picture.folder / f"out-{key}"
        outputs = [out, out.with_suffix(".zip"), out.with_suffix(".szi"), out.with_suffix(".dzi"), f"{out}_files"]
        # A .zip or .szi has to be named so; a tree is named after its descriptor.
        container = [option.split("=")[1] for option in options if option.startswith("container=")]
        target = out.with_suffix(f".{container[0]}") if container else out
        command = [self.tools.python, SCRIPT, kind, source, target, self.quality, *options]
        return Contestant(key, label, command, [source], outputs, environment=environment or {})


def gdal(tools, picture, quality):
    """gdal2tiles of the picture as one JPEG, if it is there and can write JPEG tiles."""
    if not tools.gdal2tiles:
        return None
    out = picture.folder / "out-d"
    command = [tools.gdal2tiles, "--profile=raster", "--xyz", "--tilesize=256", "--resampling=average", "--webviewer=none",
               f"--processes={os.cpu_count()}", "--quiet", "--tiledriver=JPEG", f"--jpeg-quality={quality}",
               picture.jpeg, out]  # fmt: skip
    return Contestant("d", "gdal2tiles of one JPEG", command, [picture.jpeg], [out])


def run_builds(tools, trash, picture, quality, wanted, count):
    say(f"\nbuilds, quality {quality} (one round for nothing first):")
    if "d" in wanted and not tools.gdal2tiles:
        say("  d: SKIPPED, gdal2tiles.py is not on the PATH")
    results = rounds.alternate(tools, trash, contestants(tools, picture, quality, wanted), count)
    for result in results.values():
        result["quality"] = quality
    return results


def run_variants(tools, trash, picture, quality, count):
    say(f"\nways of libvips' dzsave, one JPEG, quality {quality}:")
    if not tools.python:
        raise Failure("libvips is not there")
    vips = Vips(tools, picture, quality)
    everyone = [
        vips.contestant(f"v{number}", label, "file", picture.jpeg, options)
        for number, (label, options) in enumerate(VARIANTS.items())
    ]
    for threads in (1, 2 * os.cpu_count()):
        label, setting = f"direct, VIPS_CONCURRENCY={threads}", {"VIPS_CONCURRENCY": threads}
        key = f"v{len(everyone)}"
        everyone.append(vips.contestant(key, label, "file", picture.jpeg, ["mode=direct"], setting))
    return rounds.alternate(tools, trash, everyone, count)


def run_threads(tools, trash, picture, quality, count):
    say(f"\nthreads, quality {quality}:")
    pyramid = picture.pyramid(quality)
    numbers = sorted({1, 2, os.cpu_count()})
    everyone = [ours(tools, pyramid, threads, f"j{threads}") for threads in numbers]
    return rounds.alternate(tools, trash, everyone, count)


def run_parents(tools, picture, qualities, count):
    """Part e, by quality: one thread, in one process, alternating there."""
    say("\nparents, by libjpeg-turbo and by fast_pyramid ...")
    if not tools.parents:
        raise Failure("libjpeg-turbo was not compiled (it needs cmake, nasm, a C compiler)")
    results = {}
    for quality in qualities:
        command = [tools.peers, "parents", picture.pyramid(quality) / "v0", "--quality", quality, "--rounds", count]
        result = results[quality] = json.loads(run(command))
        if result["psnr_lowest"] < LIKENESS:
            lowest = f"PSNR down to {result['psnr_lowest']:.1f} dB"
            result["failed"] = f"the two ways give different pictures ({lowest}): not a fair comparison"
            say(f"  quality {quality}: FAILED: {result['failed']}")
    return results
