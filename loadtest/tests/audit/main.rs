//! The whole load test against a small stock engine: what is right passes, and every flaw that
//! is planted is found. A check that cannot fail would be no check.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod stock_server;

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use onhand_loadtest::audit::{AuditReport, Sample};
use onhand_loadtest::order::Profile;
use onhand_loadtest::report::Report;
use onhand_loadtest::request::Keys;
use onhand_loadtest::run::{Settings, carry_out};
use onhand_loadtest::warehouse::Warehouse;
use stock_server::Flaw;

fn settings(address: SocketAddr, profile: Profile) -> Settings {
    Settings {
        address,
        profile,
        rate: None,
        connections: 8,
        threads: 2,
        // Of what has neither a number of orders nor a rate; it must outlast a stall of the machine.
        measured: Duration::from_secs(1),
        warmup: Duration::from_millis(20),
        warehouse: Warehouse { items: 20, locations: 2 },
        batch: None,
        orders: if profile == Profile::Lifecycle { None } else { Some(500) },
        keys: Keys::Sent,
        stock: "1000000".parse().unwrap(),
        ttl_seconds: 900,
        audit: Some(Sample::All),
        ledger_readers: 0,
        seed: 11,
    }
}

fn run(flaw: Flaw, profile: Profile, change: impl FnOnce(&mut Settings)) -> Report {
    let mut settings = settings(stock_server::start(flaw), profile);
    change(&mut settings);
    carry_out(&settings).unwrap()
}

fn audit(flaw: Flaw, profile: Profile, change: impl FnOnce(&mut Settings)) -> AuditReport {
    run(flaw, profile, change).audit.unwrap()
}

#[track_caller]
fn check_passes(audit: &AuditReport) {
    assert!(audit.passed, "{:#?}", audit.first_findings);
    assert!(audit.acknowledged > 0);
    assert_eq!(audit.reservations_read, audit.acknowledged + audit.unknown);
}

#[test]
fn an_honest_server_passes_in_every_profile() {
    check_passes(&audit(Flaw::None, Profile::Spread, |_| {}));
    let hot = audit(Flaw::None, Profile::Hot, |_| {});
    check_passes(&hot);
    assert_eq!(hot.positions_compared, 1);
    for profile in [Profile::Orders, Profile::Trade, Profile::Promotion, Profile::Flash] {
        let orders = audit(Flaw::None, profile, |_| {});
        check_passes(&orders);
        assert_eq!(orders.positions_compared, 40);
    }
    check_passes(&audit(Flaw::None, Profile::Spread, |settings| settings.keys = Keys::Omitted));
}

#[test]
fn an_honest_server_passes_the_lifecycle() {
    check_passes(&audit(Flaw::None, Profile::Lifecycle, |_| {}));
}

#[test]
fn an_honest_server_passes_in_batches() {
    let report = run(Flaw::None, Profile::Orders, |settings| {
        settings.batch = Some(50);
        settings.orders = Some(1_000);
        settings.stock = "100".parse().unwrap();
    });
    check_passes(report.audit.as_ref().unwrap());
    assert!(report.audit.unwrap().sold_out > 0, "answers of both kinds in one batch");
    assert!(report.operations_per_second > report.requests_per_second);
}

#[test]
fn an_open_loop_sends_what_was_scheduled() {
    let report = run(Flaw::None, Profile::Spread, |settings| {
        (settings.rate, settings.orders) = (Some(500), None);
    });
    check_passes(report.audit.as_ref().unwrap());
    let measured: u64 = report.statuses.values().sum();
    assert_eq!(measured + report.unsent, 500, "500/s for a second");
}

#[test]
fn as_many_orders_are_sent_as_were_asked_for() {
    for batch in [None, Some(7)] {
        let audit = audit(Flaw::None, Profile::Trade, |settings| {
            settings.orders = Some(101);
            settings.batch = batch;
        });
        check_passes(&audit);
        assert_eq!(audit.acknowledged, 101, "{batch:?}");
    }
}

#[test]
fn exactly_the_stock_is_sold() {
    let audit = audit(Flaw::None, Profile::Hot, |settings| settings.stock = "50".parse().unwrap());
    check_passes(&audit);
    assert_eq!(audit.acknowledged, 50);
    assert!(audit.sold_out > 0);
}

#[test]
fn a_sample_reads_about_as_many_as_it_says() {
    let audit = audit(Flaw::None, Profile::Spread, |settings| {
        settings.audit = Some(Sample::AtMost(10));
    });
    assert!(audit.passed && audit.acknowledged >= 10, "{audit:?}");
    assert!((5..=10).contains(&audit.reservations_read), "{audit:?}");
}

#[test]
fn unknown_outcomes_may_be_either_and_are_counted() {
    let cut = audit(Flaw::CutsConnections, Profile::Spread, |_| {});
    check_passes(&cut);
    assert!(cut.unknown_done > 0 && cut.unknown > cut.unknown_done, "{cut:?}");
    let unsure = audit(Flaw::Unsure, Profile::Spread, |_| {});
    check_passes(&unsure);
    assert!(unsure.unknown > 0 && unsure.unknown == unsure.unknown_done, "{unsure:?}");
}

#[track_caller]
fn check_found(audit: &AuditReport, expected: &str) {
    assert!(!audit.passed, "acknowledged {}", audit.acknowledged);
    let found = audit.first_findings.iter().any(|finding| finding.contains(expected));
    assert!(found, "no `{expected}` in {:#?}", audit.first_findings);
}

