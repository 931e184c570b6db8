//! `capacity`: durable reservations per second in process, through ports, in batches and one by one;
//! start times and memory at a given number of positions.
//!
//! Usage: `capacity [positions] [seconds]`. Every figure is of this run on this machine; compare
//! figures of one run only.

#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::time::{Duration, Instant};

use onhand_benches::{Sequence, receive, reserve, resident_bytes};
use onhand_engine::{Engine, EngineConfig, Port, Reply};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| {
        arguments.next().and_then(|argument| argument.parse().ok()).unwrap_or(default)
    };
    let positions = u32::try_from(number(100_000)).unwrap_or(u32::MAX);
    let seconds = number(5);
    let directory = tempfile::tempdir().expect("a directory");
    let config = EngineConfig::new(directory.path());

    let before = resident_bytes();
    let engine = Engine::start(&config).expect("it starts");
    let port = engine.port();
    let begun = Instant::now();
    fill(&port, positions);
    report("receipts, batches of 8192", f64::from(positions), begun.elapsed());
    let held = resident_bytes().saturating_sub(before);
    println!(
        "{:<44} {:>12.0} B",
        "memory per position, writer and view",
        held as f64 / f64::from(positions)
    );

    for (name, threads, batch) in [
        ("batches of 8192", 2, 8_192),
        ("batches of 1024", 4, 1_024),
        ("256 at once, one by one", 2, 128),
    ] {
        let duration = Duration::from_secs(seconds);
        let (count, took) = sell(&engine, positions, threads, batch, duration);
        report(&format!("reservations, {threads} threads, {name}"), count as f64, took);
    }
    let status = engine.status();
    println!(
        "{:<44} {:>12.1} B ({:.0} records per commit, {:.0} µs each)",
        "bytes per record in the log",
        status.log.bytes as f64 / status.log.records as f64,
        status.log.records as f64 / status.log.commits as f64,
        status.log.commit_micros as f64 / status.log.commits as f64,
    );
    restart(engine, port, &config);
}

fn restart(engine: Engine, port: Port, config: &EngineConfig) {
    let begun = Instant::now();
    engine.shutdown().expect("an orderly end");
    drop((engine, port));
    println!("{:<44} {:>12.3} s", "orderly end", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let engine = Engine::start(config).expect("it starts");
    println!(
        "{:<44} {:>12.3} s ({} replayed, {} open reservations)",
        "start",
        begun.elapsed().as_secs_f64(),
        engine.status().log.replayed,
        engine.status().open_reservations
    );
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

fn fill(port: &Port, positions: u32) {
    let runtime = runtime();
    let numbers: Vec<u32> = (0..positions).collect();
    for slice in numbers.chunks(8_192) {
        let commands = slice.iter().map(|number| receive(*number, 0, 1_000_000_000)).collect();
        let replies = runtime.block_on(port.call_batch(commands));
        assert!(replies.iter().all(|reply| matches!(reply, Reply::Changed(_))), "all are received");
    }
}

fn sell(
    engine: &Engine,
    positions: u32,
    threads: u64,
    batch: u64,
    duration: Duration,
) -> (u64, Duration) {
    let begun = Instant::now();
    let sellers: Vec<_> = (0..threads)
        .map(|seller| {
            let port = engine.port();
            std::thread::spawn(move || {
                let mut numbers = Sequence::new(seller);
                let (mut sold, mut order) = (0_u64, seller << 32);
                let runtime = runtime();
                while begun.elapsed() < duration {
                    let commands = (0..batch)
                        .map(|_| {
                            order += 1;
                            reserve(numbers.below(positions), order)
                        })
                        .collect();
                    let replies = runtime.block_on(port.call_batch(commands));
                    sold +=
                        replies.iter().filter(|reply| matches!(reply, Reply::Changed(_))).count()
                            as u64;
                }
                sold
            })
        })
        .collect();
    let sold = sellers.into_iter().map(|seller| seller.join().expect("no panic")).sum();
    (sold, begun.elapsed())
}

fn report(name: &str, count: f64, took: Duration) {
    println!("{name:<44} {:>12.0} /s", count / took.as_secs_f64());
}
