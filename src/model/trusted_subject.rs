use std::fmt;

use super::{GitHubSubject, OidcIssuer, OidcSubject, OidcSubjectError};

/// An OIDC subject that a deployed role trusts.
///
/// Other tools deploy the templates as well, with subjects that [`OidcSubject`] refuses; these must be shown like all
/// others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrustedSubject {
    issuer: String,
    audience: String,
    subject: String,
}

impl TrustedSubject {
    /// This subject of an issuer, as IAM names its provider, and the audience of its tokens.
    pub fn new(issuer: &str, subject: &str, audience: &str) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            subject: subject.into(),
        }
    }

    /// The GitHub job with this `sub` claim.
    pub fn github(claim: &str) -> Self {
        Self::new(OidcIssuer::GITHUB, claim, OidcSubject::AUDIENCE)
    }

    /// The subjects in a parameter of a template, `ISSUER|AUDIENCE|SUBJECT,SUBJECT…`; none if it has another form.
    pub fn of_parameter(text: &str) -> Vec<Self> {
        let mut words = text.splitn(3, '|');
        let (Some(issuer), Some(audience), Some(subjects)) = (words.next(), words.next(), words.next())
        else {
            return Vec::new();
        };
        let subjects = subjects.split(',');
        subjects
            .map(|subject| Self::new(issuer, subject, audience))
            .collect()
    }

    /// The issuer's URL without `https://`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The `aud` claim.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The `sub` claim.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Whether it is a GitHub job, with the usual issuer and audience.
    pub fn is_github_job(&self) -> bool {
        self.issuer == OidcIssuer::GITHUB && self.audience == OidcSubject::AUDIENCE
    }

    /// The GitHub job, if it is one that discfg accepts.
    pub fn github_job(&self) -> Option<GitHubSubject> {
        let job: GitHubSubject = self.subject.strip_prefix("repo:")?.parse().ok()?;
        (self.is_github_job() && job.as_str() == self.subject).then_some(job)
    }

    /// The subject as discfg accepts it. An error says why it doesn't.
    pub fn accepted(&self) -> Result<OidcSubject, OidcSubjectError> {
        let issuer = format!("https://{}", self.issuer).parse()?;
        OidcSubject::new(issuer, &self.subject, &self.audience)
    }
}

/// As [`OidcSubject`] is written: `https://ISSUER,SUBJECT`, and the audience if it isn't the usual one.
impl fmt::Display for TrustedSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{},{}", self.issuer, self.subject)?;
        if self.audience == OidcSubject::AUDIENCE {
            Ok(())
        } else {
            write!(f, ",{}", self.audience)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_kept_whether_or_not_it_is_accepted() {
        let all = TrustedSubject::of_parameter(
            "gitlab.com|other|project_path:acme/shop,project_path:acme/shop:ref_type:tag:ref:v1",
        );
        let shown: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "https://gitlab.com,project_path:acme/shop,other",
                "https://gitlab.com,project_path:acme/shop:ref_type:tag:ref:v1,other"
            ]
        );
        assert!(matches!(all[0].accepted(), Err(OidcSubjectError::Broad { .. })));
        let accepted = all[1].accepted().expect("a tag");
        assert_eq!(accepted.to_string(), shown[1]);
        assert_eq!(TrustedSubject::of_parameter(""), []);
    }

    #[test]
    fn a_job_of_github_is_one_with_the_usual_audience() {
        let job = TrustedSubject::github("repo:acme/shop:environment:live");
        let found = job.github_job().expect("a job");
        assert_eq!(found.as_str(), "repo:acme/shop:environment:live");
        let broad = TrustedSubject::github("repo:acme/shop:pull_request");
        assert!(broad.is_github_job());
        assert_eq!(broad.github_job(), None);
        let other = TrustedSubject::new(OidcIssuer::GITHUB, "repo:acme/shop:environment:live", "x");
        assert!(!other.is_github_job());
        assert_eq!(other.github_job(), None);
    }
}
