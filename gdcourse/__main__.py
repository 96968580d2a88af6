"""The `gdcourse` command; `python -m gdcourse` is the same."""

import sys


def main():
    """Run the command, or say what it lacks."""
    try:
        from gdcourse.grading.cli import main as command
    except ModuleNotFoundError as missing:
        sys.exit(f"The gdcourse command needs {missing.name}, which comes with the package's extra 'grading'.")
    command(prog_name="gdcourse")


if __name__ == "__main__":
    main()
