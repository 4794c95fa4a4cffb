//! One commit under a caller's id, sent by way of two servers.

use std::sync::Arc;

use super::commits::{Broken, Commits};
use super::{assert_holds, counterexample, delete, set, txn};
use crate::store::Txn;

/// Two servers with the same commit, and a writer that overwrites it.
fn resent() -> Commits {
    let recorded = Txn {
        recorded: true,
        ..txn("again", vec![set("/a/x", "2")])
    };
    let overwrites = txn("over", vec![set("/a/x", "3")]);
    Commits {
        there: vec![txn("first", vec![set("/a/x", "1")])],
        txns: [recorded.clone(), recorded].map(Arc::new).to_vec(),
        others: vec![overwrites],
        lost: 1,
        crashes: 0,
        broken: None,
    }
}

#[test]
fn a_commit_that_two_servers_are_sent_is_made_once() {
    assert_holds("two servers", resent());
}

/// Two servers with the same deletes, and a writer that moves the value from one of the keys to the other.
fn resent_deletes() -> Commits {
    let recorded = Txn {
        recorded: true,
        ..txn("again", vec![delete("/a/x"), delete("/a/y")])
    };
    Commits {
        txns: [recorded.clone(), recorded].map(Arc::new).to_vec(),
        others: vec![txn("moves", vec![set("/a/y", "2"), delete("/a/x")])],
        lost: 0,
        ..resent()
    }
}

#[test]
fn deletes_that_two_servers_are_sent_are_made_once() {
    assert_holds("two servers that delete", resent_deletes());
}

#[test]
fn a_commit_made_twice_is_found_without_records() {
    let model = Commits {
        broken: Some(Broken::Records),
        ..resent()
    };
    assert!(counterexample("two servers without records", model).is_some());
}
