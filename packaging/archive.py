"""Lays out a program with its manual pages and completions as an installation prefix, and packs such folders."""

import functools
import gzip
import io
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import toolchain

COMPLETIONS = {
    "bash": "share/bash-completion/completions/discfg",
    "fish": "share/fish/vendor_completions.d/discfg.fish",
    "zsh": "share/zsh/site-functions/_discfg",
}
REPOSITORY = "https://github.com/discfg/discfg"
DOCUMENTS = ["CHANGELOG.md", "LICENSE", "README.md"]


def version():
    manifest = (toolchain.ROOT / "Cargo.toml").read_text()
    return re.search(r'^version = "([^"]+)"$', manifest, re.MULTILINE)[1]


@functools.cache
def date():
    """Returns the time that all files of a release bear, in seconds since 1970: SOURCE_DATE_EPOCH, or the last commit's.

    Outside a git repository it is 1980, the first year that a zip file can have.
    """
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(epoch)
    command = ["git", "log", "-1", "--format=%ct"]
    logged = subprocess.run(command, cwd=toolchain.ROOT, capture_output=True, text=True)
    return int(logged.stdout) if logged.returncode == 0 else 315_532_800


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def lay_out(program, prefix, run, notices=None, function=None):
    """Fills the folder `prefix`: the program, what it prints about itself, documents, the licences of what it contains,
    and the code of `init --api`.

    `run` is the command line that starts `program` on this machine.
    """
    shutil.rmtree(prefix, ignore_errors=True)
    write(prefix / "bin" / "discfg", program.read_bytes())
    (prefix / "bin" / "discfg").chmod(0o755)

    def printed(*arguments):
        return subprocess.run([*run, *arguments], check=True, stdout=subprocess.PIPE).stdout

    main_page = printed("man")
    write(prefix / "share/man/man1/discfg.1", main_page)
    commands = re.findall(r"^discfg\\-([a-z]+)\(1\)$", main_page.decode(), re.MULTILINE)
    for command in commands:
        if command != "help":
            write(prefix / f"share/man/man1/discfg-{command}.1", printed("man", command))
    for shell, path in COMPLETIONS.items():
        write(prefix / path, printed("completions", shell))
    for name in DOCUMENTS:
        text = (toolchain.ROOT / name).read_text()
        # Links to files of the repository, which are not next to it here.
        text = re.sub(r"\]\((?!https?:|#)", f"]({REPOSITORY}/blob/v{version()}/", text)
        write(prefix / "share/doc/discfg" / name, text.encode())
    if notices:
        write(prefix / "share/doc/discfg/THIRD-PARTY", notices.encode())
    if function:
        write(prefix / "lib/discfg/discfg-lambda.zip", function.read_bytes())
    for path in prefix.rglob("*"):
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)


def write_tar(file, folders, name=""):
    """Writes an uncompressed tar of folders, each with the user and group that own its files, under one name or none.

    The same content gives the same bytes.
    """
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder, owner in folders.items():
            for path in [*([folder] if name else []), *sorted(folder.rglob("*"))]:
                info = tar.gettarinfo(path, pathlib.PurePosixPath(name, path.relative_to(folder)).as_posix())
                info.mtime, info.uid, info.gid, info.uname, info.gname = date(), owner, owner, "", ""
                tar.addfile(info, io.BytesIO(path.read_bytes()) if path.is_file() else None)


def pack(folder, archive):
    """Packs a folder as a .tar.gz whose one top folder is named as the archive."""
    partial = archive.with_suffix(".new")
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        write_tar(file, {folder: 0}, archive.name.removesuffix(".tar.gz"))
    partial.replace(archive)
