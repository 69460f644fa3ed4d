"""Figures as tables, for the terminal and in Markdown."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


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
        table = Table(title=self.title, title_justify="left")
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for note in self.notes:
            console.print(note, highlight=False, markup=False)
        console.print()


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def against_bar(value: float, bar: float, *, at_least: bool = True) -> str:
    """The bar, and whether the value keeps it: `≥ 4 ✓`."""
    kept = value >= bar if at_least else value <= bar
    return f"{'≥' if at_least else '≤'} {bar:g} {'✓' if kept else '✗'}"
