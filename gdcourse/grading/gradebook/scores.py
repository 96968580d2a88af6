"""Read the gradebook: who has how many points, exercise by exercise."""

from pathlib import Path

from gdcourse.grading.authoring.assign import exercise_of


def scores(course, ps):
    """Return {student: {exercise: points}} of all that is graded so far; hand-graded cells go by their own name."""
    from nbgrader.api import Gradebook

    owner = exercise_of(ps)
    table = {}
    with Gradebook(f"sqlite:///{Path(course).resolve() / 'gradebook.db'}", "gdcourse") as book:
        for handed_in in book.assignment_submissions(ps):
            row = table[handed_in.student_id] = {}
            for grade in (grade for notebook in handed_in.notebooks for grade in notebook.grades):
                name = owner.get(grade.name, grade.name)
                row[name] = row.get(name, 0.0) + grade.score
    return dict(sorted(table.items()))


def as_table(table, totals):
    """Write scores as a table of text. totals: {column: points there are}."""
    columns, width = list(totals), max(map(len, [*table, "student"]))
    lines = ["  ".join(["student".ljust(width), *columns, "total"])]
    for student, row in {"out of": totals, **table}.items():
        cells = [f"{row.get(column, 0):{len(column)}g}" for column in columns]
        lines.append("  ".join([student.ljust(width), *cells, f"{sum(row.values()):5g}"]))
    return "\n".join(lines)
