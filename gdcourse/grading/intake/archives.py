"""Read what is in an archive that nobody vouches for: `members(file, most, total)`."""

import gzip
import stat
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import PurePosixPath

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar", ".gz")
FILE = 40_000_000  # bytes of a notebook
CLASS = 50_000, 4_000_000_000  # files in an archive of a whole class, and bytes of them unpacked
STUDENT = 500, 80_000_000  # the same of a student's own
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError, ValueError)


class Refused(Exception):
    """An archive that will not be unpacked; the message says why."""


def members(file, most, total, leave=lambda name, odd: None):
    """Yield (path, content) of the notebooks and archives in an archive, and of nothing else. Raises: Refused.

    Args: leave: hears of each file that is not taken, and whether that is for what it is or where it would lie.
    """
    try:
        left = total
        for number, (name, ordinary, read) in enumerate(_entries(file, total), 1):
            if number > most:
                raise Refused(f"it holds more than {most:,} files.")
            path = PurePosixPath(name.replace("\\", "/"))
            if path.name == "" or name.endswith(("/", "\\")) or "__MACOSX" in path.parts:
                continue
            if not name.lower().endswith((".ipynb", *ARCHIVES)):
                leave(name, False)
                continue
            odd = ":" in name or not name.isprintable() or any(len(part.encode()) > 200 for part in path.parts)
            if odd or not ordinary or path.is_absolute() or ".." in path.parts:
                leave(name, True)
                continue
            content = read(min(FILE, left) + 1)
            left -= len(content)
            if len(content) > FILE or left < 0:
                raise Refused("unpacked, it is larger than any submission is.")
            yield str(path), content
    except DAMAGED:
        raise Refused("it is no archive, or a damaged one.") from None


def _entries(file, total):
    """Yield (name, whether it is an ordinary file, a function that reads so many bytes) of a zip or tar archive."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            for entry in archive.infolist():
                if entry.flag_bits & 1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise Refused("it is locked with a password, or packed in an unusual way.")
                kind = stat.S_IFMT(entry.external_attr >> 16)
                yield entry.filename, kind in (0, stat.S_IFREG), lambda most, e=entry: _part(archive.open(e), most)
        return
    with _plain(file, total) as plain, tarfile.open(fileobj=plain, mode="r:") as archive:
        for entry in archive:
            name = f"{entry.name}/" if entry.isdir() else entry.name
            yield name, entry.isreg(), lambda most, e=entry: _part(archive.extractfile(e), most)


def _part(stream, most):
    with stream:
        return stream.read(most)


def _plain(file, total):
    """Return a tar archive unpacked into a temporary file, no larger than allowed."""
    file.seek(0)
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    plain, stream = tempfile.TemporaryFile(), gzip.GzipFile(fileobj=file) if packed else file
    while block := stream.read(1 << 20):
        plain.write(block)
        if plain.tell() > total:
            raise Refused("unpacked, it is larger than any submission is.")
    plain.seek(0)
    return plain


def stem(name):
    """Return an archive's name without its ending."""
    return name[: -len(next(end for end in ARCHIVES if name.lower().endswith(end)))]
