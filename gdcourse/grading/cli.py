"""The `gdcourse` command."""

import functools
from pathlib import Path

import click

from gdcourse.grading.assign import CourseError


def _course(context, parameter, value):
    from gdcourse.grading.assign import course_directory

    try:
        return course_directory(value)
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
    from gdcourse.grading import assign as building

    release = building.assign(course, ps)
    click.echo(f"Release: {release}")


@main.command()
@click.argument("ps")
@click.option("--students", default=12, show_default=True, type=click.IntRange(1, 9999))
@click.option("--seed", default=0, show_default=True, help="The same seed makes the same class.")
@course_option
@in_plain_words
def sample(ps, students, seed, course):
    """Make up a class that hands in assignment PS: right, wrong in known ways, and unlucky."""
    from gdcourse.grading.sample import write_class

    write_class(course, ps, students, seed)
    click.echo(f"{students} submissions in {Path(course) / 'submitted'}")


if __name__ == "__main__":
    main()
