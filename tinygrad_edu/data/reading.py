"""Reading a CSV file as a `Table`: the delimiter and the byte order mark are found, what can't be read is named.

`read_table`. Builds on `table` and the standard library's csv module.
"""

import csv
from collections import Counter
from io import StringIO
from pathlib import Path

from ..errors import DataError
from .table import Table, is_number, near

__all__ = ["MISSING", "read_table"]

MISSING = frozenset({"", "?", "-", "na", "n/a", "#n/a", "nan", "null", "none", "missing"})
DELIMITERS = ",;\t|"
ZIP, UTF16 = b"PK\x03\x04", (b"\xff\xfe", b"\xfe\xff")
csv.field_size_limit(1 << 24)


def read_table(path: str | Path, *, delimiter: str | None = None, decimal: str = ".", encoding: str = "utf-8") -> Table:
    """Read a CSV file whose first line names the columns; cells stay text, "" stands for each way to say *missing*.

    The delimiter is that of , ; tab | which splits the first line most often. Quoted cells may hold delimiters and line
    ends. Empty lines are skipped, blanks around a cell dropped. `decimal=","` reads 1,5 as a number.
    Raises `FileNotFoundError` and `DataError`, which names the line.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "trees.csv")
    >>> _ = path.write_text('kind;height\\n"oak; old";12\\nash;NA\\n')
    >>> read_table(path).columns
    {'kind': ['oak; old', 'ash'], 'height': ['12', '']}
    """
    path = Path(path)
    text = _text(path, encoding)
    delimiter = delimiter or max(DELIMITERS, key=text.partition("\n")[0].count)
    (line, header), *rows = _records(path, text, delimiter) or [(0, [])]
    if not line:
        raise DataError(f"{path} is empty: the first line has to name the columns")
    names = _names(path, header)
    if not rows:
        raise DataError(f"{path} names {len(names)} columns, but has no rows")
    for line, cells in rows:
        if len(cells) != len(names):
            raise DataError(
                f"{path}, line {line}: {len(cells)} cells, but the first line names {len(names)} columns "
                f"(cells are split at {delimiter!r}; one that holds it has to be quoted)"
            )
    columns = {
        name: [_cell(cell) for cell in cells]
        for name, cells in zip(names, zip(*(cells for _, cells in rows), strict=True), strict=True)
    }
    columns = {name: _with_point(path, name, cells, decimal) for name, cells in columns.items()}
    return Table(path.name, columns, [line for line, _ in rows])


def _text(path: Path, encoding: str) -> str:
    """The file's text without a byte order mark, whatever line ends it has."""
    if not path.exists():
        here = [file.name for file in path.parent.glob("*.csv")] if path.parent.is_dir() else []
        raise FileNotFoundError(f"there is no file {path}" + (f": {near(path.name, here)}" if here else ""))
    if path.is_dir():
        raise DataError(f"{path} is a folder: give the CSV file in it")
    raw = path.read_bytes()
    if raw.startswith(ZIP):
        raise DataError(f"{path} is a workbook or archive, not text: save the sheet as CSV first")
    encoding = "utf-16" if raw.startswith(UTF16) else encoding
    try:
        text = raw.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        raise DataError(f"{encoding!r} is no encoding that Python knows: try utf-8 or cp1252") from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte {raw[error.start]:#04x} is not {encoding}: "
            "name the file's encoding, such as --encoding cp1252 (Western Excel), gb18030 or shift_jis"
        ) from None
    if "\0" in text:
        raise DataError(f"{path} holds zero bytes: it is not a text table")
    return text


def _records(path: Path, text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Every record that is not blank, with the line it ends on."""
    if len(delimiter) != 1:
        raise DataError(f"--delimiter has to be one character, not {delimiter!r}")
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error} (is a quotation mark left open?)") from None


def _names(path: Path, header: list[str]) -> list[str]:
    """The column names, each once; a column without a name is called by its number."""
    names = [cell.strip() or f"column {k}" for k, cell in enumerate(header, 1)]
    if all(is_number(cell.strip()) for cell in header):
        raise DataError(f"{path}: the first line is made of numbers ({names[0]}, …); it has to name the columns")
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise DataError(f"{path} names {', '.join(map(repr, twice))} more than once: give each column its own name")
    return names


def _cell(cell: str) -> str:
    cell = cell.strip()
    return "" if cell.lower() in MISSING else cell


def _with_point(path: Path, name: str, cells: list[str], decimal: str) -> list[str]:
    """Cells with a decimal point; decimal commas are read when asked for, and else noticed."""
    pointed = [cell.replace(",", ".") for cell in cells]
    if pointed == cells or not all(is_number(cell) for cell in pointed if cell):
        return cells
    if decimal == ",":
        return pointed
    example = next(cell for cell in cells if "," in cell)
    raise DataError(
        f"{path}: column {name!r} is written with commas ({example}): say --decimal , if that is a decimal comma, "
        "or take the commas out if they part thousands"
    )
