//! Denied lookups, one line each, so that the rest can be shown.

use crate::aws::Fault;
use crate::cli::failure::Failure;
use crate::stack::StackError;

/// The lookups that were denied, with the missing permissions.
#[derive(Debug, Default)]
pub(in crate::cli) struct DeniedLookups(Vec<Denied>);

#[derive(Debug)]
struct Denied {
    what: &'static str,
    action: String,
}

impl DeniedLookups {
    /// Returns what was found; `None`, and records a line, if the lookup was denied. Any other error is a failure.
    pub(in crate::cli) fn record<T>(
        &mut self,
        what: &'static str,
        found: Result<T, StackError>,
    ) -> Result<Option<T>, Failure> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(StackError::Request { action, source }) if source.fault == Fault::Denied => {
                let action = source.denied(action).to_owned();
                if !self
                    .0
                    .iter()
                    .any(|denied| denied.what == what && denied.action == action)
                {
                    self.0.push(Denied { what, action });
                }
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One line each, such as `the roles: iam:GetRole was denied`.
    pub(in crate::cli) fn lines(&self) -> Vec<String> {
        let line = |denied: &Denied| format!("{}: {} was denied", denied.what, denied.action);
        self.0.iter().map(line).collect()
    }

    /// The policy statement that the caller needs for all lookups; `None` if none was denied.
    pub(in crate::cli) fn statement(&self) -> Option<String> {
        let mut actions: Vec<String> = self
            .0
            .iter()
            .map(|denied| format!("\"{}\"", denied.action))
            .collect();
        actions.sort();
        actions.dedup();
        (!actions.is_empty()).then(|| {
            let actions = actions.join(",");
            format!(r#"{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}"#)
        })
    }
}
