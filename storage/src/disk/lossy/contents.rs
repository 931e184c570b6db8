//! What is in one file: what was synced, what a reader sees, and the changes between the two.

/// Writes are torn at multiples of this.
const SECTOR_BYTES: u64 = 512;

#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) durable: Vec<u8>,
    pub(super) current: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { offset: u64, bytes: Vec<u8> },
    Length(u64),
}

pub(super) fn size(bytes: u64) -> usize {
    usize::try_from(bytes).expect("files of tests fit into memory")
}

fn put(contents: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = size(offset);
    if contents.len() < start + bytes.len() {
        contents.resize(start + bytes.len(), 0);
    }
    contents[start..start + bytes.len()].copy_from_slice(bytes);
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, good enough to tear files.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

impl Contents {
    fn apply(contents: &mut Vec<u8>, change: &Change) {
        match change {
            Change::Write { offset, bytes } => put(contents, *offset, bytes),
            Change::Length(length) => contents.resize(size(*length), 0),
        }
    }

    pub(super) fn change(&mut self, change: Change) {
        Self::apply(&mut self.current, &change);
        self.pending.push(change);
    }

    /// A short write: the first half of it, and nothing of what is not a write.
    pub(super) fn change_half(&mut self, change: Change) {
        if let Change::Write { offset, mut bytes } = change {
            bytes.truncate(bytes.len() / 2);
            self.change(Change::Write { offset, bytes });
        }
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            Self::apply(&mut self.durable, &change);
        }
    }

    /// Makes durable what the dice let through.
    pub(super) fn tear(&mut self, random: &mut Random) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Length(_) if random.coin() => Self::apply(&mut self.durable, &change),
                Change::Length(_) => {}
                Change::Write { offset, bytes } => {
                    let mut at = 0;
                    while at < bytes.len() {
                        let position = offset + at as u64;
                        let sector = size(SECTOR_BYTES - position % SECTOR_BYTES);
                        let end = bytes.len().min(at + sector);
                        if random.coin() {
                            put(&mut self.durable, position, &bytes[at..end]);
                        }
                        at = end;
                    }
                }
            }
        }
    }
}
