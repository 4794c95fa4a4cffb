//! What the formats refuse, to read and to write, and how they say it.

use super::DataFormat::{
    DockerEnv, Dotenv, Fish, GithubEnv, K8sConfigmap, K8sSecret, Properties, Shell, Tfvars,
};
use super::samples::{items, layout, shown};
use super::{DataFormat, read, write};

fn reads(format: DataFormat, text: &str, wanted: &[&str]) {
    let found = read(format, text.as_bytes(), &layout("/")).expect(text);
    assert_eq!(shown(&found), wanted, "{format}: {text}");
}

#[track_caller]
fn refuses(format: DataFormat, text: &str, problem: &str) {
    let error = read(format, text.as_bytes(), &layout("/")).expect_err(text);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let said = error.to_string();
    let start = format!("invalid {} at ", format.title());
    assert!(said.starts_with(&start), "{said}\n{start}");
    let wanted = match problem.split_once(", at ") {
        Some((problem, at)) => format!("{start}{at}: {problem}"),
        None => format!(": {problem}"),
    };
    assert!(said.contains(&wanted), "{said}\n{wanted}");
}

#[track_caller]
fn can_not_hold(format: DataFormat, value: &str, reason: &str) {
    let error = write(format, &items(&[("/k", value)]), &layout("/")).expect_err(value);
    let wanted = format!("cannot write the value of /k as {}: {reason}", format.title());
    assert!(error.to_string().starts_with(&wanted), "{error}\n{wanted}");
}

#[test]
fn dotenv() {
    reads(
        Dotenv,
        "# c\n\nexport A = b c # d\r\nB=\nC='x\\'y\\z' # e\nD=\"a\\n\\\"\\q\"\nE=a#b\nF=$HOME\n  G='a\nb'\nH='${X}'",
        &[
            "/A text b c",
            "/B text ",
            "/C text x'y\\z",
            "/D text a\n\"\\q",
            "/E text a#b",
            "/F text $HOME",
            "/G text a\nb",
            "/H text ${X}",
        ],
    );
    refuses(
        Dotenv,
        "A=1\nB",
        "expected `=` after the name, at line 2, column 2",
    );
    refuses(Dotenv, "A='hunter2\n", "unclosed quote, at line 1, column 3");
    refuses(Dotenv, "A=\"hunter2\\", "unclosed quote, at line 1, column 3");
    refuses(
        Dotenv,
        "A='b'hunter2",
        "expected the end of the line or a comment after the closing quote, at line 1, column 6",
    );
    refuses(Dotenv, "A=b${hunter2}", "`${` is not expanded");
    refuses(Dotenv, "A=\"b${hunter2}\"", "`${` is not expanded");
    refuses(Dotenv, "A=`hunter2`", "backticks are not supported");
    refuses(
        Dotenv,
        "A=b\rC=hunter2",
        "a carriage return must be written as \\r",
    );
    refuses(Dotenv, "=hunter2", "expected a name, at line 1, column 1");
    can_not_hold(Dotenv, "text a${b}", "readers expand `${`");
    can_not_hold(Dotenv, "text a'\\", "it needs quotes and ends with a backslash");
    can_not_hold(Dotenv, "text $\r", "it contains both a carriage return and `$`");
    can_not_hold(Dotenv, "text \0", "a variable can't contain the character NUL");
    can_not_hold(Dotenv, "bytes x", "it is bytes");
}

#[test]
fn docker_env() {
    reads(
        DockerEnv,
        "#a\n A= \"b\" # c \r\nB=\n",
        &["/A text  \"b\" # c ", "/B text "],
    );
    refuses(
        DockerEnv,
        "A\n",
        "expected `=` after the name; a name without it would mean this machine's",
    );
    can_not_hold(DockerEnv, "text a\nb", "it contains a line break");
    can_not_hold(DockerEnv, "text a\r", "it contains a line break");
    can_not_hold(
        DockerEnv,
        &format!("text {}", "x".repeat(65_533)),
        "Docker does not read lines of 64 KiB or more",
    );
    assert!(
        write(
            DockerEnv,
            &items(&[("/k", &format!("text {}", "x".repeat(65_532)))]),
            &layout("/")
        )
        .is_ok()
    );
}

