//! Readers of the ledger beside the load: what does it cost the sellers when somebody reads everything?

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::client::{Client, excerpt};
use crate::failure::Failure;
use crate::request::{Requests, Target};

/// Entries of a page: as many as the contract allows.
const PAGE: &str = "1000";
/// How long a reader waits that was refused.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);
/// What each entry has exactly once.
const ENTRY_MARK: &[u8] = b"\"transactionId\":";
/// What stands before the cursor of the next page.
const CURSOR_MARK: &[u8] = b"\"nextCursor\":\"";

/// What the readers have read.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerRead {
    /// How many readers there were.
    pub readers: u16,
    /// Pages.
    pub pages: u64,
    /// Entries on them.
    pub entries: u64,
    /// Pages that were refused as overload.
    pub refused: u64,
    /// How long they read, in seconds.
    pub seconds: f64,
}

impl LedgerRead {
    /// Adds what another reader has read beside this one.
    pub fn merge(&mut self, other: Self) {
        self.readers += other.readers;
        self.pages += other.pages;
        self.entries += other.entries;
        self.refused += other.refused;
        self.seconds = self.seconds.max(other.seconds);
    }
}

/// Reads the ledger of the run's tenant from its newest entry to its oldest, over and over, as fast as
/// pages come, until it is told to end. Every other reader reads the ledger of one item after another.
///
/// # Errors
/// When a page is answered neither 200 nor 429, or the connection breaks.
pub fn read(
    address: SocketAddr,
    target: &Target,
    number: u16,
    is_over: &AtomicBool,
) -> Result<LedgerRead, Failure> {
    let (mut client, requests) = (Client::new(address), Requests::new(target.clone()));
    let (began, mut read) = (Instant::now(), LedgerRead { readers: 1, ..LedgerRead::default() });
    let mut request = Vec::new();
    for turn in 0_u32.. {
        let item = turn % target.warehouse.items.max(1);
        let filter =
            if number % 2 == 1 { format!("&itemId=item-{item:08}") } else { String::new() };
        let mut cursor = String::new();
        loop {
            if is_over.load(Ordering::Relaxed) {
                read.seconds = began.elapsed().as_secs_f64();
                return Ok(read);
            }
            request.clear();
            let path = format!("/v1/ledger?limit={PAGE}{filter}{cursor}");
            requests.get(&path, &mut request);
            match client.call(&request)? {
                (200, body) => {
                    read.pages += 1;
                    read.entries += memchr::memmem::find_iter(body, ENTRY_MARK).count() as u64;
                    match cursor_in(body) {
                        Some(next) => cursor = format!("&cursor={next}"),
                        None => break,
                    }
                }
                (429, _) => {
                    read.refused += 1;
                    std::thread::sleep(REFUSED_PAUSE);
                }
                (status, body) => {
                    let (call, body) = (format!("GET {path}"), excerpt(body));
                    return Err(Failure::Refused { call, status, body });
                }
            }
        }
    }
    Ok(read)
}

/// The cursor of the next page; ours are plain ASCII without escapes.
fn cursor_in(body: &[u8]) -> Option<&str> {
    let start = memchr::memmem::rfind(body, CURSOR_MARK)? + CURSOR_MARK.len();
    let length = memchr::memchr(b'"', &body[start..])?;
    std::str::from_utf8(&body[start..start + length]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_the_last_member() {
        for (body, expected) in [
            (r#"{"items":[{"note":"x"}],"nextCursor":"2a-1-00ff"}"#, Some("2a-1-00ff")),
            (r#"{"items":[]}"#, None),
            (r#"{"items":[],"nextCursor":"2a"#, None),
        ] {
            assert_eq!(cursor_in(body.as_bytes()), expected);
        }
    }

    #[test]
    fn readers_beside_each_other_are_summed() {
        let one = LedgerRead { readers: 1, pages: 2, entries: 3, refused: 4, seconds: 5.0 };
        let mut sum = one;
        sum.merge(LedgerRead { seconds: 4.0, ..one });
        assert_eq!((sum.readers, sum.pages, sum.entries, sum.refused), (2, 4, 6, 8));
        assert!((sum.seconds - 5.0).abs() < f64::EPSILON);
    }
}
