"""Measurements that a page cannot make, made once and carried by the live figures as small whole numbers.

`python -m gdcourse.carried` measures them all again and writes the files; a test holds the files to the code.
"""

import json
import sys
from importlib.resources import files

import numpy as np

FOLDER = files("gdcourse") / "widgets" / "carried"
CHAINS = 2000


def saddle(noises=range(41)):
    """Count how many of 2,000 chains end in the deeper of two wells, for noises of 0, 0.1, ... 4.

    Args: noises: in tenths. Returns: a list of counts. Every noise has random numbers of its own.
    Example:
        >>> saddle([0])
        [0]
    """
    from gdcourse.evidence.landscape import share_escaped

    return [round(CHAINS * share_escaped(k / 10, np.random.default_rng(k), CHAINS)) for k in noises]


MEASUREMENTS = {"saddle": saddle}


def read(kind):
    """Return what a kind of widget carries.

    Args: kind: a key of MEASUREMENTS. Returns: what its measurement returned, through JSON.
    Example:
        >>> len(read("saddle"))
        41
    """
    return json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    for kind in sys.argv[1:] or MEASUREMENTS:
        text = json.dumps(MEASUREMENTS[kind](), separators=(",", ":"))
        (FOLDER / f"{kind}.json").write_text(text + "\n", encoding="utf-8")
