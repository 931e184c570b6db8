//! The program `loadtest`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use onhand_loadtest::cli::{Cli, Run, Task};
use onhand_loadtest::failure::Failure;
use onhand_loadtest::server::Server;
use onhand_loadtest::{
    availability, ceiling, compare, curve, expiry, growth, kafka, recovery, run,
};
use serde::Serialize;

/// The same allocator as the server under test, so that the ceiling is no lower for its lack.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The audit found something.
const AUDIT_FAILED: u8 = 1;
/// There was no run. Also what clap answers to a wrong command line.
const NO_RUN: u8 = 2;

fn main() -> ExitCode {
    carry_out(Cli::parse().command).unwrap_or_else(|failure| {
        eprintln!("loadtest: {failure}");
        ExitCode::from(NO_RUN)
    })
}

fn carry_out(task: Task) -> Result<ExitCode, Failure> {
    match task {
        Task::Run(task) => run_load(&task),
        Task::Ceiling { listen } => ceiling::serve(listen).map(|()| ExitCode::SUCCESS),
        Task::Compare(task) => {
            let table = compare::compare(&task.comparison()?)?;
            task.note.write(table.figures())?;
            tell(&table, task.json, table.passed())
        }
        Task::Curve(task) => {
            let table = curve::measure(&task.settings()?)?;
            tell(&table, task.json, table.passed())
        }
        Task::Growth(task) => {
            let table = growth::carry_out(&task)?;
            tell(&table, task.json, table.passed())
        }
        Task::Recovery(task) => {
            let table = recovery::carry_out(&task)?;
            tell(&table, task.json, table.passed())
        }
        Task::Expiry(task) => {
            let table = expiry::carry_out(&task)?;
            tell(&table, task.json, table.passed())
        }
        Task::Availability(task) => {
            let table = availability::carry_out(&task)?;
            tell(&table, task.json, table.passed())
        }
        Task::Kafka(task) => {
            let table = kafka::carry_out(&task.settings())?;
            task.note.write(table.figures())?;
            tell(&table, task.json, table.passed())
        }
    }
}

fn run_load(task: &Run) -> Result<ExitCode, Failure> {
    let ceiling = if task.ceiling { Some(Server::ceiling()?) } else { None };
    let settings = task.settings(ceiling.as_ref().map(|server| server.address))?;
    let report = run::carry_out(&settings)?;
    tell(&report, task.json, report.passed())
}

fn tell<T: Serialize + std::fmt::Display>(
    figures: &T,
    json: bool,
    passed: bool,
) -> Result<ExitCode, Failure> {
    let mut text = if json {
        serde_json::to_string(figures).map_err(std::io::Error::from)?
    } else {
        figures.to_string()
    };
    if json {
        text.push('\n');
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(AUDIT_FAILED) })
}
