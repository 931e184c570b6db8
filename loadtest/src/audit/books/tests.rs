use super::*;
use crate::order::Fate;

const WAREHOUSE: Warehouse = Warehouse { items: 2, locations: 1 };

fn units(text: &str) -> Quantity {
    text.parse().unwrap()
}

fn order(lines: &[(Position, &str)]) -> Order {
    let line = |(position, quantity): &(Position, &str)| Line {
        position: *position,
        quantity: units(quantity),
    };
    Order { lines: lines.iter().map(line).collect(), fate: Fate::Keep }
}

/// Ten received at each of two positions; on the first 3 reserved, 2 committed, 1.5 shipped.
fn books() -> Books {
    let mut books = Books::new(WAREHOUSE, units("10"));
    books.enter(&order(&[(0, "3")]), Some(Status::Active));
    books.enter(&order(&[(0, "2")]), Some(Status::Confirmed));
    books.enter(&order(&[(0, "1.5")]), Some(Status::Fulfilled));
    books.enter(&order(&[(0, "4")]), Some(Status::Cancelled));
    books.enter(&order(&[(0, "4")]), Some(Status::Expired));
    books.enter(&order(&[(0, "9")]), None);
    books
}

fn figures(on_hand: &str, available: &str, reserved: &str, committed: &str) -> Figures {
    Figures {
        on_hand: units(on_hand),
        available: units(available),
        reserved: units(reserved),
        committed: units(committed),
        sellable: units(available).max(Quantity::ZERO),
        ..Figures::default()
    }
}

fn honest() -> [(Position, Figures); 2] {
    [(0, figures("8.5", "3.5", "3", "2")), (1, figures("10", "10", "0", "0"))]
}

fn compared(books: &mut Books, all: &[(Position, Figures)]) -> Vec<Finding> {
    let mut findings = Findings::default();
    books.compare(all, &mut findings);
    findings.first().to_vec()
}

#[test]
fn honest_figures_pass() {
    assert_eq!(compared(&mut books(), &honest()), []);
}

#[test]
fn every_figure_is_compared_to_the_last_millionth() {
    let off = Quantity::from_micros(1);
    let changes: [fn(&mut Figures, Quantity); 8] = [
        |figures, off| figures.on_hand += off,
        |figures, off| figures.available += off,
        |figures, off| figures.reserved += off,
        |figures, off| figures.committed += off,
        |figures, off| figures.damaged += off,
        |figures, off| figures.quality_hold += off,
        |figures, off| figures.in_transit += off,
        |figures, off| figures.sellable += off,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut all = honest();
        change(&mut all[0].1, off);
        let found = compared(&mut books(), &all);
        let differs = |finding: &Finding| matches!(finding, Finding::Figure { .. });
        assert_eq!(found.iter().filter(|finding| differs(finding)).count(), 1, "figure {number}");
    }
}

#[test]
fn a_planted_oversell_is_found_even_when_the_server_hides_it() {
    let mut books = books();
    // The server acknowledges 4 more although 3.5 are left, and shows figures that look sane.
    books.enter(&order(&[(0, "4")]), Some(Status::Active));
    let found = compared(&mut books, &honest());
    let (sold, received) = (units("10.5"), units("10"));
    let position = WAREHOUSE.label(0);
    assert!(found.contains(&Finding::Oversold { position, sold, received }), "{found:?}");

    // The same when it is honest about it: below zero is below zero.
    let all = [(0, figures("8.5", "-0.5", "7", "2")), honest()[1]];
    let found = compared(&mut books, &all);
    assert!(found.iter().any(|finding| matches!(finding, Finding::Oversold { .. })), "{found:?}");
    assert!(found.iter().any(|finding| matches!(finding, Finding::Negative { .. })), "{found:?}");
}

#[test]
fn a_lost_and_a_phantom_hold_are_found() {
    for all in [
        [(0, figures("8.5", "6.5", "0", "2")), honest()[1]],
        [honest()[0], (1, figures("10", "9", "1", "0"))],
    ] {
        let found = compared(&mut books(), &all);
        let of_reserved =
            |finding: &Finding| matches!(finding, Finding::Figure { bucket: "reserved", .. });
        assert!(found.iter().any(of_reserved), "{found:?}");
    }
}

#[test]
fn figures_that_do_not_add_up_are_found() {
    let mut all = honest();
    all[0].1.on_hand = units("9");
    let found = compared(&mut books(), &all);
    let (on_hand, sum) = (units("9"), units("8.5"));
    let position = WAREHOUSE.label(0);
    assert!(found.contains(&Finding::SumDiffers { position, on_hand, sum }), "{found:?}");
}

#[test]
fn missing_and_doubled_positions_are_found() {
    let position = WAREHOUSE.label(1);
    let missing = Finding::PositionMissing { position };
    assert_eq!(compared(&mut books(), &honest()[..1]), [missing]);
    let position = WAREHOUSE.label(1);
    let all = [honest()[0], honest()[1], honest()[1]];
    assert_eq!(compared(&mut books(), &all), [Finding::PositionTwice { position }]);
}

#[test]
fn a_refusal_needs_a_reason() {
    let mut books = books();
    compared(&mut books, &honest());
    for (lines, run_out, may_have) in [
        (vec![(0, "3.5")], false, true),
        (vec![(0, "3.500001")], true, true),
        (vec![(1, "10")], false, false),
        (vec![(1, "1"), (0, "4")], true, true),
    ] {
        let order = order(&lines);
        assert_eq!(books.has_run_out(&order), run_out, "{lines:?}");
        assert_eq!(books.may_have_run_out(&order), may_have, "{lines:?}");
    }
}