#[test]
fn a_planted_oversell_is_found() {
    let few = |settings: &mut Settings| settings.stock = "5".parse().unwrap();
    check_found(&audit(Flaw::Oversells, Profile::Spread, few), "oversold");
    check_found(&audit(Flaw::Oversells, Profile::Hot, few), "oversold");
    let batch = |settings: &mut Settings| {
        few(settings);
        settings.batch = Some(10);
    };
    check_found(&audit(Flaw::Oversells, Profile::Spread, batch), "oversold");
}

#[test]
fn a_forgotten_reservation_is_found_by_its_id_and_by_the_sums() {
    check_found(&audit(Flaw::Forgets, Profile::Spread, |_| {}), "must be ACTIVE, is absent");
    // A sample of one finds none of them; the positions still tell.
    let sample = |settings: &mut Settings| settings.audit = Some(Sample::AtMost(1));
    check_found(&audit(Flaw::Forgets, Profile::Spread, sample), "reserved: acknowledged");
}

#[test]
fn other_flaws_are_found() {
    for (flaw, profile, expected) in [
        (Flaw::HoldsWhatItRefused, Profile::Spread, "reserved: acknowledged"),
        (Flaw::RefusesWithoutWant, Profile::Spread, "although there was stock"),
        (Flaw::RefusesWithoutWant, Profile::Orders, "although there was stock"),
        (Flaw::RoundsDown, Profile::Orders, "not those that were asked for"),
    ] {
        check_found(&audit(flaw, profile, |_| {}), expected);
    }
}

#[test]
fn flaws_of_the_later_life_are_found() {
    std::thread::scope(|scope| {
        for (flaw, expected) in [
            (Flaw::NeverExpires, "must be EXPIRED, is ACTIVE"),
            (Flaw::ShipsNothing, "must be FULFILLED, is CONFIRMED"),
            (Flaw::RefusesWithoutWant, "although there was stock"),
        ] {
            scope.spawn(move || check_found(&audit(flaw, Profile::Lifecycle, |_| {}), expected));
        }
    });
}

fn program(words: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
        .args(words.split_whitespace())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

const SHORT: &str = "--orders 2000 --items 20 --connections 4 --json";

#[test]
fn the_ceiling_answers_and_the_program_prints_one_line_of_json() {
    for words in ["--profile spread", "--profile orders", "--batch 20"] {
        let (code, text) = program(&format!("run --ceiling {words} {SHORT}"));
        assert_eq!((code, text.lines().count()), (Some(0), 1), "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(line["operationsPerSecond"].as_f64().unwrap() > 0.0, "{line}");
        let statuses = line["statuses"].as_object().unwrap();
        assert_eq!(statuses.keys().collect::<Vec<_>>(), ["201"], "{line}");
    }
}

#[test]
fn the_exit_code_tells_passed_failed_and_no_run_apart() {
    for (flaw, expected) in [(Flaw::None, 0), (Flaw::Oversells, 1)] {
        let address = stock_server::start(flaw);
        let (code, text) = program(&format!("run --url http://{address} --stock 3 {SHORT}"));
        assert_eq!(code, Some(expected), "{text}");
    }
    assert_eq!(program(&format!("run --url http://127.0.0.1:1 {SHORT}")).0, Some(2));
    assert_eq!(program("compare --no-peers --onhand-binary no-such-program").0, Some(2));
}

/// Lets the program compare the ceiling with an `onhand` that only says where to look: a script
/// that writes `server.json` and waits to be ended.
#[cfg(unix)]
fn compare(flaw: Flaw, words: &str) -> (Option<i32>, String) {
    use std::os::unix::fs::PermissionsExt;

    let address = stock_server::start(flaw);
    let directory = tempfile::tempdir().unwrap();
    let (binary, pid) = (directory.path().join("onhand"), directory.path().join("pid"));
    let data_parent = directory.path().join("data");
    std::fs::create_dir(&data_parent).unwrap();
    let script = format!(
        r#"#!/bin/sh
[ "$1 $2 $3 $4" = "serve --listen 127.0.0.1:0 --data" ] || exit 9
mkdir -p "$5"
echo $$ > {}
echo '{{"pid":1,"listen":"{address}"}}' > "$5/server.json"
exec sleep 600
"#,
        pid.display()
    );
    std::fs::write(&binary, script).unwrap();
    std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
    let outcome = program(&format!(
        "compare --no-peers --onhand-binary {} --data-parent {} --rounds 2 --batch 20 --seconds 1 --warmup 0.05 --items 20 --connections 4 --json {words}",
        binary.display(),
        data_parent.display()
    ));
    let pid = std::fs::read_to_string(pid).unwrap();
    let runs = Command::new("kill").args(["-0", pid.trim()]).output().unwrap().status.success();
    assert!(!runs, "the server it started was ended");
    assert_eq!(std::fs::read_dir(data_parent).unwrap().count(), 0, "its data was removed");
    outcome
}

#[cfg(unix)]
#[test]
fn a_comparison_starts_measures_audits_and_cleans_up() {
    let (code, text) = compare(Flaw::None, "");
    assert_eq!(code, Some(0), "{text}");
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    let contestants = table["contestants"].as_array().unwrap();
    let names: Vec<_> = contestants.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ceiling", "onhand spread", "onhand hot", "onhand batch"]);
    for contestant in contestants {
        assert_eq!(contestant["operationsPerSecond"].as_array().unwrap().len(), 2);
        assert!(contestant["ratioToCeiling"].as_f64().unwrap() > 0.0, "{contestant}");
    }
    let (code, text) = compare(Flaw::Oversells, "--stock 3");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("oversold"), "{text}");
}
