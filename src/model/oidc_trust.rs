use std::collections::{BTreeMap, BTreeSet};

use super::{OidcIssuer, OidcSubject, TrustedSubject};

/// The OIDC subjects that a role trusts, of up to three issuers. A trust statement is about one issuer and one
/// audience, and the templates have three statements for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OidcTrust(BTreeSet<OidcSubject>);

/// Why a role can't trust these OIDC subjects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "too many OIDC issuers: {0}; the limit is {max} in addition to GitHub (each audience counts)",
    max = OidcTrust::ISSUERS
)]
pub struct OidcTrustError(usize);

impl OidcTrust {
    /// How many issuers, each with one audience, a role trusts at most.
    pub const ISSUERS: usize = 3;

    /// These subjects.
    pub fn new(subjects: impl IntoIterator<Item = OidcSubject>) -> Result<Self, OidcTrustError> {
        let this = Self(subjects.into_iter().collect());
        match this.issuers().len() {
            0..=Self::ISSUERS => Ok(this),
            more => Err(OidcTrustError(more)),
        }
    }

    /// Those of a deployed role's subjects that discfg accepts.
    pub fn accepted<'s>(subjects: impl IntoIterator<Item = &'s TrustedSubject>) -> Self {
        let subjects = subjects.into_iter();
        Self(subjects.filter_map(|subject| subject.accepted().ok()).collect())
    }

    /// For each issuer `ISSUER|AUDIENCE|SUBJECT,SUBJECT…`, ordered; empty texts for those that there could be besides.
    pub fn parameters(&self) -> [String; Self::ISSUERS] {
        let mut texts = [const { String::new() }; Self::ISSUERS];
        for (text, ((issuer, audience), subjects)) in texts.iter_mut().zip(self.issuers()) {
            *text = format!("{}|{audience}|{}", issuer.as_str(), subjects.join(","));
        }
        texts
    }

    /// The subjects, ordered.
    pub fn subjects(&self) -> impl Iterator<Item = &OidcSubject> {
        self.0.iter()
    }

    /// The audiences that each issuer's provider must have, by issuer.
    pub fn audiences(&self) -> BTreeMap<OidcIssuer, BTreeSet<String>> {
        let mut all: BTreeMap<OidcIssuer, BTreeSet<String>> = BTreeMap::new();
        for subject in &self.0 {
            let audiences = all.entry(subject.issuer().clone()).or_default();
            audiences.insert(subject.audience().to_owned());
        }
        all
    }

    fn issuers(&self) -> BTreeMap<(&OidcIssuer, &str), Vec<&str>> {
        let mut issuers: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for subject in &self.0 {
            let of = issuers.entry((subject.issuer(), subject.audience())).or_default();
            of.push(subject.subject());
        }
        issuers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(given: &[&str]) -> Result<OidcTrust, OidcTrustError> {
        OidcTrust::new(given.iter().map(|subject| subject.parse().expect(subject)))
    }

    const MAIN: &str = "gitlab,project_path:acme/shop:ref_type:branch:ref:main";
    const TAG: &str = "gitlab,project_path:acme/shop:ref_type:tag:ref:v1";
    const POD: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/0A,system:serviceaccount:web:shop";

    #[test]
    fn each_issuer_is_one_parameter() {
        let all = trust(&[POD, TAG, MAIN]).expect("two issuers");
        let parameters = all.parameters();
        assert_eq!(
            parameters,
            [
                "gitlab.com|sts.amazonaws.com|project_path:acme/shop:ref_type:branch:ref:main,\
                 project_path:acme/shop:ref_type:tag:ref:v1",
                "oidc.eks.eu-west-1.amazonaws.com/id/0A|sts.amazonaws.com|system:serviceaccount:web:shop",
                "",
            ]
        );
        let read = |text: &str| OidcTrust::accepted(&TrustedSubject::of_parameter(text));
        assert_eq!(read(&parameters[0]), trust(&[TAG, MAIN]).expect("an issuer"));
        for strange in [
            "",
            "gitlab.com",
            "gitlab.com|a",
            "x|a|b",
            "gitlab.com|a|project_path:acme/shop",
        ] {
            assert_eq!(read(strange), OidcTrust::default(), "{strange}");
        }
    }

    #[test]
    fn more_issuers_than_the_template_has_statements_for_are_refused() {
        let issuer = |host: u8| format!("https://ci{host}.example.com,deploy");
        let given: Vec<String> = (1..=4).map(issuer).collect();
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        assert!(trust(&given[..3]).is_ok());
        let error = trust(&given).expect_err("four").to_string();
        assert_eq!(
            error,
            "too many OIDC issuers: 4; the limit is 3 in addition to GitHub (each audience counts)"
        );
        let audiences = ["a", "b", "c", "d"].map(|audience| format!("{MAIN},{audience}"));
        assert!(trust(&audiences.each_ref().map(String::as_str)).is_err());
    }
}
