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
        ("--tls-cert", args.tls_cert.is_none()),
        ("--tls-key", args.tls_key.is_none()),
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
        "listening on {} is reachable from other machines and requires {}",
        args.listen,
        joined(&missing)
    ));
    Err(failure
        .hint("create a token with `discfg serve token new`")
        .hint("or listen on 127.0.0.1, which requires none of them"))
}

/// The flags as a list in a sentence.
fn joined(flags: &[&str]) -> String {
    match flags {
        [tls @ .., last] if !tls.is_empty() => format!("{} and {last}", tls.join(", ")),
        flags => flags.concat(),
    }
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
            "--max-connections {connections} needs more open files than the limit of {allowed}: raise the hard limit (ulimit -Hn)"
        ));
    }
}

pub(in crate::cli::commands) async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => ErrorKind::Denied,
            io::ErrorKind::AddrNotAvailable => ErrorKind::Usage,
            _ => ErrorKind::Unavailable,
        };
        let failure = Failure::caused(kind, format!("cannot listen on {address}"), &error);
        match error.kind() {
            io::ErrorKind::AddrInUse => failure.hint(
                "stop the server that uses this address, or take any free port with --listen 127.0.0.1:0",
            ),
            io::ErrorKind::AddrNotAvailable => {
                failure.hint("use an address of this machine, or 0.0.0.0 for all of them")
            }
            _ => failure,
        }
    })
}

pub(super) fn url(address: SocketAddr, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{address}")
}
