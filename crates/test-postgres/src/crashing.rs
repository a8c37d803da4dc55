//! A server that a test may crash.

use std::net::TcpListener;
use std::path::PathBuf;

use testcontainers::{ContainerAsync, GenericImage};

use crate::cluster::{self, Cluster};
use crate::container;

/// Nothing is held back from the disk: what is committed has to survive.
const SETTINGS: [&str; 1] = ["max_connections=100"];

/// A server of a test's own, with an empty database.
///
/// It is made with the programs of this machine or, if there are none, in a container.
pub struct CrashingServer {
    url: String,
    running: Running,
}

enum Running {
    Cluster(Box<Cluster>),
    Container(Box<ContainerAsync<GenericImage>>),
}

impl CrashingServer {
    /// Starts a server.
    pub async fn start() -> Self {
        if let Some(programs) = cluster::programs() {
            let cluster = Cluster::start(&programs, &SETTINGS).await;
            let cluster = cluster.expect("a cluster can be made");
            return Self {
                url: cluster.url(),
                running: Running::Cluster(Box::new(cluster)),
            };
        }
        let image = container::image().await;
        let image = image.expect("there are programs of PostgreSQL, or an image");
        // The port stays the same when the container starts again.
        let listener = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let port = listener.expect("there is a free port").port();
        let started = container::start(&image, &SETTINGS, Some(port)).await;
        let (container, url) = started.expect("a container starts");
        Self {
            url,
            running: Running::Container(Box::new(container)),
        }
    }

    /// The URL of its database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it writes its log, if that is in a file.
    #[must_use]
    pub fn log(&self) -> Option<PathBuf> {
        match &self.running {
            Running::Cluster(cluster) => Some(cluster.log()),
            Running::Container(_) => None,
        }
    }

    /// Ends it at once, as a power cut would.
    pub async fn crash(&mut self) {
        match &self.running {
            Running::Cluster(cluster) => cluster.crash().await.expect("it ends"),
            Running::Container(container) => {
                let killed = container.stop_with_timeout(Some(0)).await;
                killed.expect("it ends");
            }
        }
    }

    /// Kills all its processes, so that it can't even let go of what it holds.
    pub async fn kill(&mut self) {
        match &self.running {
            Running::Cluster(cluster) => cluster.kill().await.expect("it ends"),
            Running::Container(_) => self.crash().await,
        }
    }

    /// Has it say nothing any more, as if its machine was cut off.
    pub async fn freeze(&mut self) {
        match &self.running {
            Running::Cluster(cluster) => cluster.freeze(true).expect("it can be stopped"),
            Running::Container(container) => container.pause().await.expect("it can be stopped"),
        }
    }

    /// Lets it go on.
    pub async fn thaw(&mut self) {
        match &self.running {
            Running::Cluster(cluster) => cluster.freeze(false).expect("it goes on"),
            Running::Container(container) => container.unpause().await.expect("it goes on"),
        }
    }

    /// Starts it after a crash, and waits until it lets clients in.
    pub async fn restart(&mut self) {
        match &self.running {
            Running::Cluster(cluster) => cluster.restart().await.expect("it starts"),
            Running::Container(container) => container.start().await.expect("it starts"),
        }
    }
}
