//! The words of discfg as parsed types. Nothing here does IO; parsing lives here and nowhere else.

mod access;
mod backoff;
mod bad_section;
mod change;
mod clock;
mod commit_id;
mod config_name;
mod entry;
mod envelope;
mod error_kind;
mod foreign_value;
mod grant;
mod grouped;
mod log_position;
mod logged_value;
mod message;
mod oidc;
mod oidc_trust;
mod path;
mod principal;
mod principal_pattern;
mod printable;
mod provision;
mod region;
#[cfg(feature = "cli")]
mod relative_time;
mod revision;
mod section_part;
mod side;
#[cfg(feature = "cli")]
mod since;
mod span;
mod store_status;
mod test_clock;
mod token_name;
mod trusted_subject;
mod value;

pub use access::{Access, GrantName, GrantNameError, NoAccess, Role, RoleError};
pub(crate) use backoff::{Backoff, Jitter};
pub use bad_section::BadSection;
pub use change::{Change, Guard, Mutation, Op, Previous, Secrecy, TtlChoice};
pub use clock::{Clock, SystemClock, Timestamp, TimestampError, Ttl, TtlError};
pub use commit_id::{CommitId, CommitIdError};
pub use config_name::{ConfigName, ConfigNameError};
pub use entry::{Entry, Head};
pub use envelope::Envelope;
pub use error_kind::ErrorKind;
pub use foreign_value::{ForeignValue, ForeignValueError, MappedValue, map_foreign};
pub use grant::{GrantPrincipal, GrantPrincipalError, GrantScope, GrantScopeError, Uncovered};
pub(crate) use grouped::Grouped;
pub(crate) use log_position::LogPosition;
pub use logged_value::{LoggedValue, PurgedValue};
pub use message::{Message, MessageError};
pub use oidc::{OidcIssuer, OidcSubject, OidcSubjectError};
pub use oidc_trust::{OidcTrust, OidcTrustError};
pub use path::{Key, KeyError, Prefix, Section, SectionError};
pub use principal::{PrincipalArn, PrincipalArnError, PrincipalKind};
#[cfg(feature = "stack")]
pub(crate) use principal_pattern::glob;
pub use principal_pattern::{PrincipalPattern, PrincipalPatternError};
pub(crate) use printable::{is_unprintable, printable};
pub use provision::{
    AccountId, Billing, ExternalId, GitHubSubject, HistoryDays, KmsKeyArn, OrgId, PolicyArn, SettingError,
};
pub use region::{AwsNames, AwsNamesError, Partition, Region, RegionError};
#[cfg(feature = "cli")]
pub(crate) use relative_time::{largest_unit, relative_time};
pub use revision::{Revision, RevisionError};
pub use section_part::{PrefixOrRoot, SectionPart};
pub use side::{Side, SideError};
#[cfg(feature = "cli")]
pub(crate) use since::Since;
pub use span::{Span, SpanError};
pub use store_status::StoreStatus;
pub use test_clock::TestClock;
pub use token_name::{TokenName, TokenNameError};
pub use trusted_subject::TrustedSubject;
pub use value::{Encoding, Value, ValueError, ValueKind};
