"""nbgrader's settings for this course. All its folders lie beside this file."""

from pathlib import Path

c = get_config()  # noqa: F821  nbgrader provides it

c.CourseDirectory.course_id = "gdcourse"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.ClearSolutions.code_stub = {"python": "# Your code here.\nraise NotImplementedError"}
c.ClearSolutions.text_stub = "*Your answer here.*"

# `nbgrader autograde` and formgrader's button run and judge submissions as `gdcourse grade` does, in its sandbox.
# nbgrader's own Execute gives a submission your rights; for that, write `del c.Autograde` below.
c.Autograde.sanitize_preprocessors = ["gdcourse.grading.preprocessor.Rebuild"]
c.Autograde.autograde_preprocessors = [
    "gdcourse.grading.preprocessor.Judge",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# `nbgrader generate_feedback` and formgrader write the pages of `gdcourse feedback`; without this line, nbgrader's own.
c.GenerateFeedback.exporter_class = "gdcourse.grading.preprocessor.FeedbackPage"

# `nbgrader zip_collect`: archives from Moodle, with "Ada Lovelace_314_assignsubmission_file/ps03.ipynb" in them (or
# "..._file_/ps03.ipynb", or "..._file_ps03.ipynb"; "onlinetext" instead of "file": typed into Moodle itself),
# and from Canvas, with "lovelaceada_LATE_314_2718_ps03-1.ipynb"; and loose notebooks whose name has the student's in
# it, such as "Ada Lovelace ps03.ipynb". The first folder that fits counts: what comes after it is what a student called
# her own files.
c.ZipCollectApp.extractor_plugin = "gdcourse.grading.collect.Extractor"
c.ZipCollectApp.collector_plugin = "gdcourse.grading.collect.Collector"
c.Collector.named_regexp = (
    r".*?/(?P<student_id>[^/]+?)(?:_LATE)?_\d+_(?:\d+_|assignsubmission_(?:file|onlinetext)_?(?:/(?:[^/]+/)*)?)"
    r"(?P<file_id>[^/]+?)(?:-\d+)?\.ipynb$"
)
