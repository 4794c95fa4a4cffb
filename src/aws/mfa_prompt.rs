use std::io;

/// Asks for the code of the MFA device with that ARN or serial number, and blocks until it is typed.
#[derive(Clone, Copy, Debug)]
pub struct MfaPrompt(pub fn(&str) -> io::Result<String>);
