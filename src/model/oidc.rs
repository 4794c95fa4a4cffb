use std::fmt;
use std::str::FromStr;

use super::GitHubSubject;

/// An issuer of OIDC tokens, as IAM names its provider: its URL without `https://`.
///
/// IAM compares it with the `iss` claim of a token, and builds the provider's ARN and the names of its condition keys
/// from it (IAM API reference, `CreateOpenIDConnectProvider`; IAM user guide, "Available keys for AWS OIDC
/// federation").
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OidcIssuer(String);

/// The exact `sub` claim of the tokens of an OIDC issuer, with the audience that they must be for; parsed from
/// `ISSUER,SUBJECT[,AUDIENCE]`.
///
/// A subject is compared as a whole. The forms of GitHub, GitLab and Kubernetes are known, by the issuer or by how the
/// subject begins: one that any branch of a repository bears, or any pod of a namespace, is refused. What the subjects
/// of other issuers mean can't be judged.
///
/// ```
/// use discfg::model::OidcSubject;
///
/// let main: OidcSubject = "gitlab,project_path:acme/shop:ref_type:branch:ref:main".parse().unwrap();
/// assert_eq!(main.issuer().as_str(), "gitlab.com");
/// assert_eq!(main.audience(), "sts.amazonaws.com");
/// assert!("gitlab,project_path:acme/shop".parse::<OidcSubject>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OidcSubject {
    issuer: OidcIssuer,
    audience: String,
    subject: String,
}

/// Why a text can't be used as an OIDC subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcSubjectError {
    /// Neither two nor three words.
    #[error(
        "invalid OIDC subject {0:?}: expected ISSUER,SUBJECT or ISSUER,SUBJECT,AUDIENCE, such as \
         https://gitlab.com,{GITLAB}"
    )]
    Shape(String),
    /// An issuer that IAM takes no provider of.
    #[error("invalid OIDC issuer {given:?}: {problem}")]
    Issuer {
        /// What was given.
        given: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A character that an exact text can't have here.
    #[error(
        "invalid OIDC {what} {given:?}: expected an exact text of printable ASCII characters without {FORBIDDEN}"
    )]
    Text {
        /// Subject or audience.
        what: &'static str,
        /// What was given.
        given: String,
    },
    /// Not the form of that issuer's subjects.
    #[error("invalid {of} subject {given:?}: expected {expected}")]
    Form {
        /// What was given.
        given: String,
        /// Whose subjects have the form.
        of: &'static str,
        /// The form.
        expected: &'static str,
    },
    /// A subject that matches more than one ref or environment.
    #[error("OIDC subject {given:?} too broad: it matches {bearers}; expected {expected}")]
    Broad {
        /// What was given.
        given: String,
        /// The tokens that it matches.
        bearers: &'static str,
        /// The form of a narrower one.
        expected: &'static str,
    },
}

const GITHUB: &str = "repo:ORG/REPO:environment:NAME or repo:ORG/REPO:ref:refs/heads/BRANCH";
const GITLAB: &str = "project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH";
const KUBERNETES: &str = "system:serviceaccount:NAMESPACE:NAME";
/// Wildcards, variables of IAM, quotes of JSON, and what separates subjects in a template's parameters.
const FORBIDDEN: &str = r#"* ? $ " \ , and |"#;

impl OidcIssuer {
    /// GitHub's, whose jobs are also named by [`GitHubSubject`].
    pub const GITHUB: &'static str = "token.actions.githubusercontent.com";
    const GITLAB: &'static str = "gitlab.com";

    /// The issuer that IAM names so in the ARN of a provider, if discfg takes it.
    pub fn of_provider(name: &str) -> Option<Self> {
        format!("https://{name}").parse().ok()
    }

    /// GitHub's own issuer.
    pub fn github() -> Self {
        Self(Self::GITHUB.into())
    }

    /// The URL without `https://`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn host(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
}

