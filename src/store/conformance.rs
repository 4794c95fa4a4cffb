//! The suite that every engine passes: what a [`Store`] promises, as checks that fail where it isn't kept.
//!
//! An engine's tests make a [`Harness`] and let [`conformance_tests!`](crate::conformance_tests) turn each check
//! into a test of its own. Every check gets a fresh, empty config and holds its time. The tests run on tokio's
//! multi-threaded runtime, so the crate that expands the macro depends on `tokio` with `macros` and
//! `rt-multi-thread`.
//!
//! ```text
//! use std::sync::Arc;
//! use discfg::model::Clock;
//! use discfg::store::{Store, conformance::Harness};
//!
//! struct Mine { clock: Arc<dyn Clock>, /* where the config lies */ }
//!
//! #[async_trait::async_trait]
//! impl Harness for Mine {
//!     async fn open(&self) -> Arc<dyn Store> {
//!         Arc::new(MyEngine::open(/* … */ self.clock.clone()).await.unwrap())
//!     }
//! }
//!
//! async fn fresh(clock: Arc<dyn Clock>) -> Mine {
//!     Mine { clock }
//! }
//!
//! discfg::conformance_tests!(fresh); // or (fresh, without admin), where the engine has no `Admin`
//! ```
//!
//! # What is checked
//!
//! | module | rules |
//! | --- | --- |
//! | guards | each [`Guard`](crate::model::Guard) holds or fails at the moment of the commit, expired entries being absent; a conflict shows what is there; guards alone write nothing |
//! | versions | a version counts the writes of a key from 1 and begins again after a delete; a revision counts the commits of a section; keys of one commit share it |
//! | atomic | all changes or none, in one section and across; a key twice is `Twice`; more than 100 actions or 4 MB is `Limit`; deletes of absent keys leave no trace |
//! | expiry | an entry is absent from its second on: from reads, listings, folders, snapshots and guards; its key begins again with version 1 |
//! | ttl | a write drops, keeps or gives a time to live; `touch` renews without commit or log line, is `NoTtl` without one, and makes no entry |
//! | log | every change once, in order, with what it replaced; read from a revision; history newest first, strictly before a revision, of a key and of a section; a commit's message, and where a moved key came from; expiries aren't logged |
//! | retention | lines older than the settings' days are `Compacted`, with the oldest revision that the log still has; **a config whose settings say a newer layout is not written: `Layout`** |
//! | purge | a key's old values leave the log and are marked, but for that of its entry; a key that changed within two minutes is left as it is: `PurgeTooSoon`; no head moves |
//! | listing | byte order of paths, folders with their slash; `/db` has no part in `/dbx`; `after` is exclusive, `limit` exact; large ones are read to their end |
//! | snapshots | one moment, whole commits only, also across sections and with large values |
//! | heads | where each section stands; registered ones without a commit have none; `wait` gives what moved, or nothing at its deadline |
//! | races, together | no write is lost, no guard is passed by two; each of many commits at once gets its own answer; a recorded commit is made once, and known for 24 hours |
//! | values | bytes stay as given, up to 190,000; the longest keys |
//! | secrets | nothing plain is written where a secret is: `Unsealed`; no guard asks for one: `GuardOnSecret`; a sealed value opens at its own key alone |
//!
//! A check ends: what an engine lists or logs without end, or doesn't answer within five minutes, is a failure.

mod atomic;
mod expiry;
mod guards;
mod harness;
mod heads;
mod listing;
mod log;
mod purge;
mod races;
mod retention;
mod secrets;
mod snapshots;
mod support;
mod together;
mod ttl;
mod values;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

pub use self::harness::Harness;
use self::support::Config;
#[cfg(doc)]
use super::Store;
use crate::model::{Clock, TestClock};

/// How long a check may take.
pub const LONGEST_CHECK: Duration = Duration::from_mins(5);

/// Runs the check of that name against the config that `fresh` makes.
///
/// # Panics
///
/// Where the engine breaks what the check holds or takes longer than [`LONGEST_CHECK`], or no check has that name.
pub async fn run<H: Harness + 'static>(check: &str, fresh: impl AsyncFnOnce(Arc<dyn Clock>) -> H) {
    let checked = timeout(LONGEST_CHECK, async {
        let clock = Arc::new(TestClock::new());
        let harness = fresh(clock.clone()).await;
        let config = Config::new(Box::new(harness), clock).await;
        let config = &config;
        crate::conformance_tests!(@list dispatch (check, config));
    });
    assert!(
        checked.await.is_ok(),
        "{check} did not end within {LONGEST_CHECK:?}"
    );
}

