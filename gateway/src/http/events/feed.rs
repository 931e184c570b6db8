//! A stream of events that follows the log (Server-Sent Events).

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use onhand_engine::{Published, Tail};

use super::Asked;
use super::cursor::Cursor;
use super::filter::Filter;
use super::scan::each;
use crate::dialect::standard;
use crate::http::answer::wide;
use crate::http::door::Door;
use crate::http::json::Json;
use crate::http::meters::StreamPlace;

/// Without an event a comment is sent so often: proxies close what is silent, and a reader that is
/// gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// After so many milliseconds a reader that lost its stream should come back.
const RETRY: &str = "retry: 1000\n\n";

/// A turn of the feed: the feed itself again with what it has to say; `None` at its end.
type Turn = Pin<Box<dyn Future<Output = Option<(Reading, Bytes)>> + Send>>;

/// The body of a stream. It is asked for more only when the reader has taken what it was given, so
/// that a slow reader slows down nobody else and holds one read's worth of records.
pub(super) struct Feed {
    turn: Option<Turn>,
}

/// Where a reader stands.
struct Reading {
    door: Arc<Door>,
    tail: Tail,
    filter: Arc<Filter>,
    at: Cursor,
    is_over: bool,
    _place: StreamPlace,
}

impl Feed {
    /// Begins behind a cursor.
    pub(super) fn new(door: Arc<Door>, asked: Asked, place: StreamPlace) -> Self {
        let Asked { after, filter } = asked;
        let tail = door.engine.outbox().tail(after.last_whole_record());
        let filter = Arc::new(filter);
        let reading = Reading { door, tail, filter, at: after, is_over: false, _place: place };
        let first = async move { Some((reading, Bytes::from_static(RETRY.as_bytes()))) };
        Self { turn: Some(Box::pin(first)) }
    }
}

impl Body for Feed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(turn) = &mut self.turn else { return Poll::Ready(None) };
        let Poll::Ready(turned) = turn.as_mut().poll(context) else { return Poll::Pending };
        let (next, frame) = match turned {
            Some((reading, text)) => {
                let next: Turn = Box::pin(reading.turn());
                (Some(next), Some(Ok(Frame::data(text))))
            }
            None => (None, None),
        };
        self.turn = next;
        Poll::Ready(frame)
    }
}

impl Reading {
    /// Waits for something to say. Ends with the process, with the engine, and where the filter ends.
    async fn turn(mut self) -> Option<(Self, Bytes)> {
        let mut silence = std::pin::pin!(tokio::time::sleep(KEEP_ALIVE));
        while !self.is_over {
            let records = tokio::select! {
                biased;
                () = self.door.stage.stopped() => return None,
                // Giving up a read loses nothing: the tail reads the same records again.
                records = self.tail.next() => records.ok()??,
                () = &mut silence => {
                    let text = format!("id: {}\n: still here\n\n", self.at);
                    return Some((self, Bytes::from(text)));
                }
            };
            let (view, filter) = (Arc::clone(self.door.engine.view()), Arc::clone(&self.filter));
            let after = self.at;
            let told = wide(move || tell(&records, after, &filter, view.directory())).await;
            let (text, at, is_over) = told.ok()?;
            (self.at, self.is_over) = (at, is_over);
            if !text.is_empty() {
                return Some((self, Bytes::from(text)));
            }
        }
        None
    }
}

/// The messages of some records, where they end, and whether nothing behind them can fit.
fn tell(
    records: &[Published],
    after: Cursor,
    filter: &Filter,
    names: &dyn onhand_engine::Names,
) -> (Vec<u8>, Cursor, bool) {
    let (mut text, mut at) = (Vec::new(), after);
    for record in records {
        if filter.is_over(&record.change) {
            return (text, at, true);
        }
        each(record, after, filter, names, |event, cursor| {
            let cursor = cursor.to_string();
            let mut json = Json::with_capacity(standard::TYPICAL_BYTES);
            standard::write(event, &cursor, &mut json);
            let name = event.type_name();
            text.extend_from_slice(format!("id: {cursor}\nevent: {name}\ndata: ").as_bytes());
            // JSON holds no line breaks: inside texts they are escaped.
            text.extend_from_slice(&json.into_bytes());
            text.extend_from_slice(b"\n\n");
        });
        at = Cursor::behind(record.sequence);
    }
    (text, at, false)
}
