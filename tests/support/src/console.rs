//! The console as a process, and a browser without JavaScript that looks at it.

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};

use super::cli::{PATIENCE, Place};
use super::http1::Message;
use super::running::Running;
use super::serving::ask;

/// What a browser sends with a form of a page.
pub const OF_PAGE: [(&str, &str); 2] = [
    ("Sec-Fetch-Site", "same-origin"),
    ("Content-Type", "application/x-www-form-urlencoded"),
];

/// A running `discfg ui` or `discfg serve --ui`.
pub struct ConsoleProcess {
    pub running: Running,
    pub address: SocketAddr,
    /// The path of the launch link, or of the form for a token.
    pub entrance: String,
}

impl ConsoleProcess {
    /// Starts `discfg ui` with these arguments.
    #[track_caller]
    pub fn start(place: &Place, args: &[&str]) -> Self {
        let running = place
            .args([&["ui", "--no-open", "-f", "json"], args].concat())
            .start();
        let ready = running.json();
        assert_eq!(ready["action"], "ui");
        let link = ready["loopbackUrl"].as_str().expect("a link");
        let (host, path) = link
            .trim_start_matches("http://")
            .split_once('/')
            .expect("a path");
        Self {
            address: host.parse().expect("an address"),
            entrance: format!("/{path}"),
            running,
        }
    }

    /// Starts `discfg serve --ui` with the tokens in the file `tokens`.
    #[track_caller]
    pub fn serving(place: &Place, args: &[&str]) -> Self {
        let flags = [
            "serve",
            "--ui",
            "--token-file",
            "tokens",
            "--listen",
            "127.0.0.1:0",
            "-f",
            "json",
        ];
        let running = place.args([&flags[..], args].concat()).start();
        let ready = running.json();
        let url = ready["url"].as_str().expect("a URL");
        Self {
            address: url.trim_start_matches("http://").parse().expect("an address"),
            entrance: "/signin".into(),
            running,
        }
    }

    /// Asks for something, as anyone can who reaches the port.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Message {
        let host = self.address.to_string();
        self.ask_as(&host, method, path, headers, body)
    }

    /// The same under another name of the server.
    pub fn ask_as(
        &self,
        host: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Message {
        ask(connect(self.address), host, method, path, headers, body)
    }

    /// A browser that has used the launch link.
    #[track_caller]
    pub fn launch(&self) -> Visitor {
        self.enter("")
    }

    /// A browser that has signed in with a token.
    #[track_caller]
    pub fn sign_in(&self, token: &str) -> Visitor {
        self.enter(&format!("token={token}"))
    }

    #[track_caller]
    fn enter(&self, body: &str) -> Visitor {
        let answer = self.ask("POST", &self.entrance, &OF_PAGE, body);
        assert_eq!(answer.status(), 303, "{}", String::from_utf8_lossy(&answer.body));
        let cookie = answer.header("set-cookie").expect("a session");
        Visitor {
            address: self.address,
            cookie: cookie.split(';').next().expect("a cookie").to_owned(),
        }
    }
}

/// A signed-in browser.
pub struct Visitor {
    address: SocketAddr,
    pub cookie: String,
}

impl Visitor {
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Asks for a page that there is.
    #[track_caller]
    pub fn page(&self, path: &str) -> Answer {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer
    }

    /// Sends a form as a page does, with the session's word.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf();
        let fields = [&[("csrf", csrf.as_str())], fields].concat();
        self.send("POST", path, &OF_PAGE, &encoded(&fields))
    }

    /// The session's word, which each form has.
    pub fn csrf(&self) -> String {
        let page = self.get("/").text;
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [&[("Cookie", self.cookie.as_str())], headers].concat();
        let host = self.address.to_string();
        let answer = ask(connect(self.address), &host, method, path, &headers, body);
        Answer {
            status: answer.status(),
            text: String::from_utf8(answer.body.clone()).expect("UTF-8"),
            message: answer,
        }
    }
}

/// An answer of the console.
pub struct Answer {
    pub status: u16,
    pub text: String,
    message: Message,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.message.header(name)
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn has(&self, part: &str) -> &Self {
        assert!(self.text.contains(part), "{part:?} is not in {}", self.text);
        self
    }

    #[track_caller]
    pub fn lacks(&self, part: &str) -> &Self {
        assert!(!self.text.contains(part), "{part:?} is in {}", self.text);
        self
    }

    /// The row of a key: what follows its attribute up to the end of the row.
    #[track_caller]
    pub fn row(&self, key: &str) -> &str {
        let begin = self.text.find(&format!("data-key=\"{key}\""));
        let rest = &self.text[begin.unwrap_or_else(|| panic!("no row {key:?} in {}", self.text))..];
        rest.split("</tr>").next().unwrap_or(rest)
    }
}

/// Fields as a form sends them.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        let _ = write!(text, "{}{name}=", if text.is_empty() { "" } else { "&" });
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    text
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}
