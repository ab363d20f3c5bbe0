"""Builds pyramids and prints the URLs to purge from a CDN. Needs Python 3.7 and nothing else.

    python3 build_and_purge.py PURGED.json URL DIR...

PURGED.json remembers the newest purged version of each pyramid, so that nothing is missed if one run publishes several
versions, or if an earlier run was killed between building and purging. It is replaced when all URLs have been printed. Where
it is missing or empty, all that differs from v0 is purged.

The exit code is the highest of all that fast_pyramid ended with. A pyramid whose changes cannot be listed, as when
PURGED.json has a later version than there is, keeps its number in PURGED.json.
"""

import json
import os
import pathlib
import subprocess
import sys
from urllib.parse import quote


def fast_pyramid(*arguments):
    """Runs the program and returns its exit code and the objects that it prints."""
    run = subprocess.run(["fast_pyramid", "--json", "-q", *arguments], stdout=subprocess.PIPE, text=True)
    # A negative code is the signal that ended it.
    code = run.returncode if run.returncode >= 0 else 128 - run.returncode
    return code, [json.loads(line) for line in run.stdout.splitlines()]


def read(state):
    """The newest purged version of each pyramid."""
    text = state.read_text() if state.exists() else ""
    return json.loads(text) if text.strip() else {}


def replace(state, purged):
    """Writes PURGED.json so that it is whole at any time."""
    new = state.with_name(state.name + ".new")
    new.write_text(json.dumps(purged))
    os.replace(new, state)


def main():
    state, url, *folders = sys.argv[1:]
    state = pathlib.Path(state)
    purged = read(state)
    code, reports = fast_pyramid("build", *folders)
    for report in reports:
        folder = report["pyramid"]
        # A pyramid that failed may have published lower versions before.
        built = [version["version"] for version in report["versions"] if version["status"] == "built"]
        print(f"{folder}: built {built or 'nothing'}", report.get("error", ""), file=sys.stderr)
        failed, changes = fast_pyramid("changes", "--since", str(purged.get(folder, 0)), folder)
        code = max(code, failed)
        if failed:
            continue
        for path in changes[0]["paths"]:
            print(f"{url}/{quote(str(folder))}/latest/{quote(path)}")
        purged[folder] = changes[0]["version"]
    sys.stdout.flush()
    replace(state, purged)
    return code


if __name__ == "__main__":
    sys.exit(main())
