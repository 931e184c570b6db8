//! Reads the log ahead of a client, as far as there is room.

use std::time::Duration;

use onhand_engine::{Failure, Outbox, Stretch};
use tokio::sync::mpsc;

/// Reads that may wait to be sent, each of a thousand records.
pub(super) const READS_AHEAD: usize = 2;
/// How long it waits while too many others read.
const BEAT: Duration = Duration::from_millis(100);

/// Reads what is behind `after`, and what comes, until nobody wants it any more.
pub(super) async fn read_ahead(outbox: Outbox, after: u64, reads: mpsc::Sender<Stretch>) {
    let mut tail = outbox.tail(after);
    loop {
        let read = tokio::select! {
            read = tail.next_stretch() => read,
            () = reads.closed() => return,
        };
        match read {
            Ok(Some(stretch)) => {
                if reads.send(stretch).await.is_err() {
                    return;
                }
            }
            // Too many others read at this moment.
            Err(Failure::Overloaded) => tokio::time::sleep(BEAT).await,
            Ok(None) | Err(Failure::Stopping) => return,
            Err(error) => {
                tracing::error!(%error, "the log cannot be read; publishing ends");
                return;
            }
        }
    }
}
