use std::future;

use tokio::sync::watch;

use crate::cli::failure::Failure;
use crate::model::{ConfigName, ErrorKind, Span};

/// How long a deployment is waited for, and how often the user has asked for the end with Ctrl-C.
pub(in crate::cli) struct DeploymentPatience {
    timeout: Option<Span>,
    interrupts: watch::Receiver<u32>,
}

impl DeploymentPatience {
    /// Counts from now on: until then, and after the runtime's end, Ctrl-C ends the process.
    pub(in crate::cli) fn new(timeout: Option<Span>) -> Self {
        let (tell, interrupts) = watch::channel(0);
        tokio::spawn(async move {
            // Where signals can't be listened to, Ctrl-C does what it does by itself.
            while tokio::signal::ctrl_c().await.is_ok() {
                tell.send_modify(|times| *times += 1);
            }
        });
        Self { timeout, interrupts }
    }

    /// Ends when Ctrl-C was pressed so many times.
    pub(in crate::cli) async fn interrupted(&self, times: u32) {
        let mut interrupts = self.interrupts.clone();
        if interrupts.wait_for(|pressed| *pressed >= times).await.is_err() {
            future::pending::<()>().await;
        }
    }

    /// Does the work, unless Ctrl-C is pressed a second time: then it is left at once.
    pub(in crate::cli) async fn unless_left_at_once<T>(
        &self,
        config: &ConfigName,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.interrupted(2) => {
                Err(Failure::new(ErrorKind::Interrupted, "left at once, whatever was under way").hint(format!(
                    "`discfg status {config}` shows what is there; running the same command again goes on from it"
                )))
            }
        }
    }

    /// Ends when either the user or the time says so, with what to say of it: `goes_on` is what is left to itself.
    pub(in crate::cli) async fn ends(&self, goes_on: &str) -> Failure {
        let timeout = async {
            match self.timeout {
                Some(span) => tokio::time::sleep(span.duration()).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            () = self.interrupted(1) => Failure::new(ErrorKind::Interrupted, goes_on),
            () = timeout => {
                let span = self.timeout.map(|span| span.to_string()).unwrap_or_default();
                Failure::new(ErrorKind::Stack, format!("{goes_on}; the --timeout of {span} ran out"))
            }
        }
    }
}
