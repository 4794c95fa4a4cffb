use std::future;

use tokio::sync::watch;

use crate::cli::failure::Failure;
use crate::model::{ConfigName, ErrorKind, Span};

/// The time limit for a deployment, and the number of times Ctrl-C was pressed.
pub(in crate::cli) struct DeploymentPatience {
    timeout: Option<Span>,
    interrupts: watch::Receiver<u32>,
}

impl DeploymentPatience {
    /// Starts to count Ctrl-C, which before ended the process.
    pub(in crate::cli) fn new(timeout: Option<Span>) -> Self {
        let (tell, interrupts) = watch::channel(0);
        tokio::spawn(async move {
            // Where signals can't be handled, Ctrl-C keeps its default.
            while tokio::signal::ctrl_c().await.is_ok() {
                tell.send_modify(|times| *times += 1);
            }
        });
        Self { timeout, interrupts }
    }

    /// Ends when Ctrl-C was pressed that many times.
    pub(in crate::cli) async fn interrupted(&self, times: u32) {
        let mut interrupts = self.interrupts.clone();
        if interrupts.wait_for(|pressed| *pressed >= times).await.is_err() {
            future::pending::<()>().await;
        }
    }

    /// Does the work, unless Ctrl-C is pressed a second time, which ends it immediately.
    pub(in crate::cli) async fn unless_left_at_once<T>(
        &self,
        config: &ConfigName,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            done = work => done,
            () = self.interrupted(2) => {
                Err(Failure::new(ErrorKind::Interrupted, "interrupted before the end").hint(format!(
                    "rerun to resume; `discfg status {config}` shows the state of the stack"
                )))
            }
        }
    }

    /// Ends at Ctrl-C or the timeout, with a failure whose message is `goes_on`: what continues in the background.
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
                Failure::new(ErrorKind::Stack, format!("timed out after {span} (--timeout): {goes_on}"))
            }
        }
    }
}
