use super::super::Failure;
use super::book::{Book, Variants, variants};
use super::is;
use crate::formats::{
    DataFormat, EnvName, EnvNameError, FormatError, Layout, TemplateError, read, render, write,
};
use crate::model::{Encoding, Key, Prefix, Value, ValueError};

variants!(FormatError: Syntax Utf8 Key Duplicate Mixed EmptyObject Value Unfit ObjectAsKeys AlsoPrefix Outside Unnamed Reserved Collision
    EnvName);
variants!(EnvNameError: Text Digit Outside Collision);
variants!(ValueError: TooLarge Json Text Unwritable);
variants!(TemplateError);

fn layout() -> Layout {
    Layout {
        prefix: Prefix::all(),
        relative: true,
        nested: false,
        flat: false,
        name: "payments".into(),
    }
}

fn unread(format: DataFormat, text: impl AsRef<[u8]>) -> FormatError {
    read(format, text.as_ref(), &layout()).expect_err("it can't be read")
}

fn items(given: &[(&str, &[u8])]) -> Vec<(Key, Value)> {
    given
        .iter()
        .map(|(key, value)| (is(key), Value::new(*value, Encoding::Detect).expect("a value")))
        .collect()
}

fn unwritten(format: DataFormat, given: &[(&str, &[u8])], layout: &Layout) -> FormatError {
    write(format, &items(given), layout).expect_err("it can't be written")
}

#[test]
fn of_what_is_read() {
    use DataFormat::{Csv, Dotenv, Json, Properties, Tfvars, Yaml};
    let too_large = format!("A={}", "x".repeat(190_001));
    let errors = [
        ("json", unread(Json, "{\"db\": {\"url\": }")),
        ("yaml", unread(Yaml, "db:\n  url: [\n")),
        ("dotenv", unread(Dotenv, "A='never closed\n")),
        ("tfvars", unread(Tfvars, "db_url = foo(\n")),
        ("properties", unread(Properties, "db.url=\\u12\n")),
        ("csv", unread(Csv, "name,value\n/db/url,x\n")),
        ("", unread(Dotenv, b"A=\xff\xfe")),
        ("", unread(Json, "{\"db url\": 1}")),
        ("", unread(Json, "{\"db\": {\"url\": 1}, \"db/url\": 2}")),
        ("", unread(Json, "{\"/db/url\": 1, \"web\": 2}")),
        ("", unread(Json, "{\"db\": {}}")),
        ("", unread(Dotenv, too_large)),
        (
            "of bytes",
            unwritten(Json, &[("/tls/key", b"\xff\xfe")], &layout()),
        ),
        (
            "below a prefix",
            unwritten(Json, &[("/db/pool", b"{\"max\": 5}")], &layout()),
        ),
        (
            "in a tree",
            unwritten(
                Yaml,
                &[("/db/pool", b"{\"max\": 5}")],
                &Layout {
                    nested: true,
                    ..layout()
                },
            ),
        ),
        (
            "of a shell's own",
            unwritten(DataFormat::Shell, &[("/username", b"ann")], &layout()),
        ),
        (
            "of a line",
            unwritten(DataFormat::DockerEnv, &[("/motd", b"two\nlines")], &layout()),
        ),
        (
            "",
            unwritten(
                Json,
                &[("/db", b"x"), ("/db/url", b"y")],
                &Layout {
                    nested: true,
                    ..layout()
                },
            ),
        ),
        (
            "",
            unwritten(
                Json,
                &[("/web/port", b"80")],
                &Layout {
                    prefix: is("/db"),
                    ..layout()
                },
            ),
        ),
        (
            "",
            unwritten(DataFormat::K8sSecret, &[("/db:url", b"x")], &layout()),
        ),
        (
            "",
            unwritten(
                DataFormat::K8sSecret,
                &[("/db/url", b"x"), ("/db.url", b"y")],
                &layout(),
            ),
        ),
        ("", unwritten(Dotenv, &[("/1st", b"x")], &layout())),
    ];
    Book::errors("format_error", Failure::from, errors);
}

#[test]
fn of_a_variable() {
    let digit: Key = is("/1st");
    let (first, second): (Key, Key) = (is("/db/url"), is("/db-url"));
    let all = Prefix::all();
    let errors = [
        ("", "1ST".parse::<EnvName>().expect_err("no name")),
        ("", EnvName::of(&digit, &all).expect_err("no name")),
        ("", EnvName::of(&first, &is("/web")).expect_err("not below")),
        (
            "",
            EnvName::name_all([&first, &second], &all).expect_err("the same name"),
        ),
    ];
    Book::errors("env_name_error", |error| FormatError::from(error).into(), errors);
}

#[test]
fn of_a_value() {
    let value = |bytes: &[u8], encoding| Value::new(bytes, encoding).expect_err("it is no value");
    let errors = [
        ("", value(&vec![b'x'; 190_001], Encoding::Detect)),
        ("it ends too early", value(b"{\"port\":", Encoding::Json)),
        ("it goes wrong", value(b"{port: 80}", Encoding::Json)),
        ("", value(b"caf\xe9", Encoding::Text)),
        ("", ValueError::Unwritable("key must be a string".into())),
    ];
    Book::errors("value_error", Failure::from, errors);
}

#[test]
fn of_a_template() {
    let sources = [
        ("a key that is not there", "{{ db.user }}"),
        ("a key by its path", "{{ get(\"/db/user\") }}"),
        ("the beginning of keys", "{{ db }}"),
        ("bytes", "{{ get(\"/tls/key\") }}"),
        ("an unknown filter", "{{ db.url | shout }}"),
        ("an unknown function", "{{ env(\"HOME\") }}"),
        ("a tag that is never closed", "{% if db.url %}"),
        ("a sign too many", "line\n{{ db.url }"),
        ("what can't be counted", "{{ db.url + 1 }}"),
        ("text without an end", "{{ 'x' * 999999999 }}"),
    ];
    let given: [(&str, &[u8]); 2] = [("/db/url", b"postgres://db"), ("/tls/key", b"\xff\xfe")];
    let errors = sources.map(|(note, source)| {
        let rendered = render(source, &items(&given), &Prefix::all());
        (note, rendered.expect_err("it can't be rendered"))
    });
    Book::errors("template_error", Failure::from, errors);
}
