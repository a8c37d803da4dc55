//! PostgreSQL in a container.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use testcontainers::core::{IntoContainerPort as _, WaitFor};
use testcontainers::runners::AsyncRunner as _;
use testcontainers::{ContainerAsync, GenericImage, ImageExt as _};
use tokio::process::Command;

/// Names another image.
const IMAGE_VARIABLE: &str = "STOCKROOM_TEST_POSTGRES_IMAGE";
const IMAGE: &str = "postgres:17.5-bookworm";
/// What `cargo xtask postgres-image` builds.
const BUILT_IMAGE: &str = "stockroom-test-postgres:debian";

const INQUIRY_TIMEOUT: Duration = Duration::from_secs(10);
const PULL_TIMEOUT: Duration = Duration::from_mins(5);
const START_TIMEOUT: Duration = Duration::from_mins(2);

/// The image to use, if there is a Docker engine: the one that the setting names; else the official
/// one, or the one that was built instead, whichever the engine has or can pull.
pub(crate) async fn image() -> Option<String> {
    let chosen = env::var(IMAGE_VARIABLE).ok();
    let candidates = match &chosen {
        Some(image) => vec![image.as_str()],
        None => vec![IMAGE, BUILT_IMAGE],
    };
    for image in &candidates {
        if docker(&["image", "inspect", image], INQUIRY_TIMEOUT).await {
            return Some((*image).to_owned());
        }
    }
    let image = candidates.first()?;
    let is_pulled = docker(&["version"], INQUIRY_TIMEOUT).await
        && docker(&["pull", "--quiet", image], PULL_TIMEOUT).await;
    is_pulled.then(|| (*image).to_owned())
}

async fn docker(arguments: &[&str], timeout: Duration) -> bool {
    let status = Command::new("docker")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status();
    matches!(tokio::time::timeout(timeout, status).await, Ok(Ok(status)) if status.success())
}

/// Starts a container, on this port if one is given, and gives the URL of the server in it.
pub(crate) async fn start(
    image: &str,
    settings: &[&str],
    port: Option<u16>,
) -> anyhow::Result<(ContainerAsync<GenericImage>, String)> {
    const READY: &str = "database system is ready to accept connections";
    let (name, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
    let container = GenericImage::new(name, tag)
        .with_exposed_port(5432.tcp())
        // First the server that sets up the database says so, then the one that stays.
        .with_wait_for(WaitFor::message_on_stdout(READY))
        .with_wait_for(WaitFor::message_on_stderr(READY))
        .with_env_var("POSTGRES_HOST_AUTH_METHOD", "trust")
        .with_cmd(settings.iter().flat_map(|setting| ["-c", *setting]))
        .with_startup_timeout(START_TIMEOUT);
    let container = match port {
        None => container,
        Some(port) => container.with_mapped_port(port, 5432.tcp()),
    };
    let container = container.start().await?;
    let host = container.get_host().await?;
    let port = container.get_host_port_ipv4(5432).await?;
    let url = format!("postgres://postgres@{host}:{port}/postgres");
    Ok((container, url))
}
