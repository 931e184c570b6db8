//! The simulation: the real writer, log, recovery, checkpoints, index, recall and release, in one
//! thread, on a disk and a clock that are simulated, from one seed; and a simple model beside it that
//! says what every answer and every figure must be.
//!
//! `SIM_SEED` and `SIM_STEPS` do one run again, or a longer one; `SIM_RUNS` does so many runs beginning
//! with that seed. docs/SIMULATION.md tells the rest.

mod ask;
mod check;
mod coverage;
mod dice;
mod machine;
mod model;
mod plan;
mod plant;
mod run;
mod shrink;
mod topics;
mod world;

use coverage::Coverage;
use plan::plan;
use plant::Plant;
use shrink::{attempt, explain};

/// Runs of a build, and operations of each.
const RUNS: u64 = 60;
const STEPS: usize = 500;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn steps() -> usize {
    setting("SIM_STEPS").map_or(STEPS, |steps| usize::try_from(steps).expect("fits"))
}

/// Runs of one seed after the other; the first failure is shortened and told.
fn simulate(first: u64, runs: u64, steps: usize) -> Coverage {
    let mut coverage = Coverage::default();
    for seed in first..first.saturating_add(runs) {
        let ops = plan(seed, steps);
        if let Err(failure) = attempt(seed, &ops, Plant::Nothing, &mut coverage, None) {
            panic!("{}", explain(seed, &ops, Plant::Nothing, &failure));
        }
    }
    coverage
}

#[test]
fn every_answer_and_every_figure_is_what_the_model_says() {
    let first = setting("SIM_SEED").unwrap_or(1);
    let runs = setting("SIM_RUNS").unwrap_or(RUNS);
    let coverage = simulate(first, runs, steps());
    println!("{}", coverage.report());
    if runs >= RUNS {
        let missing = coverage.missing();
        assert!(missing.is_empty(), "never reached: {missing:#?}\n{}", coverage.report());
    }
}
