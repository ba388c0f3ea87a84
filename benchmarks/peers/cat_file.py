"""Floor of reading a commit: all its YAML blobs through one `git cat-file --batch`, their bytes kept in a dict."""

import subprocess
import sys
import threading
from typing import IO

repository, revision = sys.argv[1:]
git = ["git", "-C", repository]
listing = subprocess.run([*git, "ls-tree", "-r", "-z", revision], check=True, capture_output=True).stdout
blobs = {}
for line in listing.split(b"\0")[:-1]:
    about, path = line.split(b"\t", 1)
    if path.endswith(b".yaml"):
        blobs[path] = about.split()[2]

batch = subprocess.Popen([*git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def ask(pipe: IO[bytes]) -> None:
    """Send all names; a thread of its own, because git stops reading while nobody reads its answers."""
    pipe.write(b"".join(name + b"\n" for name in blobs.values()))
    pipe.close()


assert batch.stdin
assert batch.stdout
threading.Thread(target=ask, args=(batch.stdin,)).start()
contents = {}
for path in blobs:
    size = int(batch.stdout.readline().split()[2])
    contents[path] = batch.stdout.read(size + 1)[:-1]
sys.exit(batch.wait())
