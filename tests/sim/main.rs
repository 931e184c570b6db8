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

use std::time::Instant;

use coverage::Coverage;
use plan::plan;
use plant::Plant;
use shrink::{attempt, explain, shrink};

/// Runs of a build, and operations of each.
const RUNS: u64 = 300;
const STEPS: usize = 500;

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn steps() -> usize {
    setting("SIM_STEPS").map_or(STEPS, |steps| usize::try_from(steps).expect("fits"))
}

/// One run after the other; the first failure is shortened and told. Says now and then how far it is.
fn simulate(first: u64, runs: u64, steps: usize) -> Coverage {
    let began = Instant::now();
    let mut coverage = Coverage::default();
    for run in 0..runs {
        let seed = first.wrapping_add(run);
        let ops = plan(seed, steps);
        if let Err(failure) = attempt(seed, &ops, Plant::Nothing, &mut coverage, None) {
            panic!("{}", explain(seed, &ops, Plant::Nothing, &failure));
        }
        if (run + 1).is_multiple_of(1_000) || run + 1 == runs {
            let seconds = began.elapsed().as_secs_f64();
            println!("{}", coverage.summary(run + 1, steps, seconds));
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
    // Fewer runs prove nothing about what can be reached.
    if runs >= RUNS && steps() >= STEPS {
        let missing = coverage.missing();
        assert!(missing.is_empty(), "never reached: {missing:#?}");
    }
}

/// A checker that finds nothing proves nothing.
#[test]
fn planted_faults_are_found() {
    let mut missed = Vec::new();
    for plant in Plant::ALL {
        let found = (1..=100).find_map(|seed| {
            let ops = plan(seed, STEPS);
            let failure = attempt(seed, &ops, plant, &mut Coverage::default(), None).err()?;
            Some((seed, failure))
        });
        let Some((seed, failure)) = found else {
            missed.push(format!("{plant:?} is not found"));
            continue;
        };
        let (done, what) = (failure.done, &failure.what);
        let words: String = what.chars().take(200).collect();
        println!("{plant:?}: seed {seed}, operation {done}: {words}");
        let signs = plant.signs();
        let is_sign = |sign: &&str| what.contains(*sign);
        if !signs.iter().any(is_sign) {
            missed.push(format!("{plant:?} is found as {words}, not as {signs:?}"));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// A failure that cannot be shown again cannot be mended.
#[test]
fn the_same_seed_is_the_same_run() {
    let tell = |seed| {
        let mut tale = Vec::new();
        let ops = plan(seed, 300);
        let ended = attempt(seed, &ops, Plant::Nothing, &mut Coverage::default(), Some(&mut tale));
        assert!(ended.is_ok() && tale.len() > 300, "{ended:?}");
        tale
    };
    for seed in 1..=5 {
        assert!(tell(seed) == tell(seed), "seed {seed}");
    }
}

/// What is told of a failure is short, and fails too.
#[test]
fn a_failure_is_shortened() {
    let ops = plan(3, 300);
    let plant = Plant::Oversell;
    let failure = attempt(3, &ops, plant, &mut Coverage::default(), None).expect_err("planted");
    let short = shrink(3, &ops, plant, &failure);
    assert!(short.len() < 20, "{} operations are left", short.len());
    assert!(attempt(3, &short, plant, &mut Coverage::default(), None).is_err());
}
