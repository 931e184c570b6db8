//! Limits of one step; what happens at each is `LIMIT_EXCEEDED` (422), and nothing is changed.

/// Most lines of one reservation, also after lines were split over locations.
pub const LINES_MAX: u32 = 1_000;
/// Most movements of one step.
pub const MOVEMENTS_MAX: u32 = 10_000;
/// Most shipments of one reservation.
pub const SHIPMENTS_MAX: u32 = 1_000;
/// Most bins of one location.
pub const BINS_MAX: u32 = 10_000;
/// Most jobs that run at a time.
pub const JOBS_MAX: u32 = 1_000;
