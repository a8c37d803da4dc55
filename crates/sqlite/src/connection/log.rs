//! Copies the write-ahead log into the database, so that no commit has to wait for it.
//!
//! Whoever copies the whole log has it begin again at its start, but nobody can while others go on
//! writing. So it is done twice: beside the commits, for as long as it takes, and then by the
//! thread that commits, which finds little left.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use rusqlite::Connection;

/// How many times as long as it is when it is copied the log can be before commits have to wait for
/// that all the same: it doesn't grow for ever.
const OVERLENGTH_MAX: u32 = 4;

thread_local! {
    /// How many pages the log had after the last commit of this thread.
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

/// The log, to the thread that commits.
pub(crate) struct Log {
    copier: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
    copied_pages: u32,
    is_copying: Arc<AtomicBool>,
    was_asked: bool,
}

impl Log {
    /// Looks after the log of `committing` by another connection to the same file, when it has so
    /// many pages. To be called on the thread that commits.
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

    /// To be called between commits.
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

/// Copies as much as is possible without waiting for anyone. What fails is tried again after the
/// next commit; that the disk is full, say, is for commits to report.
fn copy(connection: &Connection) {
    drop(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
}
