"""Marks back where they came from: one column of the platform's own table, and the feedback in one archive."""

import json
import os
import re
import zipfile
from pathlib import Path

from gdcourse.grading.course.class_list import ClassList
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import course_folders
from gdcourse.grading.course.term import term
from gdcourse.grading.gradebook.reading import read
from gdcourse.grading.intake.collect import collected_from
from gdcourse.grading.report.tables import not_final, shown

PLATFORMS = "moodle", "canvas", "gradescope"
POINTS = "    Points Possible"


def fill(course, ps, path, column=None, scale=False, dry_run=False):
    """Write everyone's points into one column of a table that a platform has exported, and change nothing else.

    Args: column: its name, if it is not Moodle's Grade, Canvas's "ps03 (123)" or one called like the assignment;
        scale: fit the points to the table's own maximum; dry_run: write nothing.
    Returns: lines that say what was done, and whether everyone who has points stands in the table.
    Raises: CourseError where a student may be two rows, two students are one, or the maximum is another.
    """
    table = ClassList(path)
    column = table.column(column or _usual_column(table, ps))
    entries, _, worth = read(course, ps, notebooks=False)
    groups = term(course, ps).groups
    marked = [entry._replace(student=name) for entry in entries if entry.points
              for name in groups.get(entry.student, [entry.student])]  # fmt: skip
    if not marked:
        raise CourseError(f"nobody's {ps} is graded yet. Run: gdcourse grade {ps}")
    factor = _factor(table, column, ps, sum(worth.values()), scale)
    rows, locked, strangers = _placed(table, column, marked, collected_from(course, ps))
    comma = table.delimiter == ";" and any(re.fullmatch(r"\d+,\d+", row[column]) for row in table.rows.values())
    values = {row: f"{round(factor * entry.total, 2):g}".replace(".", "," if comma else ".")
              for row, entry in rows.items()}  # fmt: skip
    if not dry_run:
        draft = Path(f"{path}.draft")
        draft.write_bytes(table.filled(column, values).encode("utf-8"))
        draft.chmod(0o600)  # names and marks
        os.replace(draft, path)
    lines = [f"{'Would fill' if dry_run else 'Filled'} {len(values)} cells of {column!r}, {table.kind} table."]
    for row, new in values.items():
        was = table.rows[row][column].strip()
        if was not in ("", "-") and _number(was) != _number(new):
            lines.append(f"Another mark stood there: {shown(rows[row].student)} {was}, now {new}.")
    lines += [f"Left as they are: {shown(', '.join(locked))}."] * bool(locked)
    lines += not_final(marked)
    unmarked = ", ".join(entry.student for entry in entries if not entry.points)
    lines += [f"Without points, and left out: {shown(unmarked)}."] * bool(unmarked)
    lines += [f"Not in the table: {shown(', '.join(strangers))}."] * bool(strangers)
    return lines, not strangers


def _placed(table, column, marked, numbers):
    """Return {row: Entry}, who stands in a row that may not be filled in and why, and who stands in none."""
    rows, locked, strangers, taken = {}, [], [], {}
    for entry in marked:
        row = table.row_of(entry.student, numbers.get(entry.student, ("", ""))[0])
        if row is None:
            strangers.append(entry.student)
            continue
        if (other := taken.setdefault(row, entry.student)) != entry.student:
            raise CourseError(f"{other} and {entry.student} are both line {table.line(row)} of the file. "
                              "Rename one of their folders in submitted/.")  # fmt: skip
        if why := _locked(table.rows[row], column):
            locked.append(f"{entry.student} ({why})")
        else:
            rows[row] = entry
    return rows, locked, strangers


def _usual_column(table, ps):
    if table.kind == "Moodle":
        return "Grade"
    if table.kind == "plain":
        return ps
    found = [name for name in table.header if re.search(rf"\b{re.escape(ps)}\b.*\(\d+\)$", name, re.IGNORECASE)]
    if len(found) != 1:
        raise CourseError(f"{len(found)} columns of the table are called like {ps}. Name it with --column; there are: "
                          + ", ".join(name for name in table.header if re.search(r"\(\d+\)$", name)))  # fmt: skip
    return found[0]


