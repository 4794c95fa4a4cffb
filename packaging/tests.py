"""Tests of the scripts in this folder that need no build: python3 -m unittest tests.py"""

import pathlib
import struct
import tarfile
import tempfile
import unittest

import archive
import image
import toolchain


class Folder(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)


class Archives(Folder):
    def test_the_same_files_give_the_same_bytes(self):
        packed = []
        for name in ("one", "two"):
            archive.write(self.folder / name / "bin/discfg", b"program")
            archive.write(self.folder / name / "share/man/man1/discfg.1", b"page")
            archive.pack(self.folder / name, self.folder / name / "discfg-1.tar.gz")
            packed.append((self.folder / name / "discfg-1.tar.gz").read_bytes())
            (self.folder / name / "discfg-1.tar.gz").unlink()
        self.assertEqual(*packed)

    def test_files_belong_to_root_or_to_whom_they_are_given(self):
        for name in ("one", "two"):
            archive.write(self.folder / name / f"{name}-folder/file", b"")
        with (self.folder / "tar").open("w+b") as file:
            archive.write_tar(file, {self.folder / "one": 0, self.folder / "two": 65532})
        with tarfile.open(self.folder / "tar") as tar:
            owners = {entry.name: (entry.uid, entry.gid) for entry in tar}
        user = (65532, 65532)
        expected = {"one-folder": (0, 0), "one-folder/file": (0, 0), "two-folder": user, "two-folder/file": user}
        self.assertEqual(owners, expected)

    def test_a_program_that_a_dynamic_linker_starts_is_refused(self):
        for kind, segment in ((2, 1), (3, 3)):
            program = self.folder / "program"
            header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF", kind, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
            program.write_bytes(header + struct.pack("<I52x", segment))
            with self.assertRaises(SystemExit):
                toolchain.check_static_pie(program)
        program.write_bytes(header + struct.pack("<I52x", 1))
        toolchain.check_static_pie(program)


class Images(Folder):
    def layout(self):
        prefix = self.folder / "prefix"
        archive.write(prefix / "bin/discfg", b"program")
        archive.write(prefix / "share/doc/discfg/LICENSE", b"license")
        certificates = self.folder / "certificates"
        certificates.write_bytes(b"certificates")
        return image.build(self.folder / "image", {"amd64": prefix, "arm64": prefix}, certificates)

    def test_the_dockerfile_is_read_whole(self):
        config = image.configuration((toolchain.ROOT / "Dockerfile").read_text())
        self.assertEqual(config["User"], "65532:65532")
        self.assertEqual(config["Entrypoint"], ["/usr/bin/discfg"])
        self.assertEqual(config["Cmd"], ["serve"])
        self.assertEqual(config["Env"], ["HOME=/data", "PATH=/usr/bin"])
        self.assertEqual(config["ExposedPorts"], {"8899/tcp": {}})
        self.assertEqual(config["Healthcheck"]["Timeout"], 12_000_000_000)
        self.assertEqual(config["Labels"]["org.opencontainers.image.licenses"], "Apache-2.0")
        with self.assertRaises(SystemExit):
            image.configuration("FROM scratch\nRUN true\n")

    def test_a_layout_unpacks_to_what_went_in(self):
        layout = self.layout()
        config = image.unpack(layout, "arm64", self.folder / "root")
        self.assertEqual((self.folder / "root/usr/bin/discfg").read_bytes(), b"program")
        self.assertEqual((self.folder / "root/usr/bin/discfg").stat().st_mode & 0o777, 0o755)
        self.assertEqual((self.folder / "root/tmp").stat().st_mode & 0o7777, 0o1777)
        self.assertIn("65532", (self.folder / "root/etc/passwd").read_text())
        self.assertEqual(config["Labels"]["org.opencontainers.image.version"], archive.version())

    def test_the_same_files_give_the_same_image(self):
        first = (self.layout() / "index.json").read_text()
        self.assertEqual(first, (self.layout() / "index.json").read_text())

    def test_a_changed_blob_is_refused(self):
        layout = self.layout()
        for blob in sorted((layout / "blobs/sha256").iterdir()):
            whole = blob.read_bytes()
            blob.write_bytes(whole + b" ")
            refused = 0
            for architecture in ("amd64", "arm64"):
                with tempfile.TemporaryDirectory() as root:
                    try:
                        image.unpack(layout, architecture, pathlib.Path(root))
                    except SystemExit:
                        refused += 1
            self.assertGreater(refused, 0, blob)
            blob.write_bytes(whole)


if __name__ == "__main__":
    unittest.main()
