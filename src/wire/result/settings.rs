use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Which {
    pub(crate) action: &'static str,
    pub(crate) settings: Vec<SettingLine>,
    pub(crate) file: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct SettingLine {
    pub(crate) name: &'static str,
    pub(crate) value: Option<String>,
    pub(crate) from: String,
}

#[derive(Serialize)]
pub(crate) struct VersionShape {
    pub(crate) action: &'static str,
    pub(crate) version: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct DoctorReport {
    pub(crate) action: &'static str,
    pub(crate) config: Option<String>,
    /// The worst of the checks.
    pub(crate) verdict: CheckStatus,
    pub(crate) checks: Vec<Check>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckStatus {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
pub(crate) struct Check {
    pub(crate) name: &'static str,
    pub(crate) verdict: CheckStatus,
    pub(crate) message: String,
    /// What to do, one way a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fixes: Vec<String>,
}
