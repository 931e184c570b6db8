//! A setting that cannot be.

use std::fmt;

/// Names the setting, its value, and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError {
    /// The setting; empty when the whole file cannot be read.
    pub(crate) key: String,
    /// Its value as found.
    pub(crate) value: Option<String>,
    /// Where it was set.
    pub(crate) source: String,
    /// What is wrong with it.
    pub(crate) reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, source, reason } = self;
        match (key.as_str(), value) {
            ("", _) => write!(f, "{source}: {reason}"),
            (key, Some(value)) => write!(f, "setting `{key}` = `{value}` ({source}): {reason}"),
            (key, None) => write!(f, "setting `{key}` ({source}): {reason}"),
        }
    }
}

impl std::error::Error for ConfigError {}
