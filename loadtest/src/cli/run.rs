//! `run`: one run against a server that is up.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use super::Load;
use crate::audit::Sample;
use crate::client::address_of;
use crate::failure::Failure;
use crate::order::Profile;
use crate::run::Settings;

/// Open or closed loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Each connection sends when it has its answer: how much is possible.
    Closed,
    /// A constant rate, whatever the answers do: how long it takes then.
    Open,
}

/// `run`
#[derive(Debug, Args)]
pub struct Run {
    /// The server under test.
    #[arg(long, default_value = "http://127.0.0.1:7070")]
    pub url: String,
    /// Start a ceiling server and test that instead. It keeps nothing, so there is no audit.
    #[arg(long, conflicts_with = "url")]
    pub ceiling: bool,
    /// Shape of the load.
    #[arg(long, value_enum, default_value = "spread")]
    pub profile: Profile,
    /// Who decides when the next request leaves.
    #[arg(long, value_enum, default_value = "closed")]
    pub mode: Mode,
    /// Requests per second of the open loop.
    #[arg(long, required_if_eq("mode", "open"))]
    pub rate: Option<u64>,
    /// Reservations per call of `POST /v1/reservations:batch`.
    #[arg(long)]
    pub batch: Option<u64>,
    /// No audit.
    #[arg(long)]
    pub no_audit: bool,
    /// Read every acknowledged reservation again, not a sample.
    #[arg(long, conflicts_with = "sample")]
    pub audit_all: bool,
    /// About how many acknowledged reservations the audit reads again.
    #[arg(long, default_value_t = 200_000)]
    pub sample: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// Send so many orders, whatever time that takes.
    #[arg(long, conflicts_with = "mode")]
    pub orders: Option<u64>,
    /// What all runs have.
    #[command(flatten)]
    pub load: Load,
}

impl Run {
    /// The settings of a run against `address`, or against `--url`.
    ///
    /// # Errors
    /// When they make no sense.
    pub fn settings(&self, ceiling: Option<SocketAddr>) -> Result<Settings, Failure> {
        let address = ceiling.map_or_else(|| address_of(&self.url), Ok)?;
        if self.mode == Mode::Closed && self.rate.is_some() {
            return Err(Failure::Settings("--rate goes with --mode open".into()));
        }
        if ceiling.is_some() && self.profile == Profile::Lifecycle {
            return Err(Failure::Settings("the ceiling knows no lifecycle".into()));
        }
        let audit = match (self.no_audit || ceiling.is_some(), self.audit_all) {
            (true, _) => None,
            (false, true) => Some(Sample::All),
            (false, false) => Some(Sample::AtMost(self.sample)),
        };
        let (profile, rate, batch, orders) = (self.profile, self.rate, self.batch, self.orders);
        Ok(Settings { profile, rate, batch, orders, audit, ..self.load.settings(address)? })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::cli::{Cli, Task};
    use crate::request::Keys;

    fn run(words: &str) -> Result<Settings, String> {
        let words = ["loadtest", "run"].into_iter().chain(words.split_whitespace());
        let cli =
            <Cli as clap::Parser>::try_parse_from(words).map_err(|wrong| wrong.to_string())?;
        let Task::Run(run) = cli.command else { unreachable!("`run` was given") };
        run.settings(None).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn defaults_are_those_of_a_checkout() {
        let settings = run("").unwrap();
        assert_eq!((settings.connections, settings.keys), (256, Keys::Sent));
        assert_eq!(settings.audit, Some(Sample::AtMost(200_000)));
        assert_eq!(settings.address.port(), 7070);
    }

    #[test]
    fn settings_reach_the_run() {
        let settings =
            run("--mode open --rate 500 --no-keys --stock 12.5 --audit-all --seconds 0.5").unwrap();
        assert_eq!((settings.rate, settings.keys), (Some(500), Keys::Omitted));
        assert_eq!(settings.stock.to_string(), "12.5");
        assert_eq!(settings.audit, Some(Sample::All));
        assert_eq!(settings.measured, Duration::from_millis(500));
        assert_eq!(run("--no-keys --keys").unwrap().keys, Keys::Sent);
        assert_eq!(run("--no-audit").unwrap().audit, None);
        let settings = run("--profile trade --orders 5").unwrap();
        assert_eq!((settings.profile, settings.orders), (Profile::Trade, Some(5)));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [
            "--mode open",
            "--rate 5",
            "--profile cold",
            "--stock many",
            "--seconds -1",
            "--url https://127.0.0.1:1",
            "--audit-all --sample 5",
            "--orders 5 --mode open --rate 5",
        ] {
            assert!(run(words).is_err(), "{words}");
        }
    }
}
