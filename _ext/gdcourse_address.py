"""Where the course is published, said in one place.

The environment names the repository, and everything else follows: the published workflow sets it from its own context,
so that a fork publishes itself without an edit. A build that is told nothing shows no link that leads nowhere.

    GDCOURSE_REPOSITORY   https://github.com/owner/name
    GDCOURSE_COMMIT       the commit that is built; Colab installs the package of it
    GDCOURSE_SITE         only for a domain of one's own: https://example.org/course/
"""

import os
from urllib.parse import urlsplit

PUBLISHED = "published"  # the branch that holds an .ipynb beside each page


def repository():
    """Return the repository's address without a slash at its end, or "" where nobody said."""
    return os.environ.get("GDCOURSE_REPOSITORY", "").strip().rstrip("/").removesuffix(".git")


def commit():
    """Return the commit that is built, or "" where nobody said."""
    return os.environ.get("GDCOURSE_COMMIT", "").strip()


def owner_and_name():
    """Return "owner/name" of a repository on GitHub, which is where Binder and Colab look, or ""."""
    address = urlsplit(repository())
    return address.path.strip("/") if address.netloc == "github.com" else ""


def site():
    """Return the published site's address with a slash at its end, or "" where it is not known."""
    own = os.environ.get("GDCOURSE_SITE", "").strip()
    if own:
        return own.rstrip("/") + "/"
    owner, _, name = owner_and_name().partition("/")
    if not name:
        return ""
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def launch(notebook):
    """Return {service: address} that opens a notebook of the published branch, such as "chapters/momentum.ipynb"."""
    name = owner_and_name()
    if not name:
        return {}
    return {
        "Binder": f"https://mybinder.org/v2/gh/{name}/{PUBLISHED}?urlpath=lab/tree/{notebook}",
        "Colab": f"https://colab.research.google.com/github/{name}/blob/{PUBLISHED}/{notebook}",
    }
