"""The reference implementation behind the course: small, readable, checked."""

__version__ = "0.1.0"
