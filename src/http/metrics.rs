//! The metrics of a server, in the text format of Prometheus. The labels are few by nature: no key is among them.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::model::{ConfigName, Head};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResponseLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConfigLabels {
    config: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SectionLabels {
    config: String,
    section: String,
}

/// The counters of a server.
pub(super) struct Metrics {
    answered: Family<ResponseLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    commits: Family<ConfigLabels, Counter>,
    revisions: Family<SectionLabels, Gauge>,
    registry: Mutex<Registry>,
}

impl Metrics {
    /// Nothing yet, with two gauges that others keep.
    pub(super) fn new(streams: &Gauge, waits: &Gauge) -> Self {
        let mut registry = Registry::with_prefix("discfg");
        let answered = Family::default();
        registry.register("http_requests", "Requests answered", answered.clone());
        // From half a millisecond to 16 seconds.
        let durations = Family::new_with_constructor(
            (|| Histogram::new(exponential_buckets(0.0005, 2.0, 16))) as fn() -> _,
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from the request's head to the response's, without requests that waited for a change",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("http_streams", "Open streams of changes", streams.clone());
        registry.register("http_waiting", "Requests waiting for a change", waits.clone());
        let commits = Family::default();
        registry.register("commits", "Commits made by this server", commits.clone());
        let revisions = Family::default();
        registry.register(
            "section_revision",
            "Latest revision of a section that requests wait for or stream",
            revisions.clone(),
        );
        Self {
            answered,
            durations,
            commits,
            revisions,
            registry: Mutex::new(registry),
        }
    }

    /// Counts an answer. `took` is none where the time says nothing of the server.
    pub(super) fn count_response(&self, method: &str, route: &str, status: u16, took: Option<Duration>) {
        let method = match method {
            "GET" => "GET",
            "HEAD" => "HEAD",
            "PUT" => "PUT",
            "POST" => "POST",
            "DELETE" => "DELETE",
            "OPTIONS" => "OPTIONS",
            "PATCH" => "PATCH",
            // A client may think of any number of methods.
            _ => "other",
        };
        let route = route.to_owned();
        if let Some(took) = took {
            let timed = RouteLabels {
                method,
                route: route.clone(),
            };
            self.durations.get_or_create(&timed).observe(took.as_secs_f64());
        }
        let answered = ResponseLabels {
            method,
            route,
            status,
        };
        self.answered.get_or_create(&answered).inc();
    }

    /// Takes notice of a commit.
    pub(super) fn count_commit(&self, config: &ConfigName) {
        let config = config.to_string();
        self.commits.get_or_create(&ConfigLabels { config }).inc();
    }

    /// All of it, with where the sections stand that are followed.
    pub(super) fn render(&self, followed: &[(ConfigName, Head)]) -> Result<String, fmt::Error> {
        // One at a time, since the sections are the followed ones alone.
        let registry = self.registry();
        self.revisions.clear();
        for (config, head) in followed {
            let of = SectionLabels {
                config: config.to_string(),
                section: head.section.to_string(),
            };
            let revision = i64::try_from(head.revision.get()).unwrap_or(i64::MAX);
            self.revisions.get_or_create(&of).set(revision);
        }
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Revision;

    fn value<'t>(text: &'t str, series: &str) -> Option<&'t str> {
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
    }

    #[test]
    fn the_text_tells_what_was_counted() {
        let (streams, waits) = (Gauge::default(), Gauge::default());
        let metrics = Metrics::new(&streams, &waits);
        streams.inc();
        let route = "/v1/{config}/{section}/keys/{*rest}";
        metrics.count_response("GET", route, 200, Some(Duration::from_millis(3)));
        metrics.count_response("GET", route, 200, None);
        metrics.count_response("BREW", route, 405, Some(Duration::ZERO));
        let config: ConfigName = "app".parse().expect("a name");
        metrics.count_commit(&config);
        let head = |section: &str| Head {
            section: section.parse().expect("a section"),
            revision: Revision::new(7),
            changes: 1,
            commit: None,
            modified: None,
        };
        metrics.render(&[(config.clone(), head("/old"))]).expect("text");
        let text = metrics.render(&[(config, head("/db"))]).expect("text");
        for (series, wanted) in [
            (
                format!("discfg_http_requests_total{{method=\"GET\",route=\"{route}\",status=\"200\"}}"),
                Some("2"),
            ),
            (
                format!("discfg_http_requests_total{{method=\"other\",route=\"{route}\",status=\"405\"}}"),
                Some("1"),
            ),
            (
                format!("discfg_http_request_duration_seconds_count{{method=\"GET\",route=\"{route}\"}}"),
                Some("1"),
            ),
            ("discfg_http_streams".into(), Some("1")),
            ("discfg_http_waiting".into(), Some("0")),
            ("discfg_commits_total{config=\"app\"}".into(), Some("1")),
            (
                "discfg_section_revision{config=\"app\",section=\"/db\"}".into(),
                Some("7"),
            ),
            (
                "discfg_section_revision{config=\"app\",section=\"/old\"}".into(),
                None,
            ),
        ] {
            assert_eq!(value(&text, &series), wanted, "{series}\n{text}");
        }
    }
}
