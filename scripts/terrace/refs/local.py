"""The stores of the machine itself: files and variables. They are never written to, and never used by a server."""

from __future__ import annotations

import os
from collections.abc import Mapping

from terrace.errors import StoreError
from terrace.model.reference import Reference
from terrace.refs.stores import LARGEST, Content, Kept, Key


class Variables:
    """The environment variables of a process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def fetch(self, reference: Reference) -> Content:
        """The variable's value."""
        if reference.path not in self._environ:
            raise StoreError(f"{reference}: the variable is not set", hint="Set it for this process.")
        return self._environ[reference.path]

    def look(self, reference: Reference) -> Kept:
        """The variable's value, of no version."""
        return Kept(self.fetch(reference))

    def put(self, reference: Reference, value: str) -> str:
        """Refused: a variable has no versions."""
        return self.write(reference, {(): value})

    def write(self, reference: Reference, values: Mapping[Key, str], was: Mapping[Key, str] | None = None) -> str:
        """Refused: a variable has no versions."""
        raise StoreError(f"{reference} cannot be written: variables belong to whoever starts the process")


class Files:
    """Files, as Kubernetes and Docker mount secrets. Relative paths begin at `root`."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self._root = os.fspath(root)

    def fetch(self, reference: Reference) -> Content:
        """The file's text as it is. A key leads into its JSON, or into its YAML where it is named so."""
        path = os.path.join(self._root, reference.path)  # noqa: PTH118 - pathlib costs start-up time
        try:
            with open(path, "rb") as file:
                data = file.read(LARGEST + 1)
        except OSError as error:
            raise StoreError(f"{reference}: the file cannot be read: {error.strerror}") from None
        if len(data) > LARGEST:
            raise StoreError(f"{reference}: the file is larger than {LARGEST} bytes")
        try:
            return data.decode()
        except UnicodeDecodeError:
            raise StoreError(f"{reference}: the file is not text in UTF-8") from None

    def look(self, reference: Reference) -> Kept:
        """The file's text, of no version."""
        return Kept(self.fetch(reference))

    def put(self, reference: Reference, value: str) -> str:
        """Refused: whoever mounts the file writes it."""
        return self.write(reference, {(): value})

    def write(self, reference: Reference, values: Mapping[Key, str], was: Mapping[Key, str] | None = None) -> str:
        """Refused: whoever mounts the file writes it."""
        raise StoreError(f"{reference} cannot be written: the file belongs to whoever mounts it")
