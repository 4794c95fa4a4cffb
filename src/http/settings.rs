use std::time::Duration;

/// What an API allows and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiSettings {
    /// How often a section that somebody waits for or streams is looked at for what other processes changed.
    pub interval: Duration,
    /// Whether requests may wait for a change (`wait=`): as many at once as streams may be open, or 1,024 where none may.
    pub waits: bool,
    /// How long a request waits at most; one that asks for longer is answered then.
    pub longest_wait: Duration,
    /// Whether changes may be streamed (server-sent events), and by how many clients at once; 0 answers 406.
    pub streams: usize,
    /// The largest body of a request, in bytes.
    pub body_bytes: usize,
    /// After about this many bytes of values a page ends.
    pub page_bytes: usize,
    /// How long a request may take, its waiting for a change aside.
    pub request_time: Duration,
}

impl Default for ApiSettings {
    /// Waits and 1,024 streams with a look every 2 seconds, bodies of 4 MB at most, pages of about 1 MB, 20 seconds a
    /// request.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            waits: true,
            longest_wait: Duration::from_mins(1),
            streams: 1024,
            body_bytes: 4 * 1024 * 1024,
            page_bytes: 1024 * 1024,
            request_time: Duration::from_secs(20),
        }
    }
}
