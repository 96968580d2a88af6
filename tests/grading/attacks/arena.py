"""A course full of secrets, services that note who calls, and ways to see what an attack achieved.

Secrets are texts that stand in places no submission may read. They are in no submission, so wherever one turns up in
something that was made of a submission, it was read.
"""

import contextlib
import inspect
import json
import os
import secrets
import shutil
import socket
import threading
from pathlib import Path

from nbgrader.api import Gradebook

import gdcourse
from gdcourse import checks
from gdcourse.checks.exercise import as_tuple
from gdcourse.grading.authoring.assign import assign, release_notebook, write
from gdcourse.grading.authoring.sample import Answer, solution_source, submission
from gdcourse.grading.gradebook import journal
from tests.grading.attacks import LEAK, PS
from tests.grading.attacks import write as write_attack

PACKAGE = Path(gdcourse.__file__).parent
PLANTED = "course", "home", "tmp", "environment", "gradebook", "source", "neighbour"


class Arena:
    """A course in a folder, made ready to be graded. place: what attacks are told; secrets: {where: text}.

    pages: a course to begin with; assigned: whether its assignment is built already.
    """

    def __init__(self, folder, pages, services, assigned=False):
        self.course = folder / "course"
        self.secrets = {name: f"canary-{secrets.token_hex(8)}" for name in PLANTED}
        home, tmp = folder / "home", folder / "tmp"
        for path in (home / ".ssh", tmp):
            path.mkdir(parents=True)
        if assigned:
            shutil.copytree(pages, self.course)
        else:
            self.course.mkdir(parents=True)
            for name in ("nbgrader_config.py", f"{PS}.md"):
                shutil.copy(pages / name, self.course)
            assign(self.course, PS)
        self.place = {"course": str(self.course), "home": str(home), "tmp": str(tmp), "package": str(PACKAGE),
                      **services.place}  # fmt: skip
        (self.course / "canary.txt").write_text(self.secrets["course"])
        (tmp / "canary.txt").write_text(self.secrets["tmp"])
        for name in ("canary.txt", ".ssh/id_ed25519", ".netrc"):
            (home / name).write_text(self.secrets["home"])
        source = self.course / "source" / PS / f"{PS}.ipynb"
        book = json.loads(source.read_text())
        book["metadata"]["canary"] = self.secrets["source"]
        source.write_text(json.dumps(book))
        with Gradebook(f"sqlite:///{self.course / 'gradebook.db'}", "gdcourse") as gradebook:
            gradebook.add_student("someone", last_name=self.secrets["gradebook"])
        self.release, self.exercises = release_notebook(self.course / f"{PS}.md"), checks.assignment(PS).exercises

    @property
    def environment(self):
        """The environment to grade in: with a secret, and a home that is full of them."""
        return {**os.environ, "HOME": self.place["home"], "GDCOURSE_CANARY": self.secrets["environment"],
                "OPENBLAS_NUM_THREADS": "1"}  # fmt: skip

    def folder(self, student):
        return self.course / "submitted" / student / PS

    def hand_in(self, student, attack):
        write_attack(attack, self.folder(student), self.course / f"{PS}.md", self.place)

    def hand_in_honestly(self, student, right):
        """Hand in a notebook in which the exercises named are right, and the others not written."""
        chosen = {e.name: Answer("", solution_source(e, e.styles[0]) + f"# {self.secrets['neighbour']}")
                  for e in self.exercises if e.name in right}  # fmt: skip
        book = submission(self.release, chosen)
        book.cells = [c for c in book.cells if c.cell_type == "markdown" or "nbgrader" in c.metadata]
        write(book, self.folder(student) / f"{PS}.ipynb")

    def forbidden(self, student):
        """Return {where: bytes} of all that must not be in anything made of a student's submission."""
        found = {name: text.encode() for name, text in self.secrets.items()}
        secret = self.course / ".grading" / "secret"
        if secret.exists():
            found["secret of the seeds"] = secret.read_bytes().strip()
        done = journal.Journal(self.course, PS).done.get(student)
        if done:
            found |= {"seed": str(done["seed"]).encode(), "seed, again": f"{done['seed']:x}".encode()}
        found |= {f"solution of {name}": line.encode() for name, line in self.lines()}
        return found | {"leak": LEAK.encode()}

    def lines(self):
        """Yield lines of code that only the references, and the functions withheld, have in them."""
        told = "\n".join(cell.source for cell in self.release.cells)
        for exercise in self.exercises:
            functions = [*as_tuple(exercise.reference), *exercise.styles]
            for name in exercise.withhold:
                module, _, function = name.rpartition(".")
                functions.append(getattr(__import__(module, fromlist=[function]), function))
            for function in functions:
                body = inspect.getsource(function).split("\n")[1:]
                yield from ((function.__name__, line.strip()) for line in body
                            if len(line.strip()) > 24 and line.strip() not in told and '"""' not in line)  # fmt: skip

    def shown(self, student):
        """Return {secret: file} of the secrets that stand in what was made of a student's submission."""
        found = {}
        for folder in ("autograded", "feedback"):
            for path in (self.course / folder / student).rglob("*"):
                if path.is_file():
                    text = path.read_bytes().replace(b'\\"', b'"')
                    found |= {name: path.name for name, secret in self.forbidden(student).items() if secret in text}
        return found


class Services:
    """Services of this machine that note who calls: tcp, udp, a socket in the file system, one without a file."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        path, name = folder / "service.sock", f"gdcourse-{secrets.token_hex(6)}"
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        self.heard, self._sockets = [], {"tcp": tcp, "udp": udp}
        for kind, address in (("unix", str(path)), ("abstract", f"\0{name}")):
            self._sockets[kind] = socket.socket(socket.AF_UNIX)
            self._sockets[kind].bind(address)
            self._sockets[kind].listen()
        self.place = {"tcp": tcp.getsockname()[1], "unix": str(path), "abstract": name}
        for kind, server in self._sockets.items():
            threading.Thread(target=self._listen, args=(kind, server), daemon=True).start()

    def _listen(self, kind, server):
        with contextlib.suppress(OSError):
            while True:
                if kind == "udp":
                    server.recvfrom(1000)
                else:
                    server.accept()[0].close()
                self.heard.append(kind)

    def close(self):
        for server in self._sockets.values():
            server.close()


def processes():
    """Return {pid: (parent, name)} of all processes to be seen from here."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                head, _, rest = (folder / "stat").read_text().rpartition(")")
                if rest.split()[0] != "Z":
                    found[int(folder.name)] = int(rest.split()[1]), head.partition("(")[2]
    return found


def descendants(root):
    """Return {pid: name} of the living processes that come from one, but for the helper that `spawn` keeps."""
    table = processes()
    below = {root}
    while more := {pid for pid, (parent, _) in table.items() if parent in below} - below:
        below |= more
    return {pid: table[pid][1] for pid in below - {root} if pid in table and not minds_semaphores(pid)}


def minds_semaphores(pid):
    try:
        return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
