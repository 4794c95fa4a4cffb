use std::error::Error;
use std::io;
use std::time::{Duration, SystemTime};

use rustls::CertificateError;
use rustls::pki_types::UnixTime;

use crate::model::Timestamp;

/// Why a server's TLS certificate is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateFault {
    /// It is not signed by a CA that this machine trusts.
    #[error("its certificate is not signed by a CA that this machine trusts")]
    UnknownIssuer,
    /// It is for other names.
    #[error("its certificate is valid for {valid_for}, not for {asked}")]
    OtherName {
        /// The host that was asked.
        asked: String,
        /// The names in the certificate.
        valid_for: String,
    },
    /// It expired.
    #[error("its certificate expired{}", at(.0.as_ref()))]
    Expired(Option<Timestamp>),
    /// It is not valid yet.
    #[error("its certificate is not valid yet{}", starts(.0.as_ref()))]
    NotYetValid(Option<Timestamp>),
    /// It is self-signed and marked as a CA certificate.
    #[error("its certificate is a CA certificate, which a server can't use")]
    Authority,
    /// Anything else.
    #[error("its certificate is invalid: {0}")]
    Other(String),
}

impl CertificateFault {
    /// The fault that is behind an error, if there is one.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(fault) = error.downcast_ref::<Self>() {
                return Some(fault.clone());
            }
            if let Some(rustls::Error::InvalidCertificate(error)) = error.downcast_ref() {
                return Some(Self::of_certificate(error));
            }
            // An I/O error tells what it holds as its own words, not as its source.
            let held = error.downcast_ref().and_then(io::Error::get_ref);
            cause = match held {
                Some(held) => Some(held),
                None => error.source(),
            };
        }
        None
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::NotValidForNameContext { expected, presented } => Self::OtherName {
                asked: expected.to_str().into_owned(),
                valid_for: match &presented[..] {
                    [] => "no name".into(),
                    // As rustls writes them: DnsName("a.example").
                    names => names
                        .iter()
                        .map(|name| name.split('"').nth(1).unwrap_or(name))
                        .collect::<Vec<_>>()
                        .join(", "),
                },
            },
            CertificateError::NotValidForName => Self::OtherName {
                asked: "this host".into(),
                valid_for: "another name".into(),
            },
            CertificateError::Expired => Self::Expired(None),
            CertificateError::ExpiredContext { not_after, .. } => Self::Expired(time(*not_after)),
            CertificateError::NotValidYet => Self::NotYetValid(None),
            CertificateError::NotValidYetContext { not_before, .. } => Self::NotYetValid(time(*not_before)),
            other => {
                let words = format!("{other:?}");
                if words.contains("CaUsedAsEndEntity") {
                    Self::Authority
                } else {
                    Self::Other(other.to_string())
                }
            }
        }
    }
}

fn time(time: UnixTime) -> Option<Timestamp> {
    let since = Duration::from_secs(time.as_secs());
    SystemTime::UNIX_EPOCH.checked_add(since).map(Timestamp::from)
}

fn at(time: Option<&Timestamp>) -> String {
    time.map_or_else(String::new, |time| format!(" at {time}"))
}

fn starts(time: Option<&Timestamp>) -> String {
    time.map_or_else(String::new, |time| format!(": it starts at {time}"))
}
