"""Build assignments and grade them, in nbgrader's folders and with its gradebook: see `gdcourse --help`."""

import sys

# nbformat asks jsonschema to look at notebooks, which where it can also learns to look at international addresses: a
# grammar that takes a second to build, at every start, and that no notebook needs.
sys.modules.setdefault("rfc3987_syntax", None)
