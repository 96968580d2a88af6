"""The names that a course's nbgrader_config.py has for what `nbgrader autograde` and `generate_feedback` run."""

from gdcourse.grading.gradebook.feedback_page import FeedbackPage
from gdcourse.grading.gradebook.preprocessor import Judge, Rebuild

__all__ = ["FeedbackPage", "Judge", "Rebuild"]
