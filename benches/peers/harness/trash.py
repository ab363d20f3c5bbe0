"""Getting outputs out of the way without deleting them.

Deleting thousands of files slows down whoever creates files next, on ext4 without a journal even ten times and for
minutes: there the kernel skips inodes that were freed in the last one to five minutes, looking at each (the function
`recently_deleted` of fs/ext4/ialloc.c). So outputs are only moved aside while anything is timed, and deleted at the end;
a run that begins sooner than five minutes after such a deletion waits.
"""

import time
from pathlib import Path

from .tools import run, say

MEMORY = 300  # seconds


class Trash:
    def __init__(self, work):
        self.folder, self.emptied = work / "trash", work / "trash-emptied"
        self.number = 0

    def prepare(self, wait):
        """Empties what an interrupted run left, and waits until the last emptying is forgotten."""
        if self.folder.exists():
            self.empty()
        self.folder.mkdir()
        if not self.emptied.exists() or not forgets_slowly(self.folder):
            return
        left = MEMORY - (time.time() - self.emptied.stat().st_mtime)
        if left > 0 and not wait:
            say(f"NOT WAITING: for {left:.0f} s more, creating files may be slow, as many were deleted just now")
        elif left > 0:
            say(f"waiting {left:.0f} s, as many files were deleted just now (see harness/trash.py; --no-wait) ...")
            time.sleep(left)

    def take(self, path):
        """Moves a file or folder aside, if it is there."""
        path = Path(path)
        if path.is_symlink() or path.exists():
            self.number += 1
            path.rename(self.folder / str(self.number))

    def empty(self):
        """Deletes all that was moved aside; `rm` is much faster than Python at a million files."""
        full = any(self.folder.iterdir())
        if full:
            say("deleting what was made ...")
        run(["rm", "-rf", "--", self.folder])
        if full:
            self.emptied.touch()


def forgets_slowly(folder):
    """Whether the folder is on ext4 without a journal: those with one have a thread and a place in /proc for it."""
    kind, device = run(["df", "--output=fstype,source", folder]).splitlines()[-1].split(None, 1)
    journals = Path("/proc/fs/jbd2")
    name = Path(device.strip()).resolve().name
    return kind == "ext4" and not (journals.is_dir() and any(journals.glob(f"{name}-*")))
