//! The bell that wakes the writer: rung at most once until it has been heard.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use ractor::ActorRef;

use crate::writer::actor::Message;

/// See the module.
#[derive(Default)]
pub(crate) struct Bell {
    is_rung: AtomicBool,
    writer: OnceLock<ActorRef<Message>>,
}

impl Bell {
    /// Tells the bell who hears it.
    pub(crate) fn hang(&self, writer: ActorRef<Message>) {
        // A second writer for the same bell would be a fault of ours; the first one stays.
        let _ = self.writer.set(writer);
    }

    /// Something is waiting.
    pub(crate) fn ring(&self) {
        if !self.is_rung.swap(true, Ordering::AcqRel)
            && let Some(writer) = self.writer.get()
        {
            // A writer that is gone takes no more commands; the gate is closed then.
            let _ = writer.cast(Message::Turn);
        }
    }

    /// The writer has heard it, and will look at everything that came before.
    pub(crate) fn heard(&self) {
        // A swap, not a store: whoever found the bell rung has sent its command before this line.
        self.is_rung.swap(false, Ordering::AcqRel);
    }
}
