use super::*;
use crate::model::Encoding;

fn node(kind: &str, value: &str, by: &str) -> String {
    let times = r#""created":"1970-01-01T00:00:00Z","modified":"1970-01-01T00:00:00Z""#;
    format!(
        r#"{{"key":"/db/a","kind":"{kind}","version":1,"revision":1,"value":{value:?},"by":{by:?},{times}}}"#
    )
}

#[test]
fn a_value_is_of_its_kind() {
    let read = |json: &str| {
        let node: StoredNode = serde_json::from_str(json).expect(json);
        Entry::try_from(node)
    };
    read(&node("json", "{}", "me")).expect("an entry");
    for (kind, value) in [
        ("json", "1, \"/good/x\": \"forged\""),
        ("json", ""),
        ("bytes", "?"),
    ] {
        let error = read(&node(kind, value, "me")).expect_err(value).to_string();
        assert!(error.contains("/db/a") && !error.contains("forged"), "{error}");
    }
    let error =
        Entry::try_from(serde_json::from_str::<StoredNode>(&node("json", "1", "me\n2026")).expect("a node"));
    assert!(
        error
            .expect_err("a writer of two lines")
            .to_string()
            .contains("/db/a")
    );
    let line =
        node("json", "1, 2", "me").replacen('{', r#"{"op":"set","section":"/db","index":0,"of":1,"#, 1);
    let line = line.replacen(
        "\"created\"",
        r#""commit":"c","at":"1970-01-01T00:00:00Z","created""#,
        1,
    );
    let line: StoredChange = serde_json::from_str(&line).expect(&line);
    assert!(Change::try_from(line).is_err());
}

#[test]
fn a_line_goes_through_without_loss() {
    let value = |text: &str| Value::new(text, Encoding::Text).expect("a value");
    let ttl = Some(Ttl::from_seconds(60).expect("a minute"));
    let previous = Previous {
        value: value("old").into(),
        version: 1,
        revision: Revision::new(6),
        secret: true,
        created: Timestamp::from_epoch(10),
        modified: Timestamp::from_epoch(20),
        by: "before".into(),
        ttl,
        expires: Some(Timestamp::from_epoch(80)),
    };
    let line = Change {
        key: "/db/a".parse().expect("a key"),
        revision: Revision::new(7),
        index: 1,
        of: 2,
        op: Op::Delete,
        previous: Some(previous),
        by: "me".into(),
        at: Timestamp::from_epoch(30),
        commit: "once".parse().expect("an id"),
        with: BTreeMap::from([
            ("/app".parse().expect("a section"), Revision::new(3)),
            ("@root".parse().expect("a section"), Revision::new(1)),
        ]),
        message: Some("why".into()),
        from: Some("/db/old".parse().expect("a key")),
    };
    let set = Change {
        op: Op::Set {
            value: value("new").into(),
            version: 2,
            secret: false,
            ttl,
            expires: Some(Timestamp::from_epoch(90)),
        },
        previous: None,
        with: BTreeMap::new(),
        message: None,
        from: None,
        ..line.clone()
    };
    let mut purged = Change {
        previous: line.previous.clone(),
        ..set.clone()
    };
    if let (Op::Set { value, .. }, Some(previous)) = (&mut purged.op, &mut purged.previous) {
        (*value, previous.value) = (LoggedValue::Purged, LoggedValue::Purged);
    }
    for line in [line, set, purged] {
        let json = serde_json::to_string(&StoredChange::from(&line)).expect("JSON");
        let read: StoredChange = serde_json::from_str(&json).expect(&json);
        assert_eq!(Change::try_from(read), Ok(line), "{json}");
    }
}

#[test]
fn only_what_says_that_it_was_purged_has_no_value() {
    let marked = |json: &str| json.replacen('{', r#"{"purged":true,"#, 1);
    let bare = node("json", "1", "me").replacen(r#""kind":"json","#, "", 1);
    let bare = bare.replacen(r#""value":"1","#, "", 1);
    let entry = |json: &str| Entry::try_from(serde_json::from_str::<StoredNode>(json).expect(json));
    let previous = |json: &str| Previous::try_from(serde_json::from_str::<StoredNode>(json).expect(json));
    assert!(
        previous(&marked(&bare))
            .expect("what was replaced")
            .value
            .is_purged()
    );
    for (read, what) in [
        (entry(&marked(&bare)).err(), "an entry is never purged"),
        (entry(&bare).err(), "an entry has a value"),
        (previous(&bare).err(), "a value that is missing was not purged"),
        (
            previous(&marked(&node("json", "1", "me"))).err(),
            "a value that is there was not purged",
        ),
    ] {
        let error = read.unwrap_or_else(|| panic!("{what}"));
        assert!(error.to_string().contains("/db/a"), "{error}");
    }
}
