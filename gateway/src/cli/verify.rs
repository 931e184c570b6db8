//! `onhand verify`: is everything on disk as it was written, and does it add up?

use std::io::Write;

use onhand_engine::verify::{Report, verify};

use crate::cli::variables;
use crate::config::{Config, Flags};
use crate::exit::{Exit, Stop};
use crate::telemetry;

/// Checks a stopped data directory and prints what was found.
pub(crate) fn run(flags: &Flags) -> Exit {
    let config = match Config::load(flags, variables()) {
        Ok(config) => config,
        Err(error) => return Stop::from(error).print(),
    };
    telemetry::start(&config);
    match verify(config.storage(), &mut |_| {}) {
        Ok(report) => tell(&report, &config),
        Err(error) => Stop::from(error).print(),
    }
}

fn tell(report: &Report, config: &Config) -> Exit {
    let mut out = std::io::stdout().lock();
    // Whoever closed our output has read enough; the exit code still tells.
    let _ = out.write_all(text_of(report).as_bytes());
    let _ = out.flush();
    if report.findings.is_empty() {
        return Exit::Good;
    }
    let count = report.findings.len();
    let directory = config.data().display();
    Stop::new(Exit::Damaged, format!("{directory}: {count} contradictions")).print()
}

fn text_of(report: &Report) -> String {
    let Report { chain, positions, open_reservations, to_replay, findings } = report;
    let mut text = format!(
        "log: {} segments, {} frames, {} records ({} to {})\n\
         memory: {positions} positions, {open_reservations} open reservations, built from the first \
         record and from the checkpoints\n\
         a start would replay {to_replay} records\n",
        chain.segments, chain.frames, chain.records, chain.first, chain.last,
    );
    for finding in findings {
        text.push_str(&format!("CONTRADICTION: {finding}\n"));
    }
    if findings.is_empty() {
        text.push_str("everything agrees\n");
    }
    text
}
