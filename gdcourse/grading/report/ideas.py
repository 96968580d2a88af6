"""Which of the book's ideas are behind the mistakes of a term: a mistake points to an equation, that to an idea.

Counted are mistakes that were recognised, in what each student has handed in last; what was wrong in a way that nobody
knows says nothing about an idea.
"""

from typing import NamedTuple

from gdcourse import checks
from gdcourse.checks.book import idea
from gdcourse.grading.authoring.assign import exercise_of
from gdcourse.grading.gradebook import journal


class Shaky(NamedTuple):
    """An idea, who made a mistake about it in this assignment, and how many in each of the term's: {ps: number}."""

    idea: str
    here: list
    term: dict

    @property
    def students(self):
        return sum(self.term.values())


def of(ps, head):
    """Return the ideas behind the mistakes that a line of the journal tells of."""
    owner, about = exercise_of(ps), _about(ps)
    return {about.get((owner.get(cell), name), "") for cell, (_, name) in head.get("failed", {}).items()} - {""}


def _about(ps):
    """Return {(exercise, its known mistake): the idea} of an assignment."""
    return {(e.name, m.name): idea(m.see) for e in checks.assignment(ps).exercises for m in e.mistakes}


def shaky(course, ps):
    """Return the Shaky ideas of a class in an assignment, the one that most stumbled over first."""
    found = {}
    for other in graded(course):
        for student, head in sorted(journal.Journal(course, other).done.items()):
            for name in of(other, head):
                row = found.setdefault(name, Shaky(name, [], {}))
                row.term[other] = row.term.get(other, 0) + 1
                row.here.extend([student] * (other == ps))
    rows = [row for row in found.values() if row.here]
    return sorted(rows, key=lambda row: (-len(row.here), -row.students, row.idea))


def of_student(course, student):
    """Return {idea: {ps: whether the mistake is still in what she has handed in last}} of a student."""
    found = {}
    for ps in graded(course):
        for head in journal.Journal(course, ps).history(student):
            now = of(ps, head)
            for name in now:
                found.setdefault(name, {})
            for name, where in found.items():
                if name in now or ps in where:
                    where[ps] = name in now
    return found


def graded(course):
    """Return the assignments that anything is graded of, in their order."""
    there = {path.stem for path in journal.folder(course).glob("*.journal")}
    return [ps for ps in checks.every() if ps in there]
