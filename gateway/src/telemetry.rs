//! What the process tells about itself: log lines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat};

/// Begins to write log lines to standard error; standard output belongs to the commands.
///
/// Does nothing when another subscriber is there already.
pub(crate) fn start(config: &Config) {
    // The level was checked with the settings.
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_default();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match config.log_format {
        LogFormat::Text => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    drop(started);
}
