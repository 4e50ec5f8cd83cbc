"""A CSV file is read as it was meant, or the message names the line and a way out."""

from pathlib import Path

import pytest

from tinygrad_edu.data import Table, read_table
from tinygrad_edu.errors import DataError


@pytest.fixture
def reading(tmp_path: Path):
    def read(content: str | bytes, **options: str) -> Table:
        path = tmp_path / "some.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, **options)

    return read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(reading, delimiter: str) -> None:
    text = "a,b,c\n1,x,2\n3,y,4\n".replace(",", delimiter)
    assert reading(text).columns == {"a": ["1", "3"], "b": ["x", "y"], "c": ["2", "4"]}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_understood(reading, end: str) -> None:
    assert reading(f"a,b{end}1,2{end}{end}3,4{end}").columns == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(reading, encoding: str) -> None:
    assert list(reading("größe,b\n1,2\n".encode(encoding)).columns) == ["größe", "b"]


def test_another_encoding_is_read_when_named(reading) -> None:
    assert reading("Stadt,n\nZürich,1\n".encode("cp1252"), encoding="cp1252").columns["Stadt"] == ["Zürich"]


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(reading) -> None:
    table = reading('name, note\n"Doe, Jane", "says ""hi""\nthere"\nx,y\n')
    assert table.columns == {"name": ["Doe, Jane", "x"], "note": ['says "hi"\nthere', "y"]}
    assert list(table.lines) == [3, 4]


def test_every_way_to_say_missing_becomes_an_empty_cell(reading) -> None:
    table = reading("a,b\nNA,1\n?,1\nNaN,1\n ,1\nnull,1\nN/A,1\nnone,1\nnation,1\n")
    assert table.columns["a"] == [""] * 7 + ["nation"]


def test_a_column_without_a_name_is_called_by_its_number(reading) -> None:
    assert list(reading(",a\n0,5\n1,6\n").columns) == ["column 1", "a"]


def test_decimal_commas_are_read_when_asked_for(reading) -> None:
    assert reading("a;b\n1,5;x\n-2;y\n", decimal=",").numbers("a").tolist() == [1.5, -2.0]


@pytest.mark.parametrize("words", ["a;b\n1,5;x\n", "a;b\n1,500;x\n"])
def test_commas_in_numbers_are_never_guessed(reading, words: str) -> None:
    with pytest.raises(DataError, match=r"column 'a' is written with commas \(1,5.*--decimal ,"):
        reading(words)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("a,b\n", "names 2 columns, but has no rows"),
        ("a,b\n1,2\n1,2,3\n", r"line 3: 3 cells, but the first line names 2 columns"),
        ("a,b\n1,2\n3\n", r"line 3: 1 cells"),
        ("a,b,a,b,c\n1,2,3,4,5\n", "names 'a', 'b' more than once"),
        ("1,2\n3,4\n", "first line is made of numbers"),
        ('a,b\n1,"open\n2,3\n', "line 3: unexpected end of data .is a quotation mark left open"),
        ("Stadt,n\nBern,1\nZürich,1\n".encode("cp1252"), r"line 3: byte 0xfc is not utf-8: .*--encoding cp1252"),
        (b"PK\x03\x04rest", "workbook or archive"),
        (b"a,b\n\x00,1\n", "zero bytes"),
    ],
)
def test_what_can_not_be_read_is_named(reading, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        reading(content)


def test_wrong_options_are_named(reading) -> None:
    with pytest.raises(DataError, match="'utf-9' is no encoding"):
        reading("a\n1\n", encoding="utf-9")
    with pytest.raises(DataError, match="--delimiter has to be one character"):
        reading("a\n1\n", delimiter="::")


def test_a_missing_file_is_answered_with_files_of_a_like_name(tmp_path: Path) -> None:
    (tmp_path / "flowers.csv").touch()
    with pytest.raises(FileNotFoundError, match=r"no file .*flower.csv: did you mean 'flowers.csv'\?"):
        read_table(tmp_path / "flower.csv")
    with pytest.raises(FileNotFoundError, match="no file"):
        read_table(tmp_path / "nowhere" / "flower.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)
