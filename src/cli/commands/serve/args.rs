use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::RangedU64ValueParser;
use clap::{ArgGroup, Args, Subcommand};

use crate::cli::help::{GlobalsLast as _, globals};
use crate::cli::terminal::log::LogForm;
use crate::http::ServerOrigin;
use crate::model::{ConfigName, Section, Span, TokenName};

/// Serve configs over HTTP
///
/// Applications in any language can read, write and watch keys through this API; /openapi.json describes it. Serves the
/// current config if none is given. It can serve any engine except another server. --as read and --as GRANT limit
/// all callers to that role. To serve a config named token or help, use -c.
///
/// On the loopback interface (the default), no token is required: every user of this machine has your access. Requests
/// with an unexpected Host or Origin are rejected, so web pages can't use the API. Any other address requires TLS and
/// tokens, which `discfg serve token new` creates; only /healthz, /readyz and /openapi.json then work without a token.
///
/// Changes to the token file take effect within 2 seconds, and streams of a revoked token are closed. The certificate
/// is read once, at startup. These files may be symbolic links, but must be owned by you or root and not writable by
/// others.
///
/// SIGTERM or Ctrl-C shuts down gracefully: no new connections, running requests finish within --request-timeout, and
/// streams get a last event (exit code 0). A second signal exits at once (exit code 130).
///
/// The log goes to stderr, one line per request: time, method, path, status, milliseconds, bytes, token name and peer,
/// never a query, body or value. stdout is empty; with -f json or yaml, it gets
/// {"action":"serve","url":…,"configs":[…]} once the server is ready. Core dumps are disabled, and on Linux other
/// processes of the same user can't read the server's memory.
#[derive(Debug, Args)]
#[command(globals_last())]
#[command(
    args_conflicts_with_subcommands = true,
    override_usage = "discfg serve [OPTIONS] [CONFIG]...\n       discfg serve token <new|list|revoke> [OPTIONS]",
    after_long_help = EXAMPLES
)]
pub(in crate::cli) struct ServeArgs {
    #[command(subcommand)]
    pub(super) command: Option<ServeCommand>,
    #[command(flatten)]
    pub(super) server: ServerArgs,
}

const EXAMPLES: &str = "\
Examples:
  discfg serve payments
  curl http://127.0.0.1:8899/v1/payments/db/keys/url
  discfg serve token new --file tokens --name app --read-all
  discfg serve payments --listen 0.0.0.0:8899 --token-file tokens \\
    --tls-cert cert.pem --tls-key key.pem
  curl -H \"Authorization: Bearer $TOKEN\" \\
    https://HOST:8899/v1/payments/db/keys/url";

