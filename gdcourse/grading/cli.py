"""The `gdcourse` command."""

import functools
import os
import sys
from pathlib import Path

import click

from gdcourse.grading.course.directory import CourseError, course_directory


def _course(context, parameter, value):
    try:
        folder = course_directory(value)
        os.environ["GDCOURSE_COURSE"] = str(folder)  # where `checks.own` looks
        return folder
    except CourseError as error:
        raise click.UsageError(str(error)) from None


course_option = click.option("--course", callback=_course, help="The course's folder, if it is not found from here.")


def in_plain_words(command):
    """Turn what a person can put right into one message and exit code 1."""

    @functools.wraps(command)
    def run(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except (CourseError, ValueError) as error:
            raise click.ClickException(str(error)) from None
        except BrokenPipeError:  # of `| head`: click ends quietly
            raise
        except OSError as error:
            raise click.ClickException(f"{error.filename or 'a file'}: {error.strerror or error}") from None

    return run


@click.group()
@click.version_option(package_name="gdcourse")
def main():
    """Build, hand out and grade the course's assignments."""


@main.command()
@click.argument("ps")
@course_option
@in_plain_words
def assign(ps, course):
    """Build the source and the release of assignment PS, such as ps03."""
    from gdcourse.grading.authoring import assign as building

    release = building.assign(course, ps)
    click.echo(f"Release: {release}")


@main.command()
@click.argument("name")
@course_option
@in_plain_words
def new(name, course):
    """Begin an assignment of your own, NAME: a page and a specification with one exercise, to be rewritten."""
    from gdcourse.grading.authoring.own import begin

    for path in begin(course, name):
        click.echo(f"Written: {path}")
    click.echo(f"Then: gdcourse verify {name}, and gdcourse assign {name}")


@main.command()
@click.argument("name")
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many draws of cases.")
@course_option
@in_plain_words
def verify(name, seeds, course):
    """Try an assignment's specification: what is right passes, each mistake is named, pretending earns nothing."""
    from gdcourse.grading.authoring.own import verify

    lines, sound = verify(name, seeds)
    for line in lines:
        click.echo(line)
    if not sound:
        raise SystemExit(1)


@main.command()
@click.argument("ps")
@click.option("--students", default=12, show_default=True, type=click.IntRange(1, 9999))
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same class.")
@course_option
@in_plain_words
def sample(ps, students, seed, course):
    """Make up a class that hands in assignment PS: right, wrong in known ways, and unlucky."""
    from gdcourse.grading.authoring.sample import write_class

    write_class(course, ps, students, seed)
    click.echo(f"{students} submissions in {Path(course) / 'submitted'}")


students_option = click.option("--students", default="*", show_default=True, metavar="GLOB", help="Such as 's00*'.")
workers_option = click.option("--workers", type=click.IntRange(1, 256), help="Processes; one a core if left out.")
backend_option = click.option(
    "--backend", type=click.Choice(["warm", "kernel", "plain"]), default="warm", show_default=True,
    help="warm: forked from a process with everything imported; kernel: a new process for each; plain: without "
    "a sandbox, for code you trust.")  # fmt: skip
dask_option = click.option("--dask", metavar="ADDRESS", help="A dask scheduler, instead of processes of this machine.")


@main.command()
@click.argument("ps")
@students_option
@workers_option
@backend_option
@dask_option
@click.option("--force", is_flag=True, help="Run again what is done already.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--preview", is_flag=True, help="Run it and enter nothing: say whose marks would move.")
@course_option
@in_plain_words
def grade(ps, students, workers, backend, dask, force, dry_run, preview, course):
    """Grade what was handed in of assignment PS. A run that was stopped goes on where it was."""
    from gdcourse.grading.grade import rehearse
    from gdcourse.grading.report.tables import shown

    if dry_run:
        for student, what in rehearse(course, ps, students, backend, force):
            click.echo(f"{shown(student)}  {what}")
        return
    if preview:
        if force:
            raise ValueError("--preview runs what has changed; --force is for what has not")
        _preview(course, ps, students=students, workers=workers, backend=backend, dask=dask)
        return
    _grade(course, ps, students=students, workers=workers, backend=backend, dask=dask, force=force)


@main.command()
@click.argument("ps")
@click.option("--only", required=True, multiple=True, metavar="STATUS", help="Such as timeout. Repeatable.")
@students_option
@workers_option
@backend_option
@dask_option
@course_option
@in_plain_words
def regrade(ps, only, students, workers, backend, dask, course):
    """Run again what ended with a certain status."""
    from gdcourse.grading.running.job import STATUSES

    for status in set(only) - set(STATUSES):
        raise ValueError(f"--only must be one of {', '.join(STATUSES)}, got {status!r}")
    _grade(course, ps, students=students, workers=workers, backend=backend, dask=dask, only=only)


def _warn(backend):
    if backend == "plain":
        click.secho("WITHOUT A SANDBOX: submissions run with your rights, and can read and change all you can.",
                    fg="red", bold=True, err=True)  # fmt: skip


def _preview(course, ps, backend="warm", **options):
    from gdcourse.grading.grade import preview
    from gdcourse.grading.report.change import moves

    _warn(backend)
    with click.progressbar(length=0, label=f"{ps}: looking ahead", show_pos=True, file=sys.stderr) as bar:

        def begin(number):
            bar.length = number

        ahead = preview(course, ps, backend=backend, progress=lambda student: bar.update(1), begin=begin, **options)
    for line in moves(course, ps, ahead):
        click.echo(line)
    click.echo(f"Nothing is entered yet. To do it: gdcourse grade {ps}")


def _grade(course, ps, backend, **options):
    from gdcourse.grading.grade import grade

    _warn(backend)
    bar = None

    def begin(number):
        nonlocal bar
        bar = click.progressbar(length=number, label=f"{ps}: {number} submissions", show_pos=True, file=sys.stderr)
        bar.render_progress()

    try:
        done = grade(course, ps, backend=backend, progress=lambda student: bar.update(1), begin=begin, **options)
    except KeyboardInterrupt:
        forced = ", without --force," if options.get("force") else ""
        click.echo(f"\nStopped. What is graded is kept: the same command{forced} goes on from there. "
                   f"See: gdcourse status {ps}")  # fmt: skip
        raise SystemExit(130) from None
    finally:
        if bar:
            bar.render_finish()
    from gdcourse.grading.gradebook.reading import read
    from gdcourse.grading.intake.submitted import passed_over
    from gdcourse.grading.report import tables  # not sooner: what these load would keep the first worker waiting
    from gdcourse.grading.report.page import write_report

    for path in passed_over(course, ps):
        click.echo(f"Passed over, for it is no folder {ps} of a student's: {tables.shown(str(path))}", err=True)
    if not done:
        ended = f" that ended in {' or '.join(options['only'])}" if options.get("only") else ""
        click.echo(f"Nothing to grade: there is no submission of {ps}{ended} among those asked for.")
        return
    again = sum(not outcome.now for outcome in done)
    entries = read(course, ps, notebooks=False)[0]
    click.echo(tables.closing(tables.as_marked(done, entries)))
    for line in tables.not_final(entries):
        click.echo(line)
    if again:
        click.echo(f"{again} of {len(done)} had not changed since they were graded.")
    click.echo(f"Grades: {tables.write_csv(course, ps)}")
    click.echo(f"Report: {write_report(course, ps)}")
    if any(outcome.status == "grader error" for outcome in done):
        click.echo(f"Not everything is accounted for. See: gdcourse explain STUDENT {ps}", err=True)
        raise SystemExit(3)


@main.command()
@click.argument("ps")
@course_option
@in_plain_words
def status(ps, course):
    """Say how each student's submission ended."""
    from gdcourse.grading.report.tables import status

    click.echo(status(course, ps))


@main.command()
@click.argument("ps")
@click.option("--apply", is_flag=True, help="Enter it: without, it is only shown.")
@course_option
@in_plain_words
def points(ps, apply, course):
    """Show what term.toml changes: points of exercises, and whose marks move by it."""
    from gdcourse.grading.authoring import assign as building
    from gdcourse.grading.report.change import changes

    lines = changes(course, ps)
    for line in lines or [f"term.toml changes no points of {ps}."]:
        click.echo(line)
    if apply:
        building.assign(course, ps)
        _grade(course, ps, backend="warm")
    elif lines:
        click.echo(f"Nothing is entered yet. To do it: gdcourse points {ps} --apply")


@main.command()
@click.argument("student")
@course_option
@in_plain_words
def remove(student, course):
    """Take STUDENT out of the gradebook and every table; what she handed in is put aside."""
    from gdcourse.grading.gradebook.removal import remove

    aside = remove(course, student)
    click.echo(f"{student} is out of the gradebook." + (f" Her folders: {aside}" if aside else ""))


@main.command()
@click.argument("student")
@course_option
@in_plain_words
def history(student, course):
    """List every time that something of STUDENT's was graded, in all assignments."""
    from gdcourse.grading.report.tables import history

    click.echo(history(course, student))


@main.command()
@click.argument("student")
@click.argument("ps")
@course_option
@in_plain_words
def explain(student, ps, course):
    """Tell a submission's story: what was run, what stopped it, every verdict, and what to do next."""
    from gdcourse.grading.report.tables import explain

    click.echo(explain(course, ps, student))


@main.command()
@click.argument("student")
@click.argument("ps")
@click.argument("name")
@click.option("--words", "path", metavar="FILE", help="What she has written about it, a text.")
@click.option("--accept", "why", metavar="WHY", help="Accept her answer, for the behaviours that NAME is about.")
@course_option
@in_plain_words
def inquiry(student, ps, name, path, why, course):
    """Look into STUDENT's objection to NAME, an exercise of PS or one of its graded cells: everything on one page."""
    from gdcourse.grading.report.inquiry import WORDS, accept, inquire, told, write_inquiry

    words = ""
    if path:
        with open(path, encoding="utf-8", errors="replace") as file:
            words = file.read(WORDS)
    found = inquire(course, ps, student, name)
    for line in told(found):
        click.echo(line)
    click.echo(f"\nPage: {write_inquiry(course, found, words)}")
    if why is None:
        click.echo(f"To accept it: gdcourse inquiry STUDENT {ps} {name} --accept \"why\"")
        return
    target = accept(course, found, why)
    click.echo(f"Accepted, for {', '.join(found.told)}: {target}\nTo take it back, delete that file.\n")
    _preview(course, ps)


@main.command()
@click.argument("ps")
@click.option("--into", "path", required=True, metavar="FILE", help="Canvas's gradebook, Moodle's grading worksheet, "
              "or a CSV with a column of students and one called PS.")  # fmt: skip
@click.option("--column", help="The column to fill, if it is not found by its name.")
@click.option("--scale", is_flag=True, help="Fit the points to the table's maximum, where that is another.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@course_option
@in_plain_words
def marks(ps, path, column, scale, dry_run, course):
    """Fill one column of the table that a learning platform has exported with everyone's points."""
    from gdcourse.grading.report.marks import fill

    lines, complete = fill(course, ps, path, column, scale, dry_run)
    for line in lines:
        click.echo(line)
    if not complete:
        raise SystemExit(3)


@main.command()
@click.argument("ps")
@click.option("--from", "path", required=True, metavar="FILE", help="Moodle's grading worksheet.")
@click.option("--zone", metavar="NAME", help="The time zone in which Moodle shows times to you, such as Europe/Berlin; "
              "this machine's if left out.")  # fmt: skip
@course_option
@in_plain_words
def times(ps, path, zone, course):
    """Note when each student handed in, from Moodle's grading worksheet, so that late work is known as late."""
    from gdcourse.grading.intake.times import write_times

    for line in write_times(course, ps, path, zone):
        click.echo(line)


@main.command()
@click.argument("ps")
@students_option
@workers_option
@click.option("--pack", "platform", type=click.Choice(["moodle", "canvas", "gradescope"]),
              help="Write nothing anew; put all pages into one archive that the platform hands back.")  # fmt: skip
@course_option
@in_plain_words
def feedback(ps, students, workers, platform, course):
    """Write each student's feedback, as nbgrader does."""
    if platform:
        from gdcourse.grading.report.marks import pack

        target, left = pack(course, ps, platform)
        click.echo(f"Archive: {target}")
        for line in left:
            click.echo(f"Not in it: {line}", err=True)
        if left:
            raise SystemExit(3)
        return
    from gdcourse.grading.gradebook.feedback import write_feedback
    from gdcourse.grading.report.page import write_report

    with click.progressbar(length=0, label=f"{ps}: feedback", show_pos=True, file=sys.stderr) as bar:

        def begin(number):
            bar.length = number

        failed = write_feedback(course, ps, students, workers, begin, lambda student: bar.update(1))
    for student, said in failed.items():
        click.echo(f"{student}: {said}", err=True)
    click.echo(f"Feedback: {Path(course) / 'feedback'}")
    click.echo(f"Report: {write_report(course, ps)}, whose names now lead there")
    if failed:
        raise SystemExit(3)


@main.command()
@click.argument("ps")
@course_option
@in_plain_words
def report(ps, course):
    """Write the page about a graded assignment, and its table of grades again: marks given by hand since count."""
    from gdcourse.grading.report.page import write_report
    from gdcourse.grading.report.tables import write_csv

    click.echo(f"Report: {write_report(course, ps)}")
    click.echo(f"Grades: {write_csv(course, ps)}")


@main.command()
@in_plain_words
def doctor():
    """Try what this machine can keep a submission from doing, and say which limits hold."""
    from gdcourse.grading.running.execute import execute
    from gdcourse.grading.sandbox import doctor as examination

    rows = examination.doctor(execute)
    click.echo(examination.as_table(rows))
    if any(row.holds is False for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
