//! What API Gateway and IAM do before an API: signatures are checked, by code that has nothing from the AWS SDKs, and who
//! is let through follows from the method, the path and the role.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use aws_credential_types::Credentials;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, header};
use discfg::http::Caller;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::account::{Account, REGION, xml_text};
use super::api_server::ApiServer;
use super::cli::Place;
use super::config::CONFIG;
use super::emulator::Emulator;
use super::stores::store_at;

/// All that isn't unreserved (RFC 3986).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// A deployed config behind API Gateway, in force in a developer's place.
pub struct Fronted {
    pub account: Arc<Account>,
    pub gateway: Arc<Gateway>,
    pub server: ApiServer,
    pub place: Place,
}

/// A config on a table, with its roles, behind a function that may not decrypt.
pub fn fronted() -> Fronted {
    fronted_with(&[])
}

/// The same where these flags of `init` deploy it.
pub fn fronted_with(flags: &[&str]) -> Fronted {
    let account = Arc::new(Emulator::shared().account());
    let place = Place::at(&account.url(), &account.admin()).env("DISCFG_CONFIG", CONFIG);
    let init = [&["init", CONFIG, "--yes", "-q"], flags].concat();
    place.args(init).run().code(0);
    // What the administrator's proof has left is none of the developer's.
    fs::remove_dir_all(place.home().join("cache")).expect("init has assumed a role");
    let developer = account.developer();
    let place = place.who(&developer);
    let gateway = Arc::new(Gateway {
        account: Arc::clone(&account),
        users: Mutex::new(vec![developer]),
        kept: place.home().join("cache/discfg"),
        names: Mutex::default(),
        seen: Mutex::default(),
        refusals: Mutex::default(),
    });
    let store = store_at(&account, &account.url(), None);
    let server = ApiServer::behind(store, Arc::clone(&gateway));
    let place = place
        .env("DISCFG_ENGINE", server.url())
        .env("DISCFG_SIGN", "true");
    Fronted {
        account,
        gateway,
        server,
        place,
    }
}

/// What stands before an API.
pub struct Gateway {
    account: Arc<Account>,
    /// Whose signatures are known beside those of the roles.
    users: Mutex<Vec<Credentials>>,
    /// Where the command line keeps the credentials of roles.
    kept: PathBuf,
    /// Who an access key belongs to, by its ARN.
    names: Mutex<BTreeMap<String, String>>,
    seen: Mutex<Vec<Seen>>,
    refusals: Mutex<VecDeque<Option<Refusal>>>,
}

/// A request that was signed well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The role that was assumed, or the name of the user.
    pub who: String,
    pub method: String,
    pub path: String,
    /// What the signature is for: region and service.
    pub place: String,
    /// When it was signed.
    pub date: String,
}

/// What is answered in the place of the API's answer.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub status: u16,
    pub body: String,
    /// After how many seconds another try is welcome.
    pub retry_after: Option<u64>,
}

impl Refusal {
    pub fn new(status: u16, message: &str) -> Self {
        Self {
            status,
            body: serde_json::json!({"message": message}).to_string(),
            retry_after: None,
        }
    }
}

impl From<Refusal> for Response<Body> {
    fn from(refusal: Refusal) -> Self {
        let mut response = Response::builder()
            .status(refusal.status)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(seconds) = refusal.retry_after {
            response = response.header(header::RETRY_AFTER, seconds);
        }
        response.body(Body::from(refusal.body)).expect("a good answer")
    }
}

impl Gateway {
    /// A user whose signature is known, and who may do everything through the API.
    pub fn knows(&self, user: &Credentials) {
        self.users.lock().expect("no test panicked").push(user.clone());
    }

    /// Refuses as many of the next requests, well signed as they are.
    pub fn refuse(&self, times: usize, refusal: &Refusal) {
        let mut refusals = self.refusals.lock().expect("no test panicked");
        *refusals = std::iter::repeat_n(Some(refusal.clone()), times).collect();
    }

    /// Refuses the request that comes after as many that it lets through.
    pub fn refuse_after(&self, passing: usize, refusal: &Refusal) {
        let mut refusals = self.refusals.lock().expect("no test panicked");
        *refusals = std::iter::repeat_n(None, passing)
            .chain([Some(refusal.clone())])
            .collect();
    }

