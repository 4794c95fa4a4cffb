use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::http::invalid_request::InvalidRequest;

/// How many bytes of a digest bind a cursor to its listing.
const MARK: usize = 8;

/// A listing, as far as a cursor is bound to it.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct ListingIdentity<'l> {
    /// Its config.
    pub(in crate::http) config: &'l str,
    /// What of the config it lists.
    pub(in crate::http) below: &'l str,
    /// Whether it holds all that lies below.
    pub(in crate::http) recursive: bool,
}

impl ListingIdentity<'_> {
    /// The cursor that goes on after that name.
    pub(in crate::http) fn cursor(&self, after: &str) -> String {
        URL_SAFE_NO_PAD.encode([&self.mark()[..], after.as_bytes()].concat())
    }

    /// The name that a cursor goes on after.
    pub(in crate::http) fn after(&self, cursor: &str) -> Result<String, InvalidRequest> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
        let after = bytes.as_deref().and_then(|bytes| {
            let (mark, after) = bytes.split_first_chunk()?;
            let after = std::str::from_utf8(after).ok()?;
            (*mark == self.mark() && after.starts_with('/')).then(|| after.to_owned())
        });
        after.ok_or_else(|| {
            InvalidRequest::Query(
                "invalid value of query parameter `cursor`: expected the `next` value of a page of the same path and with the same `recursive`"
                    .into(),
            )
        })
    }

    fn mark(&self) -> [u8; MARK] {
        let of = format!("{}\n{}\n{}", self.config, self.below, self.recursive);
        let digest: [u8; 32] = Sha256::digest(of).into();
        std::array::from_fn(|at| digest[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: ListingIdentity<'_> = ListingIdentity {
        config: "payments",
        below: "db",
        recursive: false,
    };

    proptest! {
        #[test]
        fn a_cursor_goes_on_in_its_listing_alone(name in "/[a-z/]{0,30}") {
            let cursor = HERE.cursor(&name);
            prop_assert_eq!(HERE.after(&cursor), Ok(name));
            for elsewhere in [
                ListingIdentity { config: "orders", ..HERE },
                ListingIdentity { below: "dbx", ..HERE },
                ListingIdentity { recursive: true, ..HERE },
            ] {
                prop_assert!(elsewhere.after(&cursor).is_err());
            }
        }

        #[test]
        fn no_cursor_breaks_it(cursor in "\\PC{0,40}") {
            prop_assert!(HERE.after(&cursor).is_err());
        }
    }
}
