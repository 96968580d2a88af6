"""Read what a student handed in: find the notebook in her folder, and take the text of its cells, nothing else.

No link is followed, nothing is read beyond a limit, and whatever cannot be read is `Rejected`, with a reason that she
is shown: it says what she can do.
"""

import json
import os
import re
import stat

from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

FILE = 32_000_000  # bytes of a notebook, its figures included
VALUES = {b"[": 300_000, b"{": 300_000, b",": 3_000_000}  # more of these is no notebook, and fills the memory
CELLS, TEXT = 1_000, 2_000_000  # cells, and characters in all of them
NEW = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}


class Rejected(Exception):
    """A submission that cannot be run; the message says why."""


class Missing(Rejected):
    """A submission without a notebook."""


def find(folder, ps, notes, beside=()):
    """Return (the path of the notebook in a folder, the time of handing in or None); add to the notes.

    beside: what else may lie there, for it was handed out. Raises: Rejected, or Missing where there is none.
    """
    if any(path.is_symlink() for path in (folder.parent, folder)):
        raise Rejected("The folder is a link to somewhere else. Hand in the notebook itself.")
    if not folder.is_dir():
        raise Missing(f"There is no folder {folder.parent.name}/{folder.name}.")
    names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    notebooks = [name for name in names if name.lower().endswith(".ipynb")]
    wanted = f"{ps}.ipynb"
    timestamp = _timestamp(folder / "timestamp.txt", notes) if "timestamp.txt" in names else None
    if not notebooks:
        raise Missing(f"There is no notebook in the folder, only {some(names)}." if names else "The folder is empty.")
    if wanted not in notebooks and len(notebooks) > 1:
        raise Rejected(f"None of the notebooks is called {wanted}: {some(notebooks)}. Hand in one, under that name.")
    used = wanted if wanted in notebooks else notebooks[0]
    if used != wanted:
        notes.append(f"the notebook was called {some([used])}.")
    other = [name for name in names if name not in (used, "timestamp.txt", *beside)]
    if other:
        notes.append(f"other files are not used: {some(other)}.")
    return folder / used, timestamp


def some(names):
    """Name the first four of some names, fit to print: one that could be taken for our words stands in quotes."""
    printable = ["".join(c if c.isprintable() and c != '"' else "?" for c in name)[:60] for name in names[:4]]
    printable = [name if re.fullmatch(r"[\w.()-]*", name) else f'"{name}"' for name in printable]
    return ", ".join(printable) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _content(path, limit):
    """Return the bytes of an ordinary file. A link is not followed, a device not opened, no more read than allowed."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Rejected(f"The file {some([path.name])} is a link, folder or device. Hand in the notebook itself.")
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise Rejected(f"The file {some([path.name])} is larger than {limit // 1_000_000} MB. "
                       "Clear its outputs (Edit, Clear Outputs of All Cells) and hand it in again.")  # fmt: skip
    return content


def _timestamp(path, notes):
    from nbgrader.utils import parse_utc

    try:
        text = _content(path, 200).decode().strip()
        return parse_utc(text).isoformat(" ") if text else None
    except (Rejected, OSError, ValueError, OverflowError, TypeError):
        notes.append("timestamp.txt holds no date that can be read, so that nobody knows whether it was late.")
        return None


def parsed(path):
    """Return the JSON in a notebook's file. Raises: Rejected."""
    content = _content(path, FILE)
    if any(content.count(mark) > limit for mark, limit in VALUES.items()):
        raise Rejected("The file holds more values than any notebook does. Clear its outputs and hand it in again.")
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Rejected("The notebook is not text in UTF-8. Download it again from Jupyter and hand that in.") from None
    except ValueError as error:
        where = f", in line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        what = f"is {f'damaged{where}' if content.strip() else 'empty'}: it does not open in Jupyter either"
        raise Rejected(f"The notebook {what}. Hand it in again once it does.") from None
    except RecursionError:
        raise Rejected("The notebook is nested thousands deep. Hand it in as Jupyter saves it.") from None


def cells_of(raw, notes):
    """Return [(type, text, grade_id or None, id or None)] of a parsed notebook; add to the notes. Raises: Rejected."""
    if not isinstance(raw, dict):
        raise Rejected("The file is no notebook. Download it again from Jupyter and hand that in.")
    if isinstance(raw.get("refused"), str):  # left by collect.py in place of an archive
        raise Rejected(raw["refused"])
    version, cells = raw.get("nbformat"), raw.get("cells")
    if version == 3:
        sheets = raw.get("worksheets")
        notes.append("the notebook was in the old format 3.")
        cells = [c for sheet in sheets if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
                 for c in sheet["cells"]] if isinstance(sheets, list) else None  # fmt: skip
    elif version != 4:
        raise Rejected(f"The notebook is of format {str(version)[:20]}, and 4 is expected. "
                       "Open it in a current Jupyter, save it, and hand it in again.")  # fmt: skip
    if not isinstance(cells, list) or not cells:
        raise Rejected("There are no cells in the notebook. Open it in Jupyter, and hand it in again.")
    if len(cells) > CELLS:
        raise Rejected(f"The notebook has {len(cells):,} cells, and {CELLS:,} are enough. Remove those not needed.")
    read = [_cell(cell, number) for number, cell in enumerate(cells, 1)]
    if sum(len(text) for _, text, *_ in read) > TEXT:
        raise Rejected("There are more than two million characters in its cells. Remove data typed into them.")
    return read


def _cell(cell, number):
    source = cell.get("source", cell.get("input", "")) if isinstance(cell, dict) else None
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    kind = "markdown" if kind == "heading" else kind
    if not isinstance(source, str) or not isinstance(kind, str) or kind not in NEW:
        raise Rejected(f"Cell {number} is not a notebook's cell. Hand the notebook in as Jupyter saves it.")
    text = source.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    mark = cell.get("metadata")
    for key in ("nbgrader", "grade_id"):
        mark = mark.get(key) if isinstance(mark, dict) else None
    return kind, text, *(name if isinstance(name, str) and name else None for name in (mark, cell.get("id")))
