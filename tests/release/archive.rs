//! Archives as a release has them, and others.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

/// The platforms of a release.
pub(crate) const TARGETS: [&str; 4] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// The files of an archive below its top folder, without the program.
pub(crate) const FILES: [&str; 10] = [
    "lib/discfg/discfg-lambda.zip",
    "share/bash-completion/completions/discfg",
    "share/doc/discfg/CHANGELOG.md",
    "share/doc/discfg/LICENSE",
    "share/doc/discfg/README.md",
    "share/doc/discfg/THIRD-PARTY",
    "share/fish/vendor_completions.d/discfg.fish",
    "share/man/man1/discfg-get.1",
    "share/man/man1/discfg.1",
    "share/zsh/site-functions/_discfg",
];

/// The name of an archive without `.tar.gz`, which is its top folder, too.
pub(crate) fn top(version: &str, target: &str) -> String {
    format!("discfg-{version}-{target}")
}

/// A program that does nothing but report its version.
pub(crate) fn program(version: &str) -> String {
    format!("#!/bin/sh\necho 'discfg {version}'\n")
}

/// An archive in the making, before it is compressed.
pub(crate) struct Archive(Builder<Vec<u8>>);

impl Archive {
    pub(crate) fn empty() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// A whole one, with this program. Other files contain the version.
    pub(crate) fn of(version: &str, target: &str, program: &str) -> Self {
        let top = top(version, target);
        let mut archive = Self::empty().folder(&format!("{top}/")).program(&top, program);
        for file in FILES {
            archive = archive.file(&format!("{top}/{file}"), version);
        }
        archive
    }

    pub(crate) fn program(self, top: &str, content: &str) -> Self {
        // As setuid: the installer doesn't keep that.
        self.entry(&format!("{top}/bin/discfg"), EntryType::Regular, 0o4700, content)
    }

    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.entry(name, EntryType::Regular, 0o600, content)
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        self.entry(name, EntryType::Directory, 0o700, "")
    }

    pub(crate) fn link(self, kind: EntryType, name: &str, to: &str) -> Self {
        self.add(name, kind, 0o777, "", to)
    }

    fn entry(self, name: &str, kind: EntryType, mode: u32, content: &str) -> Self {
        self.add(name, kind, mode, content, "")
    }

    /// Adds an entry with any name: the library refuses those that lead elsewhere.
    fn add(mut self, name: &str, kind: EntryType, mode: u32, content: &str, link: &str) -> Self {
        let mut header = Header::new_ustar();
        let old = header.as_old_mut();
        old.name[..name.len()].copy_from_slice(name.as_bytes());
        old.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        // Neither of these exists on most machines.
        header.set_uid(12_345);
        header.set_gid(12_345);
        header.set_mtime(1_767_225_600);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.append(&header, content.as_bytes()).expect("memory");
        self
    }

    /// The file `….tar.gz`.
    pub(crate) fn gz(self) -> Vec<u8> {
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(&self.0.into_inner().expect("memory"))
            .expect("memory");
        gz.finish().expect("memory")
    }
}
