"""Builds the function of `init --api` and packs it for Lambda: one zip file per processor that the toolchain can build for.

    python3 packaging/function.py TARGET_DIR

`rustup target add x86_64-unknown-linux-musl aarch64-unknown-linux-musl` gives the toolchain both; the function is then
linked statically. Without the first, x86_64 is linked against the glibc of Amazon Linux 2023, which `provided.al2023` is.
The same program gives the same zip file.
"""

import pathlib
import shutil
import sys
import zipfile

import toolchain

GLIBC = "2.34"
TARGETS = {"x86_64": "x86_64-unknown-linux-musl", "arm64": "aarch64-unknown-linux-musl"}
# What a cold start should load at most.
MAX_BYTES = 4_000_000


def write_zip(program, archive):
    entry = zipfile.ZipInfo("bootstrap", date_time=(1980, 1, 1, 0, 0, 0))
    entry.create_system = 3
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(".new")
    with zipfile.ZipFile(partial, "w", compresslevel=9) as file:
        file.writestr(entry, program.read_bytes())
    partial.replace(archive)


def build(target_dir, processor):
    """Returns the zip file of a processor in Lambda's word for it, or None if the toolchain cannot build it."""
    target, glibc = TARGETS[processor], None
    if not toolchain.can_build(target):
        target, glibc = target.replace("musl", "gnu"), GLIBC
        if not (toolchain.rustlib(target) / "lib").is_dir():
            return None
    program = toolchain.build(target_dir, target, "discfg-lambda", "bootstrap", glibc)
    archive = target_dir / "lambda" / f"discfg-lambda-{processor}.zip"
    write_zip(program, archive)
    linked = f"linked against glibc {glibc}" if glibc else "linked statically"
    size = archive.stat().st_size
    print(f"{processor}: {program.stat().st_size:,} bytes, {linked}; {size:,} bytes in {archive}")
    if size > MAX_BYTES:
        sys.exit(f"error: {archive} is too large ({size:,} of at most {MAX_BYTES:,} bytes)")
    return archive


def main():
    target_dir = pathlib.Path(sys.argv[1]).resolve()
    for processor, target in TARGETS.items():
        archive = build(target_dir, processor)
        if archive is None:
            print(f"{processor}: left out; `rustup target add {target}` adds it")
        elif processor == "x86_64":
            # Where `discfg init --api` looks for it.
            shipped = target_dir / "release" / "discfg-lambda.zip"
            shipped.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(archive, shipped)


if __name__ == "__main__":
    main()
