"""Rows of text as a table: in columns for a terminal, where a Chinese character takes two cells, or as Markdown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

_GAP = "  "
_NARROWEST = 6
"""Below this a column is unreadable; a table then runs over the edge instead."""
_OPENS_WORD = "（《“「([{"
_STAYS_WITH_WORD = "，。；：？！、）》”」)]},.;:?!%"


def columns(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """A table at most `width` terminal cells wide, its cells wrapped; every line ends without blanks."""
    widths = _fitted([header, *rows], width)
    rule = ["─" * cells for cells in widths]
    lines = [*_lines(header, widths), *_lines(rule, widths)]
    for row in rows:
        lines += _lines(row, widths)
    return "\n".join(lines) + "\n"


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in GitHub's Markdown; bars and line breaks inside a cell are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(_cell(text) for text in line) + " |\n" for line in lines)


def display_width(text: str) -> int:
    """Terminal cells that the text takes (Unicode Annex #11: wide and full-width characters take two)."""
    return sum(_cells(character) for character in text)


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken at blanks, inside names and between Chinese characters."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and display_width(line + piece.rstrip()) > width:
                lines.append(line.rstrip())
                line = ""
            line += piece
            while display_width(line.rstrip()) > width:
                head = _head(line, width)
                lines.append(head)
                line = line[len(head) :]
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> Iterator[str]:
    """What must stay on one line: a word or part of a name with what follows it, or one Chinese character."""
    piece = ""
    for character in text:
        breaks = piece and (piece[-1] in " _-" or _cells(character) == 2 or _cells(piece[-1]) == 2)
        if breaks and character not in " _-" and character not in _STAYS_WITH_WORD and piece[-1] not in _OPENS_WORD:
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece


def _head(text: str, width: int) -> str:
    """As much of an overlong word as fits, at least one character."""
    taken = 0
    for count, character in enumerate(text):
        taken += _cells(character)
        if count and taken > width:
            return text[:count]
    return text


def _fitted(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """Natural column widths, the widest made narrower until the table fits."""
    widths = [
        max(display_width(line) for cell in column for line in cell.split("\n")) for column in zip(*rows, strict=True)
    ]
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while excess > 0 and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
        excess -= 1
    return widths


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    cells = [wrapped(text, width) for text, width in zip(row, widths, strict=True)]
    for number in range(max(len(cell) for cell in cells)):
        texts = (cell[number] if number < len(cell) else "" for cell in cells)
        padded = (text + " " * (width - display_width(text)) for text, width in zip(texts, widths, strict=True))
        yield _GAP.join(padded).rstrip()


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>")


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