#[test]
fn shell() {
    reads(
        Shell,
        "#!/bin/sh\nexport A='b'\\''c'\nB=''\n C='d\n'",
        &["/A text b'c", "/B text ", "/C text d\n"],
    );
    refuses(Shell, "A='hunter2", "unclosed quote, at line 1, column 3");
    refuses(Shell, "A=$(hunter2)", "expected a value in single quotes");
    refuses(Shell, "A='b' hunter2", "expected a value in single quotes");
    refuses(
        Shell,
        "A='b'\nset -e",
        "expected `=` right after the name, at line 2, column 4",
    );
}

#[test]
fn fish() {
    reads(
        Fish,
        "#!/usr/bin/fish\nset -gx A 'b\\'c\\\\ \\n'\r\n set -gx B ''\nset -gx C 'd\n'",
        &["/A text b'c\\ \\n", "/B text ", "/C text d\n"],
    );
    refuses(Fish, "set -gx A 'hunter2", "unclosed quote, at line 1, column 12");
    refuses(Fish, "set -gx A (hunter2)", "expected a value in single quotes");
    refuses(Fish, "set -gx A 'b' hunter2", "expected the end of the line");
    refuses(Fish, "set A 'hunter2'", "expected `set -gx` and a name");
}

#[test]
fn github_env() {
    reads(
        GithubEnv,
        "A=b=c\n\nB<<X\nY\nX \nX\nC<<X\r\n1\r\nX\r\nD<<X\nX\nE<<X\n\n\nX",
        &[
            "/A text b=c",
            "/B text Y\nX ",
            "/C text 1\r",
            "/D text ",
            "/E text \n",
        ],
    );
    refuses(
        GithubEnv,
        "A<<X\nhunter2",
        "the delimiter is missing at the end, at line 1, column 4",
    );
    refuses(
        GithubEnv,
        "A<<\nhunter2",
        "expected a delimiter, at line 1, column 4",
    );
    refuses(GithubEnv, "A hunter2", "expected `=` or `<<`");
}

#[test]
fn properties() {
    reads(
        Properties,
        "# c\n! d\n\n a.b = c \\\n   d\nb\\:c:\\u00e9\\ud83d\\ude00\nc d\\te\nf=\\ g \ng\nh=\\z\\\\",
        &[
            "/a/b text c d",
            "/b:c text é😀",
            "/c text d\te",
            "/f text  g ",
            "/g text ",
            "/h text z\\",
        ],
    );
    refuses(
        Properties,
        "a=1\nb=\\u12",
        "expected four hexadecimal digits after \\u, at line 2, column 1",
    );
    refuses(
        Properties,
        "b=\\ud800 hunter2",
        "expected four hexadecimal digits after \\u",
    );
    let two = write(
        Properties,
        &items(&[("/a/b", "text 1"), ("/a.b", "text 2")]),
        &layout("/"),
    );
    assert_eq!(
        two.expect_err("one name").to_string(),
        "keys /a/b and /a.b would both be named a.b in .properties"
    );
}

#[test]
fn tfvars() {
    reads(
        Tfvars,
        "# c\na = \"x$${y}\" // d\nb = 1.10\nc = -5\nd = true\ne = null\nf = [\"a\", 1.0]\ng = { h = 1, \"i\" : \"\\\"\" }\nj = <<EOT\nk\nEOT\n",
        &[
            "/a text x${y}",
            "/b json 1.10",
            "/c json -5",
            "/d json true",
            "/e json null",
            "/f json [\"a\",1.0]",
            "/g json {\"h\":1,\"i\":\"\\\"\"}",
            "/j text k\n",
        ],
    );
    refuses(
        Tfvars,
        "a = 1\nb = \"x${hunter2}\"",
        "expected a literal value, at line 2, column 1",
    );
    refuses(
        Tfvars,
        "a = 1\n\nb {\n}\n",
        "expected `name = value`; blocks are not supported, at line 3, column 1",
    );
    refuses(
        Tfvars,
        "a = hunter2",
        "expected a literal value, at line 1, column 1",
    );
    refuses(Tfvars, "a = \"hunter2", "");
    refuses(Tfvars, "a", "");
}

