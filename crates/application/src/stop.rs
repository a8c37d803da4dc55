//! The end of tasks that run as long as the server.

use tokio::sync::watch;

/// Waits until `stop` is true or its sender is gone.
pub(crate) async fn told_to(stop: &mut watch::Receiver<bool>) {
    let _is_gone = stop.wait_for(|stop| *stop).await.is_err();
}
