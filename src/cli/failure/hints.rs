//! What to do about causes that several failures have.

use crate::aws::CertificateFault;

/// The hints for a certificate that is not trusted.
pub(super) fn certificate_hints(fault: &CertificateFault) -> Vec<&'static str> {
    match fault {
        CertificateFault::UnknownIssuer => {
            vec!["set AWS_CA_BUNDLE to a PEM file with the CA that signed the server's certificate"]
        }
        CertificateFault::OtherName { .. } => {
            vec!["use the host name in the certificate, or give the server a certificate for this host"]
        }
        CertificateFault::Expired(_) => {
            vec!["renew the server's certificate, or correct this machine's clock"]
        }
        CertificateFault::NotYetValid(_) => {
            vec!["correct this machine's clock, or replace the server's certificate"]
        }
        CertificateFault::Authority => vec![
            "create the self-signed certificate as a server certificate (openssl: -addext basicConstraints=critical,CA:FALSE)",
        ],
        CertificateFault::Other(_) => vec!["replace the server's certificate"],
    }
}

pub(super) const SPACE: &str =
    "free space on the file system, or raise the quota or the limit (`ulimit -f`), then retry";
pub(super) const CREDENTIALS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with -p, or run `aws sso \
    login`";
pub(super) const BUSY: &str = "retry, or combine several changes into one commit";
pub(super) const THROTTLED: &str = "retry in a few seconds; an on-demand table scales with its load";
pub(super) const ENDPOINT: &str = "check the region, the network and AWS_ENDPOINT_URL, then retry";
