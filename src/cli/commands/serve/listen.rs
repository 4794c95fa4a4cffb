use std::io;
use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;

use super::args::ServerArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::model::ErrorKind;

/// Files that are open beside the connections: data, the log, connections to AWS.
const OTHER_FILES: u64 = 256;

/// Whether only this machine reaches the address.
pub(super) fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Refuses to be reached by others unasked and unencrypted.
pub(super) fn check_exposure(args: &ServerArgs) -> Result<(), Failure> {
    if is_loopback(args.listen) {
        return Ok(());
    }
    let flags = [
        ("--tls-cert and --tls-key", args.tls_cert.is_none()),
        ("--token-file", args.token_file.is_none()),
    ];
    let missing: Vec<&str> = flags
        .iter()
        .filter_map(|(flag, is_missing)| is_missing.then_some(*flag))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let failure = Failure::usage(format!(
        "other machines reach {}, and that takes {}",
        args.listen,
        missing.join(", and ")
    ));
    Err(failure
        .hint("`discfg serve token new` makes tokens")
        .hint("127.0.0.1 serves this machine alone, without either"))
}

/// Lets the process have as many files open as the connections take, as far as the system does.
pub(super) fn allow_connections(connections: usize, terminal: &Terminal) {
    let wanted = (connections as u64).saturating_add(OTHER_FILES);
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = Rlimit {
        current: Some(allowed),
        maximum: limit.maximum,
    };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => allowed,
        Err(_) => limit.current.unwrap_or_default(),
    };
    if allowed < wanted {
        terminal.hint(&format!(
            "this process may have {allowed} files open, so it can't hold --max-connections {connections}: raise the \
             hard limit (ulimit -Hn)"
        ));
    }
}

pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            io::ErrorKind::AddrNotAvailable => ErrorKind::Usage,
            _ => ErrorKind::Unavailable,
        };
        let failure = Failure::caused(kind, format!("{address} can't be listened on"), &error);
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                failure.hint("another server is there; --listen 127.0.0.1:0 takes a free port")
            }
            io::ErrorKind::AddrNotAvailable => {
                failure.hint("this machine has no such address; 0.0.0.0 is all it has")
            }
            _ => failure,
        }
    })
}

pub(super) fn url(address: SocketAddr, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}
