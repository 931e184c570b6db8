//! `onhand verify`: is everything on disk as it was written, and does it add up?

use std::io::Write;

use clap::Args;
use onhand_engine::verify::verify;
use serde_json::json;

use super::ask::is_served;
use super::{Place, chore, progress};
use crate::config::Config;
use crate::exit::{Exit, Stop};
use crate::proof::Proof;
use crate::telemetry;

/// Flags of `onhand verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    place: Place,
    /// Beside a running server: compare the memory that the log makes with the memory that decides. On
    /// a stopped directory it is always compared with what a start would make of the checkpoints
    #[arg(long)]
    rebuild: bool,
}

impl Verify {
    /// Proves and prints what was found.
    pub(super) fn run(&self) -> Result<Exit, Stop> {
        let config = self.place.config()?;
        let proof = if is_served(config.data()) {
            let bar = progress::count(0, "verifying");
            let body = json!({ "rebuild": self.rebuild });
            let said = chore::run(config.data(), "/v1/admin/verify", &body, &bar)?;
            serde_json::from_value(said).map_err(|error| Stop::new(Exit::Refused, error))?
        } else {
            telemetry::start(&config);
            let bar = progress::count(0, "walking the log");
            let report = verify(config.storage(), &mut |chain| bar.set_position(chain.records))?;
            bar.finish_and_clear();
            Proof::of(&report)
        };
        tell(&proof, &config)
    }
}

fn tell(proof: &Proof, config: &Config) -> Result<Exit, Stop> {
    let mut out = std::io::stdout().lock();
    // Whoever closed our output has read enough; the exit code still tells.
    let _ = out.write_all(proof.text().as_bytes());
    let _ = out.flush();
    if proof.findings.is_empty() {
        return Ok(Exit::Good);
    }
    let (count, directory) = (proof.findings.len(), config.data().display());
    Err(Stop::new(Exit::Contradiction, format!("{directory}: {count} contradictions")))
}
