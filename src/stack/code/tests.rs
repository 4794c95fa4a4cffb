use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use rawzip::ZipArchiveWriter;

use super::*;

/// The beginning of a program for Linux on that machine, by its number in ELF.
fn elf(machine: u16) -> Vec<u8> {
    let mut program = vec![0; 256];
    program[..6].copy_from_slice(b"\x7fELF\x02\x01");
    program[16..18].copy_from_slice(&3_u16.to_le_bytes());
    program[18..20].copy_from_slice(&machine.to_le_bytes());
    program
}

const X86_64: u16 = 0x3e;
const ARM64: u16 = 0xb7;

/// A zip file with these entries: name, content and permissions.
fn zip(method: CompressionMethod, entries: &[(&str, &[u8], Option<u32>)]) -> Vec<u8> {
    let mut archive = ZipArchiveWriter::new(Vec::new());
    for (name, content, mode) in entries {
        let file = archive.new_file(*name).compression_method(method);
        let file = match mode {
            Some(mode) => file.unix_permissions(*mode),
            None => file,
        };
        let (mut entry, config) = file.start().expect("a new entry");
        let descriptor = if method == CompressionMethod::DEFLATE {
            let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
            writer.write_all(content).expect("memory");
            let (encoder, descriptor) = writer.finish().expect("a whole entry");
            encoder.finish().expect("memory");
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(content).expect("memory");
            writer.finish().expect("a whole entry").1
        };
        entry.finish(descriptor).expect("memory");
    }
    archive.finish().expect("memory")
}

fn deflated(entries: &[(&str, &[u8], Option<u32>)]) -> Vec<u8> {
    zip(CompressionMethod::DEFLATE, entries)
}

fn code(bytes: Vec<u8>) -> Result<FunctionCode, CodeError> {
    FunctionCode::new(Path::new("front.zip"), bytes)
}

fn refusal(bytes: Vec<u8>) -> String {
    let error = code(bytes).expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    error.to_string()
}

/// Why a program by itself is refused.
fn unfit(program: &[u8]) -> String {
    let words = refusal(deflated(&[("bootstrap", program, Some(0o755))]));
    let words = words.strip_prefix("invalid bootstrap in front.zip: it ");
    words.expect("it is about the program").to_owned()
}

#[test]
fn code_is_known_by_its_content_and_its_processor() {
    for (machine, architecture) in [(X86_64, Architecture::X86_64), (ARM64, Architecture::Arm64)] {
        let program = elf(machine);
        for method in [CompressionMethod::STORE, CompressionMethod::DEFLATE] {
            let bytes = zip(
                method,
                &[("LICENSE", b"text", None), ("bootstrap", &program, Some(0o755))],
            );
            let code = code(bytes.clone()).expect("it can be run");
            assert_eq!(code.architecture(), architecture);
            assert_eq!(code.bytes(), bytes);
            assert_eq!(code.sha256()[..], Sha256::digest(&bytes)[..]);
        }
    }
    assert_eq!(
        [Architecture::X86_64, Architecture::Arm64].map(|of| of.to_string()),
        ["x86_64", "arm64"]
    );
}

