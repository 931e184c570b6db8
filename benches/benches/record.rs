//! Bytes: what it costs to write a change down, and to read it back.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onhand_benches::{NOW, reserve, stocked};
use onhand_domain::change::Change;
use onhand_domain::decide::{Decision, Recalled};
use onhand_engine::record;

fn change() -> (Change, u64) {
    let (stock, sequence) = stocked(1_000, 1);
    let mut command = reserve(7, 1);
    command.key = Some([7; 16]);
    match stock.decide(&command, Recalled::NotAsked, NOW, sequence + 1) {
        Ok(Decision::Change(change)) => (*change, sequence + 1),
        other => panic!("{other:?}"),
    }
}

fn codec(criterion: &mut Criterion) {
    let (change, sequence) = change();
    let mut bytes = Vec::new();
    record::encode(&change, sequence, &mut bytes);
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("encode a one-line reservation", |bencher| {
        let mut into = Vec::with_capacity(1_024);
        bencher.iter(|| {
            into.clear();
            record::encode(black_box(&change), sequence, &mut into);
        });
    });
    group.bench_function("decode a one-line reservation", |bencher| {
        bencher.iter(|| {
            black_box(record::decode(record::KIND_CHANGE, record::VERSION, sequence, &bytes))
        });
    });
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
