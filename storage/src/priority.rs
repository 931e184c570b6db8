//! Threads that give way to the others.

/// Steps by which such a thread is nicer than the others: on a busy machine it gets a tenth of the time
/// that another one gets, on an idle one all of it. Not more steps: what holds a lock must go on.
const NICER: i32 = 10;

/// Lets the calling thread give way to all others from now on. Where the system does not allow it, the
/// thread goes on as before: this is about speed, not about what is right.
pub fn lower_priority() {
    // On Linux this is about the calling thread, not about the process.
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(%error, "a thread cannot be made to give way");
    }
}
