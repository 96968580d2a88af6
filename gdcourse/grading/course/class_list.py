"""A table of the class as a learning platform exports it: who stands in which row, and one column filled in.

Canvas's gradebook, Moodle's grading worksheet and any CSV with a header are understood. Nothing is changed but the
cells that are filled in: their places in the text are known, and all between them is kept as it came.
"""

import re
from pathlib import Path

from gdcourse.grading.course.directory import CourseError

IDS = "sis user id", "sis login id", "student id", "id number", "username", "login", "id", "email", "email address"
NAMES = "student", "name", "full name"


class ClassList:
    """The rows of a file, without those that are nobody's.

    kind: "Canvas", "Moodle" or "plain"; header: the columns' names; rows: lists of cells' texts, as long as the header.
    Raises: CourseError if the file is none, or no table.
    """

    def __init__(self, path):
        try:
            self.text = Path(path).read_bytes().decode("utf-8")
        except FileNotFoundError:
            raise CourseError(f"there is no file {path}") from None
        except UnicodeDecodeError:
            raise CourseError(f"{path} is no text in UTF-8. Export it again as CSV, in UTF-8.") from None
        first = self.text.lstrip("\ufeff").split("\n")[0]
        self.delimiter = max(",;\t", key=first.count)
        self._places = _cells(self.text, self.delimiter)
        if not first.strip() or len(self._places[0]) < 2:
            raise CourseError(f"{path} has no header with at least two columns: is it the export, as CSV?")
        table = [[_value(self.text[a:b]) for a, b in places] for places in self._places]
        self.header = [name.lstrip("\ufeff").strip() for name in table[0]]
        lower = [name.lower() for name in self.header]
        self.kind = "plain"
        if "sis login id" in lower and "section" in lower:
            self.kind = "Canvas"
        elif "identifier" in lower and "grade" in lower:
            self.kind = "Moodle"
        self.rows = {number: dict(zip(self.header, row)) for number, row in enumerate(table)
                     if number and len(row) >= len(self.header)}  # fmt: skip
        self._keys = {number: keys for number, row in self.rows.items() if any((keys := self._known(row)).values())}

    def _known(self, row):
        """Return what a row is known by: {"number": the platform's, "ids": hers, "names": as they may be written}."""
        lower = {name.lower(): text.strip() for name, text in row.items()}
        number = ""
        if self.kind == "Canvas":
            number = lower.get("id", "")
            if not number:  # what is posted by hand, and the row of points
                return {}
        if self.kind == "Moodle" and (found := re.search(r"\d+$", lower["identifier"])):
            number = found[0]  # Participant 314, in whatever language
        ids = {_plain(lower[name]) for name in IDS if lower.get(name)} - {number if self.kind == "Canvas" else ""}
        whole = [lower[name] for name in NAMES if lower.get(name)]
        for first, last in (("firstname", "lastname"), ("first name", "last name")):
            whole += [f"{lower[first]} {lower[last]}"] if lower.get(first) and lower.get(last) else []
        names = set()
        for name in map(_plain, whole):
            last, comma, first = name.partition(",")
            names |= {name, f"{first.strip()} {last.strip()}"} if comma else {name}
            names.add(re.sub(r"[^\w]", "", name))  # lovelaceada, as in the names of Canvas's files
        return {"number": number, "ids": ids, "names": names}

    def row_of(self, student, number=""):
        """Return the number of a student's row, or None. number: what the platform's archive called her.

        Raises: CourseError if more than one fits.
        """
        hers = _plain(student)
        for fits in (lambda keys: number and keys["number"] == number, lambda keys: hers in keys["ids"],
                     lambda keys: hers in keys["names"]):  # fmt: skip
            found = [row for row, keys in self._keys.items() if fits(keys)]
            if len(found) > 1:
                raise CourseError(f"{student} may be any of lines {', '.join(str(self.line(row)) for row in found)} of "
                                  "the file. Rename her folder in submitted/ to what one of them alone has.")
            if found:
                return found[0]
        return None

    def line(self, row):
        """Return the line of the file in which a row begins, from 1."""
        return self.text.count("\n", 0, self._places[row][0][0]) + 1

    def column(self, name):
        """Return the one column of that name. Raises: CourseError."""
        found = [column for column in self.header if column.lower() == name.lower()]
        if len(found) != 1:
            raise CourseError(f"the file has {len(found)} columns {name!r}; its columns: {', '.join(self.header)}")
        return found[0]

    def filled(self, column, values):
        """Return the file's text with some cells of a column replaced. values: {row: text}."""
        at, text, end = self.header.index(column), [], 0
        for row in sorted(values):
            a, b = self._places[row][at]
            quote = '"' if self.text[a:a + 1] == '"' else ""
            text += [self.text[end:a], quote, values[row], quote]
            end = b
        return "".join([*text, self.text[end:]])


def _plain(name):
    """Return a name as it is compared: without case, and with single blanks; a formula's wrapping is taken off."""
    return " ".join(re.sub(r'^="(.*)"$', r"\1", name).casefold().split())


def _value(cell):
    return cell[1:-1].replace('""', '"') if cell.startswith('"') and cell.endswith('"') else cell


def _cells(text, delimiter):
    """Return, for each line that is not empty, the (start, end) of its cells, with their quotation marks."""
    rows, row, start, quoted = [], [], 0, False
    for at, character in enumerate(text + ("" if text.endswith("\n") else "\n")):
        if character == '"':
            quoted = not quoted
        elif character == delimiter and not quoted:
            row.append((start, at))
            start = at + 1
        elif character == "\n" and not quoted:
            row.append((start, at - (text[at - 1:at] == "\r")))
            if len(row) > 1 or row[0][0] < row[0][1]:
                rows.append(row)
            row, start = [], at + 1
    if quoted:
        raise CourseError("the file ends within quotation marks: is it whole?")
    return rows or [[]]
