use super::{Value, ValueKind};

/// The value of a secret as it is stored: encrypted, with all that opening it takes but the key.
///
/// | bytes | hold |
/// | --- | --- |
/// | 3 | `dcs` |
/// | 1 | the version of this format: 1 |
/// | 1 | the kind of the value within: 0 text, 1 json, 2 bytes |
/// | 2 | the length of the wrapped data key, most significant byte first |
/// | that many | the data key, wrapped by the key of the config |
/// | 12 | the nonce, random for each value |
/// | the rest | the value by AES-256-GCM under the data key, then the tag of 16 bytes |
///
/// What is authenticated besides: everything before the nonce, then the config and the key, each after its length in
/// 2 bytes. So a value opens where it was written and nowhere else. It is stored as `bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'v> {
    /// What the value within is.
    pub kind: ValueKind,
    /// Everything before the nonce.
    pub header: &'v [u8],
    /// The data key, wrapped.
    pub wrapped: &'v [u8],
    /// The nonce.
    pub nonce: &'v [u8; 12],
    /// The encrypted value with its tag.
    pub sealed: &'v [u8],
}

const MAGIC: &[u8] = b"dcs\x01";
/// Magic, version, kind, and the length of the wrapped key.
const FIXED: usize = 7;
const TAG: usize = 16;

impl<'v> Envelope<'v> {
    /// What an envelope takes beside the value and the wrapped data key, in bytes.
    pub const OVERHEAD: usize = FIXED + 12 + TAG;

    /// Everything before the nonce. None for a wrapped key of more than 65,535 bytes.
    pub fn header(kind: ValueKind, wrapped: &[u8]) -> Option<Vec<u8>> {
        let length = u16::try_from(wrapped.len()).ok()?;
        let mut header = MAGIC.to_vec();
        header.push(match kind {
            ValueKind::Text => 0,
            ValueKind::Json => 1,
            ValueKind::Bytes => 2,
        });
        header.extend(length.to_be_bytes());
        header.extend(wrapped);
        Some(header)
    }

    /// Reads a stored value; none where it is no envelope of a version that is known.
    pub fn read(value: &'v Value) -> Option<Self> {
        if value.kind() != ValueKind::Bytes {
            return None;
        }
        let bytes = value.bytes();
        let rest = bytes.strip_prefix(MAGIC)?;
        let (&[kind, high, low], rest) = rest.split_first_chunk()?;
        let kind = match kind {
            0 => ValueKind::Text,
            1 => ValueKind::Json,
            2 => ValueKind::Bytes,
            _ => return None,
        };
        let (wrapped, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([high, low])))?;
        let (nonce, sealed) = rest.split_first_chunk()?;
        (sealed.len() >= TAG).then_some(Self {
            kind,
            header: &bytes[..FIXED + wrapped.len()],
            wrapped,
            nonce,
            sealed,
        })
    }

    /// What a stored value is once it is opened: of what is no envelope, what it is.
    pub fn kind_of(value: &Value) -> ValueKind {
        Envelope::read(value).map_or(value.kind(), |envelope| envelope.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(bytes: Vec<u8>) -> Value {
        Value::from_stored(ValueKind::Bytes, bytes).expect("any bytes are")
    }

    proptest! {
        #[test]
        fn what_was_put_in_is_read(
            kind in prop_oneof![Just(ValueKind::Text), Just(ValueKind::Json), Just(ValueKind::Bytes)],
            wrapped in proptest::collection::vec(any::<u8>(), 0..300),
            nonce in any::<[u8; 12]>(),
            sealed in proptest::collection::vec(any::<u8>(), TAG..100),
        ) {
            let header = Envelope::header(kind, &wrapped).expect("it is short");
            let value = stored([&header[..], &nonce[..], &sealed[..]].concat());
            let read = Envelope::read(&value).expect("an envelope");
            let whole = Envelope { kind, header: &header, wrapped: &wrapped, nonce: &nonce, sealed: &sealed };
            prop_assert_eq!(read, whole);
        }

        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let with_magic = stored([MAGIC, &bytes].concat());
            let _ = Envelope::read(&with_magic);
            prop_assert!(Envelope::read(&stored(bytes)).is_none());
        }
    }

    #[test]
    fn what_is_cut_short_is_none() {
        let header = Envelope::header(ValueKind::Text, b"wrapped").expect("it is short");
        let whole = [&header[..], &[0; 12], &[0; TAG]].concat();
        assert_eq!(whole.len(), Envelope::OVERHEAD + "wrapped".len());
        assert_eq!(Envelope::kind_of(&stored(whole.clone())), ValueKind::Text);
        for end in 0..whole.len() {
            assert_eq!(Envelope::read(&stored(whole[..end].to_vec())), None, "{end}");
        }
        assert_eq!(Envelope::header(ValueKind::Text, &vec![0; 65_536]), None);
    }
}
