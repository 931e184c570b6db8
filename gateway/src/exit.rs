//! How the process ends: one code per cause, each with a remedy. docs/FAILURES.md lists them all.

use std::fmt;
use std::process::{ExitCode, Termination};

use onhand_engine::{Fatal, FatalCode, StartError};
use onhand_storage::{LogError, OpenError};

use crate::config::ConfigError;

/// Exit codes. Their numbers are a promise to scripts; 2 belongs to wrong command lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// All that was asked for was done.
    Good = 0,
    /// A fault without a code of its own.
    Internal = 1,
    /// A setting is unknown or wrong.
    WrongSetting = 10,
    /// Another process listens at our address.
    AddressInUse = 11,
    /// The address cannot be listened at.
    AddressUnusable = 12,
    /// No server answers for the data directory.
    NotServing = 13,
    /// The running server did not do what it was asked.
    Refused = 14,
    /// Some rows of a file were not imported.
    RowsRejected = 15,
    /// A file to import cannot be read.
    FileUnreadable = 16,
    /// Another process holds the data directory.
    DirectoryInUse = 20,
    /// The directory is missing, or holds something else.
    NotADataDirectory = 21,
    /// A file was written by a newer version.
    UnknownFormat = 22,
    /// The directory was made with another number of partitions.
    PartitionsDiffer = 23,
    /// Bytes on disk are not what was written.
    Damaged = 24,
    /// The log ends before something that was acknowledged.
    LostTail = 25,
    /// The disk is full.
    DiskFull = 26,
    /// The operating system refused to read or write a file.
    FileRefused = 27,
    /// The log and memory, or a checkpoint, contradict each other.
    Contradiction = 28,
    /// A backup is not what was written, or is none.
    BackupDamaged = 29,
    /// A commit failed, and nobody knows whether it is on disk.
    CommitFailed = 30,
    /// A fault of ours where memory may now differ from disk.
    CorePanicked = 31,
    /// SIGINT twice: the second one ended the process at once.
    Interrupted = 130,
    /// SIGTERM twice: the second one ended the process at once.
    Terminated = 143,
}

impl Exit {
    /// All of them.
    pub(crate) const ALL: [Self; 23] = [
        Self::Good,
        Self::Internal,
        Self::WrongSetting,
        Self::AddressInUse,
        Self::AddressUnusable,
        Self::NotServing,
        Self::Refused,
        Self::RowsRejected,
        Self::FileUnreadable,
        Self::DirectoryInUse,
        Self::NotADataDirectory,
        Self::UnknownFormat,
        Self::PartitionsDiffer,
        Self::Damaged,
        Self::LostTail,
        Self::DiskFull,
        Self::FileRefused,
        Self::Contradiction,
        Self::BackupDamaged,
        Self::CommitFailed,
        Self::CorePanicked,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number the shell sees.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The one with a number.
    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// What the operator can do about it.
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::Good | Self::Interrupted | Self::Terminated => "nothing to do",
            Self::Internal => "start again; if it returns, report it with the log",
            Self::WrongSetting => "correct the setting; `onhand serve --help` lists all of them",
            Self::AddressInUse => {
                "stop the process that listens there, or choose another with --listen"
            }
            Self::AddressUnusable => {
                "choose an address of this machine with --listen; ports below 1024 need a privilege"
            }
            Self::NotServing => "start the server, or name its data directory with --data",
            Self::Refused => "see what it said; nothing of it is lost",
            Self::RowsRejected => {
                "mend the rows in the file of rejected rows, and import that file"
            }
            Self::FileUnreadable => "see what is wrong with the file; nothing of it was imported",
            Self::DirectoryInUse => {
                "stop the other process, or choose another directory with --data"
            }
            Self::NotADataDirectory => "name a data directory, or an empty one, with --data",
            Self::UnknownFormat => {
                "use the version of onhand that wrote the directory, or a newer one"
            }
            Self::PartitionsDiffer => {
                "leave --partitions as the directory was made: it can never change"
            }
            Self::Damaged => {
                "keep the directory as it is, run `onhand verify`, and restore the named file or the \
                 last backup"
            }
            Self::LostTail => {
                "bring back the missing files; if they are lost for good, start once with \
                 --accept-lost-tail"
            }
            Self::DiskFull => "free space on the disk of the data directory, then start again",
            Self::FileRefused => {
                "see what the operating system said about the file, then start again"
            }
            Self::Contradiction => {
                "keep the directory as it is and report it with what was printed; if only checkpoints \
                 contradict the log, a start without `checkpoint/*` rebuilds them from it"
            }
            Self::BackupDamaged => "use another backup; this one was changed, or is not whole",
            Self::CommitFailed => {
                "check the disk, then start again: recovery finds out what was written; clients \
                 repeat with the same Idempotency-Key"
            }
            Self::CorePanicked => {
                "start again: memory is rebuilt from the log; report it with the log"
            }
        }
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

/// Why the process has to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    /// With which code.
    pub(crate) exit: Exit,
    /// What happened.
    pub(crate) message: String,
}

