//! Where the answers of a port are awaited.

use std::task::{Poll, Waker};

use slab::Slab;

use crate::error::Failure;
use crate::reply::Reply;

/// An answer on its way to whoever waits: slot, place in its batch, answer.
pub(crate) type Answer = (u32, u32, Reply);

/// Who waits for one answer.
enum Slot {
    Waiting(Option<Waker>),
    Ready(Reply),
    /// Nobody waits any more; the slot goes with its answer.
    Abandoned,
    Batch(Box<Batch>),
}

/// Who waits for the answers to several commands, in their order.
struct Batch {
    replies: Vec<Option<Reply>>,
    missing: usize,
    waker: Option<Waker>,
    is_abandoned: bool,
}

impl Batch {
    fn put(&mut self, place: u32, reply: Reply) {
        if let Some(held @ None) = self.replies.get_mut(place as usize) {
            *held = Some(reply);
            self.missing -= 1;
        }
    }
}

/// All slots of a port. Permits keep their number small.
#[derive(Default)]
pub(super) struct Slots {
    all: Slab<Slot>,
}

fn number(key: usize) -> u32 {
    u32::try_from(key).expect("permits keep the number of slots small")
}

impl Slots {
    /// A slot for one answer.
    pub(super) fn open(&mut self) -> u32 {
        number(self.all.insert(Slot::Waiting(None)))
    }

    /// A slot for as many answers; those that are known already stand in it.
    pub(super) fn open_batch(&mut self, replies: Vec<Option<Reply>>) -> u32 {
        let missing = replies.iter().filter(|reply| reply.is_none()).count();
        let batch = Batch { replies, missing, waker: None, is_abandoned: false };
        number(self.all.insert(Slot::Batch(Box::new(batch))))
    }

    /// Puts answers in their places, and wakes who has all of theirs.
    pub(super) fn complete(&mut self, answers: &mut Vec<Answer>) {
        for (slot, place, reply) in answers.drain(..) {
            self.put(slot as usize, place, reply);
        }
    }

    fn put(&mut self, key: usize, place: u32, reply: Reply) {
        let Some(slot) = self.all.get_mut(key) else { return };
        match slot {
            Slot::Waiting(waker) => {
                let waker = waker.take();
                *slot = Slot::Ready(reply);
                waker.into_iter().for_each(Waker::wake);
            }
            Slot::Batch(batch) => {
                batch.put(place, reply);
                if batch.missing == 0 {
                    batch.waker.take().into_iter().for_each(Waker::wake);
                    if batch.is_abandoned {
                        self.all.remove(key);
                    }
                }
            }
            Slot::Abandoned => {
                self.all.remove(key);
            }
            // It was answered when nobody knew; the first answer stays.
            Slot::Ready(_) => {}
        }
    }

    /// Answers everybody who waits: nobody knows what became of their commands.
    pub(super) fn fail_all(&mut self) {
        for (_, slot) in &mut self.all {
            match slot {
                Slot::Waiting(waker) => {
                    let waker = waker.take();
                    *slot = Slot::Ready(Reply::Failed(Failure::OutcomeUnknown));
                    waker.into_iter().for_each(Waker::wake);
                }
                Slot::Batch(batch) => {
                    let missing = batch.replies.iter_mut().filter(|reply| reply.is_none());
                    missing.for_each(|reply| *reply = Some(Reply::Failed(Failure::OutcomeUnknown)));
                    batch.missing = 0;
                    batch.waker.take().into_iter().for_each(Waker::wake);
                }
                Slot::Ready(_) | Slot::Abandoned => {}
            }
        }
    }

    /// The answer in a slot, which ends with it.
    pub(super) fn poll(&mut self, slot: u32, waker: &Waker) -> Poll<Reply> {
        if let Slot::Waiting(held) = &mut self.all[slot as usize] {
            keep(held, waker);
            return Poll::Pending;
        }
        match self.all.remove(slot as usize) {
            Slot::Ready(reply) => Poll::Ready(reply),
            _ => panic!("only a dropped call is abandoned, and only a batch has a batch's slot"),
        }
    }

