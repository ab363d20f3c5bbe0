"""What the benchmarks need before they start: libvips in a Python environment of its own, and the built programs."""

import json
import os
import platform
import shutil
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent
ROOT = PEERS.parent.parent
PACKAGES = ["pyvips-binary", "pyvips"]
VERSIONS = "import pyvips; print(pyvips.__version__, *(pyvips.version(part) for part in range(3)), pyvips.API_mode)"


class Failure(Exception):
    """Something did not work; the text says what."""


@dataclass
class Tools:
    """The programs. What could not be had is None, and the parts that need it are reported as failed."""

    fast_pyramid: Path
    peers: Path
    parents: bool  # whether `peers parents`, for which libjpeg-turbo has to be compiled, is there
    python: Path | None
    gdal2tiles: str | None


def say(text=""):
    print(text, flush=True)


def run(command, **options):
    """Runs a command and returns what it printed; its end explains a failure."""
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True, **options)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Failure(f"{Path(str(command[0])).name} failed ({done.returncode}): " + " | ".join(lines[-4:]))
    return done.stdout


def get(work):
    """Builds and installs everything."""
    say("building fast_pyramid and peers (release) ...")
    fast_pyramid = cargo(ROOT, "fast_pyramid", "--locked")
    parents = True
    try:
        peers = cargo(PEERS, "peers")
    except Failure as failure:
        say(f"WITHOUT PART e: libjpeg-turbo could not be compiled; it needs cmake, nasm and a C compiler ({failure})")
        peers, parents = cargo(PEERS, "peers", "--no-default-features"), False
    try:
        python = environment(work / "venv")
    except (Failure, OSError, subprocess.CalledProcessError) as failure:
        say(f"WITHOUT LIBVIPS: {failure}")
        python = None
    return Tools(fast_pyramid, peers, parents, python, shutil.which("gdal2tiles.py") or shutil.which("gdal2tiles"))


def cargo(folder, name, *options):
    """Builds a package for release and returns its program, wherever cargo puts it."""
    command = ["cargo", "build", "--release", "--bin", name, "--message-format=json", *options]
    for line in run(command, cwd=folder).splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == name:
            return Path(message["executable"])
    raise Failure(f"cargo built no {name}")


def environment(folder):
    """A virtual environment with libvips; made once."""
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        say(f"installing {' and '.join(PACKAGES)} from PyPI into {folder} ...")
        venv.create(folder, clear=True, with_pip=True)
        run([python, "-m", "pip", "install", "--quiet", *PACKAGES])
        (folder / "complete").touch()
    return python


def versions(tools):
    """Versions of everything that takes part."""
    found = {
        "fast_pyramid": run([tools.fast_pyramid, "--version"]).strip(),
        "commit": commit(),
        "rustc": run(["rustc", "--version"]).strip(),
        "python": platform.python_version(),
        "libjpeg-turbo": locked("turbojpeg-sys") if tools.parents else None,
    }
    if tools.python:
        pyvips, major, minor, micro, compiled = run([tools.python, "-c", VERSIONS]).split()
        found |= {"pyvips": pyvips, "libvips": f"{major}.{minor}.{micro}", "pyvips compiled": compiled == "True"}
    if tools.gdal2tiles:
        found["gdal2tiles"] = run([tools.gdal2tiles, "--version"]).strip()
    return found


def commit():
    try:
        changed = "+changes" if run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=ROOT).strip() else ""
        return run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT).strip() + changed
    except (Failure, OSError):
        return None


def locked(package):
    """The version of a crate in Cargo.lock. turbojpeg-sys 1.2.0 bundles libjpeg-turbo 3.1.0."""
    lines = (PEERS / "Cargo.lock").read_text().splitlines()
    place = lines.index(f'name = "{package}"')
    return f"{package} {lines[place + 1].split(chr(34))[1]} (bundled)"


def machine(work):
    """The machine, as far as it matters."""
    cpu = [line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo") if line.startswith("model name")]
    memory = [line.split(":", 1)[1].strip() for line in read("/proc/meminfo") if line.startswith("MemTotal")]
    device = run(["df", "--output=fstype", work]).split()[-1]
    return {
        "cpu": cpu[0] if cpu else platform.processor(),
        "cores": os.cpu_count(),
        "memory": memory[0] if memory else None,
        "kernel": platform.release(),
        "file system": device,
    }


def read(path):
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
