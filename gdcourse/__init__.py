"""The reference implementation behind the course: small, readable, checked."""

from gdcourse._threads import keep_to_one

__version__ = "0.1.0"

keep_to_one()
