//! Where PostgreSQL comes from.

use std::env;

use anyhow::Context as _;
use testcontainers::{ContainerAsync, GenericImage};

use crate::cluster::{self, Cluster};
use crate::container;

/// Names the server to use, if it is set.
pub const URL_VARIABLE: &str = "STOCKROOM_TEST_DATABASE_URL";

/// A server on which databases can be created. It stops when this is dropped.
pub struct Server {
    url: String,
    source: String,
    running: Running,
}

/// What was started.
enum Running {
    Nothing,
    Container(Box<ContainerAsync<GenericImage>>),
    Cluster(Box<Cluster>),
}

impl Server {
    /// The image that a container would be made of, if the Docker engine has one or can pull it.
    pub async fn image() -> Option<String> {
        container::image().await
    }

    /// The server that can be had, if any. Says on standard error what there is and doesn't start.
    ///
    /// # Errors
    /// If the programs of this machine were the last resort, and don't work.
    pub async fn find() -> anyhow::Result<Option<Self>> {
        if let Ok(url) = env::var(URL_VARIABLE) {
            return Ok(Some(Self {
                url,
                source: format!("the server that {URL_VARIABLE} names"),
                running: Running::Nothing,
            }));
        }
        if let Some(image) = container::image().await {
            match container::start(&image, &cluster::SETTINGS, None).await {
                Ok((container, url)) => {
                    return Ok(Some(Self {
                        url,
                        source: format!("a container of {image}"),
                        running: Running::Container(Box::new(container)),
                    }));
                }
                Err(error) => eprintln!("no container of {image} starts: {error:#}"),
            }
        }
        let Some(programs) = cluster::programs() else {
            return Ok(None);
        };
        let cluster = Cluster::start(&programs, &cluster::SETTINGS)
            .await
            .with_context(|| format!("no cluster with {}", programs.display()))?;
        Ok(Some(Self {
            url: cluster.url(),
            source: format!("the programs in {}", programs.display()),
            running: Running::Cluster(Box::new(cluster)),
        }))
    }

    /// The URL of a database on it that is always there.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it is, for people.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Stops what was started, and waits until it has.
    ///
    /// # Errors
    /// If it doesn't stop.
    pub async fn stop(self) -> anyhow::Result<()> {
        match self.running {
            Running::Nothing => Ok(()),
            Running::Container(container) => Ok(container.rm().await?),
            Running::Cluster(cluster) => cluster.stop().await,
        }
    }
}