    /// The answers in a slot, which ends with them.
    pub(super) fn poll_batch(&mut self, slot: u32, waker: &Waker) -> Poll<Vec<Reply>> {
        if let Slot::Batch(batch) = &mut self.all[slot as usize]
            && batch.missing > 0
        {
            keep(&mut batch.waker, waker);
            return Poll::Pending;
        }
        match self.all.remove(slot as usize) {
            Slot::Batch(batch) => Poll::Ready(batch.replies.into_iter().flatten().collect()),
            _ => panic!("only a batch waits for a batch"),
        }
    }

    /// Nobody waits for this slot any more.
    pub(super) fn abandon(&mut self, slot: u32) {
        let key = slot as usize;
        match &mut self.all[key] {
            Slot::Batch(batch) if batch.missing > 0 => batch.is_abandoned = true,
            slot @ Slot::Waiting(_) => *slot = Slot::Abandoned,
            Slot::Ready(_) | Slot::Abandoned | Slot::Batch(_) => {
                self.all.remove(key);
            }
        }
    }
}

fn keep(held: &mut Option<Waker>, waker: &Waker) {
    if held.as_ref().is_none_or(|held| !held.will_wake(waker)) {
        *held = Some(waker.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSED: Reply = Reply::Passed;

    fn ready(poll: &Poll<Vec<Reply>>) -> Option<usize> {
        match poll {
            Poll::Ready(replies) => Some(replies.len()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_batch_is_ready_when_its_last_answer_is_there() {
        let mut slots = Slots::default();
        let waker = Waker::noop();
        let known = Some(Reply::Failed(Failure::Overloaded));
        let slot = slots.open_batch(vec![None, known, None]);
        slots.complete(&mut vec![(slot, 2, PASSED)]);
        assert_eq!(ready(&slots.poll_batch(slot, waker)), None);
        slots.complete(&mut vec![(slot, 2, PASSED)]);
        assert_eq!(ready(&slots.poll_batch(slot, waker)), None, "the same answer again");
        slots.complete(&mut vec![(slot, 0, PASSED)]);
        let Poll::Ready(replies) = slots.poll_batch(slot, waker) else { panic!("all are there") };
        assert!(matches!(
            replies[..],
            [Reply::Passed, Reply::Failed(Failure::Overloaded), Reply::Passed]
        ));
        assert!(slots.all.is_empty());
    }

    #[test]
    fn what_nobody_waits_for_leaves_with_its_last_answer() {
        let mut slots = Slots::default();
        let (one, batch) = (slots.open(), slots.open_batch(vec![None, None]));
        slots.abandon(one);
        slots.abandon(batch);
        slots.complete(&mut vec![(one, 0, PASSED), (batch, 0, PASSED)]);
        assert_eq!(slots.all.len(), 1);
        slots.complete(&mut vec![(batch, 1, PASSED)]);
        assert!(slots.all.is_empty());
        let empty = slots.open_batch(Vec::new());
        slots.abandon(empty);
        assert!(slots.all.is_empty(), "a batch that waits for nothing");
    }

    #[test]
    fn when_nobody_knows_everybody_is_told() {
        let mut slots = Slots::default();
        let (one, batch) = (slots.open(), slots.open_batch(vec![None, Some(PASSED)]));
        slots.fail_all();
        let waker = Waker::noop();
        let unknown = |reply: &Reply| matches!(reply, Reply::Failed(Failure::OutcomeUnknown));
        assert!(matches!(slots.poll(one, waker), Poll::Ready(reply) if unknown(&reply)));
        let Poll::Ready(replies) = slots.poll_batch(batch, waker) else { panic!("all are told") };
        assert!(unknown(&replies[0]) && matches!(replies[1], Reply::Passed));
    }
}
