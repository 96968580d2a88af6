"""From results to marks: a journal that loses nothing, then nbgrader's gradebook and folders, then feedback.

In come a class's submissions and the results of their jobs; out go entries in the gradebook, notebooks in autograded/
and pages in feedback/, and whoever asks is told what is there. It calls all rooms but the report's.
"""
