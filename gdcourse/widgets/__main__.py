"""`python -m gdcourse.widgets NAME [FILE]` writes a page of its own for a widget; without a name it lists them."""

import pathlib
import sys

from gdcourse.widgets import WIDGETS
from gdcourse.widgets.page import standalone


def main(arguments):
    """Write the page of the widget that the arguments name, and return the exit status."""
    if not arguments or arguments[0] not in WIDGETS:
        print(f"usage: python -m gdcourse.widgets NAME [FILE], where NAME is one of: {', '.join(WIDGETS)}")
        return 2
    name, *rest = arguments
    file = pathlib.Path(rest[0] if rest else f"widget-{name}.html")
    file.write_text(standalone(WIDGETS[name]()), encoding="utf-8")
    print(file.resolve().as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
