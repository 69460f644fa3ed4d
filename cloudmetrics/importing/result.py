"""What became of the lines of an imported file."""

from collections import Counter
from dataclasses import dataclass, field

from cloudmetrics.importing.sending import Refused, Tally

SHOWN = 5


@dataclass
class ImportResult:
    """`lines` = `accepted` + `duplicates` + `rejected` + `broken`, where a line is one row of the file.

    `codes` counts the rejected events by code; `first_broken` and `first_rejected`
    show the first such lines; `damage` says why the rest of a gzip file could not be
    unpacked.
    """

    lines: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    broken: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    first_broken: list[Refused] = field(default_factory=list)
    first_rejected: list[Refused] = field(default_factory=list)
    damage: str | None = None

    def report_broken(self, number: int, reason: str) -> None:
        self.broken += 1
        _note(self.first_broken, Refused(number, reason))

    def add(self, tally: Tally) -> None:
        self.accepted += tally.accepted
        self.duplicates += tally.duplicates
        self.rejected += tally.rejected
        self.codes += tally.codes
        for each in tally.rejections:
            _note(self.first_rejected, each)
        for each in tally.unfit:
            self.report_broken(each.number, each.reason)

    @property
    def nothing_fits(self) -> bool:
        """Whether all lines that are known about were broken."""
        return self.broken > 0 and not self.accepted + self.duplicates + self.rejected


def _note(shown: list[Refused], line: Refused) -> None:
    """Keeps the lowest few, since batches are answered in any order."""
    shown.append(line)
    shown.sort(key=lambda each: each.number)
    del shown[SHOWN:]
