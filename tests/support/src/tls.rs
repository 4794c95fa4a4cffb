//! A server over TLS that answers a `GetItem`, and the authority that its certificate comes from.

use std::io::{BufReader, Read as _, Result};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::http1::Message;

const ITEM: &str = r#"{"Item":{"pk":{"S":"/db"},"sk":{"S":"/db/url"},"value":{"S":"value"},"kind":{"S":"text"},
    "version":{"N":"1"},"rev":{"N":"1"},"created":{"S":"2026-11-01T12:00:00Z"},
    "modified":{"S":"2026-11-01T12:00:00Z"},"by":{"S":"arn:aws:iam::123456789012:user/jo"}}}"#;

/// Who signs certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// A new one of that name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// Its own certificate, as a list of roots holds it.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a host, and its key, both as PEM.
    pub fn certify(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([host.to_owned()]).expect("a host's name");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// A client's end of a connection to a host whose certificate it signed.
    pub fn client(&self, host: &str) -> ClientConnection {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions that ring can do")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let host = host.to_owned().try_into().expect("a host's name");
        ClientConnection::new(Arc::new(config), host).expect("a client")
    }

    /// What a server takes to prove that it is `host`.
    pub fn server(&self, host: &str) -> ServerConfig {
        self.server_at(host, Validity::Now)
    }

    /// The same with a certificate of another time.
    pub fn server_at(&self, host: &str, validity: Validity) -> ServerConfig {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([host.to_owned()]).expect("a host's name");
        match validity {
            Validity::Now => {}
            Validity::Past => params.not_after = date_time_ymd(2020, 2, 1),
            Validity::Future => params.not_before = date_time_ymd(4000, 2, 1),
        }
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions that ring can do")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).expect("a key of PKCS#8"),
            )
            .expect("a certificate and its key")
    }
}

/// When a certificate is valid.
#[derive(Debug, Clone, Copy)]
pub enum Validity {
    /// From 1975 to 4096.
    Now,
    /// Until 2020-02-01.
    Past,
    /// From 4000-02-01 on.
    Future,
}

/// How a handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// The client trusts the server.
    Done,
    /// It hung up.
    Refused,
}

/// A listening server. A client reaches it at its own address, or through it as a proxy, whatever host it asks for.
pub struct TlsServer {
    port: u16,
    handshakes: Arc<Mutex<Vec<Handshake>>>,
}

impl TlsServer {
    /// A server that proves to be `host` with a certificate from `authority`.
    pub fn start(authority: &Authority, host: &str) -> Self {
        Self::proving(authority.server(host))
    }

    /// A server that proves what that configuration does.
    pub fn proving(config: ServerConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let config = Arc::new(config);
        let handshakes = Arc::default();
        let server = Self {
            port,
            handshakes: Arc::clone(&handshakes),
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, handshakes) = (Arc::clone(&config), Arc::clone(&handshakes));
                // A client that hangs up ends the connection and nothing else.
                thread::spawn(move || serve(stream, config, &handshakes));
            }
        });
        server
    }

    /// Its own address.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// What `HTTPS_PROXY` is set to.
    pub fn proxy_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How all handshakes ended so far, in order.
    pub fn handshakes(&self) -> Vec<Handshake> {
        lock(&self.handshakes).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(mut stream: TcpStream, config: Arc<ServerConfig>, handshakes: &Mutex<Vec<Handshake>>) -> Result<()> {
    let mut first = [0];
    stream.peek(&mut first)?;
    if first == *b"C" {
        tunnel(&mut stream)?;
    }
    let mut connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            lock(handshakes).push(Handshake::Refused);
            return Err(error);
        }
    }
    lock(handshakes).push(Handshake::Done);
    let mut client = BufReader::new(StreamOwned::new(connection, stream));
    while Message::read_request(&mut client)?.is_some() {
        let answer = Message {
            start: "HTTP/1.1 200 OK".into(),
            headers: vec![("Content-Type".into(), "application/x-amz-json-1.0".into())],
            body: ITEM.into(),
        };
        answer.write(client.get_mut())?;
    }
    Ok(())
}

/// Reads a `CONNECT` to its end and not a byte more: what follows is the handshake.
fn tunnel(stream: &mut TcpStream) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    std::io::Write::write_all(stream, b"HTTP/1.1 200 Connection established\r\n\r\n")
}
