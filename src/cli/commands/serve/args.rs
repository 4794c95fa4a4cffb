use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{ArgGroup, Args, Subcommand};

use crate::cli::terminal::log::LogForm;
use crate::http::ServerOrigin;
use crate::model::{ConfigName, Section, Span, TokenName};

/// Serve configs over HTTP
///
/// Applications in any language read, write and watch over HTTP what the other commands do here: /openapi.json
/// describes it. Every engine can be served but another server. Without CONFIG it is the config that the other commands
/// would work on. With --as read, or as a grant, no caller may do more than that role. A config that is called token or
/// help is served with -c.
///
/// On this machine alone (the default) no token is asked for, so whoever is on it may do what you may. What a web page
/// could send is refused: a Host that isn't the server's, and an Origin that is another's. Any other address takes TLS
/// and tokens, which `discfg serve token new` makes; what can be asked without one is /healthz, /readyz and
/// /openapi.json.
///
/// The token file is read again when it changes, within 2 seconds; what waits or streams by a token that was revoked is
/// told nothing more, and cut. A certificate is read once, at the start. These files may be symbolic links; what they
/// lead to must belong to you or root, and nobody else may write it.
///
/// The process writes no core dump, and on Linux no other process of the same user can read its memory.
///
/// SIGTERM or Ctrl-C stops it: no connection is taken any more, what was asked is answered within --request-timeout,
/// streams end with a last event. Exit code 0; 130 after a second one, which ends it at once.
///
/// stdout is empty; with -f json or yaml it says once {"action":"serve","url":…,"configs":[…]}, when requests are
/// taken. stderr is the log: one line a request with its time, method, path, status, milliseconds, bytes, token's name
/// and peer, never a query, a body or a value.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    override_usage = "discfg serve [OPTIONS] [CONFIG]...\n       discfg serve token <new|list|revoke> [OPTIONS]"
)]
pub(in crate::cli) struct ServeArgs {
    #[command(subcommand)]
    pub(super) command: Option<ServeCommand>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

impl ServeArgs {
    /// Whether it is the server that is called, and not what makes its tokens.
    pub(in crate::cli) fn runs_a_server(&self) -> bool {
        self.command.is_none()
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ServerArgs {
    /// The configs to serve
    #[arg(value_name = "CONFIG")]
    pub(super) configs: Vec<ConfigName>,
    /// Where to listen; with port 0 the system chooses one, which is told. Other addresses than this machine's own take
    /// --tls-cert, --tls-key and --token-file
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8899", value_parser = address)]
    pub(super) listen: SocketAddr,
    /// The certificate, and those up to the authority that clients trust, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Ask for a token of this file
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Another origin of the server, such as `https://config.internal` of a proxy before it. Without a scheme it has the
    /// server's own, without a port that of its scheme. May be given several times
    #[arg(long = "host", value_name = "[SCHEME://]NAME[:PORT]")]
    pub(super) hosts: Vec<ServerOrigin>,
    /// How often what other processes change is looked for while somebody waits or streams; each look costs half a read
    /// unit a section, however many wait
    #[arg(long, value_name = "TIME", default_value = "2s")]
    pub(super) interval: Span,
    /// How requests are logged
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(super) log: LogForm,
    /// Connections at the same time; beyond, 503 at once (over TLS: closed)
    #[arg(long, value_name = "N", default_value = "4096", value_parser = count(1, 1_000_000), help_heading = LIMITS)]
    pub(super) max_connections: usize,
    /// Requests that are worked on at the same time, those that wait or stream aside; beyond, 503 at once
    #[arg(long, value_name = "N", default_value = "256", value_parser = count(1, 1_000_000), help_heading = LIMITS)]
    pub(super) max_requests: usize,
    /// Bytes of bodies that haven't come whole and of answers that haven't been taken, of all clients together, beside 32
    /// KB for each; beyond, 503 at once
    #[arg(long, value_name = "N", default_value = "134217728", value_parser = count(1_048_576, 1 << 40), help_heading = LIMITS)]
    pub(super) max_buffered: usize,
    /// Requests that wait for a change or stream at the same time; beyond, 503 at once
    #[arg(long, value_name = "N", default_value = "1024", value_parser = count(1, 1_000_000), help_heading = LIMITS)]
    pub(super) max_streams: usize,
    /// How long a request may take from its head on, its waiting for a change aside; beyond, 503, or 504 for a commit
    #[arg(long, value_name = "TIME", default_value = "20s", help_heading = LIMITS)]
    pub(super) request_timeout: Span,
    /// How long the head of a request, or a TLS handshake, may take; beyond, the connection is cut
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = LIMITS)]
    pub(super) header_timeout: Span,
    /// How long a connection is kept on which nothing is asked
    #[arg(long, value_name = "TIME", default_value = "75s", help_heading = LIMITS)]
    pub(super) idle_timeout: Span,
    /// How long a client may take nothing of its answer; beyond, the connection is cut
    #[arg(long, value_name = "TIME", default_value = "20s", help_heading = LIMITS)]
    pub(super) stall_timeout: Span,
    /// Headers of a request; beyond, 431
    #[arg(long, value_name = "N", default_value = "100", value_parser = count(1, 1000), help_heading = LIMITS)]
    pub(super) max_headers: usize,
    /// Bytes of the head of a request; beyond, 431
    #[arg(long, value_name = "N", default_value = "16384", value_parser = count(1024, 65_536), help_heading = LIMITS)]
    pub(super) max_header_bytes: usize,
    /// Bytes of the body of a request; beyond, 413. A value has at most 190,000
    #[arg(long, value_name = "N", default_value = "4194304", value_parser = count(1024, 67_108_864), help_heading = LIMITS)]
    pub(super) max_body: usize,
}

const LIMITS: &str = "Limits";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ServeCommand {
    /// Make, list and revoke the tokens of a token file
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenCommand {
    /// Make a token, which is shown this once
    ///
    /// The file keeps its SHA-256, its name and what it opens, and is made for its owner alone (mode 0600). The token is
    /// the whole of stdout: `dcfg_` and 256 random bits. A server that is running takes it within 2 seconds.
    New(NewTokenArgs),
    /// List the tokens of a file
    List(TokenFileArgs),
    /// Take a token out of the file
    ///
    /// A server that is running refuses it within 2 seconds.
    Revoke(RevokeTokenArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TokenFileArgs {
    /// The token file
    #[arg(long, value_name = "FILE")]
    pub(super) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("opens").required(true))]
pub(in crate::cli) struct NewTokenArgs {
    /// The configs that it opens; without, all that are served
    #[arg(value_name = "CONFIG")]
    pub(super) configs: Vec<ConfigName>,
    #[command(flatten)]
    pub(super) of: TokenFileArgs,
    /// What it is called: its writes bear `token:NAME`
    #[arg(long, value_name = "NAME")]
    pub(super) name: TokenName,
    /// A section that it reads, such as db; @root for the keys at the root; may be given several times
    #[arg(long, value_name = "SECTION", group = "opens")]
    pub(super) read: Vec<Section>,
    /// A section that it reads and writes; may be given several times
    #[arg(long, value_name = "SECTION", group = "opens")]
    pub(super) write: Vec<Section>,
    /// It reads every section
    #[arg(long, group = "opens")]
    pub(super) read_all: bool,
    /// It reads and writes every section
    #[arg(long, group = "opens")]
    pub(super) write_all: bool,
    /// It may have secrets decrypted
    #[arg(long)]
    pub(super) decrypt: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RevokeTokenArgs {
    #[command(flatten)]
    pub(super) of: TokenFileArgs,
    /// What it is called
    #[arg(long, value_name = "NAME")]
    pub(super) name: TokenName,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:8899, 0.0.0.0:443 or [::1]:0".into())
}

fn count(least: u64, most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=most)
}
