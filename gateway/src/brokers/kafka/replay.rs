//! Sending again what was sent before, because somebody asked for it.

/// Lets one replay through at a time.
#[derive(Debug, Default)]
pub(super) struct Turnstile;
impl Turnstile {
    pub(super) fn close(&self) {}
}