def _number(text):
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def _factor(table, column, ps, points, scale):
    """Return by what points are multiplied: 1 unless the table's maximum is another one, and that is wanted."""
    most = set()
    if table.kind == "Moodle":
        most = {_number(row[name]) for row in table.rows.values() for name in row if name.lower() == "maximum grade"}
    elif table.kind == "Canvas":
        most = {_number(row[column]) for row in table.rows.values() if next(iter(row.values())) == POINTS}
    most = {one for one in most if isinstance(one, float)}
    if len(most) != 1 or abs((maximum := most.pop()) - points) < 1e-9:
        return 1.0
    if not scale:
        raise CourseError(f"{ps} has {points:g} points, and the table's maximum is {maximum:g}. Change it on the "
                          "platform and export again, or fit the points to it: --scale")
    return maximum / points


def _locked(row, column):
    """Say why a cell may not be filled in, or nothing."""
    if row[column].strip().upper() in ("EX", "N/A", "(READ ONLY)"):
        return f"the table says {row[column].strip()}"
    changeable = {text.strip().lower() for name, text in row.items() if name.lower() == "grade can be changed"}
    return "the table says that the grade cannot be changed" if changeable == {"no"} else ""


def pack(course, ps, platform):
    """Put everyone's feedback into one archive that a platform hands back. Returns: its path, and who is not in it.

    Moodle takes each page under the name of the folder that it handed out, Gradescope a results.json for each
    student. Canvas shows what it takes under the name of what she handed in, a notebook: it gets the graded notebooks.
    """
    if platform not in PLATFORMS:
        raise CourseError(f"platform must be one of {', '.join(PLATFORMS)}, got {platform!r}")
    folders, collected = course_folders(course), collected_from(course, ps)
    entries, _, worth = read(course, ps)
    graded = [entry for entry in entries if entry.points]
    if not graded:
        raise CourseError(f"nobody's {ps} is graded yet. Run: gdcourse grade {ps}")
    step = folders.autograded_directory if platform == "canvas" else folders.feedback_directory
    suffix = "ipynb" if platform == "canvas" else "html"
    target, left = Path(course) / "reports" / f"{ps}-feedback-{platform}.zip", []
    target.parent.mkdir(exist_ok=True)
    draft = target.with_suffix(".draft")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        draft.chmod(0o600)
        for entry in graded:
            page = Path(folders.format_path(step, entry.student, ps), f"{ps}.{suffix}")
            if platform == "gradescope":
                name, content = f"{_file(entry.student)}/results.json", json.dumps(results(entry, worth), indent=1)
            elif not page.is_file():
                left.append(f"{entry.student} (no {page.name}: run gdcourse feedback {ps} first)")
                continue
            elif not (name := _name(platform, *collected.get(entry.student, ("", "")), ps)):
                left.append(f"{entry.student} (did not come from an archive of that platform: her number is not known)")
                continue
            else:
                content = page.read_bytes()
            archive.writestr(name, content)
    os.replace(draft, target)
    return target, left


def _name(platform, number, path, ps):
    """Return the name under which a platform finds whose it is, made from the name it gave out itself. Or None."""
    if platform == "canvas":  # name_number_attachment_file
        return Path(path).name if re.search(rf"_{number}_\d+_[^/]+$", path) else None
    before = re.search(rf"([^/]+)_{number}_assignsubmission_", path)
    return before and f"{before[1]}_{number}_assignsubmission_file_/{ps}.html"  # as Moodle reads it, old and new


def _file(student):
    return re.sub(r"[/\\:\0]", "_", student)


def results(entry, worth):
    """Return an Entry as Gradescope's results.json: the score, and each graded cell with its points and its words."""
    tests = [{"name": name, "score": entry.points.get(name, 0.0), "max_score": float(most),
              "output": entry.told.get(name, ""), "visibility": "visible"} for name, most in worth.items()]  # fmt: skip
    result = {"score": entry.total, "visibility": "visible", "tests": tests}
    return result | ({"output": entry.reason} if entry.reason else {})