/// The URL.
impl fmt::Display for OidcIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.0)
    }
}

impl FromStr for OidcIssuer {
    type Err = OidcSubjectError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let refuse = |problem| OidcSubjectError::Issuer {
            given: given.into(),
            problem,
        };
        if given == "gitlab" {
            return Ok(Self(Self::GITLAB.into()));
        }
        let url = given.strip_prefix("https://").ok_or_else(|| {
            refuse("expected a URL such as https://gitlab.example.com, or gitlab for https://gitlab.com")
        })?;
        let (host, path) = url.split_once('/').unwrap_or((url, ""));
        let is_name = |label: &str| {
            let sound = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !label.is_empty() && label.chars().all(sound)
        };
        if host.contains(':') {
            return Err(refuse("IAM does not accept a port in an issuer URL"));
        }
        if !host.contains('.') || !host.split('.').all(is_name) {
            return Err(refuse("the URL has no valid host"));
        }
        if !path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._~%/-".contains(c))
        {
            return Err(refuse("IAM accepts only a host and a path, without a query"));
        }
        let host = host.to_ascii_lowercase();
        // IAM user guide, "OIDC federation": these have no provider in an account, and other claims.
        let built_in = [
            "accounts.google.com",
            "cognito-identity.amazonaws.com",
            "graph.facebook.com",
            "www.amazon.com",
        ];
        if built_in.contains(&host.as_str()) {
            return Err(refuse(
                "discfg roles can't trust an issuer that is built into IAM",
            ));
        }
        Ok(Self(format!("{host}{}", &url[host.len()..])))
    }
}

impl OidcSubject {
    /// What a token must be for unless something else is said: the audience of AWS's own actions and of Kubernetes
    /// service accounts (Amazon EKS user guide, "IAM roles for service accounts").
    pub const AUDIENCE: &'static str = "sts.amazonaws.com";

    /// These tokens of the issuer, if they are named exactly.
    pub fn new(issuer: OidcIssuer, subject: &str, audience: &str) -> Result<Self, OidcSubjectError> {
        for (what, text) in [("subject", subject), ("audience", audience)] {
            let is_plain = |c: char| matches!(c, ' '..='~') && !r#"*?$"\,|"#.contains(c);
            if text.is_empty() || !text.chars().all(is_plain) {
                return Err(OidcSubjectError::Text {
                    what,
                    given: text.into(),
                });
            }
        }
        let host = issuer.host();
        if host == OidcIssuer::GITHUB || subject.starts_with("repo:") {
            check_github(subject)?;
        } else if host == OidcIssuer::GITLAB || subject.starts_with("project_path:") {
            check_gitlab(subject)?;
        } else if host.starts_with("oidc.eks.") || subject.starts_with("system:") {
            check_kubernetes(subject)?;
        }
        Ok(Self {
            issuer,
            audience: audience.into(),
            subject: subject.into(),
        })
    }

    /// Who issues the tokens.
    pub fn issuer(&self) -> &OidcIssuer {
        &self.issuer
    }

    /// Their `aud` claim.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Their `sub` claim.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether it is a service account of Kubernetes.
    pub fn is_service_account(&self) -> bool {
        self.subject.starts_with("system:serviceaccount:")
    }
}

/// As it is parsed, without the audience where that is the usual one.
impl fmt::Display for OidcSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.issuer, self.subject)?;
        if self.audience == Self::AUDIENCE {
            Ok(())
        } else {
            write!(f, ",{}", self.audience)
        }
    }
}

impl FromStr for OidcSubject {
    type Err = OidcSubjectError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = given.split(',').collect();
        match words.as_slice() {
            [issuer, subject] => Self::new(issuer.parse()?, subject, Self::AUDIENCE),
            [issuer, subject, audience] => Self::new(issuer.parse()?, subject, audience),
            _ => Err(OidcSubjectError::Shape(given.into())),
        }
    }
}