/// Makes a `#[tokio::test]` of each check of the suite. Takes the path of a function
/// `async fn(Arc<dyn Clock>) -> impl Harness`, which is called once for each; and `without admin` for an engine that has
/// none: then there are no checks of it.
#[macro_export]
macro_rules! conformance_tests {
    (@list $rule:ident ($($given:tt)*)) => {
        $crate::conformance_tests! { @$rule ($($given)*)
            guards:
                a_key_guarded_as_absent
                a_key_guarded_as_present
                a_key_guarded_at_a_revision
                a_key_guarded_by_its_value
                a_section_guarded_at_a_revision
                guards_reach_keys_and_sections_that_are_not_written
                guards_alone_write_nothing;
            versions:
                versions_count_writes_and_revisions_count_commits
                a_delete_ends_the_count_of_versions
                keys_of_one_commit_share_a_revision
                sections_count_apart
                a_commit_tells_what_it_did
                the_lines_of_a_commit_name_its_other_sections;
            atomic:
                a_refused_commit_leaves_nothing_in_one_section
                a_refused_commit_leaves_nothing_across_sections
                one_key_twice_is_refused
                a_hundred_actions_are_the_limit
                the_bytes_of_a_commit_are_limited
                deletes_of_absent_keys_leave_no_trace;
            expiry:
                an_expired_key_is_absent_from_reads
                an_expired_key_is_absent_from_folders
                an_expired_key_is_absent_to_guards
                an_expired_key_begins_anew
                an_expired_key_is_not_deleted_again;
            ttl:
                a_write_says_what_becomes_of_the_ttl
                touch_renews_and_leaves_no_trace
                touch_gives_a_ttl
                touch_needs_a_ttl
                touch_makes_no_ghost;
            log:
                the_log_holds_every_change_and_what_it_replaced
                the_log_keeps_the_ttl_of_what_was_replaced
                the_log_is_read_from_a_revision
                the_log_of_large_values_is_read_to_its_end
                history_is_newest_first
                history_ends_before_a_revision
                the_history_of_a_section_has_whole_revisions
                a_message_and_where_a_key_came_from_are_kept
                an_expiry_is_not_logged
                an_older_state_is_the_state_now_undone;
            retention:
                old_lines_are_compacted
                a_log_that_is_gone_is_compacted;
            purge:
                old_values_are_purged_and_the_current_one_stays
                all_values_of_a_deleted_key_are_purged
                all_values_of_an_expired_key_are_purged
                what_changed_just_now_is_not_purged
                a_purge_touches_no_other_key
                purging_again_finishes_what_is_left
                a_key_that_never_was_is_not_purged
                a_repeated_commit_does_not_answer_what_was_purged;
            listing:
                prefixes_are_not_fooled_by_siblings
                listings_begin_after_a_name
                listings_end_at_a_limit
                a_large_listing_is_read_to_its_end
                an_eventual_read_gets_there;
            snapshots:
                a_snapshot_holds_its_prefixes
                a_snapshot_is_whole_within_a_section
                a_snapshot_is_whole_across_sections
                a_snapshot_of_large_values_is_read_to_its_end
                a_snapshot_comes_an_entry_at_a_time;
            heads:
                heads_tell_where_sections_stand
                a_commit_is_found_by_its_id
                wait_gives_what_has_moved
                wait_gives_nothing_at_its_deadline
                wait_wakes_for_a_commit
                wait_sees_new_sections;
            races:
                eight_writers_lose_nothing
                blind_writes_are_all_logged
                transfers_across_sections_keep_the_sum
                one_of_many_creates_a_key;
            together:
                each_of_many_gets_its_own_answer
                a_counter_of_many_tasks_loses_nothing
                many_writes_of_one_key_are_in_one_order
                a_refused_one_among_many_fails_alone
                many_create_a_key_once
                sections_that_many_share_stay_in_step
                a_commit_says_who_writes
                a_recorded_commit_is_made_once
                a_recorded_commit_is_known_for_a_day
                a_recorded_commit_that_was_not_made_is_made
                an_id_is_not_used_for_other_changes
                copies_of_one_commit_at_once_are_one;
            values:
                values_stay_as_given
                values_at_the_limit
                the_longest_keys
                many_keys_are_read_together;
            secrets:
                a_secret_is_stored_sealed
                a_secret_stays_one_until_it_is_plain
                nothing_plain_is_written_over_a_secret
                no_guard_tells_the_value_of_a_secret
                a_secret_opens_only_where_it_belongs
                secrets_of_one_commit_share_a_data_key;
            @admin
            heads:
                registered_sections_have_no_head;
            retention:
                the_settings_say_how_long_lines_are_kept
                a_newer_layout_is_not_written;
        }
    };
    (@dispatch ($check:ident, $config:ident)
        $($module:ident: $($name:ident)+;)+
        @admin $($admin_module:ident: $($admin_name:ident)+;)+
    ) => {
        match $check {
            $($(stringify!($name) => Box::pin($module::$name($config)).await,)+)+
            $($(stringify!($admin_name) => Box::pin($admin_module::$admin_name($config)).await,)+)+
            _ => panic!("the suite has no check {}", $check),
        }
    };
    (@tests ($fresh:path)
        $($module:ident: $($name:ident)+;)+
        @admin $($admin_module:ident: $($admin_name:ident)+;)+
    ) => {
        $($($crate::conformance_tests!(@test $name $fresh);)+)+
        $($($crate::conformance_tests!(@test $admin_name $fresh);)+)+
    };
    (@tests_without_admin ($fresh:path)
        $($module:ident: $($name:ident)+;)+
        @admin $($admin_module:ident: $($admin_name:ident)+;)+
    ) => {
        $($($crate::conformance_tests!(@test $name $fresh);)+)+
    };
    (@test $name:ident $fresh:path) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            $crate::store::conformance::run(stringify!($name), $fresh).await;
        }
    };
    ($fresh:path, without admin) => {
        $crate::conformance_tests!(@list tests_without_admin ($fresh));
    };
    ($fresh:path) => {
        $crate::conformance_tests!(@list tests ($fresh));
    };
}
