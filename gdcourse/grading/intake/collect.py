"""Let `nbgrader zip_collect` take in what Moodle and Canvas hand out, safely.

nbgrader's extractor unpacks whatever an archive holds. This one takes the notebooks out and nothing else: names that
lead out of the folder, links and devices, too many files or bytes come to nothing, and it says so. An archive that a
student packed herself is opened too. For a student of whom there are only other things a notebook with the reason takes
their place, so that grading gives her a line. exercises/nbgrader_config.py shows the settings.
"""

import io
import json
import os
import re
import shutil
import stat
from pathlib import Path, PurePosixPath

from nbgrader.plugins import ExtractorPlugin, FileNameCollectorPlugin

from gdcourse.grading.course.directory import FULL
from gdcourse.grading.intake.archives import ARCHIVES, CLASS, STUDENT, Refused, members, stem
from gdcourse.grading.intake.notebook_file import some


class Extractor(ExtractorPlugin):
    """Take the notebooks, and only those, out of what lies in downloaded/PS/archive."""

    def extract(self, archive_path, extracted_path):
        self._left = {}  # {where it would lie as a notebook: what was left out, and why}
        for root, _, names in os.walk(archive_path):
            for path in (Path(root, name) for name in sorted(names)):
                target = Path(extracted_path, os.path.relpath(root, archive_path))
                if not stat.S_ISREG(path.lstat().st_mode):
                    self.log.warning("%s is a link or device, and is left out", path.name)
                    self._leave(target, path.name, " (no ordinary file)")
                elif path.name.lower().endswith(ARCHIVES):
                    self._unpack(path, target / stem(path.name))
                elif path.suffix.lower() == ".ipynb":
                    target.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target / f"{path.stem}.ipynb")
                else:
                    self._leave(target, path.name)
        self._stand_in(Path(extracted_path))

    def _unpack(self, path, target):
        def leave(name, odd):
            if odd:
                self.log.warning("%s is no ordinary file of the folder, and is left out", ascii(name)[:200])
            self._leave(target, name, " (no ordinary file of its folder)" if odd else "")

        try:
            with open(path, "rb") as file:
                for name, content in members(file, *CLASS, leave):
                    try:
                        for place, text in _notebooks(target / name, content):
                            self._write(place, text)
                    except Refused as why:
                        self._leave(target, name, f" ({str(why).rstrip('.')})")
        except Refused as why:
            self.log.error("%s: %s Nothing more is taken from it.", path.name, why)

    def _leave(self, target, name, why=""):
        """Remember a file that is not taken, under a path that every system can have and that stays in the folder."""
        path = PurePosixPath(name.replace("\\", "/"))
        parts = ["".join(c for c in part if c.isprintable() and c not in ":/").lstrip(".") for part in path.parts]
        parts = [part.encode()[:200].decode(errors="ignore") for part in parts if part]
        if parts:
            stem = re.sub(r"(?<=.)(\.tar)?\.\w{1,8}$", "", parts[-1])
            self._left[target.joinpath(*parts[:-1], f"{stem}.ipynb")] = some([path.name]) + why

    def _stand_in(self, extracted):
        """Put a notebook with the reason where nothing could be taken from a student, and say so."""
        regexp, ps = self.parent.collector_plugin_inst.named_regexp, self.parent.coursedir.assignment_id
        of = {path: _named(str(path), regexp) or _loose(str(path), ps) for path in extracted.rglob("*.ipynb")}
        there = {(facts["student_id"], facts["number"]) for facts in of.values() if facts}
        without = {}
        for place, what in self._left.items():
            facts = _named(str(place), regexp) or (ps.lower() in place.stem.lower() and _loose(str(place), ps))
            who = (facts["student_id"], facts["number"]) if facts else None
            if who not in there:
                without.setdefault(who, []).append((place, what))
        for who, left in without.items():
            what = ", ".join(what for _, what in left[:4]) + (f" and {len(left) - 4} more" if len(left) > 4 else "")
            if who is None:
                self.log.warning("No notebooks, and nobody's by their names: %s", what)
                continue
            self.log.warning("%s: no notebook could be taken from %s", who[0], what)
            why = f"Hand in the notebook itself: none could be taken from {what}."
            self._write(left[0][0], json.dumps({"refused": why}).encode())

    def _write(self, place, text):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text)
        except OSError as error:  # a name that is too long, or another's folder
            if error.errno in FULL:
                raise
            self.log.warning("%s is left out: %s", ascii(place.name)[:200], error.strerror)


