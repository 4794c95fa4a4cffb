//! The certificate that a server proves itself by.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, ServerConfig};

use crate::files::{self, Privacy};
use crate::model::ErrorKind;

/// Why a certificate can't be served with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file can't be read.
    #[error("cannot read {path}", path = .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file holds no certificate, or no private key.
    #[error("no {what} in PEM format in {path}", path = .path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
    },
    /// A file isn't PEM. What it holds isn't repeated: a file that was named by mistake may hold anything.
    #[error("{path} is not valid PEM", path = .path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
    },
    /// The two don't fit each other, or can't be used.
    #[error("cannot use the certificate in {certificate} with the key in {key}",
        certificate = .certificate.display(), key = .key.display())]
    Unfit {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl TlsError {
    /// What sort of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Read { .. } | Self::Missing { .. } | Self::Pem { .. } | Self::Unfit { .. } => {
                ErrorKind::Invalid
            }
        }
    }

    fn of_pem(path: &Path, what: &'static str, error: &pem::Error) -> Self {
        let path = path.to_path_buf();
        match error {
            pem::Error::NoItemsFound => Self::Missing { path, what },
            _ => Self::Pem { path },
        }
    }
}

/// The most bytes of a file.
const MAX_BYTES: u64 = 1024 * 1024;

/// What a server proves itself by, and how it speaks: TLS 1.2 and 1.3, HTTP/1.1 within.
#[derive(Clone)]
pub struct Tls(pub(super) TlsAcceptor);

impl Tls {
    /// Reads a certificate (its own first, then those up to the authority) and its private key, both PEM. A file that
    /// changes later is read again by a new server alone.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let read = |path: &Path, privacy| {
            files::read_named(path, MAX_BYTES, privacy).map_err(|source| TlsError::Read {
                path: path.to_path_buf(),
                source,
            })
        };
        let of_certificate = |error: pem::Error| TlsError::of_pem(certificate, "certificate", &error);
        let pem = read(certificate, Privacy::Public)?;
        let chain = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(of_certificate)?;
        if chain.is_empty() {
            return Err(of_certificate(pem::Error::NoItemsFound));
        }
        let secret = PrivateKeyDer::from_pem_slice(&read(key, Privacy::Private)?)
            .map_err(|error| TlsError::of_pem(key, "private key", &error))?;
        let unfit = |source| TlsError::Unfit {
            certificate: certificate.to_path_buf(),
            key: key.to_path_buf(),
            source,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(unfit)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}
