//! Sending one event again that had become a dead letter.

use std::sync::Arc;
use std::time::Duration;

use onhand_domain::dead_letter::Unsent;
use onhand_engine::events::events_of;
use onhand_engine::ids::LOG;
use rdkafka::producer::BaseRecord;

use super::Bridge;
use super::client::{Deliveries, Pace, Told, producer};
use crate::brokers::envelope::{headers, key, spell};
use crate::brokers::ledger::Ledger;
use crate::dialect::Messages;
use crate::http::events::cursor::Cursor;

/// How often a waiting one looks whether the process stops.
const BEAT: Duration = Duration::from_millis(100);

impl Bridge {
    /// Makes the message of an event again and sends it to the topic it was for.
    ///
    /// # Errors
    /// It was not taken again, in words.
    pub(crate) async fn resend(&self, unsent: &Unsent) -> Result<(), String> {
        let (outbox, view) = (self.engine.outbox(), self.engine.view());
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let before = unsent.sequence.saturating_sub(1);
        let records = outbox.read(before).await.map_err(|error| told(&error))?;
        let record = records.iter().find(|record| record.sequence == unsent.sequence);
        let record = record.ok_or_else(|| "its record is not in the log".to_owned())?;
        let events =
            events_of(LOG, record.epoch, record.sequence, &record.change, view.directory());
        let event = events.iter().find(|event| event.index == unsent.index);
        let event = event.ok_or_else(|| "its record does not tell it any more".to_owned())?;
        let routes = self.config.routes.only(Some(unsent.topic.as_str()), None);
        let mut room = Messages::default();
        let sent = spell(event, &routes, &mut room);
        let is_it = |it: &&_| {
            matches!(it, crate::brokers::envelope::Outgoing { message, .. }
                if message.event_id.to_string() == unsent.event_id.as_str())
        };
        let sent = sent.iter().find(is_it);
        let sent = sent.ok_or_else(|| "no route leads to its topic any more".to_owned())?;
        let deliveries = Arc::<Deliveries>::default();
        let producer = producer(&self.config, &deliveries, Pace::Singly);
        let producer = producer.map_err(|error| told(&error))?;
        let mut ledger = Ledger::new(Cursor::START);
        let tags = ledger.enter(Cursor::of(event), [sent.message.body.len()], ());
        let tag = tags.last().expect("it has a message");
        let key = key(event);
        let record = BaseRecord::with_opaque_to(sent.topic, tag.to_opaque())
            .key(key.as_str())
            .payload(sent.message.body)
            .headers(headers(event, sent, None));
        producer.send(record).map_err(|(error, _)| told(&error))?;
        let mut stop = self.stop.subscribe();
        loop {
            for said in deliveries.take() {
                match said {
                    Told::Arrived(_) => return Ok(()),
                    Told::Failed(_, code, _) => return Err(told(&code)),
                    Told::Broken(reason) => return Err(reason),
                    // The client tries until its time is over.
                    Told::Away(_) => {}
                }
            }
            tokio::select! {
                () = deliveries.wait() => {}
                () = tokio::time::sleep(BEAT) => {}
                _ = stop.wait_for(|stop| *stop) => return Err("the process is stopping".to_owned()),
            }
        }
    }
}
