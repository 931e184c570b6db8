//! The program `loadtest`.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use onhand_loadtest::cli::{Cli, CompareCeiling, Kafka, Run, Task};
use onhand_loadtest::failure::Failure;
use onhand_loadtest::server::Server;
use onhand_loadtest::{ceiling, compare, kafka, run};
use serde::Serialize;

/// The same allocator as the server under test, so that the ceiling is no lower for its lack.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The audit found something.
const AUDIT_FAILED: u8 = 1;
/// There was no run. Also what clap answers to a wrong command line.
const NO_RUN: u8 = 2;

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Task::Run(task) => run_load(&task),
        Task::Ceiling { listen } => ceiling::serve(listen).map(|()| ExitCode::SUCCESS),
        Task::CompareCeiling(task) => compare_ceiling(&task),
        Task::Kafka(task) => sell_over_kafka(&task),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("loadtest: {failure}");
        ExitCode::from(NO_RUN)
    })
}

fn run_load(task: &Run) -> Result<ExitCode, Failure> {
    let ceiling = if task.ceiling { Some(Server::ceiling()?) } else { None };
    let settings = task.settings(ceiling.as_ref().map(|server| server.address))?;
    let report = run::carry_out(&settings)?;
    print(&report, task.json)?;
    Ok(code(report.passed()))
}

fn compare_ceiling(task: &CompareCeiling) -> Result<ExitCode, Failure> {
    let table = compare::compare(&task.comparison()?)?;
    print(&table, task.json)?;
    Ok(code(table.passed()))
}

fn sell_over_kafka(task: &Kafka) -> Result<ExitCode, Failure> {
    let table = kafka::carry_out(&task.settings())?;
    print(&table, task.json)?;
    Ok(code(table.passed()))
}

fn print<T: Serialize + std::fmt::Display>(figures: &T, json: bool) -> Result<(), Failure> {
    let mut text = if json {
        serde_json::to_string(figures).map_err(std::io::Error::from)?
    } else {
        figures.to_string()
    };
    if json {
        text.push('\n');
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn code(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::from(AUDIT_FAILED) }
}
