//! When a human is called because too much is unpublished. Pure.

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// There is too much.
    TooMuch,
    /// That is over.
    CaughtUp,
}

/// Calls once above its limit, and again only after the lag was below half of it.
#[derive(Debug)]
pub(super) struct LagAlarm {
    limit: u64,
    has_called: bool,
}

impl LagAlarm {
    /// Silent.
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, has_called: false }
    }

    /// Looks at the records that are unpublished.
    pub(super) const fn look(&mut self, lag: u64) -> Option<News> {
        if lag > self.limit && !self.has_called {
            self.has_called = true;
            Some(News::TooMuch)
        } else if lag < self.limit.div_ceil(2) && self.has_called {
            self.has_called = false;
            Some(News::CaughtUp)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_calls_once_above_the_limit_and_again_after_it_was_low() {
        let mut alarm = LagAlarm::new(100);
        for (lag, expected) in [
            (0, None),
            (100, None),
            (101, Some(News::TooMuch)),
            (5_000, None),
            (99, None),
            (101, None),
            (50, None),
            (49, Some(News::CaughtUp)),
            (0, None),
            (101, Some(News::TooMuch)),
        ] {
            assert_eq!(alarm.look(lag), expected, "{lag}");
        }
    }

    #[test]
    fn the_smallest_limit_is_caught_up_at_nothing() {
        let mut alarm = LagAlarm::new(1);
        assert_eq!(alarm.look(2), Some(News::TooMuch));
        assert_eq!((alarm.look(1), alarm.look(0)), (None, Some(News::CaughtUp)));
    }
}
