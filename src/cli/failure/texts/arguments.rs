//! What is said of arguments that can't be understood, by the parser of the command line or by the command.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Debug;
use std::str::FromStr;

use clap::FromArgMatches as _;

use super::super::Failure;
use super::book::{Book, Variants, missing, title, variants};
use crate::cli::args::Cli;
use crate::cli::positionals::parse;
use crate::context::{ApiUrl, ApiUrlError, EngineName, EngineNameError};
use crate::model::{
    Access, AccountId, Billing, ConfigName, ConfigNameError, ErrorKind, ExternalId, GitHubSubject, GrantName,
    GrantNameError, HistoryDays, Key, KeyError, KmsKeyArn, NoAccess, OidcSubject, OidcSubjectError, OrgId,
    PolicyArn, Prefix, Region, RegionError, Revision, RevisionError, Role, RoleError, Section, SectionError,
    SettingError, Side, SideError, Span, SpanError, TokenName, TokenNameError, Ttl, TtlError,
};

variants!(ConfigNameError: Empty TooLong Start Character DoubleDash TrailingDash);
variants!(KeyError: Empty TooLong TooDeep EmptySegment TrailingSlash DotSegment Character);
variants!(GrantNameError: Reserved Shape);
variants!(SideError: Config Prefix Revision);
variants!(SpanError: Form Range);
variants!(TtlError: Form Range);
variants!(EngineNameError: Unknown Url);
variants!(ApiUrlError: Form Scheme User Query Path);
variants!(OidcSubjectError: Shape Issuer Text Form Broad);
variants!(NoAccess);
variants!(RegionError);
variants!(RevisionError);
variants!(RoleError);
variants!(SectionError);
variants!(SettingError);
variants!(TokenNameError);

/// A call with a text in the place of `{}`.
type Call = &'static [&'static str];

/// Calls with texts that are refused, and what is said of them.
#[derive(Default)]
pub(in crate::cli) struct Refused {
    book: Book,
    seen: BTreeSet<&'static str>,
}

impl Refused {
    /// Tells what the parser of the command line says to the call with each of the texts, which are no `T`.
    pub(in crate::cli) fn called<T>(mut self, call: Call, texts: &[&str]) -> Self
    where
        T: FromStr<Err: Variants> + Debug,
    {
        for text in texts {
            let (exit_code, printed) = refusal(call, text);
            self.seen.insert(variant::<T>(text));
            self.book.printed(&of_call::<T>(call, text), exit_code, &printed);
        }
        self
    }

    /// Tells what a command says of texts that `explain` makes a failure of.
    pub(in crate::cli) fn explained<T>(
        mut self,
        call: Call,
        texts: &[&str],
        explain: impl Fn(&str) -> Failure,
    ) -> Self
    where
        T: FromStr<Err: Variants> + Debug,
    {
        for text in texts {
            self.seen.insert(variant::<T>(text));
            self.book.failure(&of_call::<T>(call, text), &explain(text));
        }
        self
    }

    /// Tells what a command says of an error that it found itself.
    pub(in crate::cli) fn found<E: Variants>(
        mut self,
        note: &str,
        error: E,
        explain: impl Fn(E) -> Failure,
    ) -> Self {
        let variant = error.variant();
        self.seen.insert(variant);
        self.book.failure(&title(variant, note), &explain(error));
        self
    }

    /// Compares with what was said before, of every variant.
    pub(in crate::cli) fn keep<E: Variants>(self, name: &str) {
        assert_eq!(missing::<E>(&self.seen), [""; 0], "variants that are not told");
        self.book.keep(name);
    }
}

fn variant<T>(text: &str) -> &'static str
where
    T: FromStr<Err: Variants> + Debug,
{
    let error = text.parse::<T>().expect_err("it is refused");
    error.variant()
}

fn of_call<T>(call: Call, text: &str) -> String
where
    T: FromStr<Err: Variants> + Debug,
{
    let words: Vec<String> = words(call, text).into_iter().map(|word| quoted(&word)).collect();
    title(variant::<T>(text), &format!("discfg {}", words.join(" ")))
}

/// The word as a shell would take it, cut where it is long.
fn quoted(word: &str) -> String {
    match word.get(..LONGEST) {
        Some(beginning) if word.len() > LONGEST => format!("{beginning}…"),
        _ if word.is_empty() || word.contains(' ') => format!("'{word}'"),
        _ => word.to_owned(),
    }
}

/// The longest word in a title.
const LONGEST: usize = 80;

fn words(call: Call, text: &str) -> Vec<String> {
    call.iter().map(|word| word.replace("{}", text)).collect()
}

/// What discfg prints of a call that it can't parse, and its exit code.
fn refusal(call: Call, text: &str) -> (i32, String) {
    let args: Vec<OsString> = [String::from("discfg")]
        .into_iter()
        .chain(words(call, text))
        .map(OsString::from)
        .collect();
    let parsed = crate::cli::parser(&args).try_get_matches_from(args);
    let error = parsed
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .expect_err("the call is refused");
    (error.exit_code(), error.render().to_string())
}

#[test]
fn of_a_config_name() {
    let long = "a".repeat(37);
    let names = ["", &long, "1st", "Payments", "pay--ments", "payments-"];
    Refused::default()
        .called::<ConfigName>(&["get", "-c", "{}", "/db/url"], &names)
        .explained::<ConfigName>(
            &["get", "{}", "/db/url"],
            &["Payments"],
            positional::<ConfigName>(),
        )
        .keep::<ConfigNameError>("config_name_error");
}

fn positional<T>() -> impl Fn(&str) -> Failure
where
    T: FromStr<Err: std::error::Error + 'static> + Debug,
{
    move |text| parse::<T>(text).expect_err("it is refused")
}

