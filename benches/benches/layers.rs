//! Depth and width: a position with 1,000 layers beside one with a single one, and an item at 2,000 locations.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use onhand_benches::{NOW, act, command, item, location, receive, reserve, stocked};
use onhand_domain::catalog::{ItemAttributes, Strategy};
use onhand_domain::command::{Action, Command, Detail, Place, StockEntry};
use onhand_domain::decide::{Decision, Recalled};
use onhand_domain::ids::LotNumber;
use onhand_domain::quantity::{Money, Quantity};
use onhand_domain::stock::{Rules, Stock};
use onhand_domain::time::Day;
use onhand_engine::record;
use onhand_engine::view::View;
use onhand_storage::Background;

fn entry(quantity: i64, detail: Option<Detail>) -> StockEntry {
    let place = Place { item: item(0), location: location(0) };
    StockEntry { place, quantity: Quantity::units(quantity), detail: detail.map(Arc::new) }
}

/// A receipt of the n-th lot.
fn lot(number: u32) -> Command {
    command(Action::Receive(entry(
        1_000_000,
        Some(Detail {
            lot: LotNumber::parse(&format!("LOT-{number:04}")).ok(),
            expiry: Some(Day::from_days(40_000 + i32::try_from(number).expect("small"))),
            unit_cost: Some(Money::from_millionths(1_000_000 + i64::from(number))),
            ..Detail::default()
        }),
    )))
}

/// One position of so many lots.
fn layered(layers: u32, strategy: Strategy) -> (Stock, u64) {
    let (mut stock, mut sequence) = (Stock::new(Rules::default(), 0), 0);
    let attributes = Arc::new(ItemAttributes { strategy, ..ItemAttributes::default() });
    let put = command(Action::PutItem { item: item(0), attributes });
    act(&mut stock, &mut sequence, &put);
    (0..layers).for_each(|number| act(&mut stock, &mut sequence, &lot(number)));
    (stock, sequence)
}

fn depth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layers");
    for (strategy, layers) in
        [(Strategy::Fifo, 1), (Strategy::Fifo, 1_000), (Strategy::Fefo, 1), (Strategy::Fefo, 1_000)]
    {
        let (mut stock, mut sequence) = layered(layers, strategy);
        let name = format!("{strategy:?} of {layers}");
        let pick = command(Action::Sell(entry(1, None)));
        let size = |stock: &Stock| {
            let decided = stock.decide(&pick, Recalled::NotAsked, NOW, sequence + 1);
            let Ok(Decision::Change(change)) = decided else { panic!("{decided:?}") };
            let mut bytes = Vec::new();
            record::encode(&change, sequence + 1, &mut bytes);
            bytes.len()
        };
        println!("a pick from {name} layers is a record of {} bytes", size(&stock));
        group.bench_function(format!("pick, {name}"), |bencher| {
            bencher.iter(|| act(&mut stock, &mut sequence, &pick));
        });
        let put = lot(layers / 2);
        group.bench_function(format!("put, {name}"), |bencher| {
            bencher.iter(|| act(&mut stock, &mut sequence, &put));
        });
        let mut order = 0;
        group.bench_function(format!("promise, {name}"), |bencher| {
            bencher.iter(|| {
                order += 1;
                act(&mut stock, &mut sequence, &reserve(0, order));
            });
        });
    }
    group.finish();
}

fn width(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("locations");
    for locations in [1_u32, 2_000] {
        let (mut stock, mut sequence) = stocked(1, locations);
        let view = View::new();
        view.load(&stock, sequence, Background::Inline);
        group.bench_function(format!("read an item at {locations}"), |bencher| {
            bencher.iter(|| black_box(view.item_stock("default", item(0).as_str())));
        });
        let mut order = 0;
        group.bench_function(format!("promise an item at {locations}"), |bencher| {
            bencher.iter(|| {
                order += 1;
                act(&mut stock, &mut sequence, &reserve(0, order));
            });
        });
        let put = receive(0, locations - 1, 1);
        group.bench_function(format!("put an item at {locations}"), |bencher| {
            bencher.iter(|| act(&mut stock, &mut sequence, &put));
        });
    }
    group.finish();
}

criterion_group!(benches, depth, width);
criterion_main!(benches);
