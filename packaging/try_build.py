"""Packs a development build as a release is packed, and tries archive and image in an empty root.

    python3 packaging/try_build.py PROGRAM

Only the C library that such a program is linked to is added. Needs Linux, and certifi from PyPI.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import archive
import certifi
import image
import smoke_test


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    processor = os.uname().machine
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    libraries = [pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", listed)]
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        archive.lay_out(program, folder / "prefix", [program])
        packed = folder / f"discfg-{archive.version()}-{processor}-unknown-linux-gnu.tar.gz"
        archive.pack(folder / "prefix", packed)
        smoke_test.try_archive(packed, processor, libraries)
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}[processor]
        layout = image.build(folder / "image", {architecture: folder / "prefix"}, pathlib.Path(certifi.where()))
        smoke_test.try_image(layout, architecture, processor, libraries)


if __name__ == "__main__":
    main()
