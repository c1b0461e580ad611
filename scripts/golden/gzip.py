"""Prints fixtures/gzip.tsv: what classic zlib, as django-storages calls it, makes of bodies that src/encode/tests.rs makes too.

Run from the package's root: python3 scripts/golden/gzip.py > fixtures/gzip.tsv
"""

import hashlib
import itertools
import zlib


def noise(size):
    state, out = 1, bytearray()
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(state >> 56)
    return bytes(out)


def body(kind, size):
    if kind == "zeros":
        return bytes(size)
    if kind == "noise":
        return noise(size)
    if kind == "mixed":
        # Five bits of noise: compresses somewhat, with matches of every length.
        return bytes(0x61 + (byte >> 5) for byte in noise(size))
    rules = "".join(f".rule-{number % 977} {{ color: #{number * 7919 % 4096:03x}; margin: {number % 13}px }}\n"
                    for number in range(size // 30 + 1))
    return rules.encode()[:size]


print("# kind, size, level, length and MD5 of compressobj(level, DEFLATED, 31) by zlib " + zlib.ZLIB_RUNTIME_VERSION)
SIZES = [0, 1, 2, 100, 32767, 32768, 65535, 65536, 65537, 131072, 300001]
cases = list(itertools.product(["zeros", "noise", "mixed", "css"], SIZES, [1, 2, 6, 8, 9]))
cases += [("css", 3000000, 9), ("mixed", 3000000, 9), ("css", 100, 0)]
for kind, size, level in cases:
    compressor = zlib.compressobj(level, zlib.DEFLATED, 31)
    result = compressor.compress(body(kind, size)) + compressor.flush()
    print(kind, size, level, len(result), hashlib.md5(result).hexdigest(), sep="\t")
