//! What can't be seen for want of a permission: a line each, so that the rest can be shown.

use crate::aws::Fault;
use crate::cli::failure::Failure;
use crate::stack::StackError;

/// What could not be seen, and which permission it takes.
#[derive(Debug, Default)]
pub(in crate::cli) struct DeniedLookups(Vec<Denied>);

#[derive(Debug)]
struct Denied {
    what: &'static str,
    action: String,
}

impl DeniedLookups {
    /// What was found out; nothing, and a line about it, where the caller isn't allowed to. Whatever else went wrong is
    /// a failure.
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

    /// A line for each, such as `the roles: iam:GetRole is not allowed`.
    pub(in crate::cli) fn lines(&self) -> Vec<String> {
        let line = |denied: &Denied| format!("{}: {} is not allowed", denied.what, denied.action);
        self.0.iter().map(line).collect()
    }

    /// What the caller's own policies must say to see it all; none where all was seen.
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
