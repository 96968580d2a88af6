"""The names that a course's nbgrader_config.py has for what `nbgrader zip_collect` asks: see intake/collect."""

from gdcourse.grading.intake.collect import Collector, Extractor

__all__ = ["Collector", "Extractor"]
