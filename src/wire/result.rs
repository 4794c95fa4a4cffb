//! What commands print as JSON or YAML beyond entries and changes.

mod error;
mod price;
mod provisioning;
mod serving;
mod settings;
mod status;

pub(crate) use error::{ErrorResult, ErrorShape};
pub(crate) use price::PriceShape;
pub(crate) use provisioning::{
    AccessShape, AssumeStatement, ChangeShape, ClearShape, ConfigShape, ConfigsResult, DeployedStackShape,
    DeploymentShape, DestroyResult, DestroyedData, GrantResult, GrantShape, GrantsResult, InitResult,
    ListedGrant, LocalInitResult, ParameterShape, RevokeResult,
};
pub(crate) use serving::{NewTokenResult, RevokedTokenResult, Serving, TokenListResult, TokenShape};
pub(crate) use settings::{Check, CheckStatus, DoctorReport, SettingLine, VersionShape, Which};
pub(crate) use status::{
    CodeShape, DifferenceShape, DriftShape, FailureShape, GrantStatusShape, LocalStatus, RoleShape,
    StackShape, Status, TableShape,
};
