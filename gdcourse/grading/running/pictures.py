"""Write a submission's picture anew, from what may be believed of it: `picture(png)`.

A few bytes can stand for a picture of a thousand million dots, which whoever opens the page then has to hold. So it is
unpacked here, up to a limit, and put together again from its header, its colours and its dots, and nothing else.
"""

import itertools
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = {b"PLTE": 768, b"tRNS": 256, b"pHYs": 9, b"gAMA": 4, b"sRGB": 1}  # and how long each may be
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of each kind of colour
PARTS = 10_000  # chunks: a writer of pictures makes one for some thousand bytes
DOTS = 25_000_000  # of one picture: 10 by 8 inches at 500 dots an inch are 20 million


def picture(png):
    """Return (the PNG picture written anew, its dots), or None for bytes that are no picture, or too large a one."""
    try:
        return _anew(png)
    except (struct.error, zlib.error, LookupError, ValueError):
        return None


def _anew(png):
    if not png.startswith(SIGNATURE):
        raise ValueError
    chunks = list(itertools.islice(_chunks(png), PARTS))
    (first, header), (last, _) = chunks[0], chunks[-1]
    width, height, depth, colour, packing, filtering, interlaced = struct.unpack(">IIBBBBB", header)
    dots = width * height
    if first != b"IHDR" or last != b"IEND" or not 0 < dots <= DOTS or packing or filtering or interlaced:
        raise ValueError
    if depth not in (1, 2, 4, 8, 16):
        raise ValueError
    packed = b"".join(body for kind, body in chunks if kind == b"IDAT")
    size = height * (1 + (width * CHANNELS[colour] * depth + 7) // 8)
    unpacking = zlib.decompressobj()
    left, block = size, unpacking.decompress(packed, 1 << 20)
    while block:
        left -= len(block)
        if left < 0:
            raise ValueError
        block = unpacking.decompress(unpacking.unconsumed_tail, 1 << 20)
    if left or not unpacking.eof:
        raise ValueError
    kept = [(kind, body) for kind, body in chunks if len(body) <= KEPT.get(kind, -1)]
    parts = [(b"IHDR", header), *kept, (b"IDAT", packed[: len(packed) - len(unpacking.unused_data)]), (b"IEND", b"")]
    return SIGNATURE + b"".join(map(_chunk, parts)), dots


def _chunks(png):
    at = len(SIGNATURE)
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        if len(body) < length:
            raise ValueError
        yield kind, body
        at += 12 + length
        if kind == b"IEND":
            return


def _chunk(part):
    kind, body = part
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
