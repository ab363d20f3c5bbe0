"""Builds pyramids and prints the URLs to purge from a CDN. Needs Python 3.7 and nothing else.

    python3 build_and_purge.py PURGED.json URL DIR...

PURGED.json remembers the newest purged version of each pyramid, so that nothing is missed if one run publishes several
versions, or if an earlier run was killed between building and purging. It is written when all URLs have been printed.
"""

import json
import pathlib
import subprocess
import sys


def fast_pyramid(*arguments):
    """Runs the program and returns its exit code and the objects that it prints."""
    run = subprocess.run(["fast_pyramid", "--json", "-q", *arguments], stdout=subprocess.PIPE, text=True)
    return run.returncode, [json.loads(line) for line in run.stdout.splitlines()]


def main():
    state, url, *folders = sys.argv[1:]
    state = pathlib.Path(state)
    purged = json.loads(state.read_text()) if state.exists() else {}
    code, reports = fast_pyramid("build", *folders)
    for report in reports:
        folder = report["pyramid"]
        # A pyramid that failed may have published lower versions before.
        built = [version["version"] for version in report["versions"] if version["status"] == "built"]
        print(f"{folder}: built {built or 'nothing'}", report.get("error", ""), file=sys.stderr)
        failed, changes = fast_pyramid("changes", "--since", str(purged.get(folder, 0)), folder)
        if failed:
            continue
        for path in changes[0]["paths"]:
            print(f"{url}/{folder}/latest/{path}")
        purged[folder] = changes[0]["version"]
    sys.stdout.flush()
    state.write_text(json.dumps(purged))
    return code


if __name__ == "__main__":
    sys.exit(main())
