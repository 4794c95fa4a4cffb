//! The platform of a program, read from its first bytes: the ELF header (System V ABI, "ELF Header") or the magic
//! numbers of other formats.

use std::fmt;

use super::architecture::Architecture;

/// The length of the header of a 64-bit ELF file.
const HEADER: usize = 64;
const CLASS: usize = 4;
const CLASS_64: u8 = 2;
const DATA: usize = 5;
const DATA_LITTLE_ENDIAN: u8 = 1;
const TYPE: usize = 16;
const TYPE_EXECUTABLE: u16 = 2;
/// An executable that may lie anywhere in memory is of the type of a library.
const TYPE_SHARED: u16 = 3;
const MACHINE: usize = 18;

/// Why Lambda can't run a program.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnfitProgram {
    /// It is encrypted.
    Encrypted,
    /// It is compressed with another method than deflate: the method's name.
    Compression(String),
    /// It is a symbolic link.
    Link,
    /// It is not readable and executable by everyone: its permission bits.
    Mode(u32),
    /// It is not a program for Linux: its format.
    Format(&'static str),
    /// It is built for a processor that Lambda doesn't offer.
    Machine(String),
}

impl fmt::Display for UnfitProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encrypted => f.write_str("is encrypted"),
            Self::Compression(method) => {
                write!(f, "is compressed with {method}; Lambda supports only deflate")
            }
            Self::Link => f.write_str("is a symbolic link"),
            Self::Mode(mode) => write!(
                f,
                "has the mode {mode:04o}, and must be readable and executable by everyone, such as 0755"
            ),
            Self::Format(what) => write!(f, "is {what}, not a program for Linux"),
            Self::Machine(machine) => {
                write!(f, "is built for {machine}; Lambda runs x86_64 and arm64")
            }
        }
    }
}

/// The processor architecture of a program.
pub(in crate::stack) fn architecture(program: &[u8]) -> Result<Architecture, UnfitProgram> {
    if !program.starts_with(b"\x7fELF") {
        return Err(UnfitProgram::Format(foreign(program)));
    }
    if program.len() < HEADER {
        return Err(UnfitProgram::Format("a truncated program"));
    }
    if program[DATA] != DATA_LITTLE_ENDIAN {
        return Err(UnfitProgram::Machine("a big-endian processor".into()));
    }
    let word = |at: usize| u16::from_le_bytes([program[at], program[at + 1]]);
    if ![TYPE_EXECUTABLE, TYPE_SHARED].contains(&word(TYPE)) {
        return Err(UnfitProgram::Format("an object file"));
    }
    // The numbers are those of the ELF registry (gABI, "e_machine").
    let machine = match (word(MACHINE), program[CLASS]) {
        (0x3e, CLASS_64) => return Ok(Architecture::X86_64),
        (0xb7, CLASS_64) => return Ok(Architecture::Arm64),
        (0x3e, _) => "x86_64 with 32-bit addresses (x32)",
        (0x03, _) => "a 32-bit x86 (i386)",
        (0x28, _) => "a 32-bit ARM",
        (0xf3, _) => "RISC-V",
        (0x15, _) => "64-bit PowerPC",
        (0x102, _) => "LoongArch",
        (other, _) => return Err(UnfitProgram::Machine(format!("the ELF machine {other:#x}"))),
    };
    Err(UnfitProgram::Machine(machine.into()))
}

fn foreign(program: &[u8]) -> &'static str {
    const MACH_O: [[u8; 4]; 5] = [
        [0xfe, 0xed, 0xfa, 0xce],
        [0xfe, 0xed, 0xfa, 0xcf],
        [0xce, 0xfa, 0xed, 0xfe],
        [0xcf, 0xfa, 0xed, 0xfe],
        // Several in one file.
        [0xca, 0xfe, 0xba, 0xbe],
    ];
    if program.is_empty() {
        "empty"
    } else if program.starts_with(b"#!") {
        "a script"
    } else if MACH_O.iter().any(|magic| program.starts_with(magic)) {
        "a program for macOS (Mach-O)"
    } else if program.starts_with(b"MZ") {
        "a program for Windows"
    } else {
        "of an unknown format"
    }
}
