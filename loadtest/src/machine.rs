//! What else the machine was doing: figures of a busy machine mean less.

use serde::Serialize;

/// Runnable tasks on average over the last minute, before and after a run. A run raises it by itself;
/// the first figure is what others did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LoadAverage {
    /// At the start.
    pub before: Option<f64>,
    /// At the end.
    pub after: Option<f64>,
}

impl LoadAverage {
    /// That at the start.
    #[must_use]
    pub fn begin() -> Self {
        Self { before: now(), after: None }
    }

    /// With that at the end.
    #[must_use]
    pub fn end(self) -> Self {
        Self { after: now(), ..self }
    }
}

impl std::fmt::Display for LoadAverage {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show =
            |value: Option<f64>| value.map_or("unknown".into(), |value| format!("{value:.1}"));
        write!(out, "load average {} before, {} after", show(self.before), show(self.after))
    }
}

/// The first figure of `/proc/loadavg`, on systems that have it.
fn now() -> Option<f64> {
    first(&std::fs::read_to_string("/proc/loadavg").ok()?)
}

fn first(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_minute_is_the_first_figure() {
        assert_eq!(first("8.31 4.10 2.00 3/412 9931\n"), Some(8.31));
        assert_eq!(first(""), None);
        let both = LoadAverage { before: Some(0.25), after: None };
        assert_eq!(both.to_string(), "load average 0.2 before, unknown after");
    }
}
