//! Shared application configuration on AWS with nothing to host.
//!
//! A program reads its config through a [`Client`], which opens what the command line would work on: the config,
//! engine and identity of the environment or the nearest `.discfg`, in the role that CloudFormation made for reading.
//!
//! ```no_run
//! # #[derive(serde::Deserialize)]
//! # struct Db { url: String }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), discfg::client::ClientError> {
//! let client = discfg::Client::from_env().await?;
//! let size: Option<u32> = client.get("/db/pool/size").await?;
//! let db: Db = client.snapshot("/db").await?.deserialize()?;
//! let live = client.live::<Db>("/db").await?; // keeps itself current
//! # Ok(())
//! # }
//! ```
//!
//! A test, or a program without AWS, uses the embedded engine in the same way:
//!
//! ```
//! use discfg::Client;
//! use discfg::model::Guard;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let client = Client::builder().config("mycfg").local(folder.path()).open().await?;
//!
//! let entry = client.set("/db/pool/size", 20).await?;
//! assert_eq!(client.get::<u32>("/db/pool/size").await?, Some(20));
//!
//! // Nobody has changed it since it was read, or nothing is written.
//! let unchanged = Guard::Revision(entry.key, entry.revision);
//! client.set_if("/db/pool/size", 30, unchanged).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `cli` (default): the command line, and with it clap, indicatif and `stack`.
//! - `stack`: deploying a config's CloudFormation stack, for the command line; no public API.
//! - `http`: the HTTP API as a router over stores, for a server of one's own; `serve` adds the server of `discfg serve`.
//! - `profiles` (with `cli`): credentials of single sign-on and of programs, as profiles name them.
//! - `dynamodb` (default): configs on DynamoDB and behind an HTTP API. Without it nothing of AWS's SDK comes along.
//! - `local` (default): the embedded engine, with SQLite built in.
//! - `conformance`: the suite that every engine passes, for engines of other crates.
//!
//! An application that reads from DynamoDB takes `dynamodb` alone (`default-features = false`), with `profiles` where it also
//! runs on a person's machine as that person; one on the embedded engine takes `local`.

// Of the modules that are hidden nothing is public API: the command line, the function for AWS Lambda and the tests of this
// repository use them, and they change without notice.
#[cfg(feature = "dynamodb")]
pub mod aws;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
pub mod client;
#[cfg(feature = "console")]
mod console;
#[doc(hidden)]
pub mod context;
pub mod engine;
mod files;
#[doc(hidden)]
pub mod formats;
#[cfg(feature = "http")]
pub mod http;
pub mod model;
pub mod ops;
#[cfg(feature = "cli")]
mod sources;
#[cfg(feature = "stack")]
#[doc(hidden)]
pub mod stack;
pub mod store;
#[doc(hidden)]
pub mod wire;

pub use client::{Client, Live};

/// The macro for implementations of [`Store`](store::Store), as this crate uses it.
pub use async_trait::async_trait;
/// The streams of this crate's signatures, and the traits to use them.
pub use futures;
