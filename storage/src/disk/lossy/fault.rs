//! What a disk refuses, and for how long.

use std::io;

/// Which operations a fault meets. Each kind is counted from 1, apart from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meets {
    /// Whatever changes something: writes, syncs, changes of length and of names.
    Changes,
    /// Reads of files.
    Reads,
}

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// One operation; the next one works.
    Once,
    /// Until the restart.
    Sticky,
}

/// What a refused write leaves behind. A refused sync always makes a part durable, drops the rest,
/// and a later sync of the same file does not bring it back: what Linux does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaves {
    /// Nothing.
    Nothing,
    /// Its first half: a short write, and then the error.
    Half,
}

/// An error that the disk answers where it is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Number of the first operation that is refused.
    pub at: u64,
    /// What is counted.
    pub meets: Meets,
    /// For how long.
    pub lasts: Lasts,
    /// What a refused write leaves.
    pub leaves: Leaves,
    /// What the operating system says.
    pub kind: io::ErrorKind,
}

impl Fault {
    /// Refuses one change and leaves nothing of it.
    pub fn once(at: u64, kind: io::ErrorKind) -> Self {
        Self { at, meets: Meets::Changes, lasts: Lasts::Once, leaves: Leaves::Nothing, kind }
    }

    /// Refuses every change from this one on.
    pub fn sticky(at: u64, kind: io::ErrorKind) -> Self {
        Self { lasts: Lasts::Sticky, ..Self::once(at, kind) }
    }

    /// Refuses one change after its first half; if it is a write.
    pub fn short(at: u64, kind: io::ErrorKind) -> Self {
        Self { leaves: Leaves::Half, ..Self::once(at, kind) }
    }

    /// Refuses one read.
    pub fn read(at: u64, lasts: Lasts) -> Self {
        Self { meets: Meets::Reads, lasts, ..Self::once(at, io::ErrorKind::Other) }
    }

    /// Whether the operation with this number, of what is counted, is refused.
    pub(super) fn strikes(&self, meets: Meets, operation: u64) -> bool {
        self.meets == meets
            && match self.lasts {
                Lasts::Once => operation == self.at,
                Lasts::Sticky => operation >= self.at,
            }
    }
}
