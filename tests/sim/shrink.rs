//! A shorter history that fails too.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::coverage::Coverage;
use crate::plan::Op;
use crate::plant::Plant;
use crate::run::Run;

/// How a run failed: after how many operations, and what was found.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) done: usize,
    pub(crate) what: String,
}

/// Runs that a search may take.
const RUNS_MAX: u32 = 400;

/// Does the operations on an engine of its own, and looks at everything at the end.
pub(crate) fn attempt(
    seed: u64,
    ops: &[Op],
    plant: Plant,
    coverage: &mut Coverage,
    tale: Option<&mut Vec<String>>,
) -> Result<(), Failure> {
    let mut done = 0;
    let mut told = tale.as_ref().map(|_| Vec::new());
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut run = Run::new(seed, plant, coverage, told.take())?;
        let mut work = || {
            for op in ops {
                run.step(*op).map_err(|error| format!("{:?}: {error}", op.kind))?;
            }
            run.finish().map_err(|error| format!("at the end: {error}"))
        };
        let worked = work();
        done = run.done;
        told = run.tale.take();
        worked
    }));
    if let (Some(tale), Some(told)) = (tale, told) {
        *tale = told;
    }
    let what = match result {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(what)) => what,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            format!("panicked: {}", text.unwrap_or_default())
        }
    };
    Err(Failure { done, what })
}

/// What a failure is about, without numbers and without the operation that showed it.
fn sign(what: &str) -> String {
    const LETTERS: usize = 30;
    let words = what.split_once(": ").map_or(what, |(_, words)| words);
    words.chars().filter(|letter| letter.is_alphabetic()).take(LETTERS).collect()
}

/// Cuts the tail, then leaves out ever smaller parts, while it still fails.
pub(crate) fn shrink(seed: u64, ops: &[Op], plant: Plant, failure: &Failure) -> Vec<Op> {
    let sign = sign(&failure.what);
    let fails = |ops: &[Op]| {
        let again = attempt(seed, ops, plant, &mut Coverage::default(), None);
        again.is_err_and(|failure| self::sign(&failure.what) == sign)
    };
    let mut short: Vec<Op> = ops.iter().copied().take(failure.done).collect();
    if !fails(&short) {
        short = ops.to_vec();
    }
    let mut part = short.len() / 2;
    let mut runs = 0;
    while part > 0 && runs < RUNS_MAX {
        let mut from = 0;
        while from < short.len() && runs < RUNS_MAX {
            let to = (from + part).min(short.len());
            let without: Vec<Op> = short[..from].iter().chain(&short[to..]).copied().collect();
            runs += 1;
            if fails(&without) {
                short = without;
            } else {
                from = to;
            }
        }
        part /= 2;
    }
    short
}

/// Everything somebody needs who wants to see it again.
pub(crate) fn explain(seed: u64, ops: &[Op], plant: Plant, failure: &Failure) -> String {
    let short = shrink(seed, ops, plant, failure);
    let mut tale = Vec::new();
    let again = attempt(seed, &short, plant, &mut Coverage::default(), Some(&mut tale));
    let what = again.err().map_or_else(|| failure.what.clone(), |failure| failure.what);
    format!(
        "seed {seed}, after {} of {} operations: {}\n\nwith {} operations:\n{}\n{what}\n\n\
         again: SIM_SEED={seed} SIM_RUNS=1 SIM_STEPS={} cargo test -p onhand-tests --test sim every",
        failure.done,
        ops.len(),
        failure.what,
        short.len(),
        tale.join("\n"),
        ops.len(),
    )
}
