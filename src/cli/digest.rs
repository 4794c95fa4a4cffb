/// Parses the digest of a config, as `info` shows it.
pub(super) fn digest(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_prefix("sha256:").unwrap_or_default();
    if digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(lower)
    } else {
        Err("invalid digest: expected sha256: and 64 hexadecimal digits".into())
    }
}
