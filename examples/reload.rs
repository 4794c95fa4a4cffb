//! A service that takes over its settings when they change.
//!
//! ```text
//! discfg init demo --local
//! discfg set /app/greeting hello
//! discfg set /app/every 2
//! cargo run --example reload
//! ```
//!
//! In another terminal, `discfg set /app/greeting 'good morning'` is taken over within a second, and `discfg set
//! /app/every soon` is not: it is no number, so the service goes on with the settings it has, and says why.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example tells what it does"
)]

use std::time::Duration;

use discfg::{Client, Live};
use serde::Deserialize;
use tokio::time::sleep;

#[derive(Debug, Deserialize)]
struct Settings {
    greeting: String,
    /// How many seconds to wait between two greetings.
    every: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::from_env().await?;
    // Half a read unit a look: a second suits a demonstration, the default of 30 seconds a fleet.
    let settings: Live<Settings> = client.live_every("/app", Duration::from_secs(1)).await?;
    let mut changes = settings.clone();
    loop {
        let now = settings.get();
        println!("{}", now.greeting);
        if let Some(error) = settings.last_error() {
            let age = settings.age().as_secs();
            eprintln!("the settings are {age} seconds old: {error}");
        }
        tokio::select! {
            () = sleep(Duration::from_secs(now.every)) => {}
            new = changes.changed() => println!("new settings: {new:?}"),
        }
    }
}
