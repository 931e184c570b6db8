//! What moved at a position, and when: the figures of then are its sum.

use std::rc::Rc;

use onhand_domain::position::Bucket;

/// All movements of a position, the latest first. Copies share what they have in common.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story(Option<Rc<Chapter>>);

#[derive(Debug)]
struct Chapter {
    occurred: i64,
    from: Option<Bucket>,
    to: Option<Bucket>,
    amount: i64,
    before: Story,
}

impl Story {
    pub(crate) fn tell(
        &mut self,
        (from, to): (Option<Bucket>, Option<Bucket>),
        amount: i64,
        occurred: i64,
    ) {
        let before = std::mem::take(self);
        *self = Self(Some(Rc::new(Chapter { occurred, from, to, amount, before })));
    }

    /// The buckets of then, by what had happened up to the instant.
    pub(crate) fn at(&self, instant: i64) -> [i64; 6] {
        let mut buckets = [0_i64; 6];
        let mut rest = self;
        while let Some(chapter) = &rest.0 {
            if chapter.occurred <= instant {
                for (bucket, amount) in
                    [(chapter.from, -chapter.amount), (chapter.to, chapter.amount)]
                {
                    if let Some(bucket) = bucket {
                        let sum = &mut buckets[bucket as usize];
                        *sum = sum.wrapping_add(amount);
                    }
                }
            }
            rest = &chapter.before;
        }
        buckets
    }
}

impl Drop for Story {
    /// One after the other: a long one would need a deep stack.
    fn drop(&mut self) {
        let mut rest = self.0.take();
        while let Some(chapter) = rest.and_then(Rc::into_inner) {
            let mut chapter = chapter;
            rest = chapter.before.0.take();
        }
    }
}
