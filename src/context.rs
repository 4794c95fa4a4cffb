//! Which config, which engine, which region, which identity: flags over environment over `.discfg`.

mod api_token;
mod api_tokens;
mod api_url;
mod engine_name;
mod error;
mod malformed_file;
mod setting;
mod target;
mod target_file;
mod token_error;
mod tokens_file;
mod trusted_files;

pub use self::api_token::{ApiToken, TokenFormError};
pub use self::api_tokens::ApiTokens;
pub use self::api_url::{ApiHost, ApiHostError, ApiUrl, ApiUrlError};
pub use self::engine_name::{EngineName, EngineNameError};
pub use self::error::TargetError;
pub use self::malformed_file::MalformedFile;
pub use self::setting::{Setting, SettingOrigin};
pub use self::target::{Choices, Surroundings, Target};
pub use self::target_file::{CEILING, FILE_NAME, FoundTargetFile, TargetFile};
pub use self::token_error::TokenError;
pub use self::trusted_files::TrustedFiles;
