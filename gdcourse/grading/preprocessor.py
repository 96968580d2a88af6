"""The names that a course's nbgrader_config.py has for what `nbgrader autograde` runs: see gradebook/preprocessor."""

from gdcourse.grading.gradebook.preprocessor import Judge, Rebuild

__all__ = ["Judge", "Rebuild"]