impl Stop {
    /// Ends with `exit` because of `message`.
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// Says so, once, before there is a log.
    pub(crate) fn print(&self) -> Exit {
        eprintln!("error: {}\nremedy: {}", self.message, self.exit.remedy());
        self.exit
    }

    /// Says so, once, as the line that a human must act upon.
    pub(crate) fn log(&self) -> Exit {
        let Self { exit, message } = self;
        tracing::error!(exit_code = exit.code(), remedy = exit.remedy(), "{message}");
        *exit
    }
}

impl From<ConfigError> for Stop {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::WrongSetting, error)
    }
}

impl From<StartError> for Stop {
    fn from(error: StartError) -> Self {
        let exit = match &error {
            StartError::Open(error) => exit_of_open(error),
            StartError::Log(error) => exit_of_log(error),
            StartError::Io(error) => exit_of_io(error),
            StartError::LostTail { .. } => Exit::LostTail,
            StartError::Undecodable { .. } => Exit::Damaged,
            StartError::Thread(_) => Exit::Internal,
        };
        Self::new(exit, error)
    }
}

impl From<Fatal> for Stop {
    fn from(fatal: Fatal) -> Self {
        let exit = match fatal.code {
            FatalCode::CommitFailed => Exit::CommitFailed,
            FatalCode::DiskFull => Exit::DiskFull,
            FatalCode::LogDamaged => Exit::Damaged,
            FatalCode::CorePanicked => Exit::CorePanicked,
        };
        Self::new(exit, fatal)
    }
}

/// The code for a data directory that cannot be opened.
pub(crate) fn exit_of_open(error: &OpenError) -> Exit {
    match error {
        OpenError::InUse { .. } => Exit::DirectoryInUse,
        OpenError::UnknownFormat { .. } => Exit::UnknownFormat,
        OpenError::PartitionsDiffer { .. } => Exit::PartitionsDiffer,
        OpenError::Damaged { .. } => Exit::Damaged,
        OpenError::NotADataDirectory { .. } | OpenError::Missing { .. } => Exit::NotADataDirectory,
        OpenError::Io { source, .. } => exit_of_io(source),
    }
}

/// The code for a log that cannot be read.
pub(crate) fn exit_of_log(error: &LogError) -> Exit {
    match error {
        LogError::Io { source, .. } => exit_of_io(source),
        LogError::UnknownFormat { .. } => Exit::UnknownFormat,
        LogError::DiskFull { .. } => Exit::DiskFull,
        LogError::OutcomeUnknown { .. } | LogError::Latched => Exit::CommitFailed,
        LogError::Damaged { .. } | LogError::IndexDamaged { .. } => Exit::Damaged,
        LogError::OpenedToVerify => Exit::Internal,
    }
}

/// The code for a file that cannot be read or written.
pub(crate) fn exit_of_io(error: &std::io::Error) -> Exit {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Exit::DiskFull,
        _ => Exit::FileRefused,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const FAILURES: &str = include_str!("../../docs/FAILURES.md");

    #[test]
    fn every_code_is_its_own_and_is_documented() {
        let codes: BTreeSet<u8> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes.len(), Exit::ALL.len());
        for exit in Exit::ALL {
            let row = format!("| {} | `{exit:?}` |", exit.code());
            assert!(FAILURES.contains(&row), "docs/FAILURES.md has no row {row}");
        }
    }

    #[test]
    fn start_errors_have_their_codes() {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        let check = |error: StartError, expected: Exit| {
            let text = format!("{error:?}");
            assert_eq!(Stop::from(error).exit, expected, "{text}");
        };
        check(OpenError::InUse { pid: Some(7) }.into(), Exit::DirectoryInUse);
        check(OpenError::UnknownFormat { found: 9, known: 1 }.into(), Exit::UnknownFormat);
        check(
            OpenError::PartitionsDiffer { stored: 64, configured: 8 }.into(),
            Exit::PartitionsDiffer,
        );
        check(OpenError::Damaged { file: "meta".into(), what: "cut".into() }.into(), Exit::Damaged);
        check(OpenError::Missing { path: "data".into() }.into(), Exit::NotADataDirectory);
        check(OpenError::Io { path: "data".into(), source: full() }.into(), Exit::DiskFull);
        check(full().into(), Exit::DiskFull);
        let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        check(denied.into(), Exit::FileRefused);
        check(StartError::LostTail { found: 1, expected: 2 }, Exit::LostTail);
        check(LogError::Latched.into(), Exit::CommitFailed);
        let damaged = LogError::Damaged { file: "log".into(), sequence: 3, what: "crc".into() };
        check(damaged.into(), Exit::Damaged);
        let undecodable = StartError::Undecodable { sequence: 3, what: "kind 99".into() };
        check(undecodable, Exit::Damaged);
    }
}
