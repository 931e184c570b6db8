//! What a process uses, from `/proc`.

use std::time::Duration;

/// Linux counts CPU time for `/proc` in hundredths of a second, on every machine.
const TICK: Duration = Duration::from_millis(10);
/// The fields of `stat` behind the name, from the state on, up to the one before `utime`.
const FIELDS_BEFORE_UTIME: usize = 11;

/// Memory and time of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Resident memory in bytes.
    pub resident: u64,
    /// CPU time of all its threads, user and system.
    pub cpu: Duration,
}

impl Footprint {
    /// That of the process with this number; `None` where the system does not tell.
    #[must_use]
    pub fn of(id: u32) -> Option<Self> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/{id}/{name}")).ok();
        Some(Self { resident: resident(&read("status")?)?, cpu: cpu(&read("stat")?)? })
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1_024)
}

/// The name may hold anything, also blanks and brackets: fields are counted from its last bracket.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(FIELDS_BEFORE_UTIME).map(str::parse::<u32>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some(TICK * (user + system))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_found_in_their_files() {
        let status = "Name:\tonhand\nVmPeak:\t  900 kB\nVmRSS:\t  512 kB\n";
        assert_eq!(resident(status), Some(524_288));
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 9 0 100 1 2";
        assert_eq!(cpu(stat), Some(Duration::from_secs(3)));
        assert_eq!((resident(""), cpu("7 (x")), (None, None));
    }

    #[test]
    fn this_process_uses_something() {
        let footprint = Footprint::of(std::process::id()).expect("there is a /proc here");
        assert!(footprint.resident > 100_000);
    }
}
