"""Lines of large files, and which of them are equal."""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

REMEMBERED_DAYS = 31


class Occurrences:
    """Numbers equal lines 1, 2, 3 …, and forgets all but the newest days of the file.

    Equal lines have equal days. A real log mixes neighbouring days at the most,
    so forgetting changes nothing but how much memory a log of years takes.
    """

    def __init__(self) -> None:
        self._days: dict[str, Counter[bytes]] = {}

    def number(self, day: str, digest: bytes) -> int:
        if day not in self._days:
            if len(self._days) == REMEMBERED_DAYS:
                del self._days[next(iter(self._days))]
            self._days[day] = Counter()
        self._days[day][digest] += 1
        return self._days[day][digest]


def read_lines(file: BinaryIO, longest: int) -> Iterator[bytes]:
    """The lines of a file with their line breaks; of one that is too long only the beginning.

    A line of `longest` bytes or more comes out cut and without a line break.
    """
    while line := file.readline(longest):
        yield line
        while len(line) == longest and not line.endswith(b"\n"):
            line = file.readline(longest)