    /// The requests since this was last asked.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().expect("no test panicked"))
    }

    /// Who calls, or what is answered instead.
    pub fn judge(&self, request: &Parts, body: &[u8]) -> Result<Caller, Refusal> {
        let signed = Signed::read(request).ok_or_else(|| Refusal::new(403, "Forbidden"))?;
        let unknown = || Refusal::new(403, "The security token included in the request is invalid");
        let credentials = self.credentials(&signed.key).ok_or_else(unknown)?;
        let token = text(request, "x-amz-security-token");
        if token != credentials.session_token() {
            return Err(unknown());
        }
        let own = signed.compute(credentials.secret_access_key(), request, body);
        if own != signed.signature {
            let told = "The request signature we calculated does not match the signature you provided.";
            return Err(Refusal::new(403, told));
        }
        let arn = self.name(&credentials);
        let who = match arn.split_once(":assumed-role/") {
            Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
            None => arn.rsplit('/').next().unwrap_or_default(),
        };
        let (method, path) = (request.method.as_str(), request.uri.path());
        self.seen.lock().expect("no test panicked").push(Seen {
            who: who.into(),
            method: method.into(),
            path: path.into(),
            place: format!("{}/{}", signed.region, signed.service),
            date: signed.date.clone(),
        });
        let refusal = self.refusals.lock().expect("no test panicked").pop_front();
        if let Some(refusal) = refusal.flatten() {
            return Err(refusal);
        }
        // The grant of these tests is for `/db`.
        let is_allowed = match who.strip_prefix("discfg-") {
            Some(role) if role.contains("--") => {
                let rest = path.split(CONFIG).nth(1).unwrap_or_default();
                rest.starts_with("/db/")
            }
            Some(role) if role.ends_with("-read") => method == "GET",
            Some(_) => true,
            None => self
                .users
                .lock()
                .expect("no test panicked")
                .iter()
                .skip(1)
                .any(|user| user.access_key_id() == credentials.access_key_id()),
        };
        if !is_allowed {
            return Err(Refusal::new(403, "Forbidden"));
        }
        Ok(Caller {
            by: Some(arn),
            decrypts: false,
            ..Caller::anyone()
        })
    }

    fn credentials(&self, key: &str) -> Option<Credentials> {
        let files = fs::read_dir(&self.kept).into_iter().flatten().flatten();
        let role = files.filter_map(|file| {
            let kept: serde_json::Value = serde_json::from_slice(&fs::read(file.path()).ok()?).ok()?;
            let part = |name: &str| kept[name].as_str().map(str::to_owned);
            let (id, secret) = (part("access_key_id")?, part("secret_access_key")?);
            Some(Credentials::new(id, secret, part("session_token"), None, "test"))
        });
        let users = self.users.lock().expect("no test panicked").clone();
        role.chain(users).find(|known| known.access_key_id() == key)
    }

    fn name(&self, who: &Credentials) -> String {
        let mut names = self.names.lock().expect("no test panicked");
        let name = names.entry(who.access_key_id().to_owned()).or_insert_with(|| {
            let told = self
                .account
                .query(who, "sts", "2011-06-15", "GetCallerIdentity", &[]);
            xml_text(&told.expect("anyone may ask"), "Arn").to_owned()
        });
        name.clone()
    }
}

/// What `Authorization` says, and the time beside it.
struct Signed {
    key: String,
    day: String,
    region: String,
    service: String,
    headers: Vec<String>,
    signature: String,
    date: String,
}

impl Signed {
    fn read(request: &Parts) -> Option<Self> {
        let fields = text(request, "authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
        let field = |name: &str| {
            let mut fields = fields.split(", ");
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let scope: Vec<&str> = field("Credential")?.split('/').collect();
        let [key, day, region, service, "aws4_request"] = scope[..] else {
            return None;
        };
        Some(Self {
            key: key.into(),
            day: day.into(),
            region: region.into(),
            service: service.into(),
            headers: field("SignedHeaders")?.split(';').map(str::to_owned).collect(),
            signature: field("Signature")?.into(),
            date: text(request, "x-amz-date")?.into(),
        })
    }

    /// The signature that the request should have.
    fn compute(&self, secret: &str, request: &Parts, body: &[u8]) -> String {
        let path = utf8_percent_encode(request.uri.path(), RESERVED_IN_PATH);
        let headers = self.headers.iter().fold(String::new(), |mut all, name| {
            let value = text(request, name).unwrap_or_default().trim();
            // Writing to a String can't fail.
            let _ = writeln!(all, "{name}:{value}");
            all
        });
        let canonical = format!(
            "{}\n{path}\n{}\n{headers}\n{}\n{}",
            request.method,
            canonical_query(request.uri.query().unwrap_or_default()),
            self.headers.join(";"),
            hex(&Sha256::digest(body)),
        );
        let scope = format!("{}/{}/{}/aws4_request", self.day, self.region, self.service);
        let hash = hex(&Sha256::digest(canonical));
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hash}", self.date);
        let key = [&self.day, &self.region, &self.service, "aws4_request"]
            .into_iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| mac(&key, part));
        hex(&mac(&key, &to_sign))
    }
}

fn canonical_query(query: &str) -> String {
    let encoded = |text: &str| {
        let plain: Vec<u8> = percent_decode_str(text).collect();
        let plain = String::from_utf8(plain).expect("a query of text");
        utf8_percent_encode(&plain, RESERVED).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encoded(name), encoded(value))
        })
        .collect();
    pairs.sort();
    let pairs = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is one for a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text<'r>(request: &'r Parts, name: &str) -> Option<&'r str> {
    request.headers.get(name)?.to_str().ok()
}

/// The name of the config's role of that access.
pub fn role(access: &str) -> String {
    format!("discfg-{CONFIG}-{REGION}-{access}")
}