impl ServeArgs {
    /// Whether it is the server that is called, and not what makes its tokens.
    pub(in crate::cli) fn runs_a_server(&self) -> bool {
        self.command.is_none()
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ServerArgs {
    /// Configs to serve [default: the current config]
    #[arg(value_name = "CONFIG")]
    pub(super) configs: Vec<ConfigName>,
    /// Address to listen on
    ///
    /// With port 0 the system chooses a port, which is printed. An address other than loopback requires --tls-cert,
    /// --tls-key and --token-file.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8899", value_parser = address)]
    pub(super) listen: SocketAddr,
    /// TLS certificate chain, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// Private key of the certificate, as PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Require a token from this file
    #[arg(long, value_name = "FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// Serve the console, too, to holders of tokens
    ///
    /// People sign in at /signin with a token, and reach what the token does. Requires --token-file. Browsers send forms only over https or
    /// to localhost.
    #[cfg(feature = "console")]
    #[arg(long)]
    pub(super) ui: bool,
    /// Additional origin of the server; repeatable
    ///
    /// `[SCHEME://]NAME[:PORT]`, such as `https://config.internal` of a reverse proxy. Without a scheme, the server's is used; without
    /// a port, the scheme's default.
    #[arg(long = "host", value_name = "ORIGIN")]
    pub(super) hosts: Vec<ServerOrigin>,
    /// Time between checks for changes
    ///
    /// Checks only while clients wait or stream. Each check costs half a read unit per section, however many clients
    /// there are.
    #[arg(long, value_name = "TIME", default_value = "2s")]
    pub(super) interval: Span,
    /// Request log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) log: LogForm,
    /// Maximum open connections; above it: 503
    ///
    /// Over TLS, the connection is closed instead.
    #[arg(long, value_name = "N", default_value = "4096", value_parser = count(1, 1_000_000), help_heading = LIMITS)]
    pub(super) max_connections: usize,
    /// Maximum concurrent requests; above it: 503
    ///
    /// Requests that wait for a change or stream count towards --max-streams instead.
    #[arg(long, value_name = "N", default_value = "256", value_parser = count(1, 1_000_000), help_heading = LIMITS)]
    pub(super) max_requests: usize,
    /// Maximum buffered bytes; above it: 503
    ///
    /// Counts the incomplete request bodies and unsent response data of all clients. Those of up to 32 KB are not
    /// counted.
    #[arg(long, value_name = "N", default_value = "134217728", value_parser = count(1_048_576, 1 << 40), help_heading = LIMITS)]
    pub(super) max_buffered: usize,
    /// Maximum waiting or streaming requests; above it: 503
    #[arg(long, value_name = "N", default_value = "1024", value_parser = count(1, 1_000_000), help_heading = LIMITS)]
    pub(super) max_streams: usize,
    /// Time limit of a request; above it: 503, or 504 for a commit
    ///
    /// Starts when the head has been received. Waiting for a change does not count.
    #[arg(long, value_name = "TIME", default_value = "20s", help_heading = LIMITS)]
    pub(super) request_timeout: Span,
    /// Time for a request's head, or a TLS handshake
    ///
    /// When this time is over, the connection is closed.
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = LIMITS)]
    pub(super) header_timeout: Span,
    /// Time to keep idle connections open
    #[arg(long, value_name = "TIME", default_value = "75s", help_heading = LIMITS)]
    pub(super) idle_timeout: Span,
    /// How long a client can leave a response unread
    ///
    /// When this time is over, the connection is closed.
    #[arg(long, value_name = "TIME", default_value = "20s", help_heading = LIMITS)]
    pub(super) stall_timeout: Span,
    /// Maximum headers of a request; above it: 431
    #[arg(long, value_name = "N", default_value = "100", value_parser = count(1, 1000), help_heading = LIMITS)]
    pub(super) max_headers: usize,
    /// Maximum bytes of a request's head; above it: 431
    #[arg(long, value_name = "N", default_value = "16384", value_parser = count(1024, 65_536), help_heading = LIMITS)]
    pub(super) max_header_bytes: usize,
    /// Maximum bytes of a request's body; above it: 413
    ///
    /// A value has at most 190,000 bytes.
    #[arg(long, value_name = "N", default_value = "4194304", value_parser = count(1024, 67_108_864), help_heading = LIMITS)]
    pub(super) max_body: usize,
}

const LIMITS: &str = "Limits";

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ServeCommand {
    /// Manage the tokens in a token file
    #[command(subcommand, after_help = globals(), after_long_help = "")]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum TokenCommand {
    /// Create a token and print it, once
    ///
    /// Prints only the token: `dcfg_` and 256 random bits in Base64. The file stores its SHA-256, name and permissions,
    /// and is created with mode 0600. A running server accepts the token within 2 seconds.
    #[command(after_help = globals(), after_long_help = "")]
    New(NewTokenArgs),
    /// List the tokens in a file
    #[command(after_help = globals(), after_long_help = "")]
    List(TokenFileArgs),
    /// Revoke a token
    ///
    /// Removes it from the file. A running server rejects it within 2 seconds.
    #[command(after_help = globals(), after_long_help = "")]
    Revoke(RevokeTokenArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TokenFileArgs {
    /// Token file
    #[arg(long, value_name = "FILE")]
    pub(super) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("opens").required(true),
    override_usage = "discfg serve token new [OPTIONS] --file FILE --name NAME\n       \
                      (--read SECTION | --write SECTION | --read-all | --write-all) [CONFIG]..."
)]
pub(in crate::cli) struct NewTokenArgs {
    /// Configs the token is valid for [default: all that are served]
    #[arg(value_name = "CONFIG")]
    pub(super) configs: Vec<ConfigName>,
    #[command(flatten)]
    pub(super) of: TokenFileArgs,
    /// Name of the token; its writes are recorded as `token:NAME`
    #[arg(long, value_name = "NAME")]
    pub(super) name: TokenName,
    /// Section it can read, such as db; repeatable
    ///
    /// A section is the first segment of a key: /db/url is in db. @root stands for the keys without a section, such as
    /// /name.
    #[arg(long, value_name = "SECTION", group = "opens")]
    pub(super) read: Vec<Section>,
    /// Section it can read and write; repeatable
    #[arg(long, value_name = "SECTION", group = "opens")]
    pub(super) write: Vec<Section>,
    /// It can read all sections
    #[arg(long, group = "opens")]
    pub(super) read_all: bool,
    /// It can read and write all sections
    #[arg(long, group = "opens")]
    pub(super) write_all: bool,
    /// It can decrypt secrets
    #[arg(long)]
    pub(super) decrypt: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RevokeTokenArgs {
    #[command(flatten)]
    pub(super) of: TokenFileArgs,
    /// Name of the token
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
