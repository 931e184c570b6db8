//! The command line.

mod admin;
mod ask;
mod backup;
mod chore;
mod export;
mod import;
mod progress;
mod replay;
mod serve;
mod verify;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::config::{self, Config, Flags};
use crate::exit::{Exit, Stop};

/// A durable stock engine: how many can I sell right now, and to whom are they promised.
#[derive(Debug, Parser)]
#[command(name = "onhand", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    #[command(after_long_help = config::overview())]
    Serve(Serve),
    /// Import stock from CSV or NDJSON; may be killed and started again at any time.
    Import(import::Import),
    /// Export stock as CSV or NDJSON, open reservations and transfers as NDJSON.
    Export(export::Export),
    /// Check a data directory, stopped or in use: hash chain, sums, invariants.
    Verify(verify::Verify),
    /// Take a backup, also while the server runs.
    Backup(backup::Backup),
    /// Bring a backup back.
    Restore(backup::Restore),
    /// Send events again, through the running server.
    Replay(replay::Replay),
    /// Events that could not be acted on or sent: list, show, retry, discard; through the running server.
    DeadLetters(admin::DeadLetters),
    /// Topics that are read: list, reset, skip; through the running server.
    Sources(admin::Sources),
}

/// Flags of `onhand serve`. Values are parsed with all other sources of settings, so that a wrong one
/// is told in the same way wherever it was set.
#[derive(Debug, Args)]
struct Serve {
    /// Data directory; made when absent [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Address and port; port 0 takes a free one [default: 127.0.0.1:7070]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Settings in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Slices of the positions, fixed when the directory is made [default: 64]
    #[arg(long, value_name = "COUNT")]
    partitions: Option<String>,
    /// Publish to Kafka: some brokers as `host:port`, separated by commas
    #[arg(long, value_name = "BROKERS")]
    kafka: Option<String>,
    /// Start although acknowledged or published records are missing from the log
    #[arg(long)]
    accept_lost_tail: bool,
}

/// The data directory a tool works on.
#[derive(Debug, Args)]
struct Place {
    /// Data directory [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Settings in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    /// All settings.
    fn config(&self) -> Result<Config, Stop> {
        let data = self.data.iter().map(|data| ("data", data.clone()));
        let flags = Flags { file: self.config.clone(), settings: data.collect() };
        Config::load(&flags, variables()).map_err(Stop::from)
    }
}

impl Serve {
    fn flags(&self) -> Flags {
        let given = [
            ("data", &self.data),
            ("listen", &self.listen),
            ("partitions", &self.partitions),
            ("kafka.brokers", &self.kafka),
        ];
        let mut settings: Vec<_> =
            given.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect();
        if self.accept_lost_tail {
            settings.push(("accept_lost_tail", "true".to_owned()));
        }
        Flags { file: self.config.clone(), settings }
    }
}

/// The variables of this process. Ours are ASCII; one that is not UTF-8 cannot be one of them.
fn variables() -> impl Iterator<Item = (String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    };
    std::env::vars_os().filter_map(text)
}

impl Cli {
    /// Does what the command line says.
    pub(crate) fn run(&self) -> Exit {
        match &self.command {
            Command::Serve(serve) => serve::run(&serve.flags()),
            Command::Import(import) => ended(import.run()),
            Command::Export(export) => ended(export.run()),
            Command::Verify(verify) => ended(verify.run()),
            Command::Backup(backup) => ended(backup.run()),
            Command::Restore(restore) => ended(restore.run()),
            Command::Replay(replay) => replay.run(),
            Command::DeadLetters(letters) => letters.run(),
            Command::Sources(sources) => sources.run(),
        }
    }
}

/// Says why, if it did not end well.
fn ended(result: Result<Exit, Stop>) -> Exit {
    result.unwrap_or_else(|stop| stop.print())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_settings() {
        let line = "onhand serve --data d --listen 0.0.0.0:1 --partitions x --kafka b:9092 \
             --accept-lost-tail";
        let Command::Serve(serve) = Cli::try_parse_from(line.split(' ')).unwrap().command else {
            panic!("{line} serves")
        };
        let given = [("data", "d"), ("listen", "0.0.0.0:1"), ("partitions", "x")];
        let given = given.iter().chain(&[("kafka.brokers", "b:9092")]);
        let given = given.chain(&[("accept_lost_tail", "true")]);
        let expected: Vec<_> = given.map(|(key, text)| (*key, (*text).to_owned())).collect();
        assert_eq!(serve.flags().settings, expected);
        let none = Cli::try_parse_from(["onhand", "serve"]).unwrap();
        let Command::Serve(serve) = none.command else { panic!("it serves") };
        assert!(serve.flags().settings.is_empty() && serve.flags().file.is_none());
    }
}
