//! Locks taken and held by processes on machines whose clock is wrong.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use support::account::Account;
use support::cli::Place;
use support::config::{TABLE, on_table};

/// A library that puts the wall clock of a program that loads it first wrong by `CLOCK_OFFSET` seconds.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    const char *offset = getenv("CLOCK_OFFSET");
    if (result == 0 && clock == CLOCK_REALTIME && offset) time->tv_sec += atol(offset);
    return result;
}
"#;

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    since.as_secs().cast_signed()
}

/// The same place, on a machine whose clock is wrong by that many seconds.
fn off_by(place: Place, seconds: i64) -> Place {
    let source = place.write("clock.c", CLOCK);
    let library = source.with_extension("so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status()
        .expect("a C compiler, as the embedded engine needs one");
    assert!(built.success(), "the library compiles");
    let place = place
        .env("LD_PRELOAD", library)
        .env("CLOCK_OFFSET", seconds.to_string());
    let date = place.shell("date +%s").run().code(0).text();
    let off = date.trim().parse::<i64>().expect("seconds") - now();
    assert!((off - seconds).abs() <= 2, "the clock is off by {off} seconds");
    place
}

/// When the lock ends, by a client that is not ours.
fn ends(account: &Account) -> i64 {
    let items = account.items(TABLE);
    let lock = items.iter().find(|item| item["sk"]["S"] == "/lock");
    let expires = lock.and_then(|lock| lock["expires_at"]["N"].as_str());
    expires.expect("a lock").parse().expect("seconds")
}

/// Runs a command that gives the lock a minute, and checks when that ends.
fn gives_a_minute(account: &Account, place: &Place, args: &[&str]) {
    let before = now();
    place.args(args).run().code(0);
    let (ends, after) = (ends(account), now());
    assert!(
        (before + 60..=after + 61).contains(&ends),
        "{args:?} between {before} and {after} gives it until {ends}"
    );
}

#[test]
fn a_lock_is_held_and_kept_on_a_machine_whose_clock_is_four_minutes_off() {
    for seconds in [-240, 240] {
        let (account, place) = on_table();
        let take = ["set", "lock", "me", "--if-absent", "--ttl", "1m"];
        let place = off_by(place, seconds);
        gives_a_minute(&account, &place, &take);
        gives_a_minute(&account, &place, &["touch", "lock"]);
        gives_a_minute(&account, &place, &["touch", "lock", "--ttl", "60s"]);
        place.args(take).run().code(4);
        place.without_env("LD_PRELOAD").args(take).run().code(4);
    }
}
