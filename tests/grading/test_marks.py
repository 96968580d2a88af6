"""Marks go back where they came from: into the tables of Canvas, Moodle and anybody, which keep all else as it was."""

import csv
import io
import json
import zipfile

import pytest
from click.testing import CliRunner

from gdcourse.grading import cli, grade
from gdcourse.grading.course.directory import CourseError
from gdcourse.grading.course.nbgrader import nbgrader
from gdcourse.grading.report.marks import PLATFORMS, fill, pack
from tests.grading.conftest import PS, make_believe

pytestmark = pytest.mark.thorough

# As the platforms write them: Canvas's gradebook_exporter.rb, and the grading table of Moodle's mod_assign.
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,ps02 (777),ps03 (778),Assignments Current Score
,,,,,,Manual Posting,
"    Points Possible",,,,,24,20,(read only)
"Lovelace, Ada",314,u314,ada@uni.edu,"Tuesday, 10 am",24.00,,100.00
"du Châtelet, Émilie",315,u315,emilie@uni.edu,Monday,20.00,15.00,83.33
"Lee, Kim",316,u316,kim@uni.edu,Monday,,EX,
"Student, Test",317,,0f1a,Monday,,,
"""
MOODLE = '''\
Identifier,"Full name","Email address",Status,Grade,"Maximum grade","Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 314","Ada Lovelace",ada@uni.edu,"Submitted for grading - ",-,20.00,Yes,"Tuesday, 3 March 2026, 11:59 PM",-,
"Participant 315","Émilie du Châtelet",emilie@uni.edu,"Submitted for grading - ",15.00,20.00,Yes,"Wednesday, 4 March 2026, 1:05\u202fAM","Thursday, 5 March 2026, 8:00 AM","Good, but
see ""below"""
"Participant 316","Kim Lee",kim@uni.edu,"No submission - ",-,20.00,No,-,-,
'''  # noqa: E501
PLAIN = 'Nachname;Vorname;email;ps03;Bemerkung\r\nLovelace;Ada;ada@uni.edu;;"a; b"\r\nLee;Kim;kim@uni.edu;12,5;\r\n'


@pytest.fixture
def graded(course, ours, pretend):
    """A course in which Ada has 20 points, Émilie 16 and Kim 12, named as `zip_collect` names them."""
    lacking = {"Ada Lovelace": (), "Émilie du Châtelet": ("spectral",), "Kim Lee": ("spectral", "run_until")}
    pretend.run = lambda job: make_believe(job, passed=lambda name: not name.startswith(lacking[job["student"]]))
    for student in lacking:
        folder = course / "submitted" / student / PS
        folder.mkdir(parents=True)
        (folder / f"{PS}.ipynb").write_text(json.dumps(ours.notebook), "utf-8")
    points = {done.student: f"{done.score:g}" for done in grade.grade(course, PS)}
    assert len(set(points.values())) == 3
    return course, points


@pytest.fixture
def table(tmp_path):
    def write(text, name="export.csv"):
        (tmp_path / name).write_bytes(text.encode("utf-8"))
        return tmp_path / name

    return write


def rows(text):
    """Return a table's cells by a reader of the standard library."""
    return list(csv.reader(io.StringIO(text), delimiter=";" if text.startswith("Nach") else ","))


def test_canvas_takes_the_points_and_keeps_everything_else(graded, table):
    (course, points), path = graded, table(CANVAS)
    lines, complete = fill(course, PS, path)
    expected = CANVAS.replace('10 am",24.00,,', f'10 am",24.00,{points["Ada Lovelace"]},').replace(
        "Monday,20.00,15.00", f"Monday,20.00,{points['Émilie du Châtelet']}")  # fmt: skip
    assert path.read_bytes() == expected.encode() and complete
    said = "\n".join(lines)
    assert "2 cells of 'ps03 (778)'" in said and "Émilie du Châtelet 15.00, now" in said
    assert "Kim Lee (the table says EX)" in said
    again, _ = fill(course, PS, path)
    assert path.read_bytes() == expected.encode() and not any("Another mark" in line for line in again)


def test_moodle_takes_the_points_and_keeps_everything_else(graded, table):
    (course, points), path = graded, table("\ufeff" + MOODLE)
    lines, complete = fill(course, PS, path)
    before, after = rows(MOODLE), rows(path.read_bytes().decode().removeprefix("\ufeff"))
    grades = [row[4] for row in after]
    assert grades == ["Grade", points["Ada Lovelace"], points["Émilie du Châtelet"], "-"] and complete
    assert [row[:4] + row[5:] for row in after] == [row[:4] + row[5:] for row in before]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf") and "cannot be changed" in "\n".join(lines)


def test_any_table_with_a_column_of_that_name_will_do(graded, table):
    course, points = graded
    path = table(PLAIN.replace("Nachname", "Last name").replace("Vorname", "First name"))
    lines, complete = fill(course, PS, path)
    text = path.read_bytes().decode()
    assert f"Ada;ada@uni.edu;{points['Ada Lovelace']};\"a; b\"\r\n" in text
    assert f"Kim;kim@uni.edu;{points['Kim Lee']};\r\n" in text
    assert not complete and lines[-1] == "Not in the table: Émilie du Châtelet."


def test_a_comma_is_written_where_one_stands(graded, table):
    course, points = graded
    path = table("Identifier;Full name;Grade;Maximum grade\n"
                 "Participant 1;Kim Lee;12,50;26,00\nParticipant 2;Émilie du Châtelet;;26,00\n")  # fmt: skip
    fill(course, PS, path, scale=True)
    wanted = [26 * float(points[name]) / 20 for name in ("Kim Lee", "Émilie du Châtelet")]
    written = [row.split(";")[2] for row in path.read_text("utf-8").splitlines()[1:]]
    assert written == [f"{points:g}".replace(".", ",") for points in wanted] and "," in written[0]


def test_nothing_is_written_where_a_student_may_be_two(graded, table):
    course, _ = graded
    twice = CANVAS + '"Lovelace, Ada",999,u999,other@uni.edu,Monday,,,\n'
    path = table(twice)
    with pytest.raises(CourseError, match=r"Ada Lovelace may be any of lines 4, 8 .*Rename her folder"):
        fill(course, PS, path)
    assert path.read_bytes() == twice.encode()
    (course / ".grading" / f"{PS}.collected.json").write_text(json.dumps({"Ada Lovelace": ["999", "x"]}))
    fill(course, PS, path)  # the number that her archive had decides
    assert rows(path.read_text("utf-8"))[7][6] and not rows(path.read_text("utf-8"))[3][6]


def test_a_group_has_its_marks_in_all_its_members_rows(graded, table):
    (course, points), path = graded, table("student,ps03\nGrace Hopper,\nKim Lee,\nJoan Clarke,\n")
    (course / "term.toml").write_text(f'[{PS}.groups]\n"Ada Lovelace" = ["Grace Hopper", "Joan Clarke"]\n')
    lines, complete = fill(course, PS, path)
    assert path.read_text() == "student,ps03\n" + "".join(f"{name},{points[of]}\n" for name, of in (
        ("Grace Hopper", "Ada Lovelace"), ("Kim Lee", "Kim Lee"), ("Joan Clarke", "Ada Lovelace")))
    assert not complete and lines[-1] == "Not in the table: Émilie du Châtelet."


def test_two_students_are_not_written_into_one_row(graded, table):
    course, _ = graded
    with pytest.raises(CourseError, match=r"Ada Lovelace and Kim Lee are both line 2 of the file"):
        fill(course, PS, table("name,email,ps03\nAda Lovelace,Kim Lee,\n"))


def test_another_maximum_is_said_and_can_be_met(graded, table):
    (course, points), path = graded, table(MOODLE.replace("20.00,Yes", "100.00,Yes").replace("20.00,No", "100.00,No"))
    before = path.read_bytes()
    with pytest.raises(CourseError, match=r"ps03 has 20 points, and the table's maximum is 100.*--scale"):
        fill(course, PS, path)
    assert path.read_bytes() == before
    fill(course, PS, path, scale=True)
    assert [row[4] for row in rows(path.read_text("utf-8"))[1:3]] == [
        f"{5 * float(points[name]):g}" for name in ("Ada Lovelace", "Émilie du Châtelet")]  # fmt: skip


def test_a_rehearsal_writes_nothing(graded, table):
    (course, _), path = graded, table(CANVAS)
    lines, _ = fill(course, PS, path, dry_run=True)
    assert lines[0].startswith("Would fill 2 cells") and path.read_bytes() == CANVAS.encode()


@pytest.mark.parametrize(("text", "words"), [
    ("", "no header"),
    ("only one column\n", "no header"),
    ('student,ps03\n"Ada', "within quotation marks"),
    ("student,ps02\nAda Lovelace,\n", "0 columns 'ps03'; its columns: student, ps02"),
    (CANVAS.replace("ps03 (778)", "Third (778)"), "Name it with --column; there are: ps02 (777), Third (778)"),
    (CANVAS.replace("ps02 (777)", "ps03 again (777)"), "2 columns of the table are called like ps03"),
], ids=["empty", "one-column", "cut-off", "no-column", "other-name", "two-columns"])  # fmt: skip
def test_what_is_no_such_table_is_said(graded, table, text, words):
    course, _ = graded
    with pytest.raises(CourseError) as refused:
        fill(course, PS, table(text))
    assert words in str(refused.value)


def test_other_encodings_and_no_file_are_said(graded, tmp_path):
    course, _ = graded
    (tmp_path / "latin.csv").write_bytes("student,ps03\nÉmilie,\n".encode("latin-1"))
    with pytest.raises(CourseError, match="no text in UTF-8"):
        fill(course, PS, tmp_path / "latin.csv")
    with pytest.raises(CourseError, match="there is no file"):
        fill(course, PS, tmp_path / "none.csv")


def test_the_commands(graded, table):
    (course, _), path = graded, table(MOODLE)

    def run(*arguments):
        return CliRunner().invoke(cli.main, [*arguments, "--course", str(course)])

    done = run("marks", PS, "--into", str(path))
    assert done.exit_code == 0 and "Filled 2 cells of 'Grade', Moodle table." in done.output
    timed = run("times", PS, "--from", str(path), "--zone", "Europe/Berlin")
    assert timed.exit_code == 0 and "Times of 2 submissions" in timed.output and "Kim Lee" in timed.output
    stamps = {p.parent.parent.name: p.read_text() for p in course.glob(f"submitted/*/{PS}/timestamp.txt")}
    assert stamps == {"Ada Lovelace": "2026-03-03 22:59:00 UTC\n", "Émilie du Châtelet": "2026-03-04 00:05:00 UTC\n"}
    wrong = run("times", PS, "--from", str(path), "--zone", "Berlin")
    assert wrong.exit_code == 1 and "time zone such as Europe/Berlin" in wrong.output
    german = table(MOODLE.replace("Tuesday, 3 March 2026", "Dienstag, 3. März 2026"), "german.csv")
    assert "language set to English" in run("times", PS, "--from", str(german)).output
    assert "no grading worksheet" in run("times", PS, "--from", str(table(CANVAS, "canvas.csv"))).output
    packed = run("feedback", PS, "--pack", "moodle")
    assert packed.exit_code == 3 and "Kim Lee (no ps03.html: run gdcourse feedback ps03 first)" in packed.output


def moodle_reads(name):
    """Return the participant and the file's name that Moodle takes from a path: importziplib.php, since 2012."""
    before, number, kind, plugin, rest = name.split("_", 4)
    assert number.isdigit() and (kind, plugin) == ("assignsubmission", "file") and before
    return int(number), rest.lstrip("/")


def test_feedback_goes_back_under_the_platforms_own_names(course, pretend):
    archive = course / "downloaded" / PS / "archive"
    archive.mkdir(parents=True)
    skeleton = (course / "release" / PS / f"{PS}.ipynb").read_bytes()
    for name in ("Ada Lovelace_314_assignsubmission_file", "Kim Lee_316_assignsubmission_file_"):  # new, and before 4.1
        (archive / name).mkdir()
        (archive / name / f"{PS}.ipynb").write_bytes(skeleton)
    (archive / f"dutchatelet_LATE_315_2718_{PS}-1.ipynb").write_bytes(skeleton)
    nbgrader(course, "zip_collect", PS)
    assert {p.name for p in (course / "submitted").iterdir()} == {"Ada Lovelace", "Kim Lee", "dutchatelet"}
    grade.grade(course, PS)
    for student in ("Ada Lovelace", "Kim Lee", "dutchatelet"):
        page = course / "feedback" / student / PS / f"{PS}.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<p>{student}")
    target, left = pack(course, PS, "moodle")
    with zipfile.ZipFile(target) as pages:
        read = {moodle_reads(name): pages.read(name).decode() for name in pages.namelist()}
    assert read == {(314, f"{PS}.html"): "<p>Ada Lovelace", (316, f"{PS}.html"): "<p>Kim Lee"}
    assert len(left) == 1 and left[0].startswith("dutchatelet (did not come from an archive of that platform")
    target, left = pack(course, PS, "canvas")
    assert len(left) == 2
    with zipfile.ZipFile(target) as notebooks:
        (name,) = notebooks.namelist()
        assert [part for part in name.split("_") if part.isdigit()][:2] == ["315", "2718"]  # who, and which file
        assert json.loads(notebooks.read(name))["nbformat"] == 4
    with zipfile.ZipFile(pack(course, PS, "gradescope")[0]) as files:
        result = json.loads(files.read("Ada Lovelace/results.json"))
    assert sum(test["max_score"] for test in result["tests"]) == 20 and result["score"] == 20
    assert {"name", "score", "max_score", "output"} <= set(result["tests"][0])
    with pytest.raises(CourseError, match="moodle, canvas, gradescope"):
        pack(course, PS, "blackboard")
    assert PLATFORMS == ("moodle", "canvas", "gradescope")


def test_whoever_came_on_another_way_is_named(graded):
    course, _ = graded
    for student in ("Ada Lovelace", "Kim Lee", "Émilie du Châtelet"):
        page = course / "feedback" / student / PS / f"{PS}.html"
        page.parent.mkdir(parents=True)
        page.write_text("x")
    _, left = pack(course, PS, "moodle")
    assert len(left) == 3 and "did not come from an archive" in left[0]


def test_a_name_of_two_lines_stops_nobody(course):
    archive = course / "downloaded" / PS / "archive"
    archive.mkdir(parents=True)
    for name in ("Eve\nEve_315", "Ada Lovelace_314"):
        (archive / f"{name}_assignsubmission_file_{PS}.ipynb").write_bytes(b"{}")
    nbgrader(course, "zip_collect", PS)
    assert (course / "submitted" / "Ada Lovelace" / PS / f"{PS}.ipynb").is_file()


def test_of_two_archives_the_second_counts(course):
    archive = course / "downloaded" / PS / "archive"
    archive.mkdir(parents=True)
    for name, content in (("all", b"old"), ("all (1)", b"new"), ("all (10)", b"newest"), ("all (2)", b"newer")):
        with zipfile.ZipFile(archive / f"{name}.zip", "w") as file:
            file.writestr(f"Ada Lovelace_314_assignsubmission_file_/{PS}.ipynb", content)
    nbgrader(course, "zip_collect", PS)
    assert (course / "submitted" / "Ada Lovelace" / PS / f"{PS}.ipynb").read_bytes() == b"newest"
