"""A value that nobody reads by accident."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

V = TypeVar("V", covariant=True)
HIDDEN = "********"


class Secret(Generic[V]):
    """A secret value. Printed, logged or formatted it is `********`; only `reveal` gives it.

    It cannot be pickled, written as JSON, or be a key: what would copy the value elsewhere fails.
    """

    __slots__ = ("__value",)

    def __init__(self, value: V) -> None:
        self.__value = value

    def reveal(self) -> V:
        """The value itself. Whoever calls this answers for where it goes."""
        return self.__value

    def __repr__(self) -> str:
        return HIDDEN

    def __format__(self, spec: str) -> str:
        return format(HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = self.__value, other.__value
        return type(mine) is type(theirs) and bool(mine == theirs)

    # A hash is the same for the same value: enough to find a short one by trying.
    __hash__ = None  # type: ignore[assignment]  # this is how Python spells "not hashable"

    def __copy__(self) -> Secret[V]:
        return self

    def __deepcopy__(self, memo: object) -> Secret[V]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")

    def __bool__(self) -> NoReturn:
        raise TypeError("a secret is neither true nor false: reveal it first")
