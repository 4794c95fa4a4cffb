//! What the formats refuse, to read and to write, and how they say it.

use super::DataFormat::{DockerEnv, Dotenv, GithubEnv, K8sConfigmap, K8sSecret, Properties, Shell, Tfvars};
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
    let wanted = format!("this is no {format} as discfg reads it: {problem}");
    assert!(error.to_string().starts_with(&wanted), "{error}\n{wanted}");
}

#[track_caller]
fn can_not_hold(format: DataFormat, value: &str, reason: &str) {
    let error = write(format, &items(&[("/k", value)]), &layout("/")).expect_err(value);
    let wanted = format!("{format} can't hold the value of /k: {reason}");
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
        "`=` was expected after the name, at line 2, column 2",
    );
    refuses(
        Dotenv,
        "A='hunter2\n",
        "the quote that opens here is never closed, at line 1, column 3",
    );
    refuses(
        Dotenv,
        "A=\"hunter2\\",
        "the quote that opens here is never closed, at line 1, column 3",
    );
    refuses(
        Dotenv,
        "A='b'hunter2",
        "only a comment may follow the closing quote, at line 1, column 6",
    );
    refuses(Dotenv, "A=b${hunter2}", "`${` is not expanded here");
    refuses(Dotenv, "A=\"b${hunter2}\"", "`${` is not expanded here");
    refuses(Dotenv, "A=`hunter2`", "readers differ over backticks");
    refuses(Dotenv, "A=b\rC=hunter2", "a carriage return must be written \\r");
    refuses(Dotenv, "=hunter2", "a name was expected, at line 1, column 1");
    can_not_hold(Dotenv, "text a${b}", "readers put a variable in the place");
    can_not_hold(Dotenv, "text a'\\", "it needs quotes and ends with a backslash");
    can_not_hold(Dotenv, "text $\r", "it holds a carriage return beside `$`");
    can_not_hold(Dotenv, "text \0", "no variable holds the character NUL");
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
        "`=` was expected after the name; a name alone would be this machine's own",
    );
    can_not_hold(DockerEnv, "text a\nb", "a value ends with its line");
    can_not_hold(DockerEnv, "text a\r", "a value ends with its line");
    can_not_hold(
        DockerEnv,
        &format!("text {}", "x".repeat(65_533)),
        "docker takes no line of 64 KiB or more",
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
    refuses(
        Shell,
        "A='hunter2",
        "the quote that opens here is never closed, at line 1, column 3",
    );
    refuses(
        Shell,
        "A=$(hunter2)",
        "only a value between single quotes is read",
    );
    refuses(
        Shell,
        "A='b' hunter2",
        "only a value between single quotes is read",
    );
    refuses(
        Shell,
        "A='b'\nset -e",
        "`=` was expected right after the name, at line 2, column 4",
    );
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
        "the delimiter that is named here never comes, at line 1, column 4",
    );
    refuses(
        GithubEnv,
        "A<<\nhunter2",
        "a delimiter was expected, at line 1, column 4",
    );
    refuses(GithubEnv, "A hunter2", "`=` or `<<` was expected");
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
        "\\u must be followed by four digits of a character, at line 2, column 1",
    );
    refuses(
        Properties,
        "b=\\ud800 hunter2",
        "\\u must be followed by four digits of a character",
    );
    let two = write(
        Properties,
        &items(&[("/a/b", "text 1"), ("/a.b", "text 2")]),
        &layout("/"),
    );
    assert_eq!(
        two.expect_err("one name").to_string(),
        "the keys /a/b and /a.b would both be a.b in properties"
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
        "a literal value was expected, at line 2, column 1",
    );
    refuses(
        Tfvars,
        "a = 1\n\nb {\n}\n",
        "blocks are not read: `name = value` was expected, at line 3, column 1",
    );
    refuses(
        Tfvars,
        "a = hunter2",
        "a literal value was expected, at line 1, column 1",
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
        "`kind: ConfigMap` was expected, at line 1, column 1",
    );
    refuses(
        K8sSecret,
        "kind: Secret\ndata: {a: hunter2!}",
        "this is no base64, at line 2, column 11",
    );
    refuses(
        K8sConfigmap,
        "kind: ConfigMap\ndata: {a: 1}",
        "a text was expected: quote it, at line 2, column 11",
    );
    refuses(
        K8sConfigmap,
        "kind: ConfigMap\ndata: []",
        "its data must be a mapping, at line 2, column 7",
    );
    refuses(
        K8sConfigmap,
        "- a",
        "one object was expected, at line 1, column 1",
    );
    let error = write(K8sSecret, &items(&[("/a:b", "text 1")]), &layout("/")).expect_err("a colon");
    assert!(
        error
            .to_string()
            .starts_with("k8s-secret can't name the key /a:b: "),
        "{error}"
    );
    let large = ["/a", "/b", "/c", "/d", "/e", "/f"].map(|key| (key, "x".repeat(190_000)));
    let large = large
        .map(|(key, text)| items(&[(key, &format!("text {text}"))]))
        .concat();
    let error = write(K8sSecret, &large, &layout("/")).expect_err("too much");
    assert!(
        error.to_string().contains("/f: with it there is over 1 MiB"),
        "{error}"
    );
}

#[test]
fn names() {
    for format in [Dotenv, DockerEnv, Shell, GithubEnv, Tfvars] {
        let refused = |given: &[(&str, &str)], prefix: &str| {
            write(format, &items(given), &layout(prefix))
                .expect_err("a bad name")
                .to_string()
        };
        assert_eq!(
            refused(&[("/a-b", "text 1"), ("/a/b", "text 2")], "/"),
            "the keys /a-b and /a/b would both be the variable A_B"
        );
        assert_eq!(
            refused(&[("/a", "text 1")], "/db"),
            "the key /a doesn't lie below /db"
        );
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
            "the key /db/A is there twice: at line 1, column 1 and at line 2, column 1"
        );
    }
}
