//! The writer without a disk: decide, apply, number and encode.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use onhand_benches::{NOW, Sequence, reserve, stocked};
use onhand_engine::writer::core::{Core, Envelope};
use onhand_engine::writer::filling::Filling;

const POSITIONS: u32 = 1_000_000;
const COMMANDS: usize = 1_000;

fn writer(criterion: &mut Criterion) {
    let (stock, sequence) = stocked(POSITIONS, 1);
    let mut core = Core::new(stock, sequence, 5_000);
    let mut numbers = Sequence::new(1);
    let mut orders = 0_u64;
    let mut group = criterion.benchmark_group("writer");
    group.throughput(Throughput::Elements(COMMANDS as u64));
    for keyed in [false, true] {
        let name = if keyed { "a thousand keyed reservations" } else { "a thousand reservations" };
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    let envelopes: Vec<Envelope<()>> = (0..COMMANDS)
                        .map(|_| {
                            orders += 1;
                            let mut command = reserve(numbers.below(POSITIONS), orders);
                            let mut key = [0; 16];
                            key[..8].copy_from_slice(
                                &orders.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes(),
                            );
                            command.key = keyed.then_some(key);
                            Envelope { command: command.into(), ticket: (), searched: None }
                        })
                        .collect();
                    (envelopes, Filling::default())
                },
                |(envelopes, mut filling)| {
                    for envelope in envelopes {
                        black_box(core.handle(envelope, NOW, &mut filling));
                    }
                    filling
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, writer);
criterion_main!(benches);
