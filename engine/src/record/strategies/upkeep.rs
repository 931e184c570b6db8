use onhand_domain::consumed::Message;
use onhand_domain::dead_letter::{
    DeadLetter, Direction, Fault, LetterChange, LetterContent, Unsent,
};
use onhand_domain::job::{Job, JobChange, JobStatus, Progress, Task};
use onhand_domain::upkeep::{ApplicationEvent, Kept};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Arc, letter_status, reference, source_position, text, time, trace, words};

pub(in crate::record) fn letter() -> impl Strategy<Value = DeadLetter> {
    let numbers = (any::<u64>(), any::<u32>(), any::<u32>(), any::<u64>());
    let words = (select(vec![Direction::In, Direction::Out]), letter_status());
    (numbers, words, time(), time()).prop_map(|(numbers, words, first, last)| DeadLetter {
        number: numbers.0,
        tenant: numbers.1,
        direction: words.0,
        status: words.1,
        attempts: numbers.2,
        first_failed_at: first,
        last_failed_at: last,
        sequence: numbers.3,
    })
}

fn content() -> impl Strategy<Value = LetterContent> {
    let message = (vec(any::<u8>(), 0..40), any::<u64>())
        .prop_map(|(bytes, length)| Message { bytes: Arc::from(bytes), length });
    let unsent = (words(), words(), words(), words(), any::<u64>(), any::<u32>());
    let unsent = unsent.prop_map(|(sink, topic, event_id, event_type, sequence, index)| Unsent {
        sink,
        topic,
        event_id,
        event_type,
        sequence,
        index,
    });
    (of(message), of(unsent)).prop_map(|(message, unsent)| LetterContent { message, unsent })
}

fn letter_change() -> impl Strategy<Value = LetterChange> {
    let fault = (words(), words(), of(words()));
    let fault = fault.prop_map(|(code, error, details)| Fault { code, error, details });
    (letter(), of(content()), of(fault)).prop_map(|(letter, content, fault)| LetterChange {
        letter,
        content,
        fault,
    })
}

fn application_event() -> impl Strategy<Value = ApplicationEvent> {
    let names = (words(), words(), words());
    (names, any::<u32>(), of(time()), text()).prop_map(|(names, version, time, payload)| {
        ApplicationEvent {
            event_type: names.0,
            aggregate_type: names.1,
            aggregate_id: names.2,
            aggregate_version: version,
            occurred_at: time,
            payload,
        }
    })
}

fn task() -> impl Strategy<Value = Task> {
    prop_oneof![
        any::<u32>().prop_map(Task::CancelItem),
        any::<u32>().prop_map(Task::CancelLocation),
        reference().prop_map(Task::ArchiveProduct),
        any::<u32>().prop_map(Task::OpenLocation),
        any::<u32>().prop_map(Task::OpenItem),
    ]
}

fn job_change() -> impl Strategy<Value = JobChange> {
    let status = select(vec![JobStatus::Running, JobStatus::Completed]);
    (any::<u64>(), status, any::<u64>(), any::<u64>(), of(task())).prop_map(
        |(number, status, done, left, task)| JobChange {
            number,
            progress: Progress { status, done, left },
            task,
        },
    )
}

pub(in crate::record) fn job() -> impl Strategy<Value = Job> {
    let numbers = (any::<u64>(), any::<u32>(), any::<u64>(), any::<u64>());
    (numbers, task(), of(words()), of(trace().prop_map(Arc::new)), time()).prop_map(
        |(numbers, task, reason, trace, started_at)| Job {
            number: numbers.0,
            tenant: numbers.1,
            task,
            reason,
            trace,
            started_at,
            done: numbers.2,
            sequence: numbers.3,
        },
    )
}

pub(super) fn kept() -> impl Strategy<Value = Kept> {
    prop_oneof![
        letter_change().prop_map(Kept::Letter),
        vec(source_position().prop_map(Arc::new), 0..4).prop_map(Kept::Advanced),
        (words(), any::<u32>()).prop_map(|(stream, generation)| Kept::Reset { stream, generation }),
        vec(application_event(), 0..3).prop_map(Kept::Published),
        job_change().prop_map(Kept::Job),
    ]
}
