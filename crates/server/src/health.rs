//! Health: whether the server is alive, and whether it is ready.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use stockroom_application::Stockroom;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::cli::Health;

/// The time in which a server must accept a question, and the time in which it must answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);

/// The interval at which the database is checked.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Whether the server is ready, by the last check of the database. The check is periodic and not
/// made on demand, because it takes a lock and anybody may ask.
#[derive(Clone)]
pub(crate) struct Readiness(watch::Receiver<bool>);

impl Readiness {
    /// Checks the database, and from now on once a second in the returned task.
    pub(crate) async fn watch(stockroom: Arc<Stockroom>) -> (Self, JoinHandle<()>) {
        let (says_ready, ready) = watch::channel(is_ready(&stockroom, true).await);
        let looking = async move {
            loop {
                sleep(LOOK_INTERVAL).await;
                let was_ready = *says_ready.borrow();
                let ready = is_ready(&stockroom, was_ready).await;
                if ready && !was_ready {
                    tracing::info!("ready again");
                }
                says_ready.send_replace(ready);
            }
        };
        (Self(ready), tokio::spawn(looking))
    }
}

/// Checks the database. Logs a warning if it has become unavailable.
async fn is_ready(stockroom: &Stockroom, was_ready: bool) -> bool {
    match stockroom.ping().await {
        Ok(()) => true,
        Err(error) => {
            if was_ready {
                tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
            }
            false
        }
    }
}

/// `/health/live` answers as long as the process does; `/health/ready` is good if the database
/// answered within the last seconds.
pub(crate) fn health(stockroom: Arc<Stockroom>, readiness: Readiness) -> Router {
    let ready = move || {
        let ready = *readiness.0.borrow();
        async move {
            if ready {
                (StatusCode::OK, "ready\n")
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
            }
        }
    };
    let endpoints = Router::new()
        .route("/health/live", get(async || "live\n"))
        .route("/health/ready", get(ready));
    stockroom_http::identified(endpoints, stockroom)
}

/// Asks the running server whether it is ready. For images that contain no other program to ask
/// with.
///
/// # Errors
/// If the server isn't ready, or doesn't answer.
pub(crate) fn ask(settings: &Health) -> anyhow::Result<()> {
    let address = on_this_machine(settings.listen);
    let status =
        status_of(address, "/health/ready").with_context(|| format!("no answer from {address}"))?;
    ensure!(status.contains(" 200 "), "not ready: {status}");
    println!("ready");
    Ok(())
}

/// The address at which a server that may listen on all addresses can be reached from this machine.
pub(crate) fn on_this_machine(mut listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        listen.set_ip(match listen {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listen
}

/// Returns the first line of the answer.
fn status_of(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect_timeout(&address, ANSWER_TIMEOUT)?;
    connection.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    connection.set_write_timeout(Some(ANSWER_TIMEOUT))?;
    write!(
        connection,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// The result of `ask` for an answer.
    fn asked(answer: &'static str) -> Result<(), String> {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let settings = Health {
            config: None,
            listen: server.local_addr().unwrap(),
        };
        let server = thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            let question = BufReader::new(&connection)
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty());
            assert_eq!(question.last().unwrap(), "Connection: close");
            connection.write_all(answer.as_bytes()).unwrap();
        });
        let outcome = ask(&settings).map_err(|error| format!("{error:#}"));
        server.join().unwrap();
        outcome
    }

    #[test]
    fn only_200_is_ready() {
        assert_eq!(asked("HTTP/1.1 200 OK\r\n\r\nready\n"), Ok(()));
        let not_ready = "HTTP/1.1 503 Service Unavailable";
        let error = asked("HTTP/1.1 503 Service Unavailable\r\n\r\nnot ready\n").unwrap_err();
        assert_eq!(error, format!("not ready: {not_ready}"));
        assert_eq!(asked("").unwrap_err(), "not ready: ");
    }

    #[test]
    fn a_server_on_all_addresses_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            let asked: SocketAddr = asked.parse().unwrap();
            assert_eq!(on_this_machine(listen.parse().unwrap()), asked);
        }
    }
}
