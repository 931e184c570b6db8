//! The disk: what a commit costs, by the number of records in it.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use onhand_storage::{DataDirectory, Log, RecordBatch, StorageConfig};

fn commit(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory");
    let data = DataDirectory::open(StorageConfig::new(directory.path())).expect("it opens");
    let (mut log, _reader) = data.open_log().expect("it opens");
    let mut group = criterion.benchmark_group("log");
    group.sample_size(20);
    for records in [1_u64, 64, 1_000, 8_000] {
        group.throughput(Throughput::Elements(records));
        group.bench_function(format!("commit {records} records of 128 bytes"), |bencher| {
            let mut batch = RecordBatch::new();
            bencher.iter(|| {
                batch.begin(log.next_sequence());
                for _ in 0..records {
                    let pushed = batch.push_with(1, 1, |bytes| bytes.extend_from_slice(&[7; 128]));
                    pushed.expect("it fits");
                }
                log.commit(&batch).expect("the disk takes it");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, commit);
criterion_main!(benches);
