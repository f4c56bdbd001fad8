//! The one error of this crate.

use std::path::PathBuf;

/// Why state cannot be kept or found again. [`Error::hint`] says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program has the folder.
    #[error("the state folder `{folder}` is in use by another process")]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The file system refused something.
    #[error("cannot {what} `{path}`")]
    FileSystem {
        /// The deed: `read`, `write`, `create`, ...
        what: &'static str,
        /// File or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is state, and neither the newest nor the one before it is whole.
    #[error("the state in `{folder}` is damaged: {detail}")]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with which file.
        detail: String,
    },
    /// State of a newer version of this program.
    #[error(
        "the state in `{folder}` was written by a newer version (form {found}, known is {known})"
    )]
    Newer {
        /// The folder.
        folder: PathBuf,
        /// Version of its form.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// More state than can be kept.
    #[error("the state has {bytes} bytes, more than {bytes_max}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
}

impl Error {
    /// What to do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::InUse { .. } => "stop the other process, or give each its own folder",
            Self::FileSystem { .. } => "check its permissions and the space on the disk",
            Self::Damaged { .. } => "restore the folder from a copy, or move it away to begin anew",
            Self::Newer { .. } => "use the newer version, or another folder",
            Self::TooLarge { .. } => "watch fewer sources with one process",
        }
    }
}