#[test]
fn kubernetes() {
    let secret = "kind: Secret\nmetadata: {name: x}\ndata:\n  a.b: aGk=\n  c: /w==\nstringData: {d: x}\n";
    reads(
        K8sSecret,
        secret,
        &["/a/b text hi", "/c bytes \u{fffd}", "/d text x"],
    );
    let json = r#"{"kind": "ConfigMap", "data": {"a": "1"}, "binaryData": {"b": "/w=="}}"#;
    reads(K8sConfigmap, json, &["/a text 1", "/b bytes \u{fffd}"]);
    reads(K8sConfigmap, "kind: ConfigMap\ndata:\n", &[]);
    refuses(
        K8sConfigmap,
        secret,
        "expected `kind: ConfigMap`, at line 1, column 1",
    );
    refuses(
        K8sSecret,
        "kind: Secret\ndata: {a: hunter2!}",
        "not valid base64, at line 2, column 11",
    );
    refuses(
        K8sConfigmap,
        "kind: ConfigMap\ndata: {a: 1}",
        "expected a string: quote it, at line 2, column 11",
    );
    refuses(
        K8sConfigmap,
        "kind: ConfigMap\ndata: []",
        "data must be a mapping, at line 2, column 7",
    );
    refuses(K8sConfigmap, "- a", "expected a mapping, at line 1, column 1");
    let error = write(K8sSecret, &items(&[("/a:b", "text 1")]), &layout("/")).expect_err("a colon");
    assert!(
        error
            .to_string()
            .starts_with("cannot write the key /a:b as k8s-secret: "),
        "{error}"
    );
    for format in [K8sSecret, K8sConfigmap] {
        for bad in ["/..a", "/...", "/..a/b"] {
            let error = write(format, &items(&[(bad, "text x")]), &layout("/")).expect_err(bad);
            assert!(error.to_string().contains("can't start with `..`"), "{error}");
        }
        write(
            format,
            &items(&[("/.a", "text x"), ("/a/..b", "text x")]),
            &layout("/"),
        )
        .expect("kubectl takes them");
    }
    let large = ["/a", "/b", "/c", "/d", "/e", "/f"].map(|key| (key, "x".repeat(190_000)));
    let large = large
        .map(|(key, text)| items(&[(key, &format!("text {text}"))]))
        .concat();
    let error = write(K8sSecret, &large, &layout("/")).expect_err("too much");
    assert!(
        error.to_string().contains("the object would exceed 1 MiB"),
        "{error}"
    );
}

#[test]
fn names() {
    for format in [Dotenv, DockerEnv, Shell, Fish, GithubEnv, Tfvars] {
        let refused = |given: &[(&str, &str)], prefix: &str| {
            write(format, &items(given), &layout(prefix))
                .expect_err("a bad name")
                .to_string()
        };
        assert_eq!(
            refused(&[("/a-b", "text 1"), ("/a/b", "text 2")], "/"),
            "keys /a-b and /a/b would both be the variable A_B"
        );
        assert_eq!(refused(&[("/a", "text 1")], "/db"), "key /a is not below /db");
    }
    for (format, text) in [
        (Dotenv, "A=1\nA=2"),
        (DockerEnv, "A=1\nA=2"),
        (Shell, "A='1'\nA='2'"),
        (GithubEnv, "A=1\nA=2"),
        (Properties, "A=1\nA=2"),
    ] {
        let error = read(format, text.as_bytes(), &layout("/db")).expect_err(text);
        assert_eq!(
            error.to_string(),
            "duplicate key /db/A: at line 1, column 1 and at line 2, column 1"
        );
    }
}
