//! Copies the write-ahead log into the database, so that no commit has to wait for the copying.
//!
//! The log starts again at its beginning once all of it is copied, which is impossible while writes go
//! on. It is therefore copied twice: first in parallel to the commits, for as long as it takes, and
//! then by the committing thread, which finds little left to copy.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;

/// The longest log, as a multiple of the length at which it is copied. When the log is that long,
/// commits have to wait for its copying after all, so that it doesn't grow for ever.
const OVERLENGTH_MAX: u32 = 4;

thread_local! {
    /// The number of pages in the log after the last commit of this thread.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// The log, as the committing thread sees it.
pub(crate) struct Log {
    copier: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
    copied_pages: u32,
    is_copying: Arc<AtomicBool>,
    was_asked: bool,
}

impl Log {
    /// Starts to copy the log of `committing` whenever it has `copied_pages` pages, through `copying`,
    /// another connection to the same file. Must be called on the committing thread.
    pub(crate) fn start(
        committing: &Connection,
        copying: Connection,
        copied_pages: u32,
    ) -> std::io::Result<Self> {
        committing.wal_hook(Some(|_, pages| {
            PAGES.set(u32::try_from(pages).unwrap_or(0));
            Ok(())
        }));
        let is_copying = Arc::new(AtomicBool::new(false));
        let (ask, asked) = mpsc::channel();
        let copied = Arc::clone(&is_copying);
        let thread = std::thread::Builder::new()
            .name("sqlite-log".to_owned())
            .spawn(move || {
                while let Ok(()) = asked.recv() {
                    copy(&copying);
                    copied.store(false, Ordering::Release);
                }
            })?;
        Ok(Self {
            copier: Some((ask, thread)),
            copied_pages,
            is_copying,
            was_asked: false,
        })
    }

    /// Has the log copied if it is long enough. Must be called between commits.
    pub(crate) fn look_after(&mut self, committing: &Connection) {
        let pages = PAGES.get();
        if self.is_copying.load(Ordering::Acquire) {
            if pages >= self.copied_pages.saturating_mul(OVERLENGTH_MAX) {
                copy(committing);
            }
        } else if self.was_asked {
            self.was_asked = false;
            copy(committing);
        } else if pages >= self.copied_pages {
            self.is_copying.store(true, Ordering::Release);
            let asked = self.copier.as_ref().map(|(ask, _)| ask.send(()));
            self.was_asked = matches!(asked, Some(Ok(())));
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some((ask, thread)) = self.copier.take() {
            drop(ask);
            drop(thread.join());
        }
    }
}

/// Copies as much as is possible without waiting for other connections. Errors are ignored: a failed
/// copy is retried after the next commit, and commits report causes such as a full disk.
fn copy(connection: &Connection) {
    drop(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
}
