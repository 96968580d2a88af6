"""From what students handed in to notebooks of ours with their words in them.

In come an archive of Moodle's or Canvas's and the folders in submitted/, of which nothing is trusted; out comes a
`Submission`: a rebuilt notebook, or the reason why there is none. It calls `course` and `authoring`, for the notebook
that was handed out.
"""