/// GitHub's own, that of an enterprise, of an Enterprise Server, and whatever writes its subjects alike.
fn check_github(subject: &str) -> Result<(), OidcSubjectError> {
    let job = subject.strip_prefix("repo:").unwrap_or_default();
    match job.parse::<GitHubSubject>() {
        Ok(parsed) if parsed.as_str() == subject => Ok(()),
        _ if subject.ends_with(":pull_request") => Err(OidcSubjectError::Broad {
            given: subject.into(),
            bearers: "every pull request of the repository",
            expected: GITHUB,
        }),
        _ if job.split(':').count() == 1 && job.contains('/') => Err(OidcSubjectError::Broad {
            given: subject.into(),
            bearers: "every branch of the repository",
            expected: GITHUB,
        }),
        _ => Err(OidcSubjectError::Form {
            given: subject.into(),
            of: "GitHub",
            expected: GITHUB,
        }),
    }
}

/// Pairs of a claim's name and value, `project_path` first; which ones is a project's own choice, by default `ref_type`
/// and `ref` (GitLab docs, "`OpenID` Connect authentication using ID tokens"; projects API,
/// `ci_id_token_sub_claim_components`).
fn check_gitlab(subject: &str) -> Result<(), OidcSubjectError> {
    let form = || OidcSubjectError::Form {
        given: subject.into(),
        of: "GitLab",
        expected: GITLAB,
    };
    let broad = |bearers| OidcSubjectError::Broad {
        given: subject.into(),
        bearers,
        expected: GITLAB,
    };
    // No name of a project or an environment and no ref has a colon.
    let words: Vec<&str> = subject.split(':').collect();
    let pairs: Vec<(&str, &str)> = words
        .chunks(2)
        .map(|pair| (pair[0], pair.get(1).copied().unwrap_or_default()))
        .collect();
    let value = |name: &str| {
        pairs
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let sound = pairs.iter().enumerate().all(|(at, (name, of))| {
        is_name(name) && !of.is_empty() && !pairs[..at].iter().any(|(known, _)| known == name)
    });
    let project = pairs.first().filter(|(name, _)| *name == "project_path");
    let is_path = |path: &str| path.contains('/') && path.split('/').all(|part| !part.is_empty());
    if !sound || !project.is_some_and(|(_, path)| is_path(path)) {
        return Err(form());
    }
    match (value("ref_type"), value("ref")) {
        (Some("branch" | "tag"), Some(_)) => Ok(()),
        (Some("branch" | "tag") | None, _)
            if value("environment").is_some() || value("ref_path").is_some() =>
        {
            Ok(())
        }
        (None, Some(_)) => Err(broad("both a branch and a tag of that name")),
        (Some("branch"), None) => Err(broad("every branch of the project")),
        (Some("tag"), None) => Err(broad("every tag of the project")),
        (Some(_), _) => Err(form()),
        (None, None) => Err(broad("every branch and tag of the project")),
    }
}

/// A service account by its namespace and name (Kubernetes docs, "Service accounts"): a label of DNS, and names of DNS.
fn check_kubernetes(subject: &str) -> Result<(), OidcSubjectError> {
    let is_label = |label: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = label.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        ends.iter().all(|end| end.is_some_and(|end| inner(*end)))
            && bytes.iter().all(|b| inner(*b) || *b == b'-')
    };
    let words: Vec<&str> = subject.split(':').collect();
    let is_account = match words.as_slice() {
        ["system", "serviceaccount", namespace, name] => {
            namespace.len() <= 63 && is_label(namespace) && name.len() <= 253 && name.split('.').all(is_label)
        }
        _ => false,
    };
    if is_account {
        Ok(())
    } else {
        Err(OidcSubjectError::Form {
            given: subject.into(),
            of: "Kubernetes",
            expected: KUBERNETES,
        })
    }
}

#[cfg(test)]
mod tests;
