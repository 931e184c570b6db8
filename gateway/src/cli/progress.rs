//! Bars on a terminal; where there is none, nothing is drawn.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of bytes.
pub(super) fn bytes(total: u64, what: &str) -> ProgressBar {
    bar(total, what, "{msg} [{bar:40}] {percent}% {bytes}/{total_bytes} {eta}")
}

/// A bar of other things.
pub(super) fn count(total: u64, what: &str) -> ProgressBar {
    bar(total, what, "{msg} [{bar:40}] {percent}% {human_pos} {eta}")
}

/// The bar draws to standard error, a few times a second, and only when that is a terminal.
fn bar(total: u64, what: &str, form: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(form).expect("our own forms are valid");
    ProgressBar::new(total).with_style(style).with_message(what.to_owned())
}
