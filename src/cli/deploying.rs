//! Deploying a stack: the plan, the review, the events and the verification that `init` and `grant` share.

pub(super) mod deployer;
pub(super) mod deployment;
pub(super) mod follow;
pub(super) mod oidc_provider;
pub(super) mod options;
pub(super) mod patience;
pub(super) mod propose;
pub(super) mod regrant;
pub(super) mod review;
pub(super) mod reviewed;
pub(super) mod verify;
pub(super) mod verify_api;
