use serde::Serialize;

/// What a stack costs, as results show it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceShape {
    pub(crate) currency: &'static str,
    pub(crate) region: &'static str,
    pub(crate) of: &'static str,
    pub(crate) monthly: f64,
    pub(crate) stored_gb_month: f64,
    pub(crate) recoverable_gb_month: f64,
    pub(crate) million_gets: Option<f64>,
    pub(crate) million_sets: Option<f64>,
    /// Beside what the function runs, reads, writes and logs.
    pub(crate) million_requests: Option<f64>,
}
