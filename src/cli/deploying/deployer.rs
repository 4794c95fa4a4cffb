use std::sync::Arc;

use super::options::DeployArgs;
use super::patience::DeploymentPatience;
use crate::aws::Aws;
use crate::cli::terminal::Terminal;
use crate::stack::Services;

/// Deploys stacks in an account: the context that a command passes to each step.
pub(in crate::cli) struct Deployer<'a> {
    pub(in crate::cli) aws: &'a Arc<Aws>,
    pub(in crate::cli) services: Services,
    pub(in crate::cli) options: &'a DeployArgs,
    pub(in crate::cli) patience: &'a DeploymentPatience,
    pub(in crate::cli) terminal: &'a mut Terminal,
}

impl<'a> Deployer<'a> {
    pub(in crate::cli) fn new(
        aws: &'a Arc<Aws>,
        options: &'a DeployArgs,
        patience: &'a DeploymentPatience,
        terminal: &'a mut Terminal,
    ) -> Self {
        Self {
            aws,
            services: Services::new(aws.sdk()),
            options,
            patience,
            terminal,
        }
    }
}
