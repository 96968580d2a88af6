"""Build assignments and grade them, in nbgrader's folders and with its gradebook: see `gdcourse --help`."""
