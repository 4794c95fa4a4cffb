use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

/// Credentials of any source, refused if they can't be sent: the SDK would panic.
#[derive(Debug)]
pub(super) struct SendableCredentials(pub(super) SharedCredentialsProvider);

impl ProvideCredentials for SendableCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.0.provide_credentials().await?;
            let token = credentials.session_token().unwrap_or_default();
            for (name, value) in [
                ("access key ID", credentials.access_key_id()),
                ("secret access key", credentials.secret_access_key()),
                ("session token", token),
            ] {
                if let Some(problem) = unsendable(value) {
                    return Err(CredentialsError::invalid_configuration(format!(
                        "invalid {name}: {problem}"
                    )));
                }
            }
            Ok(credentials)
        })
    }
}

/// Why a credential can't be sent in a header, if it can't.
pub(super) fn unsendable(credential: &str) -> Option<&'static str> {
    let odd = credential.chars().find(|c| !c.is_ascii_graphic())?;
    Some(match odd {
        '\n' | '\r' => "it contains a line break",
        ' ' | '\t' => "it contains white space",
        _ => "it contains a character that can't be sent in a header",
    })
}
