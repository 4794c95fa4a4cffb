use super::call::ApiCall;
use super::options::HttpOptions;

/// A call, and the API that it goes to: what an error names.
#[derive(Clone, Copy)]
pub(super) struct CallSite<'c> {
    pub(super) options: &'c HttpOptions,
    /// Whether requests are signed, so that API Gateway and IAM stand before the API.
    pub(super) is_signed: bool,
    pub(super) call: &'c ApiCall,
}

impl CallSite<'_> {
    /// Method and path, as who decides about them knows them.
    pub(super) fn request_line(&self) -> String {
        let ApiCall { method, path, .. } = self.call;
        format!("{method} /v1/{}/{path}", self.options.config)
    }
}
