"""Build assignments and grade them, in nbgrader's folders and with its gradebook: see `gdcourse --help`.

The rooms follow the way of a submission, and each calls only those before it:

    course -> authoring -> intake -> sandbox -> running -> gradebook -> report

`grade` leads a class through them, `cli` is what an instructor types. `collect` and `preprocessor` are the names that
her nbgrader_config.py has for what nbgrader itself calls.
"""

import sys

# nbformat asks jsonschema to look at notebooks, which where it can also learns to look at international addresses: a
# grammar that takes a second to build, at every start, and that no notebook needs.
sys.modules.setdefault("rfc3987_syntax", None)