#[test]
fn of_a_key() {
    let long = "a".repeat(512);
    let deep = "a/".repeat(16) + "a";
    let keys = [
        "/",
        &long,
        &deep,
        "/db//url",
        "/db/",
        "/db/../url",
        "/db/password of ann",
    ];
    let prefixes = ["", "/db//url", "/db url"];
    Refused::default()
        .explained::<Key>(&["get", "{}"], &keys, positional::<Key>())
        .called::<Prefix>(&["info", "--prefix={}"], &prefixes)
        .keep::<KeyError>("key_error");
}

#[test]
fn of_a_grant_name() {
    Refused::default()
        .explained::<GrantName>(
            &["grant", "payments", "{}"],
            &["read", "CI"],
            positional::<GrantName>(),
        )
        .called::<GrantName>(&["template", "--grant={}"], &["write"])
        .keep::<GrantNameError>("grant_name_error");
}

#[test]
fn of_a_role() {
    Refused::default()
        .called::<Role>(&["get", "--as={}", "/db/url"], &["Admin"])
        .keep::<RoleError>("role_error");
}

#[test]
fn of_a_region() {
    Refused::default()
        .called::<Region>(&["get", "--region={}", "/db/url"], &["Frankfurt"])
        .keep::<RegionError>("region_error");
}

#[test]
fn of_a_revision() {
    Refused::default()
        .called::<Revision>(&["get", "--revision={}", "/db/url"], &["latest"])
        .keep::<RevisionError>("revision_error");
}

#[test]
fn of_a_section() {
    Refused::default()
        .called::<Section>(&["grant", "payments", "ci", "--read={}"], &["db/url", "the db"])
        .keep::<SectionError>("section_error");
}

#[test]
fn of_a_side() {
    Refused::default()
        .called::<Side>(
            &["diff", "{}"],
            &["Payments:/db", "payments:/db//url", "payments:/db@latest"],
        )
        .keep::<SideError>("side_error");
}

#[test]
fn of_a_span() {
    Refused::default()
        .called::<Span>(&["watch", "--interval={}"], &["2 seconds", "1ms"])
        .keep::<SpanError>("span_error");
}

#[test]
fn of_a_time_to_live() {
    Refused::default()
        .called::<Ttl>(&["set", "/locks/deploy", "ann", "--ttl={}"], &["1w", "0s"])
        .keep::<TtlError>("ttl_error");
}

#[test]
fn of_a_name_of_a_token() {
    Refused::default()
        .called::<TokenName>(
            &["serve", "token", "revoke", "--file=tokens.toml", "--name={}"],
            &["the app"],
        )
        .keep::<TokenNameError>("token_name_error");
}

#[test]
fn of_an_access() {
    Refused::default()
        .explained::<Access>(
            &[
                "access",
                "--principal=arn:aws:iam::111122223333:role/app",
                "{}",
                "/db/url",
            ],
            &["delete"],
            positional::<Access>(),
        )
        .keep::<NoAccess>("no_access");
}

const ENGINE: Call = &["get", "--engine={}", "/db/url"];

#[test]
fn of_an_engine() {
    Refused::default()
        .called::<EngineName>(ENGINE, &["redis", "https://config.example.com/?x"])
        .keep::<EngineNameError>("engine_name_error");
}

#[test]
fn of_the_url_of_an_api() {
    let urls = [
        "https://config.example.com:port",
        "ftp://config.example.com",
        "https://ann:secret@config.example.com",
        "https://config.example.com/?config=payments",
        "https://config.example.com/a%20b",
    ];
    Refused::default()
        .called::<ApiUrl>(ENGINE, &urls)
        .keep::<ApiUrlError>("api_url_error");
}

#[test]
fn of_an_oidc_subject() {
    let texts = [
        "gitlab",
        "gitlab.com,project_path:acme/shop:ref_type:branch:ref:main",
        "https://gitlab.example.com:8443,project_path:acme/shop:ref_type:branch:ref:main",
        "gitlab,project_path:acme/shop:ref_type:branch:ref:*",
        "gitlab,acme/shop",
        "gitlab,project_path:acme/shop",
        "https://oidc.eks.eu-central-1.amazonaws.com/id/0A1B,system:serviceaccount:web",
        "https://github.example.com/_services/token,repo:acme/shop:pull_request",
    ];
    Refused::default()
        .called::<OidcSubject>(&["init", "payments", "--oidc={}"], &texts)
        .keep::<OidcSubjectError>("oidc_subject_error");
}

/// Each setting of a stack.
#[test]
fn of_a_setting() {
    Refused::default()
        .called::<GitHubSubject>(
            &["init", "payments", "--github={}"],
            &["acme/shop", "acme/shop:ref:main"],
        )
        .called::<AccountId>(&["init", "payments", "--account-id={}"], &["1234-5678-9012"])
        .called::<OrgId>(&["init", "payments", "--org-id={}"], &["acme"])
        .called::<PolicyArn>(&["init", "payments", "--permissions-boundary={}"], &["boundary"])
        .called::<KmsKeyArn>(&["init", "payments", "--kms-key={}"], &["alias/payments"])
        .called::<HistoryDays>(&["init", "payments", "--history-days={}"], &["0", "forever"])
        .called::<Billing>(&["init", "payments", "--billing={}"], &["provisioned:5"])
        .explained::<ExternalId>(&["init", "payments", "--external-id={}"], &["x"], external_id)
        .keep::<SettingError>("setting_error");
}

fn external_id(text: &str) -> Failure {
    let error = text.parse::<ExternalId>().expect_err("it is refused");
    Failure::of(ErrorKind::Usage, &error)
}
