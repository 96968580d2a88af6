"""Where a course is, and how nbgrader has it: settings, folders, the gradebook's tables, nbgrader's own commands.

In comes a folder's path; out come paths, settings, and `CourseError`, whose message says what to put right. It calls
nbgrader alone: every other room may call it.
"""