#[test]
fn the_name_in_the_bucket_is_the_hash_in_hexadecimal() {
    let code = FunctionCode {
        bytes: Vec::new(),
        sha256: Sha256::digest(b"").into(),
        architecture: Architecture::Arm64,
    };
    assert_eq!(
        code.key(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.zip"
    );
}

#[test]
fn an_entry_that_says_no_permissions_is_taken() {
    let program = elf(X86_64);
    code(deflated(&[("bootstrap", &program, None)])).expect("Windows records none");
}

#[test]
fn the_path_of_the_program_may_begin_with_a_dot() {
    let program = elf(X86_64);
    let mut bytes = deflated(&[("xxbootstrap", &program, Some(0o755))]);
    while let Some(at) = bytes.windows(11).position(|name| name == b"xxbootstrap") {
        bytes[at..at + 2].copy_from_slice(b"./");
    }
    code(bytes).expect("it is at the root");
}

#[test]
fn what_is_no_zip_file_is_refused() {
    let program = elf(X86_64);
    let whole = deflated(&[("bootstrap", &program, Some(0o755))]);
    let cut = whole[..whole.len() / 2].to_vec();
    for bytes in [Vec::new(), b"no zip".to_vec(), program, cut] {
        assert_eq!(refusal(bytes), "front.zip is not a valid zip file");
    }
}

#[test]
fn a_damaged_program_is_refused() {
    let program: Vec<u8> = elf(X86_64).into_iter().chain(0..=255).collect();
    let whole = zip(CompressionMethod::STORE, &[("bootstrap", &program, Some(0o755))]);
    let at = whole
        .windows(4)
        .position(|bytes| bytes == [100, 101, 102, 103])
        .expect("it is stored");
    let mut bytes = whole.clone();
    bytes[at] ^= 1;
    assert_eq!(refusal(bytes), "front.zip is not a valid zip file");
    code(whole).expect("only the bit is wrong");
}

#[test]
fn a_program_in_a_folder_is_not_at_the_root() {
    let program = elf(X86_64);
    let missing = refusal(deflated(&[("main", &program, Some(0o755))]));
    assert_eq!(missing, "front.zip has no bootstrap at its root");
    let deeper = refusal(deflated(&[("target/release/bootstrap", &program, Some(0o755))]));
    assert_eq!(
        deeper,
        "front.zip has no bootstrap at its root: found target/release/bootstrap"
    );
    let folder = refusal(deflated(&[("bootstrap/main", &program, Some(0o755))]));
    assert_eq!(folder, "front.zip has no bootstrap at its root");
}

#[test]
fn a_program_that_not_everyone_may_run_is_refused() {
    let program = elf(X86_64);
    for (mode, shown) in [(0o644, "0644"), (0o700, "0700"), (0o754, "0754"), (0o711, "0711")] {
        let words = refusal(deflated(&[("bootstrap", &program, Some(mode))]));
        assert!(words.contains(&format!("has the mode {shown},")), "{words}");
    }
    code(deflated(&[("bootstrap", &program, Some(0o555))])).expect("nobody need write it");
}

#[test]
fn a_link_is_no_program() {
    let words = refusal(deflated(&[("bootstrap", b"main", Some(0o120_777))]));
    assert_eq!(words, "invalid bootstrap in front.zip: it is a symbolic link");
}

#[test]
fn other_formats_are_named() {
    for (program, said) in [
        (&b"#!/bin/sh\n"[..], "is a script, not a program for Linux"),
        (b"", "is empty, not a program for Linux"),
        (
            b"\xcf\xfa\xed\xfe\x07\x00\x00\x01",
            "is a program for macOS (Mach-O), not a program for Linux",
        ),
        (
            b"\xca\xfe\xba\xbe\x00\x00\x00\x02",
            "is a program for macOS (Mach-O), not a program for Linux",
        ),
        (b"MZ\x90\x00", "is a program for Windows, not a program for Linux"),
        (b"hello", "is of an unknown format, not a program for Linux"),
        (
            b"\x7fELF\x02\x01",
            "is a truncated program, not a program for Linux",
        ),
    ] {
        assert_eq!(unfit(program), said);
    }
    let mut object = elf(X86_64);
    object[16] = 1;
    assert_eq!(unfit(&object), "is an object file, not a program for Linux");
}

#[test]
fn other_processors_are_named() {
    let narrow = {
        let mut program = elf(X86_64);
        program[4] = 1;
        program
    };
    let big_endian = {
        let mut program = elf(ARM64);
        program[5] = 2;
        program
    };
    for (program, said) in [
        (elf(0x03), "a 32-bit x86 (i386)"),
        (elf(0x28), "a 32-bit ARM"),
        (elf(0xf3), "RISC-V"),
        (elf(0x16), "the ELF machine 0x16"),
        (narrow, "x86_64 with 32-bit addresses (x32)"),
        (big_endian, "a big-endian processor"),
    ] {
        assert_eq!(
            unfit(&program),
            format!("is built for {said}; Lambda runs x86_64 and arm64")
        );
    }
}

/// A small file can say that it holds much.
#[test]
fn more_than_lambda_takes_is_refused_by_what_the_entries_say() {
    let program = elf(X86_64);
    let mut bytes = deflated(&[("bootstrap", &program, Some(0o755)), ("data", b"xyz", None)]);
    let directory = bytes
        .windows(4)
        .rposition(|signature| signature == b"PK\x01\x02")
        .expect("a central directory");
    bytes[directory + 24..directory + 28].copy_from_slice(&262_144_000_u32.to_le_bytes());
    assert_eq!(
        refusal(bytes),
        "front.zip is too large: 262144256 bytes unzipped; the limit is 262144000"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = FunctionCode::read(Path::new("/nosuch/front.zip")).expect_err("it isn't there");
    assert_eq!(error.to_string(), "cannot read /nosuch/front.zip");
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = FunctionCode::read(folder.path()).expect_err("it is a folder");
    assert!(error.to_string().starts_with("cannot read "), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_write_or_that_is_none_is_not_deployed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let zip = folder.path().join("front.zip");
    fs::write(&zip, deflated(&[("bootstrap", &elf(ARM64), Some(0o755))])).expect("a file");
    FunctionCode::read(&zip).expect("it is the user's own");
    fs::set_permissions(&zip, fs::Permissions::from_mode(0o666)).expect("it is opened to others");
    let error = FunctionCode::read(&zip).expect_err("others can write it");
    assert!(matches!(error, CodeError::Unreadable { .. }), "{error}");
    let pipe = folder.path().join("pipe.zip");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .expect("a pipe");
    FunctionCode::read(&pipe).expect_err("nobody waits for a writer");
}

#[test]
fn the_shipped_code_is_beside_the_binary_or_in_the_shared_folders() {
    let program = elf(ARM64);
    let bytes = deflated(&[("bootstrap", &program, Some(0o755))]);
    for place in ["bin", "share/discfg", "lib/discfg"] {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = root.path().join("bin");
        fs::create_dir_all(&folder).expect("a folder");
        let binary = folder.join("discfg");
        let error = FunctionCode::beside(&binary).expect_err("nothing is shipped");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let words = error.to_string();
        for looked in ["bin/discfg-lambda.zip", "share/discfg/discfg-lambda.zip"] {
            assert!(words.contains(looked), "{words}");
        }
        let shared = root.path().join(place);
        fs::create_dir_all(&shared).expect("a folder");
        fs::write(shared.join(SHIPPED), &bytes).expect("a file");
        let code = FunctionCode::beside(&binary).expect("it is shipped");
        assert_eq!(code.architecture(), Architecture::Arm64);
    }
}
