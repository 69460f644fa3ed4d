"""Figures as tables, for the terminal and in Markdown."""

import textwrap
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

# Blanks between two columns.
GAP = 2
# Names wrap where figures need the room, but not to less than this.
NARROWEST_NAMES = 24


@dataclass
class Figure:
    """One table; `notes` are sentences below it."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        lines = [
            f"### {self.title}",
            "",
            _line(self.columns),
            _line(["---", *["---:"] * (len(self.columns) - 1)]),
            *map(_line, self.rows),
        ]
        return "\n".join([*lines, "", *self.notes, ""])

    def show(self, console: Console) -> None:
        """Figures and the words of headings stay whole, however narrow the terminal is."""
        console.print(self.title, style="bold", highlight=False, markup=False)
        for columns in self.parts(console.width):
            console.print(self.part(columns, console.width))
            console.print()
        for note in self.notes:
            console.print(note, highlight=False, markup=False)
        if self.notes:
            console.print()

    def parts(self, width: int) -> list[list[int]]:
        """Which columns fit side by side into `width`; each part begins with the first one, the names."""
        names = min(self.cells(0), NARROWEST_NAMES)
        parts, room = [[0]], width - names
        for number in range(1, len(self.columns)):
            words = self.columns[number].split() or [""]
            needed = GAP + max(self.cells(number), *map(len, words))
            if needed > room and len(parts[-1]) > 1:
                parts.append([0])
                room = width - names
            parts[-1].append(number)
            room -= needed
        return parts

    def part(self, columns: list[int], width: int) -> Table:
        """A table of some columns, with headings of several lines where one line each is too wide."""
        whole = sum(max(self.cells(each), len(self.columns[each])) + GAP for each in columns) - GAP
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
        for each in columns:
            heading = self.columns[each]
            if whole > width:
                heading = textwrap.fill(heading, max(self.cells(each), 1), break_long_words=False)
            table.add_column(heading, justify="right" if each else "left", no_wrap=bool(each))
        for row in self.rows:
            table.add_row(*(row[each] for each in columns))
        return table

    def cells(self, column: int) -> int:
        """How wide the widest cell of a column is."""
        return max((len(row[column]) for row in self.rows), default=0)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def against_bar(value: float, bar: float, *, at_least: bool = True) -> str:
    """The bar, and whether the value keeps it: `≥ 4 ✓`."""
    kept = value >= bar if at_least else value <= bar
    return f"{'≥' if at_least else '≤'} {bar:g} {'✓' if kept else '✗'}"