def _notebooks(place, content):
    """Return [(path, content)] of what a member of an archive stands for: itself, or what a student packed into it.

    Raises: Refused.
    """
    if place.suffix.lower() == ".ipynb":
        return [(place.with_suffix(".ipynb"), content)]
    base = place.with_name(stem(place.name))
    inner = [(PurePosixPath(name), text) for name, text in members(io.BytesIO(content), *STUDENT)]
    inner = [(path, text) for path, text in inner if path.suffix.lower() == ".ipynb"]
    if not inner:
        raise Refused("there is no notebook in it.")
    if len(inner) == 1:
        return [(base.with_name(f"{base.name}.ipynb"), inner[0][1])]
    return [(base.with_name(f"{base.name}-{path.stem}.ipynb"), text) for path, text in inner]


def _named(path, regexp):
    """Return what a regular expression finds in a path, or None."""
    match = re.match(regexp, path) if regexp else None
    if not match:
        return None
    rest = re.match(r"(_LATE)?_(\d+)_", path[match.end("student_id") :])
    name = " ".join(match["student_id"].split())
    return {**match.groupdict(), "student_id": name, "number": rest[2] if rest else "", "late": bool(rest and rest[1])}


def _loose(path, ps):
    """Return what a loose file's name tells: the student is what is left of it without the assignment. Or None."""
    name = re.sub(re.escape(ps), "", Path(path).stem, flags=re.IGNORECASE).strip(" _-.,()")
    return {"student_id": name, "file_id": ps, "number": "", "late": False} if name else None


class Collector(FileNameCollectorPlugin):
    """Find the student in a file's name: by named_regexp, or in a loose one as what is left without the assignment.

    A class may have two students of one name: then the number that Moodle and Canvas put behind it is kept, here and
    in all assignments to come. Canvas's is the student's own; where Moodle has another one for each assignment, it says
    no more than that it is one of the two, and her folder is to be renamed. Of several versions of a student's
    notebook the last counts, where the names tell no time.
    """

    def collect(self, submitted_file):
        if not hasattr(self, "_chosen"):
            root = self.parent._format_collect_path(self.parent.extracted_directory)
            files = sorted((str(path) for path in Path(root).rglob("*.ipynb")), key=_in_order)
            ps = self.parent.coursedir.assignment_id
            found = {path: _named(path, self.named_regexp) or _loose(path, ps) for path in files}
            self._chosen = self._choose({path: facts for path, facts in found.items() if facts})
            if late := sorted({facts["student_id"] for facts in self._chosen.values() if facts["late"]}):
                self.log.warning("Canvas calls late: %s. By how much it does not say: a penalty needs the time, in a "
                                 "file timestamp.txt beside the notebook.", ", ".join(late))  # fmt: skip
        return self._chosen.get(submitted_file)

    def _namesakes(self, found):
        """Return all names that two have had in any assignment: they stay told apart in those only one hands in."""
        root = Path(self.parent.coursedir.root)
        path = root / ".grading" / "namesakes.json"
        known = set(json.loads(path.read_text("utf-8"))) if path.is_file() else set()
        if found - known:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text(json.dumps(sorted(known | found)), "utf-8")
            for name in sorted(found - known):
                if before := sorted(p.name for p in (root / "submitted" / name).glob("*") if p.is_dir()):
                    self.log.warning("%s is the name of two. Which of them handed in %s before? Rename the folder "
                                     "submitted/%s to that one's.", name, ", ".join(before), name)  # fmt: skip
        return known | found

    def _choose(self, found):
        numbers, last = {}, {}
        for facts in found.values():
            numbers.setdefault(facts["student_id"], set()).add(facts["number"])
        shared = self._namesakes({name for name, those in numbers.items() if len(those - {""}) > 1})
        came = {}
        for path, facts in found.items():
            name, number = facts["student_id"], facts.pop("number")
            facts["student_id"] = f"{name} {number}" if name in shared and number else name
            last[facts["student_id"], facts["file_id"], facts.get("timestamp")] = path
            if number:
                came[facts["student_id"]] = number, path
        _remember(self.parent.coursedir.root, self.parent.coursedir.assignment_id, came)
        return {path: found[path] for path in last.values()}


def _in_order(path):
    """Sort by name, and what a browser has saved a second time, "archive (1).zip", after the first."""
    parts = [re.fullmatch(r"(.*?)(?: \((\d+)\))?", part, re.DOTALL) for part in path.split(os.sep)]
    return [(part[1], int(part[2] or 0)) for part in parts]


def _remember(course, ps, came):
    path = Path(course) / ".grading" / f"{ps}.collected.json"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(collected_from(course, ps) | came), "utf-8")
    os.replace(draft, path)


def collected_from(course, ps):
    """Return {student: (the platform's number for her, the path in its archive)} of what was collected."""
    path = Path(course) / ".grading" / f"{ps}.collected.json"
    return {student: tuple(facts) for student, facts in json.loads(path.read_text("utf-8")).items()
            } if path.is_file() else {}  # fmt: skip
