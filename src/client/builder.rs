use std::env;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use super::{Client, ClientError};
use crate::context::{Choices, EngineName, Target};
#[cfg(feature = "local")]
use crate::engine;
use crate::model::{Clock, Prefix};

/// What a client is to open. What isn't said here is what the command line would take: what the `DISCFG_` variables say,
/// else the nearest `.discfg` from the working folder upwards, with the AWS SDKs' own settings.
///
/// ```no_run
/// use discfg::Client;
///
/// # async fn f() -> Result<(), discfg::client::ClientError> {
/// let payments = Client::builder().config("payments").region("eu-central-1").open().await?;
/// let orders = Client::builder().config("orders").region("us-east-1").identity("read").open().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "nothing is opened before `open`"]
pub struct ClientBuilder {
    config: Option<String>,
    engine: Option<String>,
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<String>,
    identity: Option<String>,
    account: Option<String>,
    external_id: Option<String>,
    prefix: Option<String>,
    local: Option<PathBuf>,
    clock: Option<Arc<dyn Clock>>,
    is_alone: bool,
}

impl ClientBuilder {
    /// The config.
    pub fn config(mut self, name: impl Into<String>) -> Self {
        self.config = Some(name.into());
        self
    }

    /// The engine: `dynamodb`, `local`, or the address of an API.
    pub fn engine(mut self, engine: impl Into<String>) -> Self {
        self.engine = Some(engine.into());
        self
    }

    /// The AWS region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// The profile of the AWS config files.
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// The endpoint of all AWS services, such as that of an emulator.
    pub fn endpoint_url(mut self, url: impl Into<String>) -> Self {
        self.endpoint_url = Some(url.into());
        self
    }

    /// As whom: `read` or `write` for the config's roles, the name of a grant, or `self` for the caller's own
    /// credentials. Else reads are made in the role that reads, and writes in the role that writes.
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// The account that the config lives in, where it isn't the caller's.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = Some(account.into());
        self
    }

    /// The external id that the config's roles ask of another account.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// The prefix below which keys and prefixes lie that are given without a leading slash, as in
    /// [`Client::below`].
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// The embedded engine with its files in that folder, and nothing of the environment. A config that isn't there is
    /// made.
    #[cfg(feature = "local")]
    pub fn local(mut self, folder: impl Into<PathBuf>) -> Self {
        self.local = Some(folder.into());
        self.engine("local").alone()
    }

    /// The clock by which entries expire, such as a [`TestClock`](crate::model::TestClock). An API has its own.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Takes nothing from the `DISCFG_` variables nor from a `.discfg`. The AWS SDKs still read their own settings.
    pub fn alone(mut self) -> Self {
        self.is_alone = true;
        self
    }

    /// Opens the client. No request is made.
    ///
    /// Fails with [`ClientError::Setting`] where what was given can't be that setting, with [`ClientError::Target`] where
    /// nothing says which config, or what does can't be understood, and with [`ClientError::Open`] where AWS can't be used,
    /// for want of a region for instance.
    pub async fn open(self) -> Result<Client, ClientError> {
        let choices = Choices {
            config: setting("config", self.config)?,
            engine: setting::<EngineName>("engine", self.engine)?,
            region: setting("region", self.region)?,
            profile: self.profile,
            endpoint_url: self.endpoint_url,
            role: setting("identity", self.identity)?,
            account: self.account,
            external_id: self.external_id,
        };
        let mut target = if self.is_alone {
            Target::chosen(choices)
        } else {
            settled(choices)?
        };
        if self.local.is_some() {
            target.data_dir = self.local;
            target.config()?;
            #[cfg(feature = "local")]
            engine::ensure_local(&target)?;
        }
        let prefix = setting("prefix", self.prefix)?.unwrap_or_else(Prefix::all);
        Client::lazy(target, self.clock, prefix).await
    }
}

impl Client {
    /// Says what to open, one setting after another.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// The config that the command line would work on here: [`Client::builder`] without any setting. No request is made.
    pub async fn from_env() -> Result<Self, ClientError> {
        Self::builder().open().await
    }
}

fn settled(choices: Choices) -> Result<Target, ClientError> {
    let folder = env::current_dir().map_err(ClientError::Folder)?;
    Ok(Target::settle_in(choices, &folder)?)
}

fn setting<T>(setting: &'static str, given: Option<String>) -> Result<Option<T>, ClientError>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let Some(given) = given else { return Ok(None) };
    match given.parse() {
        Ok(value) => Ok(Some(value)),
        Err(source) => Err(ClientError::Setting {
            setting,
            given,
            source: Box::new(source),
        }),
    }
}
