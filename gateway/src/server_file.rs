//! `server.json` in the data directory: how the tools find the running server.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Its name in the data directory.
const NAME: &str = "server.json";

/// The file while the server runs; removed when dropped.
#[derive(Debug)]
pub(crate) struct ServerFile {
    path: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    listen: SocketAddr,
    token: &'a str,
    pid: u32,
}

/// What a tool reads there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Listening {
    /// Where the server listens.
    pub(crate) listen: SocketAddr,
    /// The token of this run.
    pub(crate) token: String,
    /// The process. One that was killed leaves the file behind.
    pub(crate) pid: i32,
}

impl Listening {
    /// Reads where the server of a data directory listens.
    ///
    /// # Errors
    /// What the operating system said, or that the file is none of ours.
    pub(crate) fn read(directory: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(directory.join(NAME))?)?)
    }
}

/// A new token: nobody can guess it.
pub(crate) fn new_token() -> String {
    // Two version 4 ids are 244 random bits of the operating system.
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

impl ServerFile {
    /// Tells where this process listens. Only its owner may read the file, because the token in it
    /// opens the calls that are meant for tools on this machine. It appears whole or not at all.
    ///
    /// # Errors
    /// What the operating system said.
    pub(crate) fn write(directory: &Path, listen: SocketAddr, token: &str) -> io::Result<Self> {
        let path = directory.join(NAME);
        let draft = directory.join(format!("{NAME}.new"));
        let content = Content { listen, token, pid: std::process::id() };
        let text = serde_json::to_vec(&content)?;
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(&text)?;
        fs::rename(&draft, &path)?;
        Ok(Self { path })
    }
}

impl Drop for ServerFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(file = %self.path.display(), %error, "cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_private_and_goes_with_the_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        fs::write(&path, "left over").unwrap();
        fs::write(directory.path().join("server.json.new"), "left over").unwrap();
        let listen = "127.0.0.1:7070".parse().unwrap();
        let file = ServerFile::write(directory.path(), listen, &new_token()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        let content: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(content["listen"], "127.0.0.1:7070");
        assert_eq!(content["pid"], std::process::id());
        assert_eq!(content["token"].as_str().unwrap().len(), 64);
        let read = Listening::read(directory.path()).unwrap();
        assert_eq!((read.listen, read.token.len()), (listen, 64));
        drop(file);
        assert!(!path.exists());
    }
}
