//! Requests whose callers have disconnected.
//!
//! Work that has begun is completed, so that it doesn't close a database connection halfway. A request
//! that only waits, for its [turn](crate::Turns) or for events, is dropped.

use tokio::sync::watch;

tokio::task_local! {
    /// Whether the request of this task only waits.
    static WAITING: watch::Sender<bool>;
}

/// Carries out a request, and returns its answer. Returns `None` if `caller_gone` resolved while the
/// request waited for a turn, or before it began to wait for one.
pub async fn while_attended<T>(
    request: impl Future<Output = T>,
    caller_gone: impl Future<Output = ()>,
) -> Option<T> {
    let (waiting, mut is_waiting) = watch::channel(false);
    let abandoned = async {
        caller_gone.await;
        // An error means that the request has ended, which the other branch notices first.
        let _ = is_waiting.wait_for(|is_waiting| *is_waiting).await;
    };
    tokio::select! {
        biased;
        answer = WAITING.scope(waiting, request) => Some(answer),
        () = abandoned => None,
    }
}

/// Carries out a part of a request in which it only waits, so that it may be dropped.
pub(crate) async fn while_waiting<T>(part: impl Future<Output = T>) -> T {
    let _waiting = Waiting::begin();
    part.await
}

/// Marks the request of this task as waiting, until it is dropped.
pub(crate) struct Waiting(());

impl Waiting {
    pub(crate) fn begin() -> Self {
        Self::set(true);
        Self(())
    }

    fn set(is_waiting: bool) {
        // Outside of `while_attended` there is nothing to mark.
        let _ = WAITING.try_with(|waiting| waiting.send_replace(is_waiting));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        Self::set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_request_that_waits_is_dropped_when_its_caller_goes() {
        let waits = async {
            let _waiting = Waiting::begin();
            pending::<()>().await;
        };
        assert_eq!(while_attended(waits, ready(())).await, None);
    }

    #[tokio::test]
    async fn a_request_that_has_begun_runs_until_it_waits() {
        let (work, worked) = oneshot::channel();
        let begun = async {
            drop(Waiting::begin());
            let answer = worked.await;
            assert!(answer.is_ok());
            answer
        };
        let gone = async { work.send(1).unwrap() };
        assert_eq!(while_attended(begun, gone).await, Some(Ok(1)));

        let begun = async {
            tokio::task::yield_now().await;
            let _waiting = Waiting::begin();
            pending::<()>().await;
        };
        assert_eq!(while_attended(begun, ready(())).await, None);
    }

    #[tokio::test]
    async fn a_request_whose_caller_stays_is_answered() {
        assert_eq!(while_attended(ready(1), pending()).await, Some(1));
    }
}
