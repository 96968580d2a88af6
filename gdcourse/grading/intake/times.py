"""When a notebook was handed in, as Moodle's grading worksheet has it, written where nbgrader looks for it."""

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gdcourse.grading.course.class_list import ClassList
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.intake.collect import collected_from
from gdcourse.grading.intake.submitted import submissions

COLUMN = "Last modified (submission)"
FORMS = "%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M"


def write_times(course, ps, path, zone=None):
    """Write timestamp.txt beside each submission that the worksheet has a time for. Returns: lines on what was done.

    Args: zone: the name of the time zone in which Moodle shows times; this machine's if left out.
    Raises: CourseError, before anything is written, if a time cannot be read or a student may be two rows.
    """
    table = ClassList(path)
    if table.kind != "Moodle":
        raise CourseError(f"{path} is no grading worksheet of Moodle's; no other table tells the time of handing in")
    column = table.column(COLUMN)
    try:
        there = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError):
        raise CourseError(f"--zone must be a time zone such as Europe/Berlin, got {zone!r}") from None
    numbers, times, without = collected_from(course, ps), {}, []
    for student, folder in submissions(course, ps).items():
        row = table.row_of(student, numbers.get(student, ("", ""))[0])
        said = table.rows[row][column].strip() if row is not None else ""
        if said in ("", "-"):
            without.append(student)
        else:
            times[Path(folder, "timestamp.txt")] = _time(said, there, table.line(row))
    for place, time in times.items():
        place.write_text(f"{time:%Y-%m-%d %H:%M:%S} UTC\n", "utf-8")
    lines = [f"Times of {len(times)} submissions written. They count from the next run on: gdcourse grade {ps}"]
    return lines + [f"Without a time in the worksheet: {', '.join(without)}."] * bool(without)


def _time(said, zone, line):
    """Return a time in UTC."""
    text = re.sub(r"\s+", " ", said)  # before AM and PM stands a narrow blank in newer versions
    for form in FORMS:
        try:
            local = datetime.strptime(text, form)
        except ValueError:
            continue
        local = local.replace(tzinfo=zone) if zone else local.astimezone()
        return local.astimezone(ZoneInfo("UTC"))
    raise CourseError(f"line {line}: {said!r} is no time in Moodle's English form, such as "
                      "'Tuesday, 3 March 2026, 11:59 PM'. Export the worksheet with the language set to English.")
