use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use maud::html;

use crate::console::error::ConsoleError;
use crate::console::peer::is_of_other_user;
use crate::console::shell;
use crate::console::site::SharedConsole;
use crate::console::visit::{EarlierSession, Form, SessionForm, Visit};
use crate::http::{BrowserSession, LaunchRefusal, PeerAddress};

/// The page of a launch link. It changes nothing: what opens links in advance, such as a chat, doesn't use up the code.
pub(in crate::console) async fn show_launch(Path(code): Path<String>) -> Result<Response, ConsoleError> {
    // What isn't a code has no form, whose address it would be in.
    if code.len() != 32 || !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(ConsoleError::link_over());
    }
    let content = html! {
        section.centered {
            h1 { "discfg console" }
            p { "This link is valid once, for a minute after it was printed." }
            form method="post" action={ "/launch/" (code) } data-submit { button.primary { "Open console" } }
        }
    };
    Ok(shell::bare(StatusCode::OK, "Open console", &content))
}

pub(in crate::console) async fn launch(
    State(console): State<SharedConsole>,
    Path(code): Path<String>,
    EarlierSession(earlier): EarlierSession,
    peer: Option<Extension<PeerAddress>>,
    _: Form,
) -> Result<Response, ConsoleError> {
    if console.is_personal && peer.is_some_and(|Extension(PeerAddress(peer))| is_of_other_user(peer)) {
        tracing::warn!("another user of this machine tried to use a launch link");
        return Err(ConsoleError::denied(
            "The link is for the user who started the console.",
        ));
    }
    match console.sessions.launch(&code) {
        Ok(cookie) => {
            leave(&console, earlier);
            Ok(redirect("/", Some(cookie)))
        }
        Err(LaunchRefusal::Invalid) => Err(ConsoleError::link_over()),
        Err(LaunchRefusal::Used) => {
            tracing::warn!(
                "a launch link was used twice: its session has ended, because somebody else may know the link"
            );
            Err(ConsoleError::link_over())
        }
    }
}

/// Ends the session that the browser had before.
fn leave(console: &SharedConsole, earlier: Option<BrowserSession>) {
    if let Some(earlier) = earlier {
        console.sessions.end(&earlier);
    }
}

/// The form for a token.
pub(in crate::console) async fn show(State(console): State<SharedConsole>) -> Result<Response, ConsoleError> {
    if !console.sessions.takes_tokens() {
        return Err(ConsoleError::signed_out(false));
    }
    Ok(form(StatusCode::OK, None))
}

pub(in crate::console) async fn sign_in(
    State(console): State<SharedConsole>,
    EarlierSession(earlier): EarlierSession,
    Form(fields): Form,
) -> Result<Response, ConsoleError> {
    if !console.sessions.takes_tokens() {
        return Err(ConsoleError::signed_out(false));
    }
    let token = fields.get("token").unwrap_or_default().trim();
    match console.sessions.sign_in(token) {
        Some(cookie) => {
            leave(&console, earlier);
            Ok(redirect("/", Some(cookie)))
        }
        None => Ok(form(
            StatusCode::UNAUTHORIZED,
            Some("Invalid token: this server does not know it."),
        )),
    }
}

pub(in crate::console) async fn sign_out(visit: Visit, _: SessionForm) -> Response {
    let cookie = visit.console.sessions.end(&visit.session);
    let content = html! {
        section.centered {
            h1 { "Signed out" }
            @if visit.console.sessions.takes_tokens() { p { a.button href="/signin" { "Sign in" } } }
            @else { p { "Run " code { "discfg ui" } " again to get a new link." } }
        }
    };
    let mut response = shell::bare(StatusCode::OK, "Signed out", &content);
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}

fn form(status: StatusCode, problem: Option<&str>) -> Response {
    let content = html! {
        section.centered {
            h1 { "discfg console" }
            @if let Some(problem) = problem { p.notice.bad role="alert" { (problem) } }
            form.edit method="post" action="/signin" {
                label for="token" { "Token" }
                input #token type="password" name="token" autocomplete="off" required autofocus placeholder="dcfg_…";
                button.primary { "Sign in" }
            }
            p.hint { "The session reaches exactly as far as the token." }
        }
    };
    shell::bare(status, "Sign in", &content)
}

/// Leads to another page after a form was sent.
pub(super) fn redirect(to: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    // Addresses are made of names that need no encoding.
    headers.extend(HeaderValue::try_from(to).ok().map(|to| (LOCATION, to)));
    headers.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    headers.insert("cache-control", HeaderValue::from_static("no-store"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    response
}
