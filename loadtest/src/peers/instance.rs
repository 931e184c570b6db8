//! A private server process with a directory of its own. Both are gone when this is dropped.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::failure::Failure;

/// How long a server may take until it listens, and until it has ended after it was asked to.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_PAUSE: Duration = Duration::from_millis(20);

/// The program of this name on the search path.
#[must_use]
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// User and group under which a server runs that refuses to run as root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Number of the user.
    pub user: u32,
    /// Number of its group.
    pub group: u32,
}

/// The first of these users that a list in the form of `passwd` knows.
fn account_of(passwd: &str, names: &[&str]) -> Option<Account> {
    names.iter().find_map(|name| {
        let line = passwd.lines().find(|line| line.split(':').next() == Some(*name))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        Some(Account { user: numbers.next()?.ok()?, group: numbers.next()?.ok()? })
    })
}

/// A directory for a server, and the account it runs under when we are root.
#[derive(Debug)]
pub struct Home {
    directory: TempDir,
    account: Option<Account>,
}

impl Home {
    /// Makes the directory; when we are root, it belongs to the first of `users` that exists.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(parent: Option<&Path>, users: &[&str]) -> Result<Self, Failure> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("loadtest-");
        let directory = match parent {
            // A server has its own current directory: it must be told a whole path.
            Some(parent) => builder.tempdir_in(parent.canonicalize()?)?,
            None => builder.tempdir()?,
        };
        let is_root = std::fs::metadata(directory.path())?.uid() == 0;
        let account = if is_root && !users.is_empty() {
            let passwd = std::fs::read_to_string("/etc/passwd")?;
            let account = account_of(&passwd, users).ok_or_else(|| {
                Failure::Settings(format!(
                    "it refuses to run as root, and none of {users:?} exists"
                ))
            })?;
            chown(directory.path(), Some(account.user), Some(account.group))?;
            Some(account)
        } else {
            None
        };
        Ok(Self { directory, account })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A command that runs in the directory, under its account, without input.
    #[must_use]
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).stdin(Stdio::null());
        if let Some(account) = self.account {
            command.uid(account.user).gid(account.group);
        }
        command
    }

    /// Runs a command to its end.
    ///
    /// # Errors
    /// When it fails; with what it said.
    pub fn run(&self, mut command: Command) -> Result<(), Failure> {
        let server = format!("{command:?}");
        let run = command.output().map_err(|cause| Failure::Start {
            server: server.clone(),
            detail: cause.to_string(),
        })?;
        if run.status.success() {
            return Ok(());
        }
        Err(Failure::Start { server, detail: String::from_utf8_lossy(&run.stderr).into_owned() })
    }

    /// Starts a server and waits until `is_ready`.
    ///
    /// # Errors
    /// When it ends by itself or is not ready in time; with the end of what it said.
    pub fn start(
        self,
        mut command: Command,
        stop: Option<Command>,
        is_ready: impl Fn(&Path) -> bool,
    ) -> Result<Instance, Failure> {
        let log = self.path().join("server.log");
        let output = File::create(&log)?;
        let server = command.get_program().to_string_lossy().into_owned();
        let child =
            command.stdout(output.try_clone()?).stderr(output).spawn().map_err(|cause| {
                Failure::Start { server: server.clone(), detail: cause.to_string() }
            })?;
        let mut instance = Instance { child, stop, home: self };
        let deadline = Instant::now() + LIMIT;
        while !is_ready(instance.home.path()) {
            if instance.child.try_wait()?.is_some() || Instant::now() > deadline {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let tail: Vec<&str> = said.lines().rev().take(10).collect();
                let detail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(Failure::Start { server, detail });
            }
            std::thread::sleep(LOOK_PAUSE);
        }
        Ok(instance)
    }
}

/// A running server. Dropping it ends it, by `stop` where there is one: a server of several processes
/// must end its own.
#[derive(Debug)]
pub struct Instance {
    child: Child,
    stop: Option<Command>,
    home: Home,
}

impl Instance {
    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.home.path()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if let Some(stop) = &mut self.stop {
            // Whatever it says, the process is waited for, and killed when it does not go.
            let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
            let deadline = Instant::now() + LIMIT;
            while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(LOOK_PAUSE);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_user_that_exists_is_taken() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533:n:/:/no\n";
        let expected = Some(Account { user: 65_534, group: 65_533 });
        assert_eq!(account_of(passwd, &["postgres", "nobody"]), expected);
        assert_eq!(account_of(passwd, &["postgres"]), None);
        assert_eq!(account_of("nobody:x:what:1::", &["nobody"]), None);
    }

    #[test]
    fn programs_are_found_on_the_search_path() {
        assert!(program("sh").is_some());
        assert!(program("no-such-program-anywhere").is_none());
    }

    #[test]
    fn a_server_is_waited_for_ended_and_its_directory_removed() {
        let home = Home::make(None, &[]).unwrap();
        let mut command = home.command(Path::new("/bin/sh"));
        command.args(["-c", "echo $$ > pid; sleep 600"]);
        let instance = home.start(command, None, |path| path.join("pid").exists()).unwrap();
        let directory = instance.path().to_owned();
        let id = instance.child.id().to_string();
        drop(instance);
        assert!(!directory.exists());
        assert!(!Path::new("/proc").join(id).exists());
    }

    #[test]
    fn a_server_that_does_not_start_says_why() {
        let home = Home::make(None, &[]).unwrap();
        let mut command = home.command(Path::new("/bin/sh"));
        command.args(["-c", "echo no such luck; exit 3"]);
        let failure = home.start(command, None, |_| false).unwrap_err();
        assert!(failure.to_string().contains("no such luck"), "{failure}");
    }
}
