//! The tenant that others are hostile to: reads and changes at a steady pace, as a shop does.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::bail;
use stockroom_test_server::http::Connection;
use tokio::time::{sleep, sleep_until, timeout};

/// How often a read and a change are sent. One that is late makes the next ones late, and their time
/// counts from when they should have been sent: so would customers wait.
const EVERY: Duration = Duration::from_millis(5);

/// Without an answer for so long, a request has failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who it is, and what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Neighbour {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) product: String,
}

/// What came of the requests of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    answered: Vec<Duration>,
    /// How many were answered with another status than 2xx, or not at all.
    pub(crate) failures: usize,
}

impl Times {
    /// How long so many of a thousand took, at most. Whoever failed took for ever: none, if so many
    /// failed.
    pub(crate) fn quantile(&self, thousandths: usize) -> Option<Duration> {
        let mut times = self.answered.clone();
        times.sort_unstable();
        let all = times.len() + self.failures;
        let index = (all * thousandths).div_ceil(1000).saturating_sub(1);
        times.get(index).copied()
    }
}

impl Neighbour {
    /// Sends for so long, and gives the times of reads and of changes.
    ///
    /// # Errors
    /// If nothing was sent.
    pub(crate) async fn shop(&self, duration: Duration) -> anyhow::Result<[Times; 2]> {
        let end = Instant::now() + duration;
        let sending = self.requests().map(|request| {
            let address = self.address;
            tokio::spawn(async move { send(address, &request, end).await })
        });
        let [reads, changes] = sending;
        let times = [reads.await?, changes.await?];
        if times
            .iter()
            .any(|times| times.answered.is_empty() && times.failures == 0)
        {
            bail!("nothing was sent within {duration:?}");
        }
        Ok(times)
    }

    /// Waits until a read and a change are answered as they should be, but not for longer than this.
    pub(crate) async fn wait_for_answers(&self, longest: Duration) {
        let end = Instant::now() + longest;
        for request in self.requests() {
            while Instant::now() < end {
                let answer = timeout(PATIENCE, exchange(self.address, &request, None));
                if let Ok(Some(_)) = answer.await {
                    break;
                }
                sleep(EVERY).await;
            }
        }
    }

    /// A read and a change.
    fn requests(&self) -> [Vec<u8>; 2] {
        let stock = format!("/v2/inventories/{}", self.product);
        let body = r#"{"data":{"action":"allocate","quantity":1}}"#;
        [
            self.request("GET", &stock, ""),
            self.request("POST", &format!("{stock}/transactions"), body),
        ]
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Vec<u8> {
        let (token, length) = (&self.token, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: stockroom\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        request.into_bytes()
    }
}

async fn send(address: SocketAddr, request: &[u8], end: Instant) -> Times {
    let mut times = Times::default();
    let mut kept = None;
    let mut due = Instant::now();
    while due < end && Instant::now() < end {
        let sent = if Instant::now() < due {
            sleep_until(due.into()).await;
            Instant::now()
        } else {
            due
        };
        match timeout(PATIENCE, exchange(address, request, kept.take())).await {
            Ok(Some(connection)) => {
                times.answered.push(sent.elapsed());
                kept = Some(connection).filter(Connection::is_usable);
            }
            _ => times.failures += 1,
        }
        due += EVERY;
    }
    times
}

/// The connection, if the answer is 2xx.
async fn exchange(
    address: SocketAddr,
    request: &[u8],
    kept: Option<Connection>,
) -> Option<Connection> {
    let mut connection = match kept {
        Some(connection) => connection,
        None => Connection::open(address).await.ok()?,
    };
    connection.send(request).await.ok()?;
    let answer = connection.answer(false).await.ok()??;
    (200..300).contains(&answer.status).then_some(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_failed_took_for_ever() {
        let mut times = Times {
            answered: (1..=99).rev().map(Duration::from_millis).collect(),
            failures: 0,
        };
        assert_eq!(times.quantile(500), Some(Duration::from_millis(50)));
        assert_eq!(times.quantile(990), Some(Duration::from_millis(99)));
        times.failures = 1;
        assert_eq!(times.quantile(990), Some(Duration::from_millis(99)));
        times.failures = 2;
        assert_eq!(times.quantile(990), None);
        assert_eq!(Times::default().quantile(990), None);
    }
}
