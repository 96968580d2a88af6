"""From an assignment's page to the notebooks that nbgrader works with, and to a class that is made up.

In comes exercises/psNN.md with the course's checks; out go source/ and release/, and a made-up class in submitted/. It
calls the room `course`, and the checks.
"""
