"""The process a submission runs in: what it sees, what it may use, and the wire on which it answers.

In comes a job's cells, one by one; out come plain values, to be believed nothing but that they are values. Nothing here
knows a score, and it calls no other room: `runner`, `notebook_shell`, `lockdown` and `wire` lie beside the submission,
in the stripped copy of the package, and the rest stays with the judge.
"""
