//! The rules alone: what a reservation costs before it is written anywhere.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use onhand_benches::{NOW, Sequence, act, reserve, stocked};
use onhand_domain::decide::Recalled;

fn decide(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    for positions in [10_000_u32, 1_000_000] {
        let (stock, sequence) = stocked(positions, 1);
        let mut numbers = Sequence::new(1);
        group.bench_function(format!("reserve one line of {positions} positions"), |bencher| {
            bencher.iter_batched_ref(
                || reserve(numbers.below(positions), 1),
                |command| black_box(stock.decide(command, Recalled::NotAsked, NOW, sequence + 1)),
                BatchSize::SmallInput,
            );
        });
    }
    for locations in [1_u32, 10, 2_000] {
        let (stock, sequence) = stocked(1, locations);
        group.bench_function(format!("reserve an item at {locations} locations"), |bencher| {
            let command = reserve(0, 1);
            bencher
                .iter(|| black_box(stock.decide(&command, Recalled::NotAsked, NOW, sequence + 1)));
        });
    }
    group.finish();
}

fn apply(criterion: &mut Criterion) {
    let (mut stock, mut sequence) = stocked(1_000_000, 1);
    let mut numbers = Sequence::new(1);
    criterion.bench_function(
        "decide and apply: reserve one line of 1000000 positions",
        |bencher| {
            bencher.iter_batched_ref(
                || reserve(numbers.below(1_000_000), 1),
                |command| act(&mut stock, &mut sequence, command),
                BatchSize::SmallInput,
            );
        },
    );
}

criterion_group!(benches, decide, apply);
criterion_main!(benches);
