//! Limits of attempts to sign in, so that nobody guesses secrets at leisure or keeps the server busy.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The attempts that an address has at once; it gets one more every six seconds.
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
const ADDRESS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// The attempts that are made with a client id without a wait, and how many follow in a second.
const CLIENT_BURST: NonZeroU32 = NonZeroU32::new(5).unwrap();
const CLIENT_PER_SECOND: NonZeroU32 = NonZeroU32::new(1).unwrap();

/// The longest wait of an attempt with a client id that many try.
const WAIT_MAX: Duration = Duration::from_secs(3);

/// The attempts at once: all others have to try again.
const AT_ONCE: usize = 64;

/// The limiters that are kept before idle ones are forgotten.
const LIMITERS_MAX: usize = 10_000;

/// Counts attempts to sign in.
pub(crate) struct SignIns {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    clients: DefaultKeyedRateLimiter<String>,
    places: Semaphore,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            addresses: RateLimiter::keyed(
                Quota::per_minute(ADDRESS_PER_MINUTE).allow_burst(ADDRESS_BURST),
            ),
            clients: RateLimiter::keyed(
                Quota::per_second(CLIENT_PER_SECOND).allow_burst(CLIENT_BURST),
            ),
            places: Semaphore::new(AT_ONCE),
        }
    }
}

impl SignIns {
    /// Lets an attempt begin. One with a client id that many try waits a little, so that its owner is slowed
    /// and never locked out.
    ///
    /// # Errors
    /// The number of seconds after which to try again, if the address, or all addresses, made too many.
    pub(crate) async fn begin(
        &self,
        address: IpAddr,
        client_id: &str,
    ) -> Result<SemaphorePermit<'_>, u64> {
        if self.addresses.len() + self.clients.len() > LIMITERS_MAX {
            self.addresses.retain_recent();
            self.clients.retain_recent();
        }
        let clock = DefaultClock::default();
        if let Err(not_until) = self.addresses.check_key(&address) {
            let wait = not_until.wait_time_from(clock.now());
            return Err(wait.as_secs().saturating_add(1));
        }
        let place = self.places.try_acquire().map_err(|_| 1_u64)?;
        if let Err(not_until) = self.clients.check_key(&client_id.to_owned()) {
            let wait = not_until.wait_time_from(clock.now()).min(WAIT_MAX);
            tokio::time::sleep(wait).await;
        }
        Ok(place)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_address_is_limited_and_a_client_id_only_slowed() {
        let sign_ins = SignIns::default();
        let address = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        for _ in 0..ADDRESS_BURST.get() {
            drop(sign_ins.begin(address(1), "client").await.unwrap());
        }
        let seconds = sign_ins.begin(address(1), "client").await.unwrap_err();
        assert!((1..=7).contains(&seconds), "{seconds}");
        drop(sign_ins.begin(address(2), "client").await.unwrap());
    }

    #[tokio::test]
    async fn only_so_many_try_at_once() {
        let sign_ins = SignIns::default();
        let mut begun = Vec::new();
        for number in 0..AT_ONCE {
            let address = IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(number).unwrap()));
            begun.push(sign_ins.begin(address, &number.to_string()).await.unwrap());
        }
        let address = IpAddr::V4(Ipv4Addr::BROADCAST);
        assert_eq!(sign_ins.begin(address, "one more").await.unwrap_err(), 1);
        begun.pop();
        assert!(sign_ins.begin(address, "one more").await.is_ok());
    }
}
